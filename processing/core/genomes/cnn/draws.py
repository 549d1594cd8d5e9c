"""Random networks of a search space, and single random values of one.

Numbers from a range are rounded to three significant digits: people can read them, and the last bits of a
library's logarithm do not count.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

from processing.core import rng
from processing.core.genomes.cnn.network import Convolution, DenseLayer, Network
from processing.core.genomes.cnn.space import DropoutRange, RateRange, Scale, SearchSpace

T = TypeVar("T")


class Draws:
    """The draws of one address, one after the other."""

    def __init__(self, key: int) -> None:
        self._key, self._next = key, 0

    def uniform(self) -> float:
        """Return a number in [0, 1)."""
        self._next += 1
        return rng.uniform(self._key, self._next - 1)

    def below(self, bound: int) -> int:
        """Return an integer from 0 to bound - 1."""
        self._next += 1
        return rng.below(self._key, self._next - 1, bound)

    def choice(self, choices: Sequence[T]) -> T:
        """Return one of several values, all with the same chance."""
        return choices[self.below(len(choices))]


def network(space: SearchSpace, draws: Draws) -> Network:
    """Return a random network, which may need repair: every number of layers has the same chance, and so has
    every choice for each of them.
    """
    convolutions = space.conv_layers.min + draws.below(space.conv_layers.max - space.conv_layers.min + 1)
    dense = space.dense_layers.min + draws.below(space.dense_layers.max - space.dense_layers.min + 1)
    return Network(
        tuple(convolution(space, draws) for _ in range(convolutions)),
        tuple(dense_layer(space, draws) for _ in range(dense)),
        dropout(space.dropout, draws), learning_rate(space.learning_rate, draws),
        draws.choice(space.batch_sizes), draws.choice(space.optimizers),
    )


def convolution(space: SearchSpace, draws: Draws) -> Convolution:
    """Return a random convolution."""
    return Convolution(
        draws.choice(space.filters), draws.choice(space.kernel_sizes), draws.choice(space.batch_norm),
        draws.choice(space.activations), draws.choice(space.pooling),
    )


def dense_layer(space: SearchSpace, draws: Draws) -> DenseLayer:
    """Return a random dense layer."""
    return DenseLayer(draws.choice(space.dense_units), draws.choice(space.activations))


def dropout(span: DropoutRange, draws: Draws) -> float:
    """Return a random chance of dropout, uniform over its range."""
    return _rounded(span.min + (span.max - span.min) * draws.uniform(), span.min, span.max)


def learning_rate(span: RateRange, draws: Draws) -> float:
    """Return a random learning rate, uniform over its range or over the logarithms."""
    part = draws.uniform()
    if span.scale == Scale.LINEAR:
        return _rounded(span.min + (span.max - span.min) * part, span.min, span.max)
    return _rounded(span.min * math.exp(math.log(span.max / span.min) * part), span.min, span.max)


def _rounded(value: float, least: float, most: float) -> float:
    return min(max(float(f"{value:.3g}"), least), most)
