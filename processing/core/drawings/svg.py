"""A network as one self-contained SVG document, which takes its colours from the page that it is part of.

Colours are CSS variables in presentation attributes, with fallbacks that are legible on light and on dark.
There is no style element, so that pages whose content security policy forbids one can include the document.
"""

import math
from collections.abc import Iterable
from html import escape
from itertools import pairwise

from processing.core.drawings.drawing import Network, NetworkEdge, NetworkLevel, NetworkNode
from processing.core.genomes.graph_genes import NodeRole

#: The largest numbers of enabled edges, the strongest ones, and of disabled edges that are drawn.
MOST_EDGES, MOST_DISABLED = 600, 200
#: The opacity of the weakest edge: the least, that of few edges, and by how much each further edge lowers it.
FAINT, VISIBLE, LESS_FOR_EACH = 0.05, 0.38, 0.0022
#: The activation of each hidden unit is written beneath it up to this many hidden units.
MOST_LABELLED = 60

POSITIVE = "var(--network-positive, #1c8f86)"
NEGATIVE = "var(--network-negative, #d4691e)"
LINE = "var(--network-line, #7d8792)"
TEXT = "var(--network-text, #76808b)"
GROUND = "var(--network-ground, none)"

FONT_SIZE, SMALL_SIZE, LETTER_WIDTH, PADDING = 14.0, 10.5, 7.6, 14.0
BOX_WIDTH, BOX_HEIGHT = 140.0, 92.0
RADIUS = {NodeRole.INPUT: 5.0, NodeRole.BIAS: 5.0, NodeRole.HIDDEN: 8.5, NodeRole.OUTPUT: 8.5}
#: The height of an arc above its nodes, the addition for each unit of its width, and the size of its arrow.
LIFT, RISE, TIP = 30.0, 0.2, 6.0

Point = tuple[float, float]


def svg_of(network: Network) -> str:
    """Return the drawing as the text of an SVG document.

    Width and opacity of an edge show the size of its weight, its colour the sign. The colour of a unit's disc
    shows the sign of its bias. Disabled edges are dashed and grey; edges that lead back are arcs with an
    arrow. Every node is a group with `data-node`, every edge a path with `data-source` and `data-target`.
    """
    neurons = network.level == NetworkLevel.NEURON
    before, after = (
        _room(network, role) if neurons else BOX_WIDTH / 2 for role in (NodeRole.INPUT, NodeRole.OUTPUT)
    )
    drawn = strongest(network.edges)
    highest, lowest = _extent(network, drawn)
    left, top = -before - PADDING, highest - PADDING
    width = max(node.x for node in network.nodes) + after + PADDING - left
    height = lowest + PADDING - top
    body = _neurons(network, drawn) if neurons else _layers(network)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="network-title '
        f'network-description" viewBox="{_n(left)} {_n(top)} {_n(width)} {_n(height)}" width="{_n(width)}" '
        f'height="{_n(height)}" font-family="system-ui, sans-serif" font-size="{_n(FONT_SIZE)}">'
        f'<title id="network-title">{escape(_title(network))}</title>'
        f'<desc id="network-description">{escape(_description(network, drawn))}</desc>{body}</svg>'
    )


def strongest(edges: tuple[NetworkEdge, ...]) -> list[NetworkEdge]:
    """Return the enabled edges that are drawn, weakest first, so that strong ones are drawn over them."""
    enabled = [edge for edge in edges if edge.enabled]
    ranked = sorted(enabled, key=lambda edge: -abs(edge.weight or 0.0))
    return ranked[:MOST_EDGES][::-1]


def _room(network: Network, role: NodeRole) -> float:
    """The width of the labels beside the units of this side."""
    roles = (role, NodeRole.BIAS) if role == NodeRole.INPUT else (role,)
    return RADIUS[role] + 8 + LETTER_WIDTH * max(
        (len(node.label) for node in network.nodes if node.role in roles), default=0
    )


def _extent(network: Network, drawn: list[NetworkEdge]) -> tuple[float, float]:
    """The highest and the lowest y of what is drawn."""
    if network.level == NetworkLevel.LAYER:
        return -_box_height(network) / 2, _box_height(network) / 2
    places = {node.id: node for node in network.nodes}
    heights = [node.y for node in network.nodes] + [y for edge in network.edges for _, y in edge.via]
    back = [_peak(places[edge.source], places[edge.target]) for edge in (*drawn, *_disabled(network))]
    below = SMALL_SIZE * 2 if _shows_activations(network) else 0.0
    return min(heights + [y for y in back if y is not None]), max(heights) + below


def _title(network: Network) -> str:
    units = [node for node in network.nodes if node.role != NodeRole.BIAS]
    sizes = [sum(node.layer == column for node in units) for column in range(network.depth + 1)]
    if network.level == NetworkLevel.LAYER:
        sizes = [node.output_shape[0] for node in network.nodes if node.output_shape]
    return f"Network {'-'.join(map(str, sizes))}"


def _description(network: Network, drawn: list[NetworkEdge]) -> str:
    words = [f"From {NodeRole.INPUT.lower()}s at the left to {NodeRole.OUTPUT.lower()}s at the right."]
    if hidden := _operators(network, NodeRole.HIDDEN):
        words.append(f"Hidden units: {', '.join(hidden)}.")
    words.append(f"Outputs: {', '.join(_operators(network, NodeRole.OUTPUT))}.")
    enabled = sum(edge.enabled for edge in network.edges)
    if len(drawn) < enabled:
        words.append(f"The {len(drawn)} strongest of {enabled} connections are drawn.")
    elif network.level == NetworkLevel.NEURON:
        words.append(f"{enabled} connections.")
    if disabled := len(network.edges) - enabled:
        words.append(f"{disabled} more, dashed, {'is' if disabled == 1 else 'are'} disabled.")
    if back := sum(edge.enabled and edge.recurrent for edge in network.edges):
        words.append(f"{back} lead{'s' if back == 1 else ''} back.")
    return " ".join(words)


def _operators(network: Network, role: NodeRole) -> list[str]:
    """The different operators of the nodes of this role."""
    return list(dict.fromkeys(node.operator for node in network.nodes if node.role == role))


def _shows_activations(network: Network) -> bool:
    """Whether the activation of each hidden unit is written beneath it: where there are several."""
    hidden = sum(node.role == NodeRole.HIDDEN for node in network.nodes)
    return hidden <= MOST_LABELLED and len(_operators(network, NodeRole.HIDDEN)) > 1


def _disabled(network: Network) -> list[NetworkEdge]:
    """The disabled edges that are drawn."""
    return [edge for edge in network.edges if not edge.enabled][:MOST_DISABLED]


def _neurons(network: Network, drawn: list[NetworkEdge]) -> str:
    places = {node.id: node for node in network.nodes}
    top = max((abs(edge.weight or 0.0) for edge in drawn), default=0.0) or 1.0
    biases = max((abs(node.bias or 0.0) for node in network.nodes), default=0.0) or 1.0
    faint = max(FAINT, VISIBLE - LESS_FOR_EACH * len(drawn))
    edges = "".join(
        _edge(places[edge.source], places[edge.target], edge, top, faint)
        for edge in (*_disabled(network), *drawn)
    )
    shows = _shows_activations(network)
    nodes = "".join(_unit(node, biases, shows and node.role == NodeRole.HIDDEN) for node in network.nodes)
    return f'<g fill="none" stroke-linecap="round">{edges}</g>{nodes}'


def _edge(source: NetworkNode, target: NetworkNode, edge: NetworkEdge, top: float, faint: float) -> str:
    weight = edge.weight or 0.0
    strength = abs(weight) / top
    line = _forward(source, target, edge.via) if source.layer < target.layer else _back(source, target)
    look = (
        f'stroke="{POSITIVE if weight >= 0 else NEGATIVE}" stroke-width="{_n(0.5 + 2.6 * strength)}" '
        f'stroke-opacity="{_n(faint + (0.9 - faint) * strength**1.6)}"'
    )
    if not edge.enabled:
        look = (
            f'class="disabled" stroke="{LINE}" stroke-width="1" stroke-opacity="0.45" stroke-dasharray="2 5"'
        )
    return f'<path d="{line}" {look} data-source="{escape(source.id)}" data-target="{escape(target.id)}"/>'


def _forward(source: NetworkNode, target: NetworkNode, via: Iterable[Point]) -> str:
    """A curve from the source's right to the target's left, horizontal at each point that it passes."""
    points = [(source.x + RADIUS[source.role], source.y), *via, (target.x - RADIUS[target.role], target.y)]
    line = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for (x1, y1), (x2, y2) in pairwise(points):
        bend = (x2 - x1) * 0.45
        line += f"C{_n(x1 + bend)} {_n(y1)} {_n(x2 - bend)} {_n(y2)} {_n(x2)} {_n(y2)}"
    return line


def _back(source: NetworkNode, target: NetworkNode) -> str:
    """An arc above both nodes, or to the left of nodes of one column, or a loop at one node."""
    r1, r2 = RADIUS[source.role], RADIUS[target.role]
    if source.id == target.id:
        peak = source.y - r1 - LIFT
        return _arc(
            (source.x + 4, source.y - r1), (source.x + 24, peak), (source.x - 24, peak),
            (source.x - 4, source.y - r1)
        )
    if source.layer == target.layer:
        out = 30 + RISE * abs(source.y - target.y)
        return _arc(
            (source.x - r1, source.y), (source.x - r1 - out, source.y), (target.x - r2 - out, target.y),
            (target.x - r2, target.y),
        )
    peak = _control(source, target)
    return _arc(
        (source.x, source.y - r1), (source.x + 24, peak), (target.x - 24, peak), (target.x, target.y - r2)
    )


def _control(source: NetworkNode, target: NetworkNode) -> float:
    """The y of the control points of an arc above both nodes."""
    return min(source.y, target.y) - LIFT - RISE * abs(source.x - target.x)


def _peak(source: NetworkNode, target: NetworkNode) -> float | None:
    """The y of the top of an arc above its nodes, or a value slightly above it; None for other edges."""
    if source.id == target.id:
        return source.y - RADIUS[source.role] - LIFT
    return _control(source, target) if source.layer > target.layer else None


def _arc(start: Point, first: Point, second: Point, end: Point) -> str:
    """A curve with an arrow at its end."""
    angle = math.atan2(end[1] - second[1], end[0] - second[0])
    left, right = (
        (end[0] - TIP * math.cos(angle + side), end[1] - TIP * math.sin(angle + side)) for side in (0.5, -0.5)
    )
    curve = " ".join(f"{_n(x)} {_n(y)}" for x, y in (first, second, end))
    tip = "L".join(f"{_n(x)} {_n(y)}" for x, y in (left, end, right))
    return f"M{_n(start[0])} {_n(start[1])}C{curve}M{tip}"


def _unit(node: NetworkNode, biases: float, has_operator: bool) -> str:
    bias = node.bias or 0.0
    colour = LINE if node.bias is None else POSITIVE if bias >= 0 else NEGATIVE
    filled = 0.16 if node.bias is None else 0.06 + 0.7 * abs(bias) / biases
    radius = RADIUS[node.role]
    operator = "" if node.role in (NodeRole.INPUT, NodeRole.BIAS) else node.operator
    words = ", ".join(filter(None, (node.label, operator, "" if node.bias is None else f"bias {bias:.3g}")))
    disc = (
        f'<circle cx="{_n(node.x)}" cy="{_n(node.y)}" r="{_n(radius)}" fill="{GROUND}"/>'
        f'<circle class="disc" cx="{_n(node.x)}" cy="{_n(node.y)}" r="{_n(radius)}" fill="{colour}" '
        f'fill-opacity="{_n(filled)}" stroke="{LINE}" stroke-width="1.2"/>'
    )
    label = _operator(node, radius) if has_operator else _label(node, radius)
    return f'<g data-node="{escape(node.id)}"><title>{escape(words)}</title>{disc}{label}</g>'


def _operator(node: NetworkNode, radius: float) -> str:
    """The activation of a unit, written beneath it."""
    return (
        f'<text x="{_n(node.x)}" y="{_n(node.y + radius + SMALL_SIZE)}" text-anchor="middle" '
        f'font-size="{_n(SMALL_SIZE)}" fill="{TEXT}">{escape(node.operator.replace("_", " "))}</text>'
    )


def _label(node: NetworkNode, radius: float) -> str:
    if not node.label:
        return ""
    before = node.role in (NodeRole.INPUT, NodeRole.BIAS)
    x, anchor = (node.x - radius - 7, "end") if before else (node.x + radius + 8, "start")
    return (
        f'<text x="{_n(x)}" y="{_n(node.y)}" dy="0.35em" text-anchor="{anchor}" fill="{TEXT}">'
        f"{escape(node.label)}</text>"
    )


def _layers(network: Network) -> str:
    places = {node.id: node for node in network.nodes}
    arrows = []
    for edge in network.edges:
        source, target = places[edge.source], places[edge.target]
        tip = target.x - BOX_WIDTH / 2
        arrows.append(
            f'<path d="M{_n(source.x + BOX_WIDTH / 2)} {_n(source.y)}L{_n(tip - 2)} {_n(target.y)}'
            f'm-7 -5l7 5l-7 5" fill="none" stroke="{LINE}" stroke-width="1.5"/>'
        )
    height = _box_height(network)
    return "".join(arrows) + "".join(_box(node, height) for node in network.nodes)


def _lines(node: NetworkNode) -> list[tuple[str, str]]:
    """Return the lines of a layer's box, each with its look."""
    shape = " x ".join(map(str, node.output_shape or ()))
    operator = node.operator if node.operator != node.label else "observation"
    lines = [(node.label, 'font-weight="600"'), *((line, "") for line in operator.split("\n"))]
    lines.append((f"{shape} units", ""))
    return [*lines, (f"{node.parameter_count:,} weights", "")] if node.parameter_count else lines


def _box_height(network: Network) -> float:
    """Return the height of every layer's box, in which the longest text has room."""
    return max(BOX_HEIGHT, 20.0 + 18.0 * max(len(_lines(node)) for node in network.nodes))


def _box(node: NetworkNode, height: float) -> str:
    left, top, lines = node.x - BOX_WIDTH / 2, node.y - height / 2, _lines(node)
    first = node.y - (len(lines) - 1) * 9
    words = "".join(
        f'<text x="{_n(node.x)}" y="{_n(first + 18 * place)}" dy="0.35em" text-anchor="middle" fill="{TEXT}" '
        f'{look}>'
        f"{escape(text)}</text>"
        for place, (text, look) in enumerate(lines)
    )
    return (
        f'<g data-node="{escape(node.id)}"><rect x="{_n(left)}" y="{_n(top)}" width="{_n(BOX_WIDTH)}" '
        f'height="{_n(height)}" rx="10" fill="{GROUND}" stroke="{LINE}" stroke-width="1.2"/>{words}</g>'
    )


def _n(number: float) -> str:
    """A number with at most two decimals, without trailing zeros."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
