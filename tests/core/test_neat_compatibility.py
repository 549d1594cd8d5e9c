"""Distances and species against the paper's words in plain Python."""

import itertools

import numpy as np
import pytest

from processing.core.genomes.graphs import Graphs, empty, join, take
from processing.core.neat.compatibility import Measure, distances
from processing.core.neat.speciation import speciate
from tests.core import neat_by_hand as by_hand

MEASURES = {
    "default": Measure(1.0, 1.0, 0.4, False), "normalized": Measure(1.0, 1.0, 3.0, True),
    "uneven": Measure(0.5, 2.0, 0.4, False), "weights alone": Measure(0.0, 0.0, 1.0, False),
    "excess alone": Measure(1.0, 0.0, 0.0, True),
}


@pytest.fixture(params=MEASURES)
def measure(request: pytest.FixtureRequest) -> Measure:
    return MEASURES[request.param]


def reference(one: by_hand.Genome, other: by_hand.Genome, measure: Measure) -> float:
    return by_hand.distance(
        one, other, c1=measure.excess, c2=measure.disjoint, c3=measure.weight, normalized=measure.normalized
    )


def genomes(*innovations: tuple[int, ...], weight: float = 0.5) -> Graphs:
    """A genome for each list of innovation numbers; weights grow from genome to genome."""
    found = empty(len(innovations), max(map(len, innovations)), 0)
    for agent, numbers in enumerate(innovations):
        used = slice(0, len(numbers))
        found.genes[agent], found.innovations[agent, used] = len(numbers), numbers
        found.sources[agent, used], found.targets[agent, used], found.weights[agent, used] = (
            0, 1, weight * agent
        )
    return found


def test_the_papers_example_has_three_disjoint_and_two_excess_genes() -> None:
    both = genomes((1, 2, 3, 4, 5, 8), (1, 2, 3, 4, 5, 6, 7, 9, 10))
    for measure, expected in (
        (Measure(1, 0, 0, False), 2.0), (Measure(0, 1, 0, False), 3.0), (Measure(0, 0, 1, False), 0.5)
    ):
        assert distances(both, both, measure)[0, 1] == expected


def test_genes_are_divided_by_the_larger_genome_from_twenty_genes_on() -> None:
    for size, expected in ((19, 9.0), (20, 10 / 20), (21, 11 / 21)):
        pair = genomes(tuple(range(10)), tuple(range(size)), weight=0.0)
        assert distances(pair, pair, Measure(1, 1, 0.4, True))[0, 1] == expected


def test_genomes_without_a_common_gene_differ_by_their_genes_alone() -> None:
    pair = genomes((0, 1), (2, 3, 4))
    assert distances(pair, pair, Measure(1, 1, 0.4, False))[0, 1] == 5.0


def test_distances_agree_with_the_paper(measure: Measure) -> None:
    graphs = by_hand.grown()
    found = distances(graphs, graphs, measure)
    plain = [by_hand.genome(graphs, agent) for agent in range(len(graphs.genes))]
    assert len({len(each) for each in plain}) > 5
    for i, j in itertools.product(range(len(plain)), repeat=2):
        assert found[i, j] == pytest.approx(reference(plain[i], plain[j], measure), rel=1e-12, abs=1e-12)
    assert np.array_equal(found, found.T)
    assert not found.diagonal().any()


@pytest.mark.parametrize("threshold", [0.05, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("known", [0, 1, 7])
def test_each_genome_joins_the_first_species_near_enough_or_founds_one(
    measure: Measure, threshold: float, known: int
) -> None:
    graphs, elders = by_hand.grown(), by_hand.grown(9)
    heads = take(elders, np.arange(known, dtype=np.int32))
    places, founded = speciate(graphs, heads, measure, threshold)
    representatives = [by_hand.genome(heads, place) for place in range(known)]
    for agent, place in enumerate(places.tolist()):
        own = by_hand.genome(graphs, agent)
        near = [
            number for number, head in enumerate(representatives) if reference(own, head, measure) < threshold
        ]
        if not near:
            representatives.append(own)
        assert place == (near[0] if near else len(representatives) - 1)
    assert founded == len(representatives) - known


def test_species_are_the_same_for_genomes_too_large_for_their_masks() -> None:
    numbers = np.random.default_rng(4)
    lists = [tuple(sorted(numbers.choice(5_000, 700, replace=False).tolist())) for _ in range(6)]
    lists += [(*each[:-2], 5_001 + place) for place, each in enumerate(lists)]
    graphs = genomes(*lists, weight=0.0)
    places, founded = speciate(graphs, empty(0, 0, 0), Measure(1, 1, 0.4, False), 4.0)
    assert places.tolist() == [*range(6), *range(6)]
    assert founded == 6


def test_padding_makes_no_difference() -> None:
    small, large = genomes((0, 1, 2)), by_hand.grown()
    measure = Measure(1.0, 1.0, 0.4, False)
    alone = distances(small, large, measure)
    together = join([small, large])
    assert np.array_equal(distances(together, together, measure)[0, 1:], alone[0])
