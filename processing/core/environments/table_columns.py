"""Statistics of the columns of a table's targets, and the scaling of outputs to the range of each column."""

from typing import Any, NamedTuple

import numpy as np

from processing.core.rollouts.actions import Range
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import Float64Array, Int64Array

#: Unbounded transfer functions whose outputs are mostly or always above 0.
_ABOVE_ZERO = ("relu", "leaky_relu", "selu", "gelu", "abs")
#: Ranges of outputs: exact for bounded transfer functions, else the range that ordinary weights give.
UNIT, SYMMETRIC = (0.0, 1.0), (-1.0, 1.0)
#: Columns are scaled where their span is less than this share of the range of the outputs.
LEAST_SHARE = 0.1


class Columns(NamedTuple):
    """Statistics of K columns of targets."""

    least: Float64Array  # (K,)
    largest: Float64Array  # (K,)
    values: Int64Array  # (K,) number of different values: 1, 2, or 3 for three and more

    @property
    def spans(self) -> Float64Array:
        """Largest minus least target, (K,); a column of one value has the largest other span, or 1."""
        spans: Float64Array = self.largest - self.least
        return np.where(spans > 0, spans, spans.max() or 1.0)

    @property
    def middles(self) -> Float64Array:
        """The midpoints of least and largest target, (K,)."""
        middles: Float64Array = (self.least + self.largest) / 2
        return middles


def columns_of(targets: Float64Array) -> Columns:
    """Return the statistics of the columns of targets, (rows, K) float64."""
    least, largest = targets.min(axis=0), targets.max(axis=0)
    is_two = ((targets == least) | (targets == largest)).all(axis=0)
    return Columns(least, largest, np.where(least == largest, 1, np.where(is_two, 2, 3)))


def first_without_one_hot(targets: Float64Array) -> int | None:
    """Return the index of the first row that is not one-hot, or None.

    Args:
        targets: (rows, K), K >= 2.
    """
    return _first(((targets == 0) | (targets == 1)).all(axis=1) & ((targets == 1).sum(axis=1) == 1))


def first_without_largest(targets: Float64Array) -> int | None:
    """Return the index of the first row whose largest value occurs more than once, or None.

    Args:
        targets: (rows, K).
    """
    return _first((targets == targets.max(axis=1, keepdims=True)).sum(axis=1) == 1)


def is_one_hot(targets: Float64Array) -> bool:
    """Return whether targets, (rows, K), have two or more columns and every row is one-hot."""
    return targets.shape[1] > 1 and first_without_one_hot(targets) is None


def range_of(kind: NetworkKind, squashing: str) -> tuple[float, float]:
    """Return the range of a genome kind's outputs: (0, 1) or (-1, 1).

    Args:
        kind: the genome kind.
        squashing: the function applied to outputs that have no activation: "identity", "sigmoid" or "tanh".
    """
    if squashing != "identity":
        return UNIT if squashing == "sigmoid" else SYMMETRIC
    if kind.output_activation is None:
        return SYMMETRIC
    is_above = kind.output_range == Range.UNIT or kind.output_activation in _ABOVE_ZERO
    return UNIT if is_above else SYMMETRIC


def is_within(columns: Columns, outputs: tuple[float, float]) -> bool:
    """Return whether all targets lie in the outputs' range and non-constant columns span a tenth of it."""
    low, high = outputs
    is_wide = (columns.values == 1) | (columns.largest - columns.least >= LEAST_SHARE * (high - low))
    return bool(((columns.least >= low) & (columns.largest <= high) & is_wide).all())


def scaling_of(columns: Columns, outputs: tuple[float, float]) -> tuple[Float64Array, Float64Array]:
    """Return the affine map from the outputs' range to the range of each column.

    The range of a column of one value is centred on that value.

    Args:
        columns: statistics of K columns.
        outputs: least and largest output.
    Returns:
        Offsets and scales, (K,) each: target = offset + scale * output.
    """
    is_one = columns.values == 1
    if outputs == UNIT:
        return np.where(is_one, columns.least - columns.spans / 2, columns.least), columns.spans
    return columns.middles, columns.spans / 2


def _first(is_sound: Any) -> int | None:
    return None if is_sound.all() else int(np.argmin(is_sound))
