"""Evaluations of groups of agents: joined, and those of agents that were lost."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from processing.core.types import Evaluations, Failure, Float32Array

T = TypeVar("T", bound=np.generic)
_COLUMNS = ("fitness", "steps", "failures", "solved", "behaviours", "metrics")


def joined_results(slices: Sequence[Evaluations]) -> Evaluations:
    """Return the evaluations of a generation, from those of its slices in their order."""
    firsts = list(accumulate((len(each) for each in slices), initial=0))
    reasons = tuple(
        (first + index, why) for first, each in zip(firsts, slices, strict=False)
        for index, why in each.reasons
    )
    remarks = tuple(
        remark._replace(agent=first + remark.agent)
        for first, each in zip(firsts, slices, strict=False) for remark in each.remarks
    )
    columns: dict[str, Any] = {
        name: _joined([getattr(each, name) for each in slices], slices, np.nan if name == "metrics" else 0)
        for name in _COLUMNS
    }
    return Evaluations(
        **columns, reasons=reasons, remarks=remarks,
        metric_names=next((each.metric_names for each in slices if each.metric_names), ()),
        curves=_joined(_equally_long([each.curves for each in slices]), slices, np.nan),
        curve_names=next((each.curve_names for each in slices if each.curve_names), ()),
    )


def _joined(
    columns: Sequence[NDArray[T] | None], slices: Sequence[Evaluations], absent: float
) -> NDArray[T] | None:
    """Join one column; slices that do not have it, such as those whose agents were lost, get `absent`."""
    known = [column for column in columns if column is not None]
    if not known:
        return None
    return np.concatenate([
        np.full((len(each), *known[0].shape[1:]), absent, known[0].dtype) if column is None else column
        for column, each in zip(columns, slices, strict=True)
    ])


def _equally_long(curves: Sequence[Float32Array | None]) -> list[Float32Array | None]:
    """Pad curves, (N, E, K) each, with NaN to the largest E."""
    epochs = max((each.shape[1] for each in curves if each is not None), default=0)
    return [
        None if each is None
        else np.pad(each, ((0, 0), (0, epochs - each.shape[1]), (0, 0)), constant_values=np.nan)
        for each in curves
    ]


def lost(number: int) -> Evaluations:
    """Return the evaluations of `number` agents that failed with WORKER_LOST."""
    return Evaluations(
        fitness=np.full(number, np.nan), steps=np.zeros(number, np.int32),
        failures=np.full(number, Failure.WORKER_LOST, np.uint8),
    )
