"""Drawings of networks: what stands where, and the SVG."""

import re
from dataclasses import replace
from itertools import chain, combinations, pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from processing.core.drawings.activity import activity_of, activity_of_units
from processing.core.drawings.drawing import (
    MOST_UNITS,
    Network,
    NetworkEdge,
    NetworkLevel,
    NetworkNode,
    drawing_of_dense,
)
from processing.core.drawings.graph_drawing import drawing_of_graph
from processing.core.drawings.layout import columns_of, rows_of, settled
from processing.core.drawings.svg import MOST_EDGES, strongest, svg_of
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.environments.table import Table, TableParameters
from processing.core.errors import Broken, Refused
from processing.core.exports.export import formats_of
from processing.core.genomes.back_links import back_links
from processing.core.genomes.changes import changes_of_genes, changes_of_weights
from processing.core.genomes.computation import computation_of_graph
from processing.core.genomes.dense import Activation, Dense, DenseParameters
from processing.core.genomes.graph import Activation as Curve
from processing.core.genomes.graph import Graph, GraphParameters
from processing.core.genomes.graph_genes import NodeRole, genes_of
from processing.core.problem import Problem
from processing.core.reference import maze as reference
from processing.core.views import VIEWS, view_of
from processing.core.views.view import GenomeView, UnitNames
from tests.core.networks_by_hand import Genome, Link, answers, graphs_of, random_genome

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
    assert [sum(node.role == role for node in network.nodes) for role in NodeRole] == [24, 0, 10, 9]
    assert len(network.edges) == 24 * 10 + 10 * 9


def test_weights_biases_and_operators_are_those_of_the_layers():
    weights = np.array([[1.5, -2.0]], np.float32)
    network = drawing_of_dense(
        [(weights, np.array([0.5, 0.25], np.float32))], "tanh", "softmax", input_labels=["in"],
        output_labels=["a", "b"]
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


def test_disabled_edges_are_never_among_the_strongest():
    off, on = NetworkEdge("a", "b", 1.0, enabled=False), NetworkEdge("a", "c", 0.1)
    assert strongest((off, on)) == [on]


def test_text_is_escaped():
    node = NetworkNode(
        id='"<&', role=NodeRole.OUTPUT, label="<script>", operator="a&b", layer=0, x=0, y=0, bias=1.0
    )
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


# Graphs


def drawn_graph(genome: Genome, **parameters: object) -> Network:
    kind = Graph(GraphParameters(**parameters), inputs=2, outputs=1)  # type: ignore[arg-type]
    return drawing_of_graph(
        genes_of(kind, graphs_of([genome])), "argmax", input_labels=["x", "y"], output_labels=["out"]
    )


#: Inputs 0 and 1, bias 2, output 3; hidden nodes from 4 on.
XOR = Genome(
    (
        Link(0, 3, -2.0), Link(1, 3, 1.0, enabled=False), Link(2, 3, 0.5), Link(1, 4, 3.0), Link(4, 3, 2.0),
        Link(0, 4, -1.5)
    ),
    {4: Curve.TANH},
)
LOOPED = Genome(
    (
        Link(0, 3, 1.0), Link(1, 4, 1.0), Link(4, 5, 1.0), Link(5, 3, 1.0), Link(5, 4, -1.0), Link(3, 5, 0.5),
        Link(4, 4, 0.2)
    ),
    {4: Curve.TANH, 5: Curve.SIN},
)


def test_a_graph_has_its_bias_its_disabled_genes_and_the_names_of_its_environment():
    network = drawn_graph(XOR)
    assert [(node.id, node.role, node.label, node.layer) for node in network.nodes] == [
        ("0", NodeRole.INPUT, "x", 0), ("1", NodeRole.INPUT, "y", 0), ("2", NodeRole.BIAS, "bias", 0),
        ("3", NodeRole.OUTPUT, "out", 2), ("4", NodeRole.HIDDEN, "", 1),
    ]
    assert [
        (edge.source, edge.target, edge.weight) for edge in network.edges if not edge.enabled
    ] == [("1", "3", 1.0)]
    assert [node.operator for node in network.nodes[-2:]] == ["steep_sigmoid, argmax", "tanh"]


def test_a_link_over_a_column_passes_it_beside_the_nodes():
    network = drawn_graph(XOR)
    (hidden,) = [node for node in network.nodes if node.role == NodeRole.HIDDEN]
    long = [edge for edge in network.edges if edge.source != "4" and edge.target == "3"]
    places = {edge.source: edge.via for edge in long}
    assert all(len(via) == 1 and via[0][0] == hidden.x for via in places.values())
    heights = sorted([hidden.y, *(via[0][1] for via in places.values())])
    assert all(below - above >= 20 for above, below in pairwise(heights))


def test_links_that_lead_back_do_not_move_columns_and_are_arcs_with_arrows():
    network = drawn_graph(LOOPED, recurrent=True)
    assert {node.id: node.layer for node in network.nodes if node.role == NodeRole.HIDDEN} == {"4": 1, "5": 2}
    assert [
        (edge.source, edge.target) for edge in network.edges if edge.recurrent
    ] == [("5", "4"), ("3", "5"), ("4", "4")]
    root = ElementTree.fromstring(svg_of(network))
    arrows = [
        path.get("data-source")
        for path in root.findall(f".//{SVG}path") if (path.get("d") or "").count("M") == 2
    ]
    assert sorted(filter(None, arrows)) == ["3", "4", "5"]
    assert "3 lead back." in (root.findtext(f"{SVG}desc") or "")


def test_everything_that_is_drawn_lies_within_the_picture():
    for network in (drawn_graph(XOR), drawn_graph(LOOPED, recurrent=True)):
        root = ElementTree.fromstring(svg_of(network))
        left, top, width, height = map(float, (root.get("viewBox") or "").split())
        for path in root.findall(f".//{SVG}path"):
            numbers = [float(each) for each in re.findall(r"-?[\d.]+", path.get("d") or "")]
            assert all(left <= x <= left + width for x in numbers[::2])
            assert all(top <= y <= top + height for y in numbers[1::2])


def test_disabled_genes_are_dashed_and_told_of():
    root = ElementTree.fromstring(svg_of(drawn_graph(XOR)))
    (dashed,) = [path for path in root.findall(f".//{SVG}path") if path.get("stroke-dasharray")]
    assert (dashed.get("data-source"), dashed.get("data-target")) == ("1", "3")
    assert "1 more, dashed, is disabled." in (root.findtext(f"{SVG}desc") or "")
    assert root.findtext(f"{SVG}title") == "Network 2-1-1"


def test_activations_stand_beneath_hidden_nodes_where_they_have_several():
    def beneath(genome: Genome) -> set[str | None]:
        root = ElementTree.fromstring(svg_of(drawn_graph(genome, recurrent=True)))
        return {text.text for text in root.findall(f".//{SVG}text")}

    assert {"tanh", "sin"} <= beneath(LOOPED)
    assert not {"tanh"} & beneath(XOR)


def test_no_two_nodes_of_a_large_graph_stand_close_and_a_larger_one_is_drawn_by_columns():
    kind, numbers = Graph(GraphParameters(), inputs=8, outputs=3), np.random.default_rng(8)
    network = drawing_of_graph(
        genes_of(kind, graphs_of([random_genome(kind, numbers, hidden=30, links=80)])), "argmax"
    )
    for one, other in combinations(network.nodes, 2):
        assert abs(one.x - other.x) + abs(one.y - other.y) >= 20
    links = tuple(Link(0, 4 + number, 1.0) for number in range(500))
    large = drawn_graph(Genome(links, dict.fromkeys(range(4, 504), Curve.TANH)))
    assert (large.level, [node.output_shape for node in large.nodes]) == (
        NetworkLevel.LAYER, [(3,), (500,), (1,)]
    )
    assert [node.parameter_count for node in large.nodes] == [0, 500, 0]


def test_the_last_link_of_a_circle_leads_back():
    assert back_links([("a", "b"), ("b", "c"), ("c", "a"), ("a", "c"), ("c", "c")]) == {2, 4}
    assert back_links([("a", "b"), ("b", "c"), ("a", "c")]) == set()


def test_places_are_settled_in_their_order_as_near_as_can_be():
    assert settled([0.0, 1.0, 50.0], [20.0, 20.0]) == [-9.5, 10.5, 50.0]
    assert settled([5.0], []) == [5.0]
    assert settled([10.0, 0.0], [4.0]) == [3.0, 7.0]


def test_the_activity_of_a_graph_is_close_to_what_its_units_say():
    for parameters, genome in (
        ({}, XOR), ({"recurrent": True}, LOOPED), ({"activations_per_step": 3}, LOOPED)
    ):
        kind = Graph(GraphParameters(**parameters), inputs=2, outputs=1)  # type: ignore[arg-type]
        computation = computation_of_graph(genes_of(kind, graphs_of([genome])))
        seen = np.random.default_rng(9).normal(size=(5, 2)).astype(np.float32)
        inputs, units = activity_of_units(computation, list(seen.astype(np.float64)))
        places = [[unit.number for unit in computation.units].index(number) for number in computation.outputs]
        np.testing.assert_allclose(inputs, seen, atol=1e-6)
        np.testing.assert_allclose(units[:, places], answers(kind, genome, seen), atol=1e-3)


def test_changes_between_two_graphs_are_told_by_number():
    kind = Graph(GraphParameters(), inputs=2, outputs=1)
    links = (
        replace(XOR.links[0], enabled=False), replace(XOR.links[1], enabled=True), *XOR.links[2:4],
        replace(XOR.links[4], weight=2.5), XOR.links[5], Link(2, 4, 1.0),
    )
    later = Genome(links, XOR.hidden)
    found = changes_of_genes(genes_of(kind, graphs_of([XOR])), genes_of(kind, graphs_of([later])))
    assert (
        found.nodes_added, found.nodes_removed, found.weights_changed, found.largest_change
    ) == ((), (), 1, 0.5)
    told = (found.links_added, found.links_removed, found.links_enabled, found.links_disabled)
    assert [[gene.innovation for gene in each] for each in told] == [[6], [], [1], [0]]
    back = changes_of_genes(
        genes_of(kind, graphs_of([later])), genes_of(kind, graphs_of([Genome(XOR.links[:4], {})]))
    )
    assert (back.nodes_removed, [gene.innovation for gene in back.links_removed]) == ((4,), [4, 5, 6])


def test_changes_between_dense_genomes_are_weights():
    before, after = np.zeros(3, np.float32), np.array([0.0, -2.0, 0.5], np.float32)
    found = changes_of_weights(before, after)
    assert (found.weights_changed, found.largest_change, found.links_added) == (2, 2.0, ())
    assert changes_of_weights(before, before).largest_change is None


XOR_TABLE = Table(TableParameters(type="table", inputs=((0.0, 1.0),), targets=((1.0,),)))


class Bits:
    """A genome kind of another package: three bytes of 0 or 1."""

    number_of_weights, bytes_per_weight = 3, 1

    def take(self, genomes: Any, indices: Any) -> Any:
        return genomes[indices]

    def pack(self, genomes: Any) -> bytes:
        return genomes.tobytes()


class BitsView(GenomeView):
    """A view with nothing but a drawing."""

    def drawing(self, problem: Problem, kind: Any, genomes: Any, index: int = 0) -> Network:
        return dense(1, 1)


def test_a_kind_with_a_drawing_alone_is_shown_without_activity_and_compared_by_its_bytes(
    monkeypatch: pytest.MonkeyPatch
):
    kind: Any = Bits()
    with pytest.raises(Broken, match="a view of the genome kind Bits"):
        view_of(kind)
    monkeypatch.setitem(VIEWS, Bits, BitsView())  # type: ignore[arg-type]
    view, genomes = view_of(kind), np.array([[0, 1, 0], [1, 1, 1]], np.uint8)
    assert (view.size(kind, genomes), view.parameter_count(kind, genomes)) == (3, 3)
    assert view.unit_names(kind, genomes) == UnitNames()
    assert view.activity(kind, genomes, [np.zeros(1)], restarts=False) == []
    assert formats_of(kind, 3) == ()
    found = view.changes(view.genes(kind, genomes, 0), view.genes(kind, genomes, 1))
    assert (found.weights_changed, found.largest_change, found.links_added) == (2, None, ())


@pytest.mark.parametrize("kind", [
    Dense(DenseParameters(hidden=(3,)), inputs=2, outputs=1), Graph(GraphParameters(), inputs=2, outputs=1),
])
def test_the_units_that_are_lit_are_nodes_of_the_drawing(kind: Any):
    view, genomes = view_of(kind), kind.random(2, seed=1, generation=0)
    names, seen = view.unit_names(kind, genomes, 1), [np.ones(2), np.zeros(2)]
    columns = view.activity(kind, genomes, seen, 1, restarts=False)
    assert [column.shape for column in columns] == [(2, len(column)) for column in names.columns]
    network = view.drawing(XOR_TABLE, kind, genomes, 1)
    assert {*names.outputs, *chain(*names.columns)} <= {node.id for node in network.nodes}


def test_a_network_that_remembers_starts_anew_where_it_is_asked_to():
    kind = Graph(GraphParameters(recurrent=True), inputs=2, outputs=1)
    genomes, seen = graphs_of([LOOPED]), [np.ones(2), np.ones(2)]
    for restarts in (True, False):
        (_, units) = view_of(kind).activity(kind, genomes, seen, restarts=restarts)
        assert (units[0] == units[1]).all() == restarts
