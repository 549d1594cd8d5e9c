"""The columns of a table's targets: what values they have, how far they spread, what outputs stand for."""

from typing import Any, NamedTuple

import numpy as np

from processing.core.rollouts.actions import Range
from processing.core.types import Float64Array, Int64Array

#: Transfer functions without bounds whose outputs lie mostly, or all, above 0.
_ABOVE_ZERO = ("relu", "leaky_relu", "selu", "gelu", "abs")
#: Where outputs lie: all of them where they have bounds, else those that weights of ordinary size give.
UNIT, SYMMETRIC = (0.0, 1.0), (-1.0, 1.0)
#: Columns are scaled where their span is less than this share of the range of the outputs.
LEAST_SHARE = 0.1


class Columns(NamedTuple):
    """What is known of each of K columns of targets."""

    least: Float64Array  # (K,)
    largest: Float64Array  # (K,)
    values: Int64Array  # (K,) different values: 1, 2, or 3 for three and more

    @property
    def spans(self) -> Float64Array:
        """(K,) above 0: largest minus least; of a column of one value the largest of the others, or 1."""
        own: Float64Array = self.largest - self.least
        return np.where(own > 0, own, own.max() or 1.0)

    @property
    def middles(self) -> Float64Array:
        """(K,) halfway between the least and the largest."""
        middles: Float64Array = (self.least + self.largest) / 2
        return middles


def columns_of(targets: Float64Array) -> Columns:
    """The columns of targets (rows, K)."""
    least, largest = targets.min(axis=0), targets.max(axis=0)
    is_two = ((targets == least) | (targets == largest)).all(axis=0)
    return Columns(least, largest, np.where(least == largest, 1, np.where(is_two, 2, 3)))


def first_without_one_hot(targets: Float64Array) -> int | None:
    """The first row of targets (rows, K), K at least 2, that is not one 1 and else 0; None where all are."""
    return _first(((targets == 0) | (targets == 1)).all(axis=1) & ((targets == 1).sum(axis=1) == 1))


def first_without_largest(targets: Float64Array) -> int | None:
    """The first row of targets (rows, K) that has its largest target more than once; None where none has."""
    return _first((targets == targets.max(axis=1, keepdims=True)).sum(axis=1) == 1)


def is_one_hot(targets: Float64Array) -> bool:
    """Whether there are two or more columns, and each row is one 1 and else 0."""
    return targets.shape[1] > 1 and first_without_one_hot(targets) is None


def range_of(kind: Any, squashing: str) -> tuple[float, float]:
    """Where the outputs of a genome kind lie: from 0 to 1 or from -1 to 1.

    Args:
        squashing: what outputs without a function of their own go through: "identity", "sigmoid" or "tanh".
    """
    if squashing != "identity":
        return UNIT if squashing == "sigmoid" else SYMMETRIC
    activation = getattr(kind.parameters, "output_activation", None)
    if activation is None:
        return SYMMETRIC
    is_above = kind.output_range == Range.UNIT or activation.value in _ABOVE_ZERO
    return UNIT if is_above else SYMMETRIC


def is_within(columns: Columns, outputs: tuple[float, float]) -> bool:
    """Whether all targets lie in the outputs' range, and columns of several values take up a tenth of it."""
    low, high = outputs
    is_wide = (columns.values == 1) | (columns.largest - columns.least >= LEAST_SHARE * (high - low))
    return bool(((columns.least >= low) & (columns.largest <= high) & is_wide).all())


def scaling_of(columns: Columns, outputs: tuple[float, float]) -> tuple[Float64Array, Float64Array]:
    """Offsets and scales, (K,) each: offset + scale * output takes the outputs' range to that of each column.

    The range of a column of one value lies around it.
    """
    is_one = columns.values == 1
    if outputs == UNIT:
        return np.where(is_one, columns.least - columns.spans / 2, columns.least), columns.spans
    return columns.middles, columns.spans / 2


def _first(is_sound: Any) -> int | None:
    return None if is_sound.all() else int(np.argmin(is_sound))
