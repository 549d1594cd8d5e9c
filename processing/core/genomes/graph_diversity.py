"""How far the weights of a population of graphs spread."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np

from processing.core.genomes.graphs import Graphs
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import get, put
from processing.core.kernels.roles import kernel
from processing.core.types import Float64Array

#: Innovation numbers beyond this, and beyond four for each gene there is, are renumbered before room is made for each.
_MOST_NUMBERS = 65_536


def diversity(genomes: Graphs) -> float:
    """The root mean square distance of the weights from those of the mean genome; 0 for fewer than 2 genomes.

    Weights are compared by innovation number; a genome that lacks a gene counts as having it with weight 0. Added in the
    order of the agents.
    """
    size, numbers = len(genomes.genes), genomes.innovations
    if size < 2 or not genomes.genes.any():
        return 0.0
    if numbers.max() > 4 * numbers.size + _MOST_NUMBERS:
        used = np.unique(numbers[numbers >= 0])
        numbers = np.searchsorted(used, numbers).astype(np.int32)
    moments = np.zeros((4, int(numbers.max()) + 1))
    with np.errstate(all="ignore"):
        compiled(fill_moments)(genomes.genes, numbers.reshape(-1), genomes.weights.reshape(-1), moments.reshape(-1))
        squares = _squares(moments, size)
    return math.sqrt(math.fsum(squares.tolist()) / (size * np.count_nonzero(moments[0])))


@kernel
def fill_moments(genes, numbers, weights, moments):
    """For each innovation number: its genes, the weight of the first, and the sums of the distances to it and of their squares.

    Args:
        genes: (N,), numbers and weights: (N * G,), of the genomes; moments: (4 * innovation numbers,), all 0.
    """
    slots, known = numbers.size // genes.size, moments.size >> 2
    for agent in range(genes.size):
        for at in range(agent * slots, agent * slots + np.int64(get(genes, agent))):
            number, weight = np.int64(get(numbers, at)), np.float64(get(weights, at))
            if get(moments, number) == 0.0:
                put(moments, known + number, weight)
            away = weight - get(moments, known + number)
            put(moments, number, get(moments, number) + 1.0)
            put(moments, 2 * known + number, get(moments, 2 * known + number) + away)
            put(moments, 3 * known + number, get(moments, 3 * known + number) + away * away)


def _squares(moments: Float64Array, size: int) -> Float64Array:
    """The sum of squares about the mean for each innovation number, from what `fill_moments` finds."""
    count, first, total, square = moments
    lacking = size - count
    total, square = total - lacking * first, square + lacking * first * first
    squares: Float64Array = np.maximum(square - total * total / size, 0.0)
    return np.where(count > 0, squares, 0.0)
