"""Declarations of the keyword arguments of environments, and the check of given ones.

A keyword argument is declared by an object: `type` ("boolean", "integer", "number", "choice", "numbers" or
"texts"), `default`, `meaning`, `min` and `max` for numbers and for each entry of a list of numbers,
`choices`, `changes_spaces`, and `instead_of`: names of arguments that it replaces and that cannot be given
with it. Lists have `min_length` to `max_length` entries, by default 1 to 100. Lists of texts may also have
these optional keys:

- `letters`: the allowed characters; else at most 200 of any;
- `rectangular`: true where all texts have one length, from `min_length` to `max_length` too;
- `exactly_one` and `at_least_one`: a character that occurs so often in all texts together.

Operators declare the arguments of their own environments in the same way, in a dictionary KWARGS of their
module, by id and name. Undeclared arguments are refused.
"""

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Argument = Mapping[str, Any]

#: Further arguments of `gymnasium.make` that documents set elsewhere.
ELSEWHERE = {"max_episode_steps": "Steps are limited by `environment.max_steps`."}

#: Default limits of the entries of a list, and of the characters of a text in it.
MOST_ENTRIES, MOST_CHARACTERS = 100, 200

class KwargFault(NamedTuple):
    """One fault of one keyword argument."""

    name: str
    is_unknown: bool
    is_out_of_range: bool
    expected: str
    hint: str | None
    is_contradiction: bool = False  # valid alone, but not together with another


def wrong(
    arguments: Mapping[str, Argument], given: Mapping[str, Any], *, undeclared: Sequence[str] = ()
) -> Iterator[KwargFault]:
    """Yield all faults of keyword arguments.

    Args:
        arguments: the declarations by name.
        given: the values by name.
        undeclared: arguments that an operator's environment takes but its module does not declare in KWARGS.
    """
    for name, value in given.items():
        argument = arguments.get(name)
        if argument is None:
            expected, hint = _expected(arguments, undeclared), _hint(name, arguments, undeclared)
            yield KwargFault(name, True, False, expected, hint)
        elif not _has_type(argument, value):
            yield KwargFault(name, False, False, range_text(argument), None)
        elif not _is_within(argument, value):
            yield KwargFault(name, False, True, range_text(argument), None)
        elif others := [other for other in argument.get("instead_of", ()) if other in given]:
            expected = f"nothing, as {others[0]} is given, or this without {others[0]}"
            yield KwargFault(name, False, False, expected, None, is_contradiction=True)


def _expected(arguments: Mapping[str, Argument], undeclared: Sequence[str]) -> str:
    if arguments:
        return f"one of {', '.join(arguments)}"
    if undeclared:
        return "no keyword arguments, as no module declares those of this environment in KWARGS"
    return "no keyword arguments, as this environment takes none"


def _hint(name: str, arguments: Mapping[str, Argument], undeclared: Sequence[str]) -> str | None:
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    if name in undeclared:
        return (
            f'The environment takes "{name}", but no module declares it: whoever runs the server adds it to '
            "KWARGS of a module that ENVIRONMENT_MODULES names, with type, limits, default and meaning."
        )
    meant = difflib.get_close_matches(name.casefold()[:60], [*arguments, *undeclared], n=1)
    return f'Did you mean "{meant[0]}"?' if meant else None


def completed_kwargs(arguments: Mapping[str, Argument], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments completed with defaults, with every value of type "number" as a float.

    A default that is not valid itself, such as None, is not added.

    Args:
        arguments: the declarations by name.
        given: values without faults.
    """
    replaced = {other for name in given for other in arguments[name].get("instead_of", ())}
    defaults = {name: each["default"] for name, each in arguments.items() if name not in replaced}
    valid = {name: value for name, value in defaults.items() if not any(wrong(arguments, {name: value}))}
    return {name: _completed(arguments[name], value) for name, value in (valid | dict(given)).items()}


def _completed(argument: Argument, value: Any) -> Any:
    """Return a valid value, with numbers of the types "number" and "numbers" as floats."""
    if argument["type"] == "numbers":
        return [float(one) for one in value]
    return float(value) if argument["type"] == "number" else value


def _has_type(argument: Argument, value: Any) -> bool:
    match argument["type"]:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return _is_number(value)
        case "numbers":
            return isinstance(value, list | tuple) and all(_is_number(one) for one in value)
        case "texts":
            return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    return any(type(value) is type(choice) for choice in argument["choices"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_within(argument: Argument, value: Any) -> bool:
    match argument["type"]:
        case "boolean":
            return True
        case "choice":
            return value in argument["choices"]
        case "numbers":
            return _has_entries(argument, value) and all(_is_between(argument, one) for one in value)
        case "texts":
            return _has_entries(argument, value) and _are_written_so(argument, value)
    return _is_between(argument, value)


def _is_between(argument: Argument, value: float) -> bool:
    return bool(argument.get("min", -math.inf) <= value <= argument.get("max", math.inf))


def _lengths(argument: Argument) -> tuple[int, int]:
    return argument.get("min_length", 1), argument.get("max_length", MOST_ENTRIES)


def _has_entries(argument: Argument, value: Sequence[Any]) -> bool:
    least, most = _lengths(argument)
    return least <= len(value) <= most


def _are_written_so(argument: Argument, texts: Sequence[str]) -> bool:
    """Return whether texts have the declared lengths and characters."""
    joined, lengths = "".join(texts), {len(text) for text in texts}
    letters = argument.get("letters")
    is_rectangular = len(lengths) == 1 and _has_entries(argument, texts[0])
    one, some = argument.get("exactly_one"), argument.get("at_least_one")
    return (
        (set(joined) <= set(letters) if letters else max(lengths, default=0) <= MOST_CHARACTERS)
        and (is_rectangular or not argument.get("rectangular"))
        and (one is None or joined.count(one) == 1) and (some is None or some in joined)
    )


def range_text(argument: Argument) -> str:
    """Return the values that an argument takes, as a phrase."""
    match argument["type"]:
        case "boolean":
            return "true or false"
        case "choice":
            return f"one of {', '.join(json.dumps(choice) for choice in argument['choices'])}"
        case "numbers":
            least, most = _lengths(argument)
            return f"a list of {least} to {most} numbers{_span(argument)}"
        case "texts":
            return _texts_range(argument)
    return f"a {'whole number' if argument['type'] == 'integer' else 'number'}{_span(argument)}"


def _span(argument: Argument) -> str:
    low, high = argument.get("min"), argument.get("max")
    return f" from {low:g} to {high:g}" if low is not None and high is not None else ""


def _texts_range(argument: Argument) -> str:
    least, most = _lengths(argument)
    rows = f"a list of {least} to {most} texts"
    letters = argument.get("letters")
    written = (
        f" of the letters {', '.join(letters)}" if letters else f" of at most {MOST_CHARACTERS} characters"
    )
    equal = f", all of one length from {least} to {most}" if argument.get("rectangular") else ""
    one = f", with exactly one {argument['exactly_one']}" if "exactly_one" in argument else ""
    some = f" and at least one {argument['at_least_one']}" if "at_least_one" in argument else ""
    return f"{rows}{written}{equal}{one}{some}"
