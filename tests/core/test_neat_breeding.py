"""Mating and mutation against the paper's words in plain Python."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from processing.core import rng
from processing.core.genomes.graphs import Graphs, empty, join, take
from processing.core.neat import draws
from processing.core.neat.compatibility import Measure
from processing.core.neat.innovation import innovations
from processing.core.neat.reproduction import (
    AVERAGED,
    COPY,
    MATED,
    MUTATED,
    RECONNECTED,
    REWEIGHTED,
    Family,
    bred,
)
from processing.core.types import Float64Array, Int32Array, Operator, Purpose, UInt8Array
from tests.core import neat_by_hand as by_hand

SEED, GENERATION = 5, 9
MEASURE = Measure(1.0, 1.0, 0.4, False)


@pytest.fixture(scope="module")
def pool() -> Graphs:
    return by_hand.grown(10)


def children(
    pool: Graphs, mothers: Any, fathers: Any, way: int, *, fitness: Float64Array | None = None,
    recurrent: bool = False, bias: float | None = 1.0, **parameters: Any,
) -> tuple[Graphs, UInt8Array]:
    """Children that are all made in the same way; structural changes only where asked for."""
    chances = {"add_node_probability": 0.0, "add_connection_probability": 0.0} | parameters
    strategy = by_hand.neat(recurrent=recurrent, bias=bias, **chances)
    mothers = np.asarray(mothers, np.int32)
    table = innovations(
        children=len(mothers), next_gene=int(pool.innovations.max()) + 1,
        next_node=int(pool.hidden.max(initial=50)) + 1
    )
    return bred(
        pool, np.zeros(len(pool.genes)) if fitness is None else fitness,
        Family(mothers, np.asarray(fathers, np.int32), np.full(len(mothers), way, np.uint8)),
        strategy._mutation(), strategy.parameters.inherit_disabled_probability, MEASURE, strategy.frame,
        table, strategy._activations(), seed=SEED, generation=GENERATION,
    )


def everyone(pool: Graphs, times: int = 1) -> Int32Array:
    return np.tile(np.arange(len(pool.genes), dtype=np.int32), times)


def key(purpose: Purpose, child: int, section: int = 0) -> int:
    return rng.derive(SEED, purpose, GENERATION, child, section)


def initial(inputs: int = 3, size: int = 1, *, bias: float | None = 1.0) -> Graphs:
    graphs: Graphs = by_hand.neat(inputs=inputs, bias=bias).genome.random(size, seed=1, generation=0)
    return graphs


def test_a_copy_is_its_mother(pool: Graphs) -> None:
    found, operators = children(pool, everyone(pool), everyone(pool), COPY)
    assert all(np.array_equal(one, other) for one, other in zip(found, pool, strict=True))
    assert set(operators.tolist()) == {Operator.ELITE}


@pytest.mark.parametrize("way", [MATED, AVERAGED])
@pytest.mark.parametrize("fitness", ["equal", "mothers", "fathers"])
def test_a_child_of_two_parents_is_what_the_paper_says(pool: Graphs, way: int, fitness: str) -> None:
    mothers, fathers = everyone(pool), np.roll(everyone(pool), 7)
    values = {
        "equal": everyone(pool) * 0.0, "mothers": -everyone(pool) * 1.0, "fathers": everyone(pool) * 1.0
    }[fitness]
    found, operators = children(pool, mothers, fathers, way, fitness=values)
    assert set(operators.tolist()) == {Operator.CROSSOVER}
    switched = 0
    for child, (mother, father) in enumerate(zip(mothers.tolist(), fathers.tolist(), strict=True)):
        expected = by_hand.crossed(
            by_hand.genome(pool, mother), by_hand.genome(pool, father), (values[mother], values[father]),
            key(Purpose.CROSSOVER, child), averaging=way == AVERAGED, disabling=0.75,
        )
        assert by_hand.genome(found, child) == expected
        hidden = {gene.source for gene in expected.values()} | {gene.target for gene in expected.values()}
        known = by_hand.nodes(pool, mother) | by_hand.nodes(pool, father)
        assert by_hand.nodes(found, child) == {node: known[node] for node in sorted(hidden & known.keys())}
        switched += sum(not gene.enabled for gene in expected.values())
    assert switched > 20


def test_the_child_of_equal_parents_is_mutated_although_it_need_not_be(pool: Graphs) -> None:
    _, operators = children(pool, everyone(pool), everyone(pool), MATED, mutate_weights_probability=1.0)
    assert set(operators.tolist()) == {Operator.CROSSOVER_MUTATION}


@pytest.mark.parametrize("changes", [
    {}, {"severe_mutation_probability": 1.0}, {"severe_mutation_probability": 0.0},
    {
        "severe_mutation_probability": 0.0, "perturb_probability": 0.5, "replace_probability": 0.3,
        "weight_limit": 1.5
    },
])
def test_weights_change_as_in_the_authors_code(pool: Graphs, changes: dict[str, float]) -> None:
    found, operators = children(
        pool, everyone(pool), everyone(pool), MUTATED, mutate_weights_probability=1.0, **changes
    )
    parameters = by_hand.neat(**changes).parameters
    assert set(operators.tolist()) == {Operator.MUTATION}
    for child in range(len(pool.genes)):
        before, after = by_hand.genome(pool, child), by_hand.genome(found, child)
        expected = by_hand.reweighted(
            [gene.weight for gene in before.values()], key(Purpose.MUTATION, child, draws.WEIGHTS), parameters
        )
        assert [gene.weight for gene in after.values()] == pytest.approx(expected, abs=2e-6)
        assert [asdict(gene) | {"weight": 0} for gene in after.values()] == [
            asdict(gene) | {"weight": 0} for gene in before.values()
        ]


def test_most_weights_are_perturbed_some_replaced_and_few_kept() -> None:
    graphs = empty(400, 8, 0)
    graphs.genes[:], graphs.innovations[:], graphs.sources[:], graphs.targets[:] = 8, np.arange(8), 0, 4
    graphs.weights[:], graphs.enabled[:] = 6.0, 1
    found, _ = children(
        graphs, everyone(graphs), everyone(graphs), MUTATED, mutate_weights_probability=1.0,
        severe_mutation_probability=1.0
    )
    kept, replaced = found.weights == 6.0, np.abs(found.weights) <= 2.5
    assert kept.mean() == pytest.approx(0.1, abs=0.02)
    assert replaced.mean() == pytest.approx(0.2, abs=0.02)
    assert found.weights.max() == 8.0


def test_a_new_node_splits_an_enabled_gene(pool: Graphs) -> None:
    found, operators = children(pool, everyone(pool), everyone(pool), MUTATED, add_node_probability=1.0)
    assert (operators == Operator.MUTATION).mean() > 0.6
    for child in np.flatnonzero(operators == Operator.MUTATION).tolist():
        before, after = by_hand.genome(pool, child), by_hand.genome(found, child)
        first, second = sorted(after.keys() - before.keys())
        (split,) = [number for number in before if before[number].enabled and not after[number].enabled]
        (node,) = by_hand.nodes(found, child).keys() - by_hand.nodes(pool, child).keys()
        assert second == first + 1 > max(before) + 1
        assert before[split].source != 3
        assert after[first] == by_hand.Gene(before[split].source, node, 1.0, True)
        assert after[second] == by_hand.Gene(node, before[split].target, before[split].weight, True)
        others = before.keys() - {split}
        assert {number: after[number] for number in others} == {number: before[number] for number in others}


def test_old_genes_are_split_more_often_in_small_genomes() -> None:
    graphs = initial(size=1_000)
    found, operators = children(graphs, everyone(graphs), everyone(graphs), MUTATED, add_node_probability=1.0)
    split = np.argmin(found.enabled[:, :8], axis=1)[operators == Operator.MUTATION]
    shares = np.bincount(split, minlength=8) / 1_000
    assert shares[[0, 1, 2]] == pytest.approx([0.7, 0.21, 0.063], abs=0.04)
    assert shares[[3, 7]].tolist() == [0, 0]  # those from the bias


def test_the_same_change_has_the_same_numbers_and_activation() -> None:
    graphs = initial(size=300)
    found, _ = children(graphs, everyone(graphs), everyone(graphs), MUTATED, add_node_probability=1.0)
    numbers: dict[tuple[int, int], set[Any]] = {}
    for child in range(300):
        new = {number: gene for number, gene in by_hand.genome(found, child).items() if number >= 8}
        if new:
            (first, one), (second, other) = sorted(new.items())
            known = (first, second, one.target, by_hand.nodes(found, child)[one.target])
            numbers.setdefault((one.source, other.target), set()).add(known)
    assert len(numbers) > 3
    assert {len(each) for each in numbers.values()} == {1}
    assert sorted(each[0] for (each,) in numbers.values()) == list(range(8, 8 + 2 * len(numbers), 2))
    assert len({each[3] for (each,) in numbers.values()}) > 1


@pytest.mark.parametrize("recurrent", [False, True])
def test_a_new_connection_joins_two_nodes_that_had_none(recurrent: bool) -> None:
    pool = by_hand.grown(14, recurrent=recurrent)
    found, operators = children(
        pool, everyone(pool, 10), everyone(pool, 10), MUTATED, add_connection_probability=1.0,
        recurrent=recurrent, recurrent_connection_probability=1.0,
    )
    assert (operators == Operator.MUTATION).mean() > 0.5
    back = 0
    numbers: dict[tuple[int, int], int] = {}
    for child in np.flatnonzero(operators == Operator.MUTATION).tolist():
        before, after = by_hand.genome(pool, child % len(pool.genes)), by_hand.genome(found, child)
        (number,) = after.keys() - before.keys()
        gene = after[number]
        assert number > max(before)
        assert (gene.source, gene.target) not in {(each.source, each.target) for each in before.values()}
        assert gene.target >= 4
        assert abs(gene.weight) <= 1
        assert numbers.setdefault((gene.source, gene.target), number) == number
        assert is_recurrent(before, gene) == recurrent
        back += gene.source == gene.target
    assert (back > 0) == recurrent


def is_recurrent(genes: by_hand.Genome, new: by_hand.Gene) -> bool:
    """Whether the target leads to the source, not by way of outputs (4 and 5), or the source is an output."""
    reached, border = {new.target}, [new.target]
    while border:
        node = border.pop()
        nexts = {gene.target for gene in genes.values() if gene.source == node and node not in (4, 5)}
        border += nexts - reached
        reached |= nexts
    return new.source in reached or new.source in (4, 5)


def test_a_full_network_gets_no_new_connection() -> None:
    graphs = initial(size=20)
    found, operators = children(
        graphs, everyone(graphs), everyone(graphs), MUTATED, add_connection_probability=1.0
    )
    assert np.array_equal(found.genes, graphs.genes)
    assert set(operators.tolist()) == {Operator.ELITE}


def test_the_last_enabled_gene_of_a_node_is_not_switched_off() -> None:
    graphs = initial(size=200)
    graphs.enabled[:, 4:] = 0  # the second output's: each input has one gene left
    found, _ = children(
        graphs, everyone(graphs), everyone(graphs), MUTATED, toggle_enable_probability=1.0,
        mutate_weights_probability=0.0
    )
    assert found.enabled[:, :4].all()
    assert 60 < found.enabled[:, 4:].sum() < 140


def test_the_oldest_disabled_gene_is_enabled_again() -> None:
    graphs = initial(size=5)
    graphs.enabled[:, [2, 5]] = 0
    found, _ = children(
        graphs, everyone(graphs), everyone(graphs), MUTATED, re_enable_probability=1.0,
        mutate_weights_probability=0.0
    )
    assert found.enabled[:, 2].all()
    assert not found.enabled[:, 5].any()


def test_children_of_champions_change_their_weights_or_connect(pool: Graphs) -> None:
    one, _ = children(pool, everyone(pool), everyone(pool), REWEIGHTED)
    other, operators = children(pool, everyone(pool), everyone(pool), RECONNECTED)
    assert np.array_equal(one.genes, pool.genes)
    assert (one.weights != pool.weights).any(axis=1).all()
    assert np.array_equal(other.genes - pool.genes, operators == Operator.MUTATION)


def test_a_child_depends_on_its_own_address_and_on_what_earlier_ones_invented(pool: Graphs) -> None:
    many, _ = children(
        pool, everyone(pool), everyone(pool), MUTATED, mutate_weights_probability=1.0,
        add_node_probability=0.3
    )
    first = everyone(pool)[:5]
    few, _ = children(pool, first, first, MUTATED, mutate_weights_probability=1.0, add_node_probability=0.3)
    assert all(np.array_equal(a, b) for a, b in zip(take(many, first), few, strict=True))


def test_networks_without_a_bias_split_any_gene() -> None:
    graphs = join([initial(size=300, bias=None)])
    found, _ = children(
        graphs, everyone(graphs), everyone(graphs), MUTATED, add_node_probability=1.0, bias=None
    )
    assert np.bincount(np.argmin(found.enabled[:, :6], axis=1))[0] > 180
