"""The diversity of graph genomes: the spread of their weights."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np

from processing.core.genomes.graphs import Graphs
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import get, put
from processing.core.kernels.roles import kernel
from processing.core.types import Float64Array

#: If the largest innovation number exceeds this plus four per gene slot, the numbers are renumbered first,
#: which bounds the memory.
_MOST_NUMBERS = 65_536


def diversity(genomes: Graphs) -> float:
    """Return the root mean square distance of the weights from those of the mean genome.

    Weights are compared by innovation number; a genome without a gene counts as having it with weight 0. Sums
    are made in the order of the agents.

    Returns:
        A number >= 0 in units of a weight; 0 for fewer than 2 genomes.
    """
    size, numbers = len(genomes.genes), genomes.innovations
    if size < 2 or not genomes.genes.any():
        return 0.0
    if numbers.max() > 4 * numbers.size + _MOST_NUMBERS:
        used = np.unique(numbers[numbers >= 0])
        numbers = np.searchsorted(used, numbers).astype(np.int32)
    moments = np.zeros((4, int(numbers.max()) + 1))
    with np.errstate(all="ignore"):
        compiled(fill_moments)(
            genomes.genes, numbers.reshape(-1), genomes.weights.reshape(-1), moments.reshape(-1)
        )
        squares = _squares(moments, size)
    return math.sqrt(math.fsum(squares.tolist()) / (size * np.count_nonzero(moments[0])))


@kernel
def fill_moments(genes, numbers, weights, moments):
    """Fill in four numbers for each innovation number.

    They are its number of genes, the weight of the first of them, and the sums of the differences from that
    weight and of their squares.

    Args:
        genes: (N,) numbers of genes.
        numbers, weights: (N * G,) innovation numbers and weights.
        moments: (4 * K,) float64 for K innovation numbers, in four blocks; 0 at first.
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
    """The sum of squares about the mean for each innovation number, (K,) float64.

    Args:
        moments: (4, K) float64, as `fill_moments` leaves it.
        size: number of genomes.
    """
    count, first, total, square = moments
    lacking = size - count
    total, square = total - lacking * first, square + lacking * first * first
    squares: Float64Array = np.maximum(square - total * total / size, 0.0)
    return np.where(count > 0, squares, 0.0)
