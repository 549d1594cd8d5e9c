"""A network as one SVG document that stands alone and takes its colours from the page where there is one.

Colours are CSS variables in presentation attributes, with fallbacks that can be read on light and on dark: no style
element, so that it may be put into pages whose content security policy allows none.
"""

from html import escape

from processing.core.networks.drawing import Network, NetworkEdge, NetworkLevel, NetworkNode, NodeRole

#: At most so many edges are drawn, the strongest.
MOST_EDGES = 600

POSITIVE = "var(--network-positive, #1c8f86)"
NEGATIVE = "var(--network-negative, #d4691e)"
LINE = "var(--network-line, #7d8792)"
TEXT = "var(--network-text, #76808b)"
GROUND = "var(--network-ground, none)"

FONT_SIZE, LETTER_WIDTH, PADDING = 14.0, 7.6, 14.0
BOX_WIDTH, BOX_HEIGHT = 140.0, 92.0
RADIUS = {NodeRole.INPUT: 5.0, NodeRole.HIDDEN: 8.5, NodeRole.OUTPUT: 8.5}


def svg_of(network: Network) -> str:
    """The drawing as an SVG document in text.

    Width and opacity of an edge say how strong its weight is, its colour the sign; the colour of a unit's disc says the
    sign of its bias. Every node is a group with `data-node`, every edge a path with `data-source` and `data-target`.
    """
    neurons = network.level == NetworkLevel.NEURON
    before, after = (_room(network, role) if neurons else BOX_WIDTH / 2 for role in (NodeRole.INPUT, NodeRole.OUTPUT))
    down = 0.0 if neurons else BOX_HEIGHT / 2
    left, top = -before - PADDING, min(node.y for node in network.nodes) - down - PADDING
    width = max(node.x for node in network.nodes) + after + PADDING - left
    height = max(node.y for node in network.nodes) + down + PADDING - top
    drawn = strongest(network.edges)
    body = _neurons(network, drawn) if neurons else _layers(network)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="network-title network-description" '
        f'viewBox="{_n(left)} {_n(top)} {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" '
        f'font-family="system-ui, sans-serif" font-size="{_n(FONT_SIZE)}">'
        f'<title id="network-title">{escape(_title(network))}</title>'
        f'<desc id="network-description">{escape(_description(network, drawn))}</desc>{body}</svg>'
    )


def strongest(edges: tuple[NetworkEdge, ...]) -> list[NetworkEdge]:
    """The enabled edges that are drawn, weakest first, so that strong ones lie on top; ties in their order."""
    enabled = [edge for edge in edges if edge.enabled]
    ranked = sorted(enabled, key=lambda edge: -abs(edge.weight or 0.0))
    return ranked[:MOST_EDGES][::-1]


def _room(network: Network, role: NodeRole) -> float:
    """What the labels beside the units of this role need."""
    return RADIUS[role] + 8 + LETTER_WIDTH * max((len(node.label) for node in network.nodes if node.role == role), default=0)


def _title(network: Network) -> str:
    sizes = [sum(node.layer == column for node in network.nodes) for column in range(network.depth + 1)]
    if network.level == NetworkLevel.LAYER:
        sizes = [node.output_shape[0] for node in network.nodes if node.output_shape]
    return f"Network {'-'.join(map(str, sizes))}"


def _description(network: Network, drawn: list[NetworkEdge]) -> str:
    operators = {node.role: node.operator for node in network.nodes}
    words = [f"From {NodeRole.INPUT.lower()}s at the left to {NodeRole.OUTPUT.lower()}s at the right."]
    if NodeRole.HIDDEN in operators:
        words.append(f"Hidden units: {operators[NodeRole.HIDDEN]}.")
    words.append(f"Outputs: {operators[NodeRole.OUTPUT]}.")
    enabled = sum(edge.enabled for edge in network.edges)
    if len(drawn) < enabled:
        words.append(f"The {len(drawn)} strongest of {enabled} connections are drawn.")
    elif network.level == NetworkLevel.NEURON:
        words.append(f"{enabled} connections.")
    return " ".join(words)


def _neurons(network: Network, drawn: list[NetworkEdge]) -> str:
    places = {node.id: node for node in network.nodes}
    top = max((abs(edge.weight or 0.0) for edge in drawn), default=0.0) or 1.0
    biases = max((abs(node.bias or 0.0) for node in network.nodes), default=0.0) or 1.0
    edges = "".join(_edge(places[edge.source], places[edge.target], edge, top) for edge in drawn)
    nodes = "".join(_unit(node, biases) for node in network.nodes)
    return f'<g fill="none" stroke-linecap="round">{edges}</g>{nodes}'


def _edge(source: NetworkNode, target: NetworkNode, edge: NetworkEdge, top: float) -> str:
    weight = edge.weight or 0.0
    strength = abs(weight) / top
    x1, x2 = source.x + RADIUS[source.role], target.x - RADIUS[target.role]
    bend = (x2 - x1) * 0.45
    return (
        f'<path d="M{_n(x1)} {_n(source.y)}C{_n(x1 + bend)} {_n(source.y)} {_n(x2 - bend)} {_n(target.y)} '
        f'{_n(x2)} {_n(target.y)}" stroke="{POSITIVE if weight >= 0 else NEGATIVE}" '
        f'stroke-width="{_n(0.5 + 2.6 * strength)}" stroke-opacity="{_n(0.05 + 0.85 * strength**1.6)}" '
        f'data-source="{escape(source.id)}" data-target="{escape(target.id)}"/>'
    )


def _unit(node: NetworkNode, biases: float) -> str:
    bias = node.bias or 0.0
    colour = LINE if node.bias is None else POSITIVE if bias >= 0 else NEGATIVE
    filled = 0.16 if node.bias is None else 0.06 + 0.7 * abs(bias) / biases
    radius = RADIUS[node.role]
    operator = "" if node.role == NodeRole.INPUT else node.operator
    words = ", ".join(filter(None, (node.label, operator, "" if node.bias is None else f"bias {bias:.3g}")))
    disc = (
        f'<circle cx="{_n(node.x)}" cy="{_n(node.y)}" r="{_n(radius)}" fill="{GROUND}"/>'
        f'<circle class="disc" cx="{_n(node.x)}" cy="{_n(node.y)}" r="{_n(radius)}" fill="{colour}" '
        f'fill-opacity="{_n(filled)}" stroke="{LINE}" stroke-width="1.2"/>'
    )
    return f'<g data-node="{escape(node.id)}"><title>{escape(words)}</title>{disc}{_label(node, radius)}</g>'


def _label(node: NetworkNode, radius: float) -> str:
    if not node.label:
        return ""
    before = node.role == NodeRole.INPUT
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
    return "".join(arrows) + "".join(map(_box, network.nodes))


def _box(node: NetworkNode) -> str:
    left, top = node.x - BOX_WIDTH / 2, node.y - BOX_HEIGHT / 2
    shape = " x ".join(map(str, node.output_shape or ()))
    lines = [(node.label, 'font-weight="600"'), (node.operator if node.operator != node.label else "observation", ""),
             (f"{shape} units", "")]
    if node.parameter_count:
        lines.append((f"{node.parameter_count:,} weights", ""))
    first = node.y - (len(lines) - 1) * 9
    words = "".join(
        f'<text x="{_n(node.x)}" y="{_n(first + 18 * place)}" dy="0.35em" text-anchor="middle" fill="{TEXT}" {look}>'
        f"{escape(text)}</text>"
        for place, (text, look) in enumerate(lines)
    )
    return (
        f'<g data-node="{escape(node.id)}"><rect x="{_n(left)}" y="{_n(top)}" width="{_n(BOX_WIDTH)}" '
        f'height="{_n(BOX_HEIGHT)}" rx="10" fill="{GROUND}" stroke="{LINE}" stroke-width="1.2"/>{words}</g>'
    )


def _n(number: float) -> str:
    """A number as short as it can be said."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
