"""The choice of parents, and the kernel that breeds the next generation, child by child in order.

The operations on a whole child are separate kernels: inlined, they took three times as long to compile.

Source: Stanley and Miikkulainen 2002, sections 3.3 and 4.1; what the paper leaves open: authors' code v1.2.1.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.core import rng
from processing.core.genomes.graphs import Graphs, empty, trim
from processing.core.kernels.build import compiled
from processing.core.kernels.pieces import ranges
from processing.core.kernels.roles import kernel, part
from processing.core.neat.compatibility import Measure, clear_table, distance, fill_table, genes_of, table_for
from processing.core.neat.connecting import Frame, Scratch, add_connection
from processing.core.neat.draws import CONNECTION, WEIGHTS
from processing.core.neat.innovation import Innovations
from processing.core.neat.mating import fill_copy, fill_crossed
from processing.core.neat.mutation import Mutation, mutate, mutate_weights
from processing.core.rng import agent_key
from processing.core.types import Float64Array, Int32Array, Operator, Purpose, UInt8Array

#: The ways of making a child: see `Family`.
COPY, REWEIGHTED, RECONNECTED, MATED, AVERAGED, MUTATED, MATED_MUTATED, AVERAGED_MUTATED = range(8)

_ELITE, _CROSSOVER = int(Operator.ELITE), int(Operator.CROSSOVER)
_MUTATION, _BOTH = int(Operator.MUTATION), int(Operator.CROSSOVER_MUTATION)
#: Numbers of draws at (seed, PARENTS, generation, child): see `draws.py`.
_DRAWS, _TRIES = 6, 5
#: Slots of genes that are filled in the first piece of work.
FIRST_GENES = 200_000


class Breeding(NamedTuple):
    """The probabilities that decide how a child is made; `NeatParameters` describes each."""

    mutate_only: float
    mate_only: float
    interspecies: float
    multipoint: float
    elite_species_size: int
    refocus_weights: float


class Nursery(NamedTuple):
    """S species and the parents in them, P genomes, from which the next generation is bred."""

    offspring: Int32Array  # (S,) children of each species
    firsts: Int32Array  # (S,) index in the pool of its champion; its other parents follow
    parents: Int32Array  # (S,) how many parents it has, at least 1 where it has offspring
    fitness: Float64Array  # (P,)
    is_refocused: bool  # whether all children are those of champions


class Family(NamedTuple):
    """The parents of N children, and how each is made."""

    mothers: Int32Array  # (N,) index in the pool
    fathers: Int32Array  # (N,) the same; the mother's where there is no father
    ways: UInt8Array  # (N,) COPY, MUTATED, ...


def family(pool: Nursery, breeding: Breeding, *, seed: int, generation: int) -> Family:
    """Choose the parents of each child. Children of one species are adjacent, the copy of its champion first.

    Args:
        pool: the species that have children, and their parents.
        breeding: probabilities.
        seed, generation: address of the draws, with the purpose PARENTS.
    Returns:
        The parents of N children, N the sum of `pool.offspring`.
    """
    species = np.repeat(np.arange(len(pool.offspring)), pool.offspring)
    size = len(species)
    keys = rng.keys(seed, Purpose.PARENTS, generation, np.arange(size))
    chances = rng.uniforms(keys, _DRAWS)
    firsts, parents = pool.firsts[species], pool.parents[species]
    number = np.arange(size) - (np.cumsum(pool.offspring) - pool.offspring)[species]
    mothers = firsts + (chances[:, 1] * parents).astype(np.int32)
    fathers = firsts + (chances[:, 3] * parents).astype(np.int32)
    foreign = np.flatnonzero(chances[:, 2] < breeding.interspecies)
    fathers[foreign] = _champions_elsewhere(pool, species[foreign], keys[foreign])
    averaged = chances[:, 4] >= breeding.multipoint
    mutated = chances[:, 5] >= breeding.mate_only
    ways = np.where(averaged, AVERAGED, MATED) + (MATED_MUTATED - MATED) * mutated
    ways[(chances[:, 0] < breeding.mutate_only) | (parents == 1)] = MUTATED
    copied = (number == 0) & (pool.offspring[species] > breeding.elite_species_size)
    if pool.is_refocused:
        ways = np.where(chances[:, 0] < breeding.refocus_weights, REWEIGHTED, RECONNECTED)
        copied = number == 0
    ways[copied] = COPY
    mothers = np.where(ways < MATED, firsts, mothers).astype(np.int32)
    fathers = np.where((ways < MATED) | (ways == MUTATED), mothers, fathers)
    return Family(mothers, fathers.astype(np.int32), ways.astype(np.uint8))


def _champions_elsewhere(
    pool: Nursery, species: NDArray[np.signedinteger], keys: rng.UInt64Array
) -> Int32Array:
    """The champion of another species for each child, or of its own species where five tries find no other.

    The rank of the species, as a fraction of all ranks, is a quarter of a normal number, clipped to 0 to 1:
    better species are more likely.
    """
    order = np.argsort(-pool.fitness[pool.firsts], kind="stable")
    shares = np.clip(rng.normals(keys, _TRIES, _DRAWS).astype(np.float64) / 4, 0.0, 1.0)
    tried = order[np.floor(shares * (len(order) - 1) + 0.5).astype(np.int64)]
    others = tried != species[:, None]
    found = np.where(others.any(axis=1), tried[np.arange(len(tried)), others.argmax(axis=1)], species)
    champions: Int32Array = pool.firsts[found]
    return champions


def bred(
    pool: Graphs, fitness: Float64Array, parents: Family, chances: Mutation, disabling: float,
    measure: Measure, frame: Frame, table: Innovations, choices: UInt8Array, *, seed: int, generation: int,
) -> tuple[Graphs, UInt8Array]:
    """Breed the genomes of N children.

    Args:
        pool: P genomes with their fitness, (P,) float64.
        parents: those of the N children.
        chances: probabilities and sizes of mutations.
        disabling: probability that a gene disabled in one of two parents is disabled in their child.
        measure: the distance; a child of parents whose distance is 0 is always mutated.
        table: an empty one; it is filled.
        choices: (A,) uint8, numbers of the activations that new nodes draw from.
        seed, generation: address of the draws, with the purposes CROSSOVER and MUTATION.
    Returns:
        N genomes; (N,) uint8 of `Operator`.
    """
    size, gene_slots, node_slots = len(parents.ways), pool.weights.shape[1] + 2, pool.hidden.shape[1] + 1
    nodes = frame.first_hidden + node_slots
    scratch = Scratch(*(np.zeros(room, np.int32) for room in (nodes + 1, gene_slots, nodes, nodes)))
    children, operators = empty(size, gene_slots, node_slots), np.empty(size, np.uint8)
    given = (
        pool, fitness, parents, chances, np.float32(disabling), measure, frame, table, choices,
        np.uint64(rng.derive_prefix(seed, Purpose.CROSSOVER, generation)),
        np.uint64(rng.derive_prefix(seed, Purpose.MUTATION, generation)), children, operators, scratch,
        genes_of(pool), table_for(pool),
    )
    for first, last in ranges(size, at_first=FIRST_GENES // gene_slots):
        with np.errstate(over="ignore"):
            compiled(fill_children)(*given, first, last)
    return trim(children), operators


@kernel
def fill_children(
    pool, fitness, parents, chances, disabling, measure, frame, table, choices, crossing, mutating,
    children, operators, scratch, genes, weights, first, last,
):
    """Fill first..last-1 of `children` and `operators`, after those before them.

    `crossing` and `mutating` are the key prefixes of the generation.

    `genes` are those of the pool, `weights` is a table from `table_for` for their distances.
    """
    for child in range(first, last):
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
            changed = add_connection(
                chances, frame, table, agent_key(mutating, child, CONNECTION), children, child, scratch
            )
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
