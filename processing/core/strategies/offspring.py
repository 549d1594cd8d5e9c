"""From a pool of parents to the next population: what breeding strategies share."""

import numpy as np

from processing.core.types import (
    NO_PARENT,
    BreedingKind,
    GenomeKind,
    Genomes,
    Int32Array,
    Operator,
    Population,
    Variation,
)


def random_population(kind: GenomeKind, size: int, *, seed: int, generation: int) -> Population:
    """`size` agents without parents."""
    nobody = np.full(size, NO_PARENT, np.int32)
    return Population(
        genomes=kind.random(size, seed=seed, generation=generation),
        operators=np.full(size, Operator.INITIAL, np.uint8), mothers=nobody, fathers=nobody,
        ages=np.zeros(size, np.uint16),
    )


def children(
    kind: BreedingKind, pool: Genomes, indices: Int32Array, mothers: Int32Array, fathers: Int32Array,
    variation: Variation, *, seed: int, generation: int, pool_generation: int,
) -> Population:
    """The population bred from a pool.

    Args:
        pool: M genomes; indices: (M,) their places in generation `pool_generation`.
        mothers, fathers: (N,) places in the pool.
    """
    if variation.crossover == "none":
        fathers = np.full(len(mothers), NO_PARENT, np.int32)
    genomes, operators = kind.breed(pool, mothers, fathers, variation, seed=seed, generation=generation)
    two = (operators == Operator.CROSSOVER) | (operators == Operator.CROSSOVER_MUTATION)
    return Population(
        genomes=genomes, operators=operators, mothers=indices[mothers],
        fathers=np.where(two, indices[fathers], NO_PARENT).astype(np.int32),
        ages=np.full(len(mothers), generation - pool_generation, np.uint16),
    )
