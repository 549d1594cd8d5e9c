"""Evaluations of groups of agents: checked, joined, cut into runs, and those of agents that were lost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from processing.core.errors import Broken
from processing.core.types import Evaluations, Failure, Float32Array

T = TypeVar("T", bound=np.generic)
_COLUMNS = (
    "fitness", "steps", "failures", "solved", "behaviours", "metrics", "seconds", "known", "confusions"
)
#: Columns of which slices without them say that nothing is known.
_UNKNOWN = ("metrics", "seconds")


def joined_results(slices: Sequence[Evaluations]) -> Evaluations:
    """Return the evaluations of a generation, from those of its slices in their order.

    Raises:
        Broken: slices have different metrics or curves.
    """
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
        name: _joined([getattr(each, name) for each in slices], slices, np.nan if name in _UNKNOWN else 0)
        for name in _COLUMNS
    }
    return Evaluations(
        **columns, reasons=reasons, remarks=remarks,
        metric_names=_names([each.metric_names for each in slices]),
        curves=_joined(_equally_long([each.curves for each in slices]), slices, np.nan),
        curve_names=_names([each.curve_names for each in slices]),
        trained_by=tuple(sorted({profile for each in slices for profile in each.trained_by})),
    )


def check(evaluations: Evaluations, number: int, *, may_be_fewer: bool = False) -> None:
    """Check what a judge returned of `number` agents.

    Args:
        may_be_fewer: whether the judge may have stopped after some, at least one.
    Raises:
        Broken: an array is none, or has another shape, or fitness is infinite, or names are equal, or
            `agents` are not those of some of the agents.
    """
    if not isinstance(evaluations, Evaluations):
        raise Broken(f"the judge: expected Evaluations, got {type(evaluations).__name__}")
    if evaluations.agents is not None:
        number = _checked_agents(evaluations.agents, number, may_be_fewer=may_be_fewer)
    elif may_be_fewer and isinstance(evaluations.fitness, np.ndarray) and evaluations.fitness.ndim == 1:
        number = min(number, max(1, len(evaluations.fitness)))
    metrics, curves = evaluations.metric_names, evaluations.curve_names
    shapes = {
        "fitness": (number,), "steps": (number,), "failures": (number,), "metrics": (number, len(metrics)),
    }
    for name, expected in shapes.items():
        column = getattr(evaluations, name)
        if column is None and name == "metrics":
            continue
        if not isinstance(column, np.ndarray):
            raise Broken(f"{name} of the judge: expected an array, got {type(column).__name__}")
        if column.shape != expected:
            raise Broken(f"{name} of the judge: expected an array of shape {expected}, got {column.shape}")
    _check_seldom(evaluations, number)
    if np.isinf(evaluations.fitness).any():
        raise Broken("fitness of the judge: expected finite numbers, or NaN where an agent failed, got inf")
    if (np.isnan(evaluations.fitness) != (evaluations.failures != Failure.NONE)).any():
        raise Broken("failures of the judge: expected one where the fitness is NaN, and only there")
    found = evaluations.curves
    if found is not None and (found.ndim != 3 or found.shape[::2] != (number, len(curves))):
        expected_curves = f"({number}, epochs, {len(curves)})"
        raise Broken(f"curves of the judge: expected an array of shape {expected_curves}, got {found.shape}")
    for each in (metrics, curves):
        if len(set(each)) < len(each):
            raise Broken(f"metrics and curves of the judge: expected different names, got {', '.join(each)}")


def _check_seldom(evaluations: Evaluations, number: int) -> None:
    """Check what few judges return. Raises Broken: see `check`."""
    for name in ("solved", "behaviours", "seconds", "known", "confusions"):
        column = getattr(evaluations, name)
        if column is not None and (not isinstance(column, np.ndarray) or len(column) != number):
            raise Broken(f"{name} of the judge: expected an array with an entry for each of {number} agents")
    places = [
        *(place for place, _ in evaluations.reasons), *(remark.agent for remark in evaluations.remarks)
    ]
    if places and not 0 <= min(places) <= max(places) < number:
        raise Broken(f"reasons and remarks of the judge: expected those of agents 0 to {number - 1}")


def _checked_agents(agents: object, number: int, *, may_be_fewer: bool) -> int:
    """Check which of `number` agents were evaluated, and return how many. Raises Broken: see `check`."""
    if not may_be_fewer:
        raise Broken(f"agents of the judge: expected None, as all {number} were to be evaluated")
    if not isinstance(agents, np.ndarray) or agents.ndim != 1 or agents.dtype.kind not in "iu":
        raise Broken("agents of the judge: expected an array of whole numbers, in one dimension")
    if not len(agents):
        raise Broken("agents of the judge: expected one at least, got none")
    # differences of unsigned numbers would not be negative
    if (np.diff(agents.astype(np.int64)) <= 0).any() or agents[0] < 0 or agents[-1] >= number:
        raise Broken(f"agents of the judge: expected ascending ones of 0 to {number - 1}, got others")
    return len(agents)


def whole(evaluations: Evaluations, number: int) -> Evaluations:
    """Return the same evaluations, without `agents` where all of `number` agents were evaluated."""
    return replace(evaluations, agents=None) if len(evaluations) == number else evaluations


def consecutive(evaluations: Evaluations, number: int) -> Iterator[tuple[int, int, Evaluations | None]]:
    """Yield the runs of agents that were evaluated, and of agents that were not, in their order.

    Args:
        evaluations: those of some of `number` agents; see `check`.
    Yields:
        The first agent of a run, the one after its last, and their evaluations, those of the first agents of
        the run; None where they were not evaluated.
    """
    first, places = 0, np.arange(len(evaluations))
    agents = places if evaluations.agents is None else evaluations.agents
    for run in np.split(places, np.flatnonzero(np.diff(agents) != 1) + 1):
        if not len(run):
            continue
        start, end = int(agents[run[0]]), int(agents[run[-1]]) + 1
        if start > first:
            yield first, start, None
        yield start, end, part_of(evaluations, int(run[0]), int(run[-1]) + 1)
        first = end
    if first < number:
        yield first, number, None


def part_of(evaluations: Evaluations, first: int, last: int) -> Evaluations:
    """Return the evaluations at positions first..last-1, as those of the first agents of a group."""
    columns = {name: getattr(evaluations, name) for name in (*_COLUMNS, "curves")}
    cut: dict[str, Any] = {
        name: None if column is None else column[first:last] for name, column in columns.items()
    }
    return replace(
        evaluations, **cut, agents=None,
        reasons=tuple((place - first, why) for place, why in evaluations.reasons if first <= place < last),
        remarks=tuple(
            remark._replace(agent=remark.agent - first) for remark in evaluations.remarks
            if first <= remark.agent < last
        ),
    )


def _names(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names that all slices with some agree on. Raises Broken where they do not."""
    found = set(filter(None, names))
    if len(found) > 1:
        raise Broken(f"slices of a generation: expected the same names of metrics or curves, got {found}")
    return found.pop() if found else ()


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
