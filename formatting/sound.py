"""The well-formed part of a malformed document, so that its faults are reported together with the others."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError, create_model

from formatting.explanation import likely_kinds
from formatting.faults import Path
from formatting.work_item import WORK_ITEMS, WorkItem
from processing.core.parameters import Parameters
from processing.core.sound import Entries, Sound


def sound_parts(document: Mapping[str, Any], faulty: Iterable[Path]) -> Sound | None:
    """Return the sound part of a work item, given the paths of its faults; None where there is none.

    For an unknown kind, this is limited to the groups that all kinds share.
    """
    paths, kind = set(faulty) - {("kind",)}, document.get("kind")
    if isinstance(kind, str) and kind in WORK_ITEMS:
        return _sound(WORK_ITEMS[kind], document, paths)
    kinds = likely_kinds(document)
    models = [WORK_ITEMS[each] for each in kinds]
    differing = {(name,) for name in _differing(models)}
    return _sound(models[0], {**document, "kind": kinds[0]}, paths | differing)


def _differing(models: Sequence[type[WorkItem]]) -> Iterable[str]:
    """Yield the names of groups that differ between kinds."""
    for name in {name for model in models for name in model.model_fields if name != "kind"}:
        fields = [model.model_fields.get(name) for model in models]
        first, *others = (None if field is None else field.annotation for field in fields)
        if any(other != first for other in others):
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
