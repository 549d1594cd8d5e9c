"""Crossover: two parents have one child.

Matching genes come from either parent, or have the mean of both weights. All other genes, and the nodes, come
from the fitter parent: of equally fit parents, from the one with the smaller genome, and of equally large
genomes, from the mother. So a child has the structure of one of its parents: no connection occurs twice, and
no new cycle arises.

Source: Stanley and Miikkulainen 2002, section 3.2; the smaller of equally fit parents: authors' code v1.2.1.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

from processing.core.kernels.roles import kernel, part
from processing.core.rng import draw_part, uniform_part

_HALF = np.float32(0.5)
_S63, _ZERO = np.uint64(63), np.uint64(0)


@part
def fill_copy(pool, parent, children, child):
    """Make the child a copy of its parent."""
    children.genes[child] = pool.genes[parent]
    for i in range(pool.genes[parent]):
        children.innovations[child, i] = pool.innovations[parent, i]
        children.sources[child, i] = pool.sources[parent, i]
        children.targets[child, i] = pool.targets[parent, i]
        children.weights[child, i] = pool.weights[parent, i]
        children.enabled[child, i] = pool.enabled[parent, i]
    children.nodes[child] = pool.nodes[parent]
    for i in range(pool.nodes[parent]):
        children.hidden[child, i] = pool.hidden[parent, i]
        children.activations[child, i] = pool.activations[parent, i]


@kernel
def fill_crossed(pool, fitness, mother, father, averaging, disabling, key, children, child):
    """Fill the child of two parents.

    Args:
        pool: `Graphs`, P genomes; fitness: (P,) float64; mother, father: indices in them.
        averaging: whether matching genes get the mean of both weights.
        disabling: probability, float32, that a gene disabled in a parent is disabled in the child.
        key: the address (seed, CROSSOVER, generation, child).
    Source: Stanley and Miikkulainen 2002, section 3.2.
    """
    fitter, other = mother, father
    equal = fitness[father] == fitness[mother]
    if fitness[father] > fitness[mother] or (equal and pool.genes[father] < pool.genes[mother]):
        fitter, other = father, mother
    fill_copy(pool, fitter, children, child)
    at = np.int64(0)
    ends = np.int64(pool.genes[other])
    for i in range(pool.genes[fitter]):
        innovation = pool.innovations[fitter, i]
        while at < ends and pool.innovations[other, at] < innovation:
            at += 1
        if at < ends and pool.innovations[other, at] == innovation:
            enabled, weight = pool.enabled[fitter, i], pool.weights[fitter, i]
            if averaging:
                enabled, weight = np.uint8(1), (weight + pool.weights[other, at]) * _HALF
            elif draw_part(key, 2 * i) >> _S63 == _ZERO:
                enabled, weight = pool.enabled[other, at], pool.weights[other, at]
            both = pool.enabled[fitter, i] == 1 and pool.enabled[other, at] == 1
            if not both and uniform_part(key, 2 * i + 1) < disabling:
                enabled = np.uint8(0)
            children.enabled[child, i] = enabled
            children.weights[child, i] = weight
