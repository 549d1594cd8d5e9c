"""Times candidates in turn, and makes lines of ratios."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

Line = dict[str, Any]
Clock = Callable[[], float]

ROUNDS, ROUND_SECONDS = 9, 0.1


def interleaved(
    candidates: Mapping[str, Callable[[], Any]], clock: Clock = time.process_time, *,
    rounds: int = ROUNDS, round_seconds: float = ROUND_SECONDS,
) -> dict[str, list[float]]:
    """Return the seconds of one call of each candidate, for each round."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, candidate in candidates.items():
            times[name].append(seconds_of(candidate, clock, round_seconds))
    return times


def seconds_of(
    call: Callable[[], Any], clock: Clock = time.process_time, round_seconds: float = ROUND_SECONDS
) -> float:
    """Return the seconds of one call, from as many calls as fill a round."""
    started, calls = clock(), 0
    while calls == 0 or clock() - started < round_seconds:
        call()
        calls += 1
    return (clock() - started) / calls


def ratios_of(theirs: list[float], ours: list[float]) -> list[float]:
    """Return the ratio of their time to ours, round by round."""
    return [their / our for their, our in zip(theirs, ours, strict=True)]


def ratio_line(case: str, ratios: list[float], target: float, **more: Any) -> Line:
    """Return a line with the median of the rounds' ratios, and whether it is at least the target."""
    ratio = median(ratios)
    return {"case": case, "ratio": round(ratio, 3), "target": target, "met": ratio >= target, **more}
