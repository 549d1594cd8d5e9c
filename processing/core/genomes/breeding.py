"""Inheritance of dense genomes: crossover, then mutation, in one kernel.

Every draw of child c has the address (seed, CROSSOVER or MUTATION, generation, c). Crossover: draw 0 decides
whether there are two parents, draw 1 + w which of them weight w comes from. Gaussian mutation: draws 2w and
2w + 1 are the chance and the noise of weight w. Single-weight mutation: draws 0, 1 and 2 are the chance, the
index of the weight and the noise.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

import numpy as np

from processing.core import rng
from processing.core.genomes.variation import VariationParameters
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import madd
from processing.core.kernels.pieces import ranges
from processing.core.kernels.roles import kernel
from processing.core.rng import agent_key, draw_part, normal_part, uniform_part
from processing.core.types import Float32Array, Int32Array, Operator, Purpose, UInt8Array

_CROSSOVERS = {"none": 0, "average": 1, "uniform": 2}
_MUTATIONS = {"gaussian": 0, "single_weight": 1}
_ELITE, _CROSSOVER = int(Operator.ELITE), int(Operator.CROSSOVER)
_MUTATION, _BOTH = int(Operator.MUTATION), int(Operator.CROSSOVER_MUTATION)
_HALF = np.float32(0.5)
#: Weights that are inherited in the first piece of work.
FIRST_WEIGHTS = 5_000_000


def breed(
    pool: Float32Array, mothers: Int32Array, fathers: Int32Array, variation: VariationParameters, *,
    elites: int, seed: int, generation: int,
) -> tuple[Float32Array, UInt8Array]:
    """Return the children of selected parents, and the operator that created each.

    The first `elites` children are copies of their mothers. Another child has two parents with
    probability `crossover_probability`, unless its father is NO_PARENT. A child of one parent that mutation
    did not change is a copy as well and is labelled ELITE.

    Args:
        pool: (M, W) float32, the genomes that parents are chosen from.
        mothers: (N,) integer indices in the pool.
        fathers: (N,) integer indices in the pool, or NO_PARENT.
        variation: probabilities in [0, 1], and the standard deviation of mutations in units of a weight.
        seed, generation: the address of the draws.
    Returns:
        (N, W) float32 genomes, and (N,) uint8 of `Operator`.
    """
    children = np.empty((len(mothers), pool.shape[1]), np.float32)
    operators = np.empty(len(mothers), np.uint8)
    given = (
        np.require(pool, np.float32, ["C", "W"]), mothers.astype(np.int64), fathers.astype(np.int64),
        elites, _CROSSOVERS[variation.crossover], np.float32(variation.crossover_probability),
        _MUTATIONS[variation.mutation], np.float32(variation.mutation_probability),
        np.float32(variation.mutation_scale),
        np.uint64(rng.derive_prefix(seed, Purpose.CROSSOVER, generation)),
        np.uint64(rng.derive_prefix(seed, Purpose.MUTATION, generation)), children, operators,
    )
    for first, last in ranges(len(mothers), at_first=FIRST_WEIGHTS // max(1, pool.shape[1])):
        with np.errstate(over="ignore"):
            compiled(fill_children)(*given, first, last)
    return children, operators


@kernel
def fill_children(
    pool, mothers, fathers, elites, crossover, crossover_chance, mutation, chance, scale, crossing, mutating,
    children, operators, first, last,
):
    """Fill rows first..last-1 of `children`, (N, W) float32, and of `operators`, (N,) uint8.

    Args:
        pool: (M, W) float32, C order.
        mothers, fathers: (N,) int64 indices in the pool; fathers are negative where there is none.
        elites: number of leading children that are copies.
        crossover: 0 none, 1 average, 2 uniform.
        mutation: 0 Gaussian, 1 single weight.
        crossover_chance, chance: float32 probabilities of crossover and of mutation.
        scale: float32 standard deviation of the noise.
        crossing, mutating: uint64 key prefixes of the generation.
    """
    weights = pool.shape[1]
    for child in range(first, last):
        mother, father = mothers[child], fathers[child]
        key = agent_key(crossing, child, 0)
        two = child >= elites and crossover > 0 and father >= 0 and uniform_part(key, 0) < crossover_chance
        if two and crossover == 1:
            for w in range(weights):
                children[child, w] = madd(_HALF, pool[mother, w], _HALF * pool[father, w])
        elif two:
            for w in range(weights):
                is_hers = draw_part(key, 1 + w) >> np.uint64(63) == np.uint64(0)
                children[child, w] = pool[mother, w] if is_hers else pool[father, w]
        else:
            for w in range(weights):
                children[child, w] = pool[mother, w]
        changed = 0
        key = agent_key(mutating, child, 0)
        if child >= elites and mutation == 0:
            for w in range(weights):
                hit = uniform_part(key, 2 * w) < chance
                changed += hit
                moved = madd(scale, normal_part(key, 2 * w + 1), children[child, w])
                children[child, w] = moved if hit else children[child, w]
        elif child >= elites and uniform_part(key, 0) < chance:
            w = np.int64(draw_part(key, 1) % np.uint64(weights))
            children[child, w] = madd(scale, normal_part(key, 2), children[child, w])
            changed = 1
        if two:
            operators[child] = _BOTH if changed else _CROSSOVER
        else:
            operators[child] = _MUTATION if changed else _ELITE
