"""The diversity of dense genomes: their root mean square distance from the mean genome.

It is computed in one pass: with d = genome - first genome, the sum of squares about the mean is sum(d^2) -
sum(d)^2 / N for each weight.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np

from processing.core.kernels.build import compiled
from processing.core.kernels.roles import kernel
from processing.core.types import Float32Array


def diversity(genomes: Float32Array) -> float:
    """Return the root mean square distance of the weights from those of the mean genome.

    Sums are made in float64 in the order of the agents, so that the bits do not depend on a library's order
    of additions.

    Args:
        genomes: (N, W) float32.
    Returns:
        A number >= 0 in units of a weight; 0 for fewer than 2 genomes.
    """
    size, weights = genomes.shape
    if size < 2:
        return 0.0
    total, square = np.zeros(weights), np.zeros(weights)
    with np.errstate(all="ignore"):
        compiled(fill_deviations)(np.require(genomes, np.float32, ["C", "W"]), total, square)
        about_mean = np.maximum(square - total * total / size, 0.0)
    return math.sqrt(math.fsum(about_mean.tolist()) / (size * weights))


@kernel
def fill_deviations(genomes, total, square):
    """Add up each weight's difference from that of the first genome, and its square.

    Args:
        genomes: (N, W) float32, C order.
        total, square: (W,) float64, 0 at first.
    """
    for agent in range(1, genomes.shape[0]):
        for w in range(genomes.shape[1]):
            away = np.float64(genomes[agent, w]) - np.float64(genomes[0, w])
            total[w] += away
            square[w] += away * away
