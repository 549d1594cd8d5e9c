"""How dense genomes are inherited: crossover, then mutation, in one kernel.

Every draw of child c has an address: (seed, CROSSOVER or MUTATION, generation, c). Crossover: draw 0 decides whether
there are two parents, draw 1 + w from which of them weight w comes. Mutation, Gaussian: draws 2w and 2w + 1 are the
chance and the noise of weight w; single weight: draws 0, 1 and 2 are the chance, the weight and the noise.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

import numpy as np

from processing.core import rng
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import madd
from processing.core.kernels.roles import kernel
from processing.core.rng import agent_key, draw_part, normal_part, uniform_part
from processing.core.types import Float32Array, Int32Array, Operator, Purpose, UInt8Array, Variation

_CROSSOVERS = {"none": 0, "average": 1, "uniform": 2}
_MUTATIONS = {"gaussian": 0, "single_weight": 1}
_ELITE, _CROSSOVER = int(Operator.ELITE), int(Operator.CROSSOVER)
_MUTATION, _BOTH = int(Operator.MUTATION), int(Operator.CROSSOVER_MUTATION)
_HALF = np.float32(0.5)


def breed(
    pool: Float32Array, mothers: Int32Array, fathers: Int32Array, variation: Variation, *,
    seed: int, generation: int,
) -> tuple[Float32Array, UInt8Array]:
    """Children, (N, W), and how each came to be, (N,) of Operator.

    The first `variation.elites` children are copies of their mothers. Another child has two parents with
    `crossover_probability`, unless its father is NO_PARENT. A child of one parent that mutation left as it was is a
    copy as well, and called ELITE.

    Args:
        pool: (M, W) the genomes that parents are chosen from.
        mothers: (N,) index in the pool.
        fathers: (N,) index in the pool, or NO_PARENT.
    """
    children = np.empty((len(mothers), pool.shape[1]), np.float32)
    operators = np.empty(len(mothers), np.uint8)
    with np.errstate(over="ignore"):
        compiled(fill_children)(
            np.require(pool, np.float32, ["C", "W"]), mothers.astype(np.int64), fathers.astype(np.int64),
            variation.elites, _CROSSOVERS[variation.crossover], np.float32(variation.crossover_probability),
            _MUTATIONS[variation.mutation], np.float32(variation.mutation_probability),
            np.float32(variation.mutation_scale),
            np.uint64(rng.derive_prefix(seed, Purpose.CROSSOVER, generation)),
            np.uint64(rng.derive_prefix(seed, Purpose.MUTATION, generation)), children, operators,
        )
    return children, operators


@kernel
def fill_children(
    pool, mothers, fathers, elites, crossover, crossover_chance, mutation, chance, scale, crossing, mutating,
    children, operators,
):
    """Fill `children` and `operators`; `crossing` and `mutating` are the key prefixes of the generation."""
    weights = pool.shape[1]
    for child in range(mothers.size):
        mother, father = mothers[child], fathers[child]
        key = agent_key(crossing, child, 0)
        two = child >= elites and crossover > 0 and father >= 0 and uniform_part(key, 0) < crossover_chance
        if two and crossover == 1:
            for w in range(weights):
                children[child, w] = madd(_HALF, pool[mother, w], _HALF * pool[father, w])
        elif two:
            for w in range(weights):
                first = draw_part(key, 1 + w) >> np.uint64(63) == np.uint64(0)
                children[child, w] = pool[mother, w] if first else pool[father, w]
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
