"""What a file says of the outputs, obeyed word by word, gives the actions of the run, and the answers of a
table.
"""

import json
import math
import re
from typing import Any

import numpy as np
import onnx
import pytest

from processing.core.environments.foreign.spaces import Writer
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.environments.table import Table, TableParameters
from processing.core.exports.export import ExportFormat, exported, facts_of
from processing.core.exports.rules import rule_of_space
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.genomes.graph import Activation, Graph, GraphParameters
from processing.core.judges.table import Tables
from processing.core.rollouts.actions import Range
from tests.core.mazes import maze
from tests.core.test_export import by_onnx, by_readme

TARGETS = {
    "from 0 to 1": [[0], [1], [1], [0]], "from -1 to 1": [[-1], [1], [0.5], [-1]],
    "beyond": [[3], [-2], [0], [1]]
}
SPACES: dict[str, dict[str, Any]] = {
    "a choice": {"type": "Discrete", "n": 3, "start": 0},
    "a shifted choice": {"type": "Discrete", "n": 9, "start": -4},
    "several choices": {"type": "MultiDiscrete", "shape": [3], "n": [2, 3, 2], "start": [0, 1, -1]},
    "several alike": {"type": "MultiDiscrete", "shape": [2], "n": [3, 3], "start": [0, 0]},
    "switches": {"type": "MultiBinary", "shape": [4]},
    "numbers": {"type": "Box", "shape": [2], "dtype": "float32", "low": -2.0, "high": 2.0},
    "numbers with bounds of their own": {
        "type": "Box", "shape": [2], "dtype": "float32", "low": [-3.0, 0.0], "high": [5.0, 1.0],
    },
    "whole numbers": {"type": "Box", "shape": [2], "dtype": "int64", "low": -7.0, "high": 9.0},
}
OUTPUTS = {Range.UNBOUNDED: (-3.0, 3.0), Range.UNIT: (0.0, 1.0), Range.SYMMETRIC: (-1.5, 1.5)}


def matched(pattern: str, text: str) -> tuple[str, ...]:
    """What the groups of a pattern match in a text that contains it."""
    found = re.search(pattern, text)
    assert found is not None
    return found.groups()


def obeyed(rule: str, outputs: list[float]) -> list[float]:
    """The action that a reader makes of outputs and sentence."""
    numbers = [float(word) for word in re.findall(r"-?\d+(?:\.\d+)?", rule)]
    if rule.startswith("The action is the number"):
        return [outputs.index(max(outputs)) + numbers[0]]
    if rule.startswith("The outputs are groups"):
        told, counted = (
            [int(word) for word in re.findall(r"-?\d+", part)]
            for part in matched(r"The outputs are groups of (.*?), one for.*counted from (.*)\.$", rule)
        )
        sizes = told if len(told) > 1 else told * (len(outputs) // told[0])
        starts = counted if len(counted) > 1 else counted * len(sizes)
        ends = np.cumsum(sizes)
        groups = [outputs[end - size : end] for end, size in zip(ends, sizes, strict=True)]
        return [group.index(max(group)) + start for group, start in zip(groups, starts, strict=True)]
    if rule.startswith("Each number of the action is 1"):
        return [float(output > numbers[1]) for output in outputs]
    said = [math.tanh(y) if "tanh" in rule else 2 * y - 1 if "2 y - 1" in rule else y for y in outputs]
    said = [min(max(y, -1.0), 1.0) for y in said]
    bounds = matched(r"-1 of (\[.*?\]|\S+) and 1 of (\[.*?\]|\S*\d)", rule)
    low, high = (np.array(json.loads(word)) for word in bounds)
    shares = low + (high - low) * (np.array(said) + 1) / 2
    return (np.rint(shares) if "rounded" in rule else shares).tolist()


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("where", list(Range))
def test_the_sentence_makes_the_actions_of_the_run(name: str, where: Range) -> None:
    writer, rule = Writer(SPACES[name]), rule_of_space(SPACES[name], "argmax", where)
    outputs = np.random.default_rng(5).uniform(*OUTPUTS[where], (writer.size, 30)).astype(np.float32)
    said = {Range.UNBOUNDED: np.tanh(outputs), Range.UNIT: 2 * outputs - 1, Range.SYMMETRIC: outputs}[where]
    actions = writer.actions(outputs.argmax(axis=0), outputs, np.clip(said, -1, 1).astype(np.float32))
    for lane, action in enumerate(actions):
        assert obeyed(rule, outputs[:, lane].tolist()) == pytest.approx(np.ravel(action).tolist(), abs=1e-5)


def test_a_drawn_action_is_told_with_its_probabilities() -> None:
    assert rule_of_space(SPACES["a choice"], "softmax", Range.UNBOUNDED).startswith(
        "The action is drawn: k, from k = 0,"
    )
    assert "k + -4" in rule_of_space(SPACES["a shifted choice"], "softmax", Range.UNBOUNDED)


def test_bounds_that_are_too_many_are_not_written_out() -> None:
    space = SPACES["numbers"] | {"shape": [60], "low": list(range(60)), "high": list(range(1, 61))}
    assert rule_of_space(space, "argmax", Range.SYMMETRIC).endswith(
        "means that share of the command's bounds."
    )


def test_an_environment_that_tells_of_no_space_has_a_sentence_too() -> None:
    facts = facts_of(
        GridWorld(maze()), Dense(DenseParameters(), inputs=24, outputs=9), name="1-0-0", fitness=None
    )
    assert facts.rule == "The action is the number of the largest output, from 0; the first of equals."


def fitness_of(answers: Any, targets: Any) -> float:
    """The fitness of a table: what its parameter says."""
    size = float(np.abs(np.float64(answers) - np.float64(targets)).sum())
    return max(np.size(targets) - size, 0.0) ** 2


def answered(outputs: Any, told: dict[str, Any]) -> list[float]:
    """The answers that a reader makes of outputs, rule and scaling."""
    rule = str(told["rule"])
    if rule.startswith("Each output is an answer as it is."):
        return [float(y) for y in outputs]
    assert rule.startswith("Each output y becomes the answer offset + scale * y")
    scaling = told["scaling"]
    said = re.search(r"offset (\[.*?\]) and scale (\[.*?\])", rule)
    assert said is None or [json.loads(each) for each in said.groups()] == [
        scaling["offset"], scaling["scale"]
    ]
    return [a + b * float(y) for y, a, b in zip(outputs, scaling["offset"], scaling["scale"], strict=True)]


@pytest.mark.parametrize("scaling", ["none", "by_column"])
@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("name", ["dense", "graph", "recurrent"])
def test_the_fitness_of_a_table_can_be_computed_from_the_file(
    targets: str, name: str, scaling: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[0, 0], [0, 1], [1, 0], [1, 1]]
    given = {"type": "table", "inputs": rows, "targets": TARGETS[targets], "scaling": scaling}
    table = Table(TableParameters.model_validate_json(json.dumps(given)))
    kind: Any = Dense(DenseParameters(hidden=(3,)), inputs=2, outputs=1)
    if name != "dense":
        remembers = {"recurrent": True, "activations_per_step": 2} if name == "recurrent" else {}
        kind = Graph(GraphParameters(output_activation=Activation.TANH, **remembers), inputs=2, outputs=1)
    genomes = kind.random(12, seed=3, generation=0)
    stored = Tables(table, kind).evaluate(genomes, seed=1, generation=0).fitness
    for agent in range(12):
        one = kind.take(genomes, np.array([agent], np.int32))
        facts = facts_of(table, kind, name="1-0-0", fitness=float(stored[agent]))
        document = exported(kind, one, facts, ExportFormat.JSON)
        told = json.loads(document)
        assert told["actions"] == "answers"
        assert "squashing" not in told
        assert ("scaling" in told) == (scaling == "by_column")
        assert ("anew at each row" in told["rule"]) == (name == "recurrent")
        outputs = [by_readme(document, np.array([row], np.float32), tmp_path, monkeypatch)[0] for row in rows]
        answers = [answered(each, told) for each in outputs]
        assert fitness_of(answers, TARGETS[targets]) == pytest.approx(stored[agent], rel=1e-5, abs=1e-6)
        model = exported(kind, one, facts, ExportFormat.ONNX)
        texts = {entry.key: entry.value for entry in onnx.load_from_string(model).metadata_props}
        told = {each: json.loads(texts[each]) if each == "scaling" else texts[each] for each in texts}
        answers = [answered(by_onnx(model, np.array([row], np.float32))[0], told) for row in rows]
        assert fitness_of(answers, TARGETS[targets]) == pytest.approx(stored[agent], rel=1e-4, abs=1e-5)


def test_a_scaling_of_many_columns_is_listed_beside_the_sentence() -> None:
    row = [float(number) for number in range(50)]
    table = Table(TableParameters(type="table", inputs=((1.0,),), targets=(tuple(row),), scaling="by_column"))
    kind = Dense(DenseParameters(hidden=()), inputs=1, outputs=50)
    facts = facts_of(table, kind, name="1-0-0", fitness=None)
    assert facts.rule == "Each output y becomes the answer offset + scale * y, which are listed in `scaling`."
    assert facts.scaling == {"offset": row, "scale": [0.5] * 50}
