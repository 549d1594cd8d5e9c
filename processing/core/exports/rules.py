"""How the outputs of an exported network become an action, in a sentence for people."""

from collections.abc import Mapping
from typing import Any

from processing.core.problem import Problem
from processing.core.rollouts.actions import Range
from processing.core.types import Float64Array

#: How an output becomes a number from -1 to 1 in a command, and for which output that is 0.
_SHARES = {
    Range.UNBOUNDED: "Each output goes through tanh", Range.UNIT: "Each output y becomes 2 y - 1",
    Range.SYMMETRIC: "Each output stays as it is",
}
_MIDDLE = {Range.UNBOUNDED: 0, Range.UNIT: 0.5, Range.SYMMETRIC: 0}
#: Bounds with more characters than this are not written out.
_MOST_BOUNDS = 100

Space = Mapping[str, Any]


def rule_of(problem: Problem, kind: Any) -> str:
    """Return the sentence on how networks of a genome kind, a `NetworkKind`, act in a problem."""
    if problem.actions == "answers":
        again = " A network that remembers starts anew at each row." if kind.remembers else ""
        return f"{_answer(problem.scaling(kind))}{again}"
    return rule_of_space(problem.action_space, kind.output, kind.output_range)


def rule_of_space(space: Space, output: str, output_range: Range) -> str:
    """Return the sentence on how outputs become an action of a space.

    Args:
        space: JSON values as in `environments/foreign/spaces.py`.
        output: how one of several actions is chosen, "argmax" or "softmax".
        output_range: range of the outputs of the genome kind.
    """
    match space["type"]:
        case "Discrete":
            return _choice(space, output)
        case "MultiDiscrete":
            return (
                f"The outputs are groups of {_listed(space['n'])}, one for each number of the action: that "
                "of the largest output of its group, the first of equals, counted from "
                f"{_listed(space['start'])}."
            )
        case "MultiBinary":
            return (
                f"Each number of the action is 1 where its output is above {_MIDDLE[output_range]:g}, else 0."
            )
    return (
        f"{_SHARES[output_range]}, is cut off at -1 and 1, and means that share of the command's "
        f"bounds{_bounds(space)}."
    )


def _answer(scaling: tuple[Float64Array, Float64Array] | None) -> str:
    """The sentence on how outputs become answers to a table."""
    if scaling is None:
        return "Each output is an answer as it is."
    offsets, scales = (values.tolist() for values in scaling)
    values = f": offset {offsets} and scale {scales}"
    where = values if len(values) <= _MOST_BOUNDS else ", which are listed in `scaling`"
    return f"Each output y becomes the answer offset + scale * y{where}."


def _choice(space: Space, output: str) -> str:
    first = space["start"]
    if output == "softmax":
        added = "" if first == 0 else f" + {first}"
        chance = "e^(output k) / sum of e^(output)"
        return f"The action is drawn: k{added}, from k = 0, with probability {chance}."
    return f"The action is the number of the largest output, from {first}; the first of equals."


def _bounds(space: Space) -> str:
    bounds = f", -1 of {space.get('low')} and 1 of {space.get('high')}"
    whole = ", rounded to whole numbers" if "int" in space.get("dtype", "") else ""
    return f"{bounds if 'low' in space and len(bounds) <= _MOST_BOUNDS else ''}{whole}"


def _listed(numbers: list[int]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else ", ".join(map(str, numbers))
