"""The process that inspects Gymnasium environments: `python -m processing.core.environments.foreign.probe`.

It reads one line of JSON: `modules` to import first; then either nothing, to list the registry, or the `id`
of an environment to make, with `kwargs` and `wrappers`, or `ids` of several to make in turn; and `seconds`,
after which it ends in any case. It writes a line of JSON for each answer; with `ids`, also one before the
first. Output of environments goes to stderr, so that it cannot mix with answers.
"""

import importlib
import inspect
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from processing.core.environments.foreign.catalogue import PLAIN_ID
from processing.core.environments.foreign.error_text import error_text
from processing.core.environments.foreign.observe import observed, usable_parts
from processing.core.environments.foreign.own_kwargs import ATARI_MODULE, OWN, atari_arguments
from processing.core.environments.foreign.spaces import described, trouble
from processing.core.environments.foreign.wrappers import Wrapper, steps_of, wrappers_of

#: Optional packages by the family of Gymnasium's environments that needs them.
OPTIONAL = {"mujoco": "mujoco", "phys2d": "jax", "tabular": "jax"}
#: Modules whose environments a reset restores completely; others are made anew for each episode.
REUSED = ("gymnasium.envs.toy_text.", "gymnasium.envs.classic_control.", ATARI_MODULE)
MOST_CHARACTERS = 300
#: Undeclared keyword arguments of a class that are listed.
MOST_ARGUMENTS = 50
#: Further combinations of keyword arguments that are inspected, by id.
VARIANTS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "LunarLander-v3": ({"continuous": True},), "CarRacing-v3": ({"continuous": False},),
    "FrozenLake-v1": ({"map_name": "8x8"},),
}
#: A step limit for making environments; spaces do not depend on it.
_ANY_STEPS = 1_000
_PARTS_OF_A_VARIANT = ("observation", "action")


def main() -> None:
    """Read one question from stdin and answer it on stdout."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    question = json.loads(sys.stdin.readline())
    signal.alarm(int(question["seconds"]) + 5)
    for answer in answered(question):
        print(json.dumps(answer), file=answers, flush=True)
    os._exit(0)  # without waiting for threads of an environment


def answered(question: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the answers to a question."""
    declared = prepared(question["modules"])
    if "ids" in question:
        yield {"ready": True}
        yield from (whole(name, declared) for name in question["ids"])
    else:
        wrappers = wrappers_of(json.dumps(question.get("wrappers", [])))
        yield one(question["id"], question["kwargs"], declared, wrappers) if "id" in question else listed()


def prepared(modules: list[str]) -> dict[str, Any]:
    """Import the operator's modules and return the keyword arguments that they declare, by id."""
    declared: dict[str, Any] = {}
    for name in modules:
        declared |= getattr(importlib.import_module(name), "KWARGS", {})
    return declared


def whole(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of one id with its variants, or an entry that states why it cannot be inspected."""
    try:
        entry = one(name, {}, declared)
        for kwargs in VARIANTS.get(name, ()):
            other = one(name, kwargs, declared)
            entry["variants"].append(
                {"kwargs": kwargs, "facts": {part: other[part] for part in _PARTS_OF_A_VARIANT}}
            )
    except BaseException as error:
        sentence = f"{name} could not be looked at: {error_text(error)}"
        return {"id": name, "description": "", "trouble": sentence, "kwargs": {}, "variants": []}
    return entry


def listed() -> list[dict[str, Any]]:
    """Return all registered ids of the plain form, each with the missing package that it needs, or None."""
    import gymnasium

    found = []
    for name, spec in gymnasium.registry.items():
        if PLAIN_ID.fullmatch(name) is None or _raises(spec.entry_point):
            continue
        where = _module_of(spec)
        wanted = next(
            (package for family, package in OPTIONAL.items() if f"gymnasium.envs.{family}." in where), None
        )
        needs = wanted if wanted is not None and find_spec(wanted) is None else None
        found.append({"id": name, "needs": needs})
    return found


def one(
    name: str, kwargs: dict[str, Any], declared: dict[str, Any], wrappers: Sequence[Wrapper] = ()
) -> dict[str, Any]:
    """Make an environment in its wrappers and return its entry, without variants; see `catalogue.py`."""
    import gymnasium

    from processing.core.environments.foreign.making import made

    spec = gymnasium.registry[name]
    environment = made(name, kwargs, wrappers, max_steps=_ANY_STEPS)
    observation = described(environment.observation_space)
    action = described(environment.action_space, is_action=True)
    kind = type(environment.unwrapped)
    text, arguments = OWN.get(name, ("", {}))
    if _module_of(spec).startswith("gymnasium.envs.mujoco."):
        arguments = _signature(kind)
    if _module_of(spec).startswith(ATARI_MODULE):
        arguments = atari_arguments(spec.kwargs)
    if name in declared:
        arguments = {
            key: {"changes_spaces": True, "default": None, "meaning": ""} | each
            for key, each in declared[name].items()
        }
    steps, threshold = spec.max_episode_steps, spec.reward_threshold
    threshold = threshold if all(wrapper.keeps_returns for wrapper in wrappers) else None
    is_own = _module_of(spec).startswith("gymnasium.envs.")
    undeclared = [] if is_own else [each for each in _names(kind) if each not in arguments]
    return ({"undeclared": undeclared} if undeclared else {}) | {
        "id": name, "description": text or _first_sentence(kind),
        "max_steps": None if steps is None else -(-steps // steps_of(wrappers)),
        "reward_threshold": None if threshold is None else float(threshold), "observation": observation,
        "action": action, "trouble": trouble(observed(observation, usable_parts(observation)), action),
        "reused": _module_of(spec).startswith(REUSED)
        and all(wrapper.resets_completely for wrapper in wrappers),
        "kwargs": arguments, "variants": [],
    }


def _raises(point: Any) -> bool:
    """Return whether a registered entry only raises an error that it was removed."""
    return str(getattr(point, "__name__", "")).startswith("_raise")


def _signature(kind: type) -> dict[str, Any]:
    """Return declarations of the float and boolean keyword arguments of a class."""
    found: dict[str, Any] = {}
    for name, each in inspect.signature(kind).parameters.items():
        if isinstance(each.default, bool):
            found[name] = {"type": "boolean", "default": each.default, "meaning": "", "changes_spaces": True}
        elif isinstance(each.default, float):
            found[name] = {"type": "number", "default": each.default, "min": -1e6, "max": 1e6, "meaning": "",
                           "changes_spaces": False}
    return found


def _names(kind: type) -> list[str]:
    """Return the names of the first MOST_ARGUMENTS keyword arguments of a class, without `render_mode`."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        found = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each.name for each in found if each.kind in named and each.name != "render_mode"][:MOST_ARGUMENTS]


def _module_of(spec: Any) -> str:
    """Return the module that an environment comes from, with a trailing dot."""
    point = spec.entry_point
    return str(point.partition(":")[0] if isinstance(point, str) else getattr(point, "__module__", "")) + "."


def _first_sentence(kind: type) -> str:
    lines = (line.strip() for line in (kind.__doc__ or "").splitlines())
    text = next((line for line in lines if line and not line.startswith("#")), "")
    return text[:MOST_CHARACTERS]


if __name__ == "__main__":
    main()
