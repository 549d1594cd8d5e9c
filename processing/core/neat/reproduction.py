"""The next generation: who its parents are, and the kernel that breeds it. Children are made in the order of their index.

What this kernel does for a whole child is a kernel of its own: inlined, it took three times as long to compile.

Source: Stanley and Miikkulainen 2002, sections 3.3 and 4.1; what the paper leaves open: authors' code v1.2.1.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.core import rng
from processing.core.genomes.graphs import Graphs, empty, trim
from processing.core.kernels.build import compiled
from processing.core.kernels.roles import kernel, part
from processing.core.neat.compatibility import Measure, clear_table, distance, fill_table, genes_of, table_for
from processing.core.neat.connecting import Frame, Scratch, add_connection
from processing.core.neat.draws import CONNECTION, WEIGHTS
from processing.core.neat.innovation import Innovations
from processing.core.neat.mating import fill_copy, fill_crossed
from processing.core.neat.mutation import Mutation, mutate, mutate_weights
from processing.core.rng import agent_key
from processing.core.types import Float64Array, Int32Array, Operator, Purpose, UInt8Array

#: How a child is made: see `Family`.
COPY, REWEIGHTED, RECONNECTED, MATED, AVERAGED, MUTATED, MATED_MUTATED, AVERAGED_MUTATED = range(8)

_ELITE, _CROSSOVER = int(Operator.ELITE), int(Operator.CROSSOVER)
_MUTATION, _BOTH = int(Operator.MUTATION), int(Operator.CROSSOVER_MUTATION)
#: Draws at (seed, PARENTS, generation, child).
_DRAWS, _TRIES = 6, 5


class Breeding(NamedTuple):
    """The chances that decide how a child is made; what each means stands in `NeatParameters`."""

    mutate_only: float
    mate_only: float
    interspecies: float
    multipoint: float
    elite_species_size: int
    refocus_weights: float


class Nursery(NamedTuple):
    """The species that bring forth the next generation, and their parents in the pool, P genomes."""

    offspring: Int32Array  # (S,) children of each species
    firsts: Int32Array  # (S,) place in the pool of its champion; its other parents follow
    parents: Int32Array  # (S,) how many parents it has, at least 1 where it has offspring
    fitness: Float64Array  # (P,)
    is_refocused: bool  # whether all are children of champions


class Family(NamedTuple):
    """The parents of N children, and how each is made."""

    mothers: Int32Array  # (N,) place in the pool
    fathers: Int32Array  # (N,) the same; the mother's where there is no father
    ways: UInt8Array  # (N,) COPY, MUTATED, ...


def family(nursery: Nursery, breeding: Breeding, *, seed: int, generation: int) -> Family:
    """Who the parents of each child are: children of the same species lie side by side, the champion's copy first."""
    species = np.repeat(np.arange(len(nursery.offspring)), nursery.offspring)
    size = len(species)
    keys = rng.keys(seed, Purpose.PARENTS, generation, np.arange(size))
    chances = rng.uniforms(keys, _DRAWS)
    firsts, parents = nursery.firsts[species], nursery.parents[species]
    number = np.arange(size) - (np.cumsum(nursery.offspring) - nursery.offspring)[species]
    mothers = firsts + (chances[:, 1] * parents).astype(np.int32)
    fathers = firsts + (chances[:, 3] * parents).astype(np.int32)
    foreign = np.flatnonzero(chances[:, 2] < breeding.interspecies)
    fathers[foreign] = _champions_elsewhere(nursery, species[foreign], keys[foreign])
    averaged = chances[:, 4] >= breeding.multipoint
    mutated = chances[:, 5] >= breeding.mate_only
    ways = np.where(averaged, AVERAGED, MATED) + (MATED_MUTATED - MATED) * mutated
    ways[(chances[:, 0] < breeding.mutate_only) | (parents == 1)] = MUTATED
    copied = (number == 0) & (nursery.offspring[species] > breeding.elite_species_size)
    if nursery.is_refocused:
        ways = np.where(chances[:, 0] < breeding.refocus_weights, REWEIGHTED, RECONNECTED)
        copied = number == 0
    ways[copied] = COPY
    mothers = np.where(ways < MATED, firsts, mothers).astype(np.int32)
    fathers = np.where((ways < MATED) | (ways == MUTATED), mothers, fathers)
    return Family(mothers, fathers.astype(np.int32), ways.astype(np.uint8))


def _champions_elsewhere(nursery: Nursery, species: NDArray[np.signedinteger], keys: rng.UInt64Array) -> Int32Array:
    """For each child the champion of another species, a better one the more likely; after five tries its own.

    The species' rank is a quarter of a normal number, cut to 0 to 1, of all ranks.
    """
    order = np.argsort(-nursery.fitness[nursery.firsts], kind="stable")
    shares = np.clip(rng.normals(keys, _TRIES, _DRAWS).astype(np.float64) / 4, 0.0, 1.0)
    tried = order[np.floor(shares * (len(order) - 1) + 0.5).astype(np.int64)]
    others = tried != species[:, None]
    found = np.where(others.any(axis=1), tried[np.arange(len(tried)), others.argmax(axis=1)], species)
    champions: Int32Array = nursery.firsts[found]
    return champions


def bred(
    pool: Graphs, fitness: Float64Array, parents: Family, chances: Mutation, disabling: float, measure: Measure,
    frame: Frame, table: Innovations, choices: UInt8Array, *, seed: int, generation: int,
) -> tuple[Graphs, UInt8Array]:
    """The genomes of N children and how each came to be, (N,) of Operator.

    Args:
        pool: P genomes with their fitness (P,).
        disabling: chance that a gene disabled in one of two parents is disabled in their child.
        table: without changes yet; it is filled.
        choices: (A,) numbers of the activations that new nodes draw from.
    """
    size, gene_slots, node_slots = len(parents.ways), pool.weights.shape[1] + 2, pool.hidden.shape[1] + 1
    nodes = frame.first_hidden + node_slots
    scratch = Scratch(*(np.zeros(room, np.int32) for room in (nodes + 1, gene_slots, nodes, nodes)))
    children, operators = empty(size, gene_slots, node_slots), np.empty(size, np.uint8)
    with np.errstate(over="ignore"):
        compiled(fill_children)(
            pool, fitness, parents, chances, np.float32(disabling), measure, frame, table, choices,
            np.uint64(rng.derive_prefix(seed, Purpose.CROSSOVER, generation)),
            np.uint64(rng.derive_prefix(seed, Purpose.MUTATION, generation)), children, operators, scratch, genes_of(pool),
            table_for(pool),
        )
    return trim(children), operators


@kernel
def fill_children(
    pool, fitness, parents, chances, disabling, measure, frame, table, choices, crossing, mutating,
    children, operators, scratch, genes, weights,
):
    """Fill `children` and `operators`; `crossing` and `mutating` are the key prefixes of the generation.

    `genes` are those of the pool, `weights` a table for their distances.
    """
    for child in range(operators.size):
        mother, father = np.int64(parents.mothers[child]), np.int64(parents.fathers[child])
        way = parents.ways[child]
        averaging = way in (AVERAGED, AVERAGED_MUTATED)
        mated = averaging or way in (MATED, MATED_MUTATED)
        if mated:
            key = agent_key(crossing, child, 0)
            fill_crossed(pool, fitness, mother, father, averaging, disabling, key, children, child)
        else:
            fill_copy(pool, mother, children, child)
        changed = False
        if way == REWEIGHTED:
            mutate_weights(chances, agent_key(mutating, child, WEIGHTS), children, child)
            changed = True
        elif way == RECONNECTED:
            changed = add_connection(chances, frame, table, agent_key(mutating, child, CONNECTION), children, child, scratch)
        elif way >= MUTATED or (mated and is_same(weights, genes, mother, father, measure)):
            changed = mutate(chances, frame, table, choices, mutating, children, child, scratch)
        if mated:
            operators[child] = _BOTH if changed else _CROSSOVER
        else:
            operators[child] = _MUTATION if changed else _ELITE


@part
def is_same(weights, genes, mother, father, measure):
    """Whether the distance of two parents is 0."""
    fill_table(weights, genes, father)
    apart = distance(weights, genes, father, genes, mother, measure)
    clear_table(weights, genes, father)
    return apart == 0.0
