"""What is wrong with wrappers is told like everything else: at once, in the writer's keys."""

import json
from typing import Any

import pytest

from formatting.faults import Malformed
from formatting.parse import parse
from formatting.schema import json_schema
from processing.core.environments.foreign.wrappers import WRAPPERS


def document(**environment: Any) -> str:
    return json.dumps({
        "version": 1, "kind": "neat", "name": "wrapped", "stop": {"max_generations": 1},
        "environment": {"type": "gymnasium", "id": "Acrobot-v1", **environment},
    })


def faults(**environment: Any) -> dict[tuple[str | int, ...], Any]:
    with pytest.raises(Malformed) as caught:
        parse(document(**environment))
    return {each.path[1:]: each for each in caught.value.faults}


def test_all_faults_of_all_wrappers_are_told_at_once() -> None:
    found = faults(wrappers=[
        {"type": "frame_stack", "stack_size": 1}, {"type": "resize", "shape": [42]},
        {"type": "delay", "dely": 2}, {"type": "clip_reward", "min_reward": 2},
        {"type": "rescale", "min_obs": 1.5}, {"type": "grayscal"}, {"shape": 3}, 7,
    ])
    assert {path: each.code for path, each in found.items()} == {
        ("wrappers", 0, "stack_size"): "OUT_OF_RANGE", ("wrappers", 1, "shape"): "OUT_OF_RANGE",
        ("wrappers", 2, "dely"): "UNKNOWN_FIELD", ("wrappers", 3): "INCONSISTENT",
        ("wrappers", 4): "INCONSISTENT", ("wrappers", 5, "type"): "NOT_IN_CHOICES",
        ("wrappers", 6, "type"): "REQUIRED", ("wrappers", 7): "INVALID_TYPE",
    }
    assert found["wrappers", 5, "type"].hint == 'Did you mean "grayscale"?'
    assert found["wrappers", 2, "dely"].hint == 'Did you mean "delay"?'
    assert found["wrappers", 3].expected == "min_reward below max_reward"


@pytest.mark.parametrize("environment", [
    {"wrappers": {"type": "grayscale"}}, {"wrappers": [{"type": "grayscale"}] * 11}, {"observe": []},
    {"observe": "image"}, {"observe": [1]}, {"aggregate": "best"}, {"minimise": "yes"},
    {"wrappers": [{"type": "delay", "delay": 1e300}]},
    {"wrappers": [{"type": "clip_reward", "min_reward": None, "max_reward": None}]},
])
def test_what_is_no_such_thing_is_refused(environment: dict[str, Any]) -> None:
    (path,) = faults(**environment)
    assert path[0] in environment


def test_the_json_schema_tells_every_wrapper_with_its_sentence_and_meanings() -> None:
    definitions = json_schema()["$defs"]
    for name, kind in WRAPPERS.items():
        told = definitions[kind.__name__]
        assert told["properties"]["type"]["const"] == name
        assert told["description"]
        assert all(each["description"] for each in told["properties"].values())
