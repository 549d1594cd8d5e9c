"""The well-formed part of a malformed document, so that its faults are reported together with the others."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from pydantic import ValidationError, create_model

from formatting.faults import Path
from formatting.work_item import WORK_ITEMS
from processing.core.errors import Broken
from processing.core.parameters import Parameters

T = TypeVar("T")
Entries = list[tuple[int, Any]]
Lists = Mapping[str, Entries]


class Unsound(Broken):
    """A value was read that is missing or not well-formed; `run_check` handles this for checks."""


class Sound:
    """A group with some faulty parameters, which acts as an instance of its class.

    Reading a faulty parameter raises Unsound.
    """

    def __init__(
        self, parameters: Parameters, faulty: frozenset[str], groups: Mapping[str, "Sound"],
        lists: Lists = MappingProxyType({})
    ) -> None:
        """Args:
            parameters: the group, with arbitrary values in place of the faulty ones.
            faulty: names of parameters.
            groups: inner groups that are only partly faulty.
            lists: the sound entries of lists that are only partly faulty.
        """
        self._parameters, self._faulty, self._groups, self._lists = parameters, faulty, groups, lists

    @property  # type: ignore[misc]  # checks use isinstance
    def __class__(self) -> type:
        return type(self._parameters)

    def __getattr__(self, name: str) -> Any:
        if name in self._groups:
            return self._groups[name]
        if name in self._faulty:
            raise Unsound(name)
        return getattr(self._parameters, name)

    def __iter__(self) -> Iterator[Any]:
        """Raise Unsound, as iteration would include the faulty parameters."""
        raise Unsound(*self._faulty)

    def model_copy(self, *, update: Mapping[str, Any]) -> "Sound":
        """Return a copy with other values for some parameters, as pydantic's method does."""
        groups = {name: value for name, value in update.items() if isinstance(value, Sound)}
        values = {name: value for name, value in update.items() if name not in groups}
        return Sound(
            self._parameters.model_copy(update=values), self._faulty, {**self._groups, **groups}, self._lists
        )


def entries(group: Parameters, name: str) -> Entries:
    """Return the sound entries of a list parameter, as JSON values, each with its index.

    Raises:
        Unsound: the list itself is faulty.
    """
    found: Lists = group._lists if type(group) is Sound else {}  # type: ignore[comparison-overlap]
    return found[name] if name in found else list(enumerate(getattr(group, name)))


def run_check(check: Callable[..., list[T]], *arguments: Any) -> list[T]:
    """Return the faults that a check finds; none where it reads a value that is not well-formed."""
    try:
        return check(*arguments)
    except Unsound:
        return []


def sound_parts(document: Mapping[str, Any], faulty: Iterable[Path]) -> Sound | None:
    """Return the sound part of a work item, given the paths of its faults; None where there is none.

    For an unknown kind, this is limited to the groups that all kinds share.
    """
    paths, kind = set(faulty) - {("kind",)}, document.get("kind")
    if isinstance(kind, str) and kind in WORK_ITEMS:
        return _sound(WORK_ITEMS[kind], document, paths)
    kind = next(iter(WORK_ITEMS))
    return _sound(WORK_ITEMS[kind], {**document, "kind": kind}, paths | {(name,) for name in _differing()})


def _differing() -> Iterable[str]:
    """Yield the names of groups that differ between kinds."""
    models = list(WORK_ITEMS.values())
    for name in {name for model in models for name in model.model_fields if name != "kind"}:
        fields = [model.model_fields.get(name) for model in models]
        if len({None if field is None else str(field.annotation) for field in fields}) > 1:
            yield name


def _sound(model: type[Parameters], values: Mapping[str, Any], paths: set[Path]) -> Sound | None:
    """Return a group without its faulty parameters; None where the group as a whole is faulty."""
    faulty = frozenset(str(path[0]) for path in paths if path)
    anything: Any = (Any, None)
    fields = {name: anything for name in faulty if name in model.model_fields}
    partial: Any = create_model(model.__name__, __base__=model, **fields)
    rest = {
        name: value for name, value in values.items() if name not in faulty and name in model.model_fields
    }
    try:
        parameters = partial.model_validate_json(json.dumps(rest))
    except ValidationError:
        return None
    groups = {name: _group(model, name, values.get(name), paths) for name in fields if (name,) not in paths}
    lists = {name: _sound_entries(name, values.get(name), paths) for name in fields}
    return Sound(
        parameters, faulty, {name: group for name, group in groups.items() if group is not None},
        {name: found for name, found in lists.items() if found is not None},
    )


def _sound_entries(name: str, values: Any, paths: set[Path]) -> Entries | None:
    """Return the entries of a list that are not faulty; None where the list as a whole is faulty."""
    faulty = [path[1] if len(path) > 1 else None for path in paths if path[0] == name]
    if not isinstance(values, list) or not all(isinstance(place, int) for place in faulty):
        return None
    return [(place, value) for place, value in enumerate(values) if place not in set(faulty)]


def _group(model: type[Parameters], name: str, values: Any, paths: set[Path]) -> Sound | None:
    """Return the sound part of an inner group; None where there is none."""
    if not isinstance(values, Mapping):
        return None
    found = _model_of(model.model_fields[name].annotation, values.get("type"))
    inner = {path[1:] for path in paths if path[0] == name}
    return None if found is None else _sound(found, values, inner - {("type",)})


def _model_of(annotation: Any, type_name: Any) -> type[Parameters] | None:
    """Return the model that an annotation admits; of several, the one with this `type`."""
    waiting, models = [annotation], []
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and issubclass(each, Parameters):
            models.append(each)
        waiting += get_args(each)
    if len(models) == 1:
        return models[0]
    return next(
        (each for each in models if type_name in get_args(each.model_fields["type"].annotation)), None
    )
