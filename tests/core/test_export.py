"""Networks as files: what onnxruntime and a few lines of Python make of them is what our networks say."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from processing.core.environments.maze.grid_world import GridWorld
from processing.core.errors import Refused
from processing.core.exports.export import ExportFormat, Facts, exported, facts_of
from processing.core.genomes.computation import Unit, levels_of
from processing.core.genomes.dense import Activation, Dense, DenseParameters
from processing.core.genomes.graph import Activation as Curve
from processing.core.genomes.graph import Graph, GraphParameters
from processing.core.types import Float32Array, Genomes
from tests.core import networks_by_hand as by_hand
from tests.core.mazes import maze

FACTS = Facts("1-2-3", 0.5, "choice", "The best one.", ("x", "y", "z"), ("a", "b"))
README = Path(__file__).parents[2] / "api" / "README.md"

GRAPHS: dict[str, dict[str, Any]] = {
    "in order": {}, "without bias": {"bias": None, "output_activation": Curve.TANH},
    "recurrent": {"recurrent": True}, "three passes": {"activations_per_step": 3, "bias": 0.5},
}


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def by_onnx(model: bytes, observations: Float32Array) -> Float32Array:
    """The outputs at observations that follow each other in one episode."""
    run = session(model)
    if len(run.get_inputs()) == 1:
        return np.asarray(run.run(None, {"observation": observations})[0])
    state, found = np.zeros((1, run.get_inputs()[1].shape[1]), np.float32), []
    for x in observations:
        outputs, state = run.run(["outputs", "next_state"], {"observation": x[None], "state": state})
        found.append(outputs[0])
    return np.array(found)


def by_readme(
    document: bytes, observations: Float32Array, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[list[float]]:
    """The same, by the lines that the README prints."""
    (folder / "network.json").write_bytes(document)
    monkeypatch.chdir(folder)
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)
    values: dict[int, float] = {}
    return [names["outputs_of"](x.tolist(), values) for x in observations]


def dense(
    activation: Activation, *, bias: bool = True, hidden: tuple[int, ...] = (5, 4)
) -> tuple[Dense, Float32Array]:
    kind = Dense(DenseParameters(hidden=hidden, activation=activation, bias=bias), inputs=3, outputs=2)
    genomes = np.random.default_rng(4).normal(0, 1, (1, kind.number_of_weights)).astype(np.float32)
    return kind, genomes


def observed(count: int, scale: float = 2.0) -> Float32Array:
    return np.random.default_rng(5).normal(0, scale, (count, 3)).astype(np.float32)


def dense_outputs(kind: Dense, genome: Float32Array, x: Float32Array) -> Any:
    """What a dense network says, layer by layer in float64."""
    curve = by_hand.ACTIVATIONS[Curve(kind.parameters.activation.value)]
    values, at = x.astype(np.float64), 0
    for number, (before, after) in enumerate(zip(kind.sizes, kind.sizes[1:], strict=False)):
        weights = genome[at : at + before * after].reshape(before, after)
        at += before * after
        values = values @ weights
        if kind.parameters.bias:
            values = values + genome[at : at + after]
            at += after
        if number < len(kind.sizes) - 2:
            values = np.array([[float(curve(np.float32(value))) for value in row] for row in values])
    return values


def graphs(name: str) -> list[tuple[Graph, by_hand.Genome, Genomes]]:
    kind = Graph(GraphParameters(**GRAPHS[name]), inputs=3, outputs=2)
    numbers = np.random.default_rng(6)
    found = []
    for _ in range(12):
        drawn = by_hand.random_genome(
            kind, numbers, hidden=int(numbers.integers(0, 7)), links=int(numbers.integers(0, 20))
        )
        tame = tuple(replace(link, weight=1.5 if link.weight > 1e3 else link.weight) for link in drawn.links)
        genome = replace(drawn, links=tame)
        found.append((kind, genome, by_hand.graphs_of([genome])))
    return found


@pytest.mark.parametrize("activation", list(Activation))
@pytest.mark.parametrize("bias", [True, False])
def test_a_dense_network_says_the_same_in_onnxruntime(activation: Activation, bias: bool) -> None:
    kind, genomes = dense(activation, bias=bias)
    x = observed(60)
    found, wanted = by_onnx(
        exported(kind, genomes, FACTS, ExportFormat.ONNX), x
    ), dense_outputs(kind, genomes[0], x)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).all()


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_chooses_the_same_in_onnxruntime_also_where_it_remembers(name: str) -> None:
    x = observed(40)
    for kind, genome, genomes in graphs(name):
        found = by_onnx(exported(kind, genomes, FACTS, ExportFormat.ONNX), x)
        wanted = np.array(by_hand.answers(kind, genome, x))
        np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-5)
        assert (found.argmax(axis=1) == wanted.argmax(axis=1)).all()


def test_a_dense_network_acts_in_a_maze_as_in_its_life() -> None:
    environment, kind = GridWorld(maze()), Dense(DenseParameters(hidden=(6,)), inputs=24, outputs=9)
    genomes = kind.random(30, seed=3, generation=0)
    for agent in range(30):
        way = by_reference(environment, kind, genomes[agent])
        outputs = by_onnx(
            exported(kind, genomes[agent : agent + 1], FACTS, ExportFormat.ONNX), np.float32(way.observations)
        )
        assert outputs.argmax(axis=1).tolist() == way.actions


def by_reference(environment: GridWorld, kind: Dense, genome: Float32Array) -> Any:
    from processing.core.reference.maze import replay_episode

    return replay_episode(environment.parameters, kind.parameters, genome, seed=1, generation=0, agent=0)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_lines_in_the_readme_say_the_same_of_graphs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = observed(10)
    for kind, genome, genomes in graphs(name):
        document = exported(kind, genomes, FACTS, ExportFormat.JSON)
        found = by_readme(document, x, tmp_path, monkeypatch)
        np.testing.assert_allclose(found, by_hand.answers(kind, genome, x), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("activation", list(Activation))
def test_the_lines_in_the_readme_say_the_same_of_dense_networks(
    activation: Activation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, genomes = dense(activation)
    x = observed(20)
    found = by_readme(exported(kind, genomes, FACTS, ExportFormat.JSON), x, tmp_path, monkeypatch)
    np.testing.assert_allclose(found, dense_outputs(kind, genomes[0], x), rtol=1e-4, atol=1e-5)


def test_outputs_that_are_nearly_0_or_1_are_still_told_apart() -> None:
    kind = Graph(GraphParameters(bias=None), inputs=3, outputs=2)
    links = (by_hand.Link(0, 3, 1.0), by_hand.Link(1, 4, 1.0))
    model = exported(kind, by_hand.graphs_of([by_hand.Genome(links, {})]), FACTS, ExportFormat.ONNX)
    x = np.array(
        [[-6.0, -5.5, 0], [-5.5, -6.0, 0], [3.0, 3.2, 0], [3.2, 3.0, 0], [-30, -40, 0], [-40, -30, 0]],
        np.float32
    )
    wanted = np.array(by_hand.answers(kind, by_hand.Genome(links, {}), x))
    assert by_onnx(model, x).argmax(axis=1).tolist() == wanted.argmax(axis=1).tolist() == [1, 0, 1, 0, 0, 0]


def test_a_file_says_whose_network_it_is_and_what_its_outputs_mean() -> None:
    kind, genomes = dense(Activation.TANH)
    document = json.loads(exported(kind, genomes, FACTS, ExportFormat.JSON))
    metadata = session(exported(kind, genomes, FACTS, ExportFormat.ONNX)).get_modelmeta().custom_metadata_map
    assert (document["name"], document["fitness"], document["rule"]) == ("1-2-3", 0.5, "The best one.")
    assert (document["input_labels"], document["output_labels"]) == (["x", "y", "z"], ["a", "b"])
    assert (metadata["name"], metadata["rule"]) == ("1-2-3", "The best one.")
    assert json.loads(metadata["input_labels"]) == ["x", "y", "z"]


def test_weights_are_written_so_that_none_is_lost() -> None:
    kind, genomes = dense(Activation.TANH)
    document = json.loads(exported(kind, genomes, FACTS, ExportFormat.JSON))
    written = [weight for node in document["nodes"][:5] for _, weight in node["links"]]
    assert np.float32(written).tolist() == genomes[0, :15].reshape(3, 5).T.reshape(-1).tolist()


def test_the_facts_of_a_maze_are_told() -> None:
    facts = facts_of(
        GridWorld(maze()), Dense(DenseParameters(), inputs=24, outputs=9), name="1-0-0", fitness=None
    )
    assert (len(facts.input_labels), len(facts.output_labels), facts.actions) == (24, 9, "choice")


def test_weights_that_are_not_finite_are_refused_as_json_and_written_as_onnx() -> None:
    kind, genomes = dense(Activation.TANH)
    genomes[0, 3] = np.inf
    with pytest.raises(Refused, match="expected finite numbers"):
        exported(kind, genomes, FACTS, ExportFormat.JSON)
    assert exported(kind, genomes, FACTS, ExportFormat.ONNX)


def test_a_large_network_is_taken_as_onnx_only() -> None:
    kind, genomes = dense(Activation.RELU, hidden=(600, 400))
    with pytest.raises(Refused, match="at most 200,000 weights, got 243,602; take ONNX"):
        exported(kind, genomes, FACTS, ExportFormat.JSON)
    assert by_onnx(exported(kind, genomes, FACTS, ExportFormat.ONNX), observed(2)).shape == (2, 2)


def test_a_circle_without_passes_is_refused() -> None:
    units = [Unit(1, "tanh", 0.0, ((2, 1.0),)), Unit(2, "tanh", 0.0, ((1, 1.0),))]
    with pytest.raises(Refused, match="circle"):
        levels_of(units)


def test_outputs_that_are_saturated_are_equal_by_the_readme_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Graph(GraphParameters(), inputs=3, outputs=2)
    genomes = kind.random(1, seed=1, generation=0)
    genomes.weights[0, :4], genomes.weights[0, 4:] = 1.3, 1.4
    document = exported(kind, genomes, FACTS, ExportFormat.JSON)
    assert by_readme(document, np.ones((1, 3), np.float32), tmp_path, monkeypatch) == [[1.0, 1.0]]
