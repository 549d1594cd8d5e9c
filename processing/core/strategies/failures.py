"""When a search dies out whose next agents do not depend on the last ones: not where one of them failed.

Such a search dies out where all of its first FIRST agents failed, or the last LAST ones and all of a
generation; and at its end, where all agents of a shorter one did.
"""

from collections.abc import Mapping

import numpy as np

from processing.core.types import Float64Array, State

FIRST, LAST = 20, 100


def none() -> State:
    """Return the counts before any agent was evaluated."""
    return {"evaluated": 0, "failed_in_a_row": 0}


def counted(state: Mapping[str, int], scores: Float64Array) -> State:
    """Return the counts after further agents.

    Args:
        scores: (N,) NaN where an agent failed.
    """
    succeeded = np.flatnonzero(~np.isnan(scores))
    before = 0 if len(succeeded) else state["failed_in_a_row"]
    last = int(succeeded[-1]) if len(succeeded) else -1
    return {
        "evaluated": state["evaluated"] + len(scores), "failed_in_a_row": before + len(scores) - 1 - last,
    }


def have_ended(state: Mapping[str, int], scores: Float64Array) -> bool:
    """Whether the search has died out, should it end now.

    It has where every agent failed, or the last LAST ones and all of the generation.

    Args:
        state: the counts with those of the generation.
        scores: (N,) those of the generation.
    """
    failed = state["failed_in_a_row"]
    return failed >= len(scores) and (failed == state["evaluated"] or failed >= LAST)


def end(state: Mapping[str, int], scores: Float64Array) -> bool:
    """Whether the search ends now; the arguments are those of `have_ended`."""
    return have_ended(state, scores) and state["evaluated"] >= FIRST
