"""Drawings of networks: what stands where, and the SVG."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from processing.core import reference
from processing.core.environments.grid_world import GridWorld
from processing.core.errors import Refused
from processing.core.genomes.dense import Activation
from processing.core.networks.activity import activity_of
from processing.core.networks.drawing import (
    MOST_UNITS,
    Network,
    NetworkEdge,
    NetworkLevel,
    NetworkNode,
    NodeRole,
    drawing_of_dense,
)
from processing.core.networks.layout import columns_of, rows_of
from processing.core.networks.svg import MOST_EDGES, strongest, svg_of

SVG = "{http://www.w3.org/2000/svg}"


def dense(*sizes: int, bias: bool = True) -> Network:
    rng = np.random.default_rng(1)
    layers = [
        (rng.normal(size=(before, after)).astype(np.float32), np.ones(after, np.float32) if bias else None)
        for before, after in pairwise(sizes)
    ]
    return drawing_of_dense(layers, "tanh", "argmax")


def test_a_small_network_has_a_node_for_each_unit_and_an_edge_for_each_weight():
    network = dense(24, 10, 9)
    assert (network.level, network.depth) == (NetworkLevel.NEURON, 2)
    assert [sum(node.role == role for node in network.nodes) for role in NodeRole] == [24, 10, 9]
    assert len(network.edges) == 24 * 10 + 10 * 9


def test_weights_biases_and_operators_are_those_of_the_layers():
    weights = np.array([[1.5, -2.0]], np.float32)
    network = drawing_of_dense(
        [(weights, np.array([0.5, 0.25], np.float32))], "tanh", "softmax", input_labels=["in"], output_labels=["a", "b"]
    )
    edges = [(edge.source, edge.target, edge.weight) for edge in network.edges]
    assert edges == [("0.0", "1.0", 1.5), ("0.0", "1.1", -2.0)]
    assert [(node.label, node.operator, node.bias) for node in network.nodes] == [
        ("in", "input", None), ("a", "softmax", 0.5), ("b", "softmax", 0.25),
    ]


def test_no_two_units_stand_in_the_same_place_and_columns_are_centred():
    network = dense(24, 10, 3, 9)
    assert len({(node.x, node.y) for node in network.nodes}) == len(network.nodes)
    middles = set()
    for column in range(4):
        heights = [node.y for node in network.nodes if node.layer == column]
        middles.add(round((min(heights) + max(heights)) / 2, 6))
        assert all(below - above >= 20 for above, below in pairwise(sorted(heights)))
    assert len(middles) == 1


def test_inputs_and_outputs_keep_their_order():
    network = dense(6, 5, 4)
    for role in (NodeRole.INPUT, NodeRole.OUTPUT):
        heights = [node.y for node in network.nodes if node.role == role]
        assert heights == sorted(heights)


def test_a_hidden_unit_stands_across_from_what_it_listens_to():
    weights = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)
    network = drawing_of_dense([(weights, None), (np.eye(2, dtype=np.float32)[::-1], None)], "relu", "argmax")
    first, second = (node.y for node in network.nodes if node.role == NodeRole.HIDDEN)
    assert first > second


def test_labels_of_one_direction_stand_together():
    network = drawing_of_dense(
        [(np.zeros((24, 9), np.float32), None)], "tanh", "argmax",
        input_labels=GridWorld.input_labels(), output_labels=GridWorld.output_labels(),
    )
    heights = [node.y for node in network.nodes if node.role == NodeRole.INPUT]
    assert heights[3] - heights[2] > heights[2] - heights[1] == heights[1] - heights[0]
    assert len(GridWorld.input_labels()) == GridWorld.inputs
    assert len(GridWorld.output_labels()) == GridWorld.outputs


def test_a_large_network_is_drawn_layer_by_layer():
    network = dense(24, MOST_UNITS, 9)
    assert network.level == NetworkLevel.LAYER
    assert [(node.output_shape, node.parameter_count) for node in network.nodes] == [
        ((24,), 0), ((120,), 25 * 120), ((9,), 121 * 9),
    ]
    assert [(edge.source, edge.target) for edge in network.edges] == [("0", "1"), ("1", "2")]


def test_the_same_network_is_drawn_the_same_way():
    assert svg_of(dense(24, 10, 9)) == svg_of(dense(24, 10, 9))


def test_columns_follow_the_longest_path():
    links = [("a", "b", 1.0), ("b", "c", 1.0), ("a", "c", 1.0), ("a", "d", 1.0)]
    assert columns_of("abcd", links) == {"a": 0, "b": 1, "c": 2, "d": 1}
    assert columns_of("abcd", links, last={"c", "d"})["d"] == 2


def test_rows_follow_barycentres_and_spare_a_crossing():
    links = [("a", "y", 1.0), ("b", "x", 1.0)]
    columns = columns_of("abxy", links)
    rows = rows_of("abxy", links, columns, fixed={"a", "b"})
    assert rows == {"a": 0, "b": 1, "y": 0, "x": 1}


@pytest.mark.parametrize("links", [[("a", "b", 1.0), ("b", "a", 1.0)], [("a", "z", 1.0)]])
def test_cycles_and_unknown_nodes_are_refused(links: list[tuple[str, str, float]]):
    with pytest.raises(Refused):
        columns_of("ab", links)


def test_the_svg_is_well_formed_has_title_and_description_and_no_style():
    root = ElementTree.fromstring(svg_of(dense(24, 10, 9)))
    assert root.findtext(f"{SVG}title") == "Network 24-10-9"
    assert "Hidden units: tanh." in (root.findtext(f"{SVG}desc") or "")
    assert len(root.findall(f".//{SVG}path")) == 330
    assert not root.findall(f".//{SVG}style")
    assert not any("style" in element.attrib for element in root.iter())


def test_only_the_strongest_edges_are_drawn_and_the_description_says_so():
    network = dense(60, 30, 30)
    drawn = strongest(network.edges)
    assert len(drawn) == MOST_EDGES
    weights = sorted(abs(edge.weight or 0.0) for edge in network.edges)
    assert [abs(edge.weight or 0.0) for edge in drawn] == weights[-MOST_EDGES:]
    assert f"The {MOST_EDGES} strongest of {len(network.edges)} connections are drawn." in svg_of(network)


def test_disabled_edges_are_not_drawn():
    off, on = NetworkEdge("a", "b", 1.0, enabled=False), NetworkEdge("a", "c", 0.1)
    assert strongest((off, on)) == [on]


def test_text_is_escaped():
    node = NetworkNode(id='"<&', role=NodeRole.OUTPUT, label="<script>", operator="a&b", layer=0, x=0, y=0, bias=1.0)
    text = svg_of(Network(NetworkLevel.NEURON, (node,), (), 0))
    ElementTree.fromstring(text)
    assert "<script>" not in text


def test_a_large_drawing_names_shapes_and_weights():
    text = svg_of(dense(24, 200, 9))
    assert all(words in text for words in ("200 units", "5,000 weights", "1,809 weights", "argmax"))
    assert ElementTree.fromstring(text).findtext(f"{SVG}title") == "Network 24-200-9"


@pytest.mark.parametrize("activation", list(Activation))
def test_activity_is_close_to_what_the_units_say(activation: Activation):
    weights = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
    layers = [(weights, np.array([0.1, -0.1], np.float32)), (np.ones((2, 3), np.float32), None)]
    inputs, hidden = activity_of(layers, activation, [np.array([0.5, 1.0]), np.zeros(2)])
    assert inputs.tolist() == [[0.5, 1.0], [0.0, 0.0]]
    totals = np.array([[1.1, 1.4], [0.1, -0.1]])
    np.testing.assert_allclose(hidden, reference._ACTIVATIONS[activation](totals), atol=1e-3)
