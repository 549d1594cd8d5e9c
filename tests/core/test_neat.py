"""What NEAT's strategy promises over generations."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.core.genomes.graphs import Graphs
from processing.core.neat import species
from processing.core.types import Float64Array, Operator, State, StopReason, Verdict
from tests.core import neat_by_hand as by_hand
from tests.core.neat_by_hand import FAST, fitness_of, history, neat

ROOT = Path(__file__).parents[2]


def assert_whole(graphs: Graphs, *, inputs: int, outputs: int, bias: bool, recurrent: bool) -> None:
    """Each genome is one that can be computed."""
    first_output = inputs + bias
    for agent in range(len(graphs.genes)):
        genes, hidden = by_hand.genome(graphs, agent), by_hand.nodes(graphs, agent)
        assert list(genes) == sorted(genes)
        assert len(genes) == graphs.genes[agent]
        pairs = [(gene.source, gene.target) for gene in genes.values()]
        assert len(set(pairs)) == len(pairs)
        ends = {node for pair in pairs for node in pair}
        assert ends - set(range(first_output + outputs)) == set(hidden)
        assert list(hidden) == sorted(hidden)
        assert min(target for _, target in pairs) >= first_output
        assert all(abs(gene.weight) <= 8 for gene in genes.values())
        if not recurrent:
            assert is_acyclic(pairs)


def is_acyclic(pairs: list[tuple[int, int]]) -> bool:
    """Whether nodes without a predecessor can be taken away until none is left."""
    left = set(pairs)
    while left:
        targets = {target for _, target in left}
        rest = {pair for pair in left if pair[0] in targets}
        if rest == left:
            return False
        left = rest
    return True


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("recurrent", "bias"), [(False, 1.0), (True, 1.0), (False, None), (True, None)])
def test_genomes_stay_whole_however_they_grow(seed: int, recurrent: bool, bias: float | None) -> None:
    strategy = neat(recurrent=recurrent, bias=bias, inputs=1 + seed, outputs=1 + seed % 2, **FAST)
    meanings: dict[int, tuple[int, int]] = {}
    activations: dict[int, int] = {}
    for _, population, _ in history(strategy, 15, seed=seed):
        graphs = population.genomes
        assert_whole(
            graphs, inputs=1 + seed, outputs=1 + seed % 2, bias=bias is not None, recurrent=recurrent
        )
        for agent in range(len(population)):
            for number, gene in by_hand.genome(graphs, agent).items():
                assert meanings.setdefault(number, (gene.source, gene.target)) == (gene.source, gene.target)
            for node, activation in by_hand.nodes(graphs, agent).items():
                assert activations.setdefault(node, activation) == activation
    assert len(activations) > 20
    assert set(activations.values()) == {2, 3, 8}  # tanh, relu, sin


def test_the_next_numbers_are_above_all_that_were_given() -> None:
    highest_gene = highest_node = -1
    for state, population, _ in history(neat(**FAST), 12):
        highest_gene = max(highest_gene, int(population.genomes.innovations.max()))
        highest_node = max(highest_node, int(population.genomes.hidden.max(initial=-1)))
        assert state["next_innovation"] == highest_gene + 1
        assert state["next_node"] == max(highest_node + 1, 6)


def test_operators_tell_how_each_child_came_to_be() -> None:
    before = None
    seen: set[int] = set()
    for _, population, _ in history(neat(**FAST), 8):
        if before is not None:
            for agent in np.flatnonzero(population.operators == Operator.ELITE).tolist():
                mother = int(population.mothers[agent])
                assert by_hand.genome(population.genomes, agent) == by_hand.genome(before.genomes, mother)
            seen |= set(population.operators.tolist())
        before = population
    assert seen == {Operator.ELITE, Operator.CROSSOVER, Operator.MUTATION, Operator.CROSSOVER_MUTATION}


def test_only_the_best_of_each_species_are_parents() -> None:
    for (_, before, verdict), (_, after, _) in itertools.pairwise(history(neat(population_size=100), 8)):
        fitness, groups = fitness_of(before.genomes), verdict.species
        assert groups is not None
        for mother in set(after.mothers.tolist()):
            own = fitness[groups == groups[mother]]
            assert (own > fitness[mother]).sum() < int(0.2 * len(own) + 1)


def told(
    strategy: Any, state: State, fitness: Float64Array | float, generation: int
) -> tuple[State, Verdict]:
    """The state after a generation with this fitness."""
    population = strategy.ask(state, seed=1, generation=generation)
    values = np.broadcast_to(np.asarray(fitness, np.float64), len(population))
    after: tuple[State, Verdict] = strategy.tell(state, population, values, generation=generation)
    return after


def test_a_species_that_stands_still_is_punished() -> None:
    strategy = neat(population_size=20, stagnation_generations=4, compatibility_threshold=100.0)
    state, adjusted = strategy.begin(), []
    for generation in range(7):
        state, verdict = told(strategy, state, 5.0, generation)
        adjusted.append(verdict.snapshots[0].adjusted_fitness)
        assert verdict.snapshots[0].generations_since_improvement == generation
    assert adjusted == pytest.approx([5.0] * 4 + [0.05] * 3)


def test_a_purge_punishes_the_best_species_where_none_is_old_and_an_old_one_later() -> None:
    strategy = neat(population_size=20, compatibility_threshold=100.0, purge_generations=3)
    state, adjusted = strategy.begin(), []
    for generation in range(5):
        state, verdict = told(strategy, state, 5.0 + generation, generation)
        adjusted.append(verdict.snapshots[0].adjusted_fitness)
    assert adjusted == pytest.approx([5.0, 6.0, 0.07, 0.08, 0.09])
    found = species.no_species()
    for first, born_in in enumerate((0, 0, 9)):
        found = species.grown(found, 1, first=first, generation=born_in)
    assert species.purged(found, np.array([3.0, 2.0, 1.0]), oldest_birth=5).purged.tolist() == [0, 1, 0]
    assert species.purged(found, np.array([3.0, 2.0, 4.0]), oldest_birth=-1).purged.tolist() == [0, 0, 1]


def test_young_species_are_favoured() -> None:
    strategy = neat(
        population_size=20, young_generations=3, age_significance=2.0, compatibility_threshold=100.0
    )
    state, adjusted = strategy.begin(), []
    for generation in range(5):
        state, verdict = told(strategy, state, 5.0 + generation, generation)
        adjusted.append(verdict.snapshots[0].adjusted_fitness)
    assert adjusted == pytest.approx([10.0, 12.0, 14.0, 8.0, 9.0])


def test_a_population_that_stands_still_is_refocused_once() -> None:
    strategy = neat(population_size=30, population_stagnation_generations=3)
    state, refocused = strategy.begin(), []
    for generation in range(9):
        state, verdict = told(strategy, state, 5.0, generation)
        refocused.append(verdict.figures["is_refocused"])
    assert refocused == [False, False, False, True, False, False, True, False, False]


def test_a_refocused_search_makes_no_connections_where_none_are_to_be_made() -> None:
    for chance, is_grown in ((0.0, False), (0.05, True)):
        strategy = neat(
            population_size=30, population_stagnation_generations=3, add_node_probability=0.0,
            add_connection_probability=chance, recurrent=True, recurrent_connection_probability=1.0,
        )
        state, genes = strategy.begin(), set()
        for generation in range(9):
            population = strategy.ask(state, seed=1, generation=generation)
            genes |= set(population.genomes.genes.tolist())
            state, _ = strategy.tell(state, population, np.full(30, 5.0), generation=generation)
        assert (max(genes) > min(genes)) == is_grown


def test_where_all_agents_fail_the_search_dies_out() -> None:
    strategy = neat(population_size=30)
    state, _ = told(strategy, strategy.begin(), 1.0, 0)
    after, verdict = told(strategy, state, np.nan, 1)
    assert verdict.stop == StopReason.EXTINCTION
    assert {each.champion for each in verdict.snapshots} == {None}
    assert {each.offspring for each in verdict.snapshots} == {0}
    assert after == state


def test_numbers_that_agents_got_which_all_failed_are_not_given_again() -> None:
    strategy = neat(**FAST)
    state, *_ = history(strategy, 3)[-1]
    population = strategy.ask(state, seed=3, generation=3)
    after, verdict = strategy.tell(state, population, np.full(40, np.nan), generation=3)
    assert verdict.species is not None
    assert after["next_species"] > verdict.species.max()
    assert after["next_innovation"] > population.genomes.innovations.max()
    assert after["next_node"] > population.genomes.hidden.max()
    named = {"next_species", "next_innovation", "next_node"}
    assert all(after[name] is state[name] for name in state.keys() - named)


def test_a_species_whose_agents_all_fail_has_no_children() -> None:
    strategy = neat(**FAST)
    state, population, _ = history(strategy, 6)[-1]
    population = strategy.ask(state, seed=3, generation=6)
    groups = strategy.tell(state, population, np.ones(40), generation=6)[1].species
    assert groups is not None
    failing = groups == np.bincount(groups).argmax()
    after, verdict = strategy.tell(state, population, np.where(failing, np.nan, 1.0), generation=6)
    (snapshot,) = [each for each in verdict.snapshots if each.champion is None]
    assert (snapshot.size, snapshot.offspring, snapshot.mean_fitness) == (failing.sum(), 0, None)
    assert not failing[after["indices"]].any()
    assert snapshot.number not in after["species.numbers"]


@pytest.mark.parametrize("target", [1, 6])
def test_the_threshold_moves_towards_the_number_of_species_asked_for(target: int) -> None:
    thresholds = []
    for state, _, verdict in history(neat(**FAST | {"population_size": 100, "target_species": target}), 20):
        before = verdict.figures["compatibility_threshold"]
        step = np.sign(len(verdict.snapshots) - target) * 0.3
        assert state["threshold"] == pytest.approx(max(before + step, 0.3))
        thresholds.append(before)
    assert thresholds[0] == 3.0
    assert len(set(thresholds)) > 3


def test_the_population_never_changes_its_size() -> None:
    for size in (2, 3, 7, 61):
        assert {
            len(population) for _, population, _ in history(neat(**FAST | {"population_size": size}), 10)
        } == {size}


def test_asking_twice_gives_the_same_population() -> None:
    strategy = neat(**FAST)
    state, *_ = history(strategy, 6)[-1]
    one, other = (strategy.ask(state, seed=3, generation=6) for _ in range(2))
    assert strategy.genome.pack(one.genomes) == strategy.genome.pack(other.genomes)
    assert np.array_equal(one.fathers, other.fathers)


DIGEST = """
import hashlib
from tests.core.neat_by_hand import FAST, history, neat
digest = hashlib.sha256()
for recurrent in (False, True):
    strategy = neat(recurrent=recurrent, **FAST)
    for state, population, verdict in history(strategy, 8):
        digest.update(strategy.genome.pack(population.genomes))
        digest.update(population.operators.tobytes() + verdict.species.tobytes())
print(digest.hexdigest())
"""


def test_plain_python_breeds_the_same_genomes() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", DIGEST], cwd=ROOT,
            env=os.environ | {"NUMBA_DISABLE_JIT": off}, text=True,
            capture_output=True, check=True, timeout=300,
        ).stdout
        for off in ("0", "1")
    }
    assert len(digests) == 1
