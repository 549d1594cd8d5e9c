"""Two parents become one child.

Matching genes come from either parent, or have the mean of both weights; the other genes, and with them the nodes, come
from the fitter one: of equally fit parents from the smaller genome, of equal ones the mother's. So a child has the
structure of one of its parents: no connection twice, and no cycle that was not there.

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
    """The child is its parent."""
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
    """The child of two parents; `disabling` is the chance that a gene disabled in one of them is disabled in the child."""
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
