"""The next population from a pool of parents, as breeding strategies make it."""

import numpy as np

from processing.core.parameters import Parameters
from processing.core.types import (
    NO_PARENT,
    GenomeKind,
    Genomes,
    Int32Array,
    Operator,
    Population,
    UInt8Array,
)


def random_population(kind: GenomeKind, size: int, *, seed: int, generation: int) -> Population:
    """Return `size` random agents without parents."""
    no_parents = np.full(size, NO_PARENT, np.int32)
    return Population(
        genomes=kind.random(size, seed=seed, generation=generation),
        operators=np.full(size, Operator.INITIAL, np.uint8), mothers=no_parents, fathers=no_parents,
        ages=np.zeros(size, np.uint16),
    )


def children(
    kind: GenomeKind, pool: Genomes, indices: Int32Array, mothers: Int32Array, fathers: Int32Array,
    variation: Parameters, *, elites: int, seed: int, generation: int, pool_generation: int,
) -> Population:
    """Return the population bred from a pool.

    Args:
        pool: M genomes.
        indices: (M,) int32, their indices in generation `pool_generation`.
        mothers, fathers: (N,) int32, indices in the pool.
        variation: how children differ from their parents, as the genome kind's `breed` takes it.
        elites: the first so many children are copies of their mothers.
        seed, generation: address of the draws of crossover and mutation.
    Returns:
        N agents, whose parents are indices in generation `pool_generation`.
    """
    genomes, operators = kind.breed(
        pool, mothers, fathers, variation, elites=elites, seed=seed, generation=generation
    )
    return with_parents(
        genomes, operators, indices[mothers], indices[fathers], generation=generation,
        pool_generation=pool_generation
    )


def with_parents(
    genomes: Genomes, operators: UInt8Array, mothers: Int32Array, fathers: Int32Array, *, generation: int,
    pool_generation: int,
) -> Population:
    """Return the population of genomes that were bred from parents of one generation.

    Args:
        genomes: N genomes; operators: (N,) uint8, the `Operator` that made each.
        mothers, fathers: (N,) int32 indices in generation `pool_generation`; a father counts after crossover
            alone.
    """
    two = (operators == Operator.CROSSOVER) | (operators == Operator.CROSSOVER_MUTATION)
    return Population(
        genomes=genomes, operators=operators, mothers=mothers,
        fathers=np.where(two, fathers, NO_PARENT).astype(np.int32),
        ages=np.full(len(mothers), generation - pool_generation, np.uint16),
    )
