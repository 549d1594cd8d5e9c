"""Networks, ready to draw."""

from typing import Any

import graphene

from api.graphql.types.enums import NetworkLevel, NodeRole
from api.graphql.types.node import many, maybe, one
from api.graphql.types.scalars import BigInt
from processing.core.drawings.drawing import Network as Drawing
from processing.core.drawings.drawing import NetworkEdge as Edge
from processing.core.drawings.svg import svg_of


class NetworkNode(graphene.ObjectType):
    """A unit, or a whole layer."""

    id = one(graphene.String, "Its name within the drawing.")
    role = one(NodeRole, "Where it stands in the network.")
    label = one(graphene.String, "What it is called; may be empty.")
    operator = one(graphene.String, "Activation function, or what the layer does.")
    bias = maybe(graphene.Float, "Its bias, where it has one.")
    layer = one(graphene.Int, "Column of the layered drawing, from 0.")
    x = one(graphene.Float, "Where it is drawn, to the right.")
    y = one(graphene.Float, "Where it is drawn, downwards.")
    output_shape = graphene.List(
        graphene.NonNull(graphene.Int), description="Without the batch dimension; LAYER only."
    )
    parameter_count = maybe(BigInt, "Weights and biases; LAYER only.")


class NetworkEdge(graphene.ObjectType):
    """A connection."""

    from_ = one(graphene.String, "ID of the node it leaves.", name="from")
    to = one(graphene.String, "ID of the node it enters.")
    weight = maybe(graphene.Float, "Its weight; null between layers.")
    enabled = one(graphene.Boolean, "Whether it counts.")
    recurrent = one(graphene.Boolean, "Whether it leads back.")
    via = many(
        graphene.List(graphene.NonNull(graphene.Float)),
        "Places [x, y] that it passes on its way, from the left to the right; mostly none.",
    )

    @staticmethod
    def resolve_from_(edge: Edge, info: Any) -> str:
        return edge.source

    @staticmethod
    def resolve_to(edge: Edge, info: Any) -> str:
        return edge.target


class Network(graphene.ObjectType):
    """A graph with a layout: enough to draw it anywhere."""

    level = one(NetworkLevel, "What one node is: a unit while they are few, else a layer.")
    nodes = many(NetworkNode, "Its nodes.")
    edges = many(NetworkEdge, "Its connections.")
    depth = one(graphene.Int, "Longest path from input to output that does not lead back.")
    svg = one(graphene.String, "The same drawing as an SVG document.")

    @staticmethod
    def resolve_edges(drawing: Drawing, info: Any) -> list[Edge]:
        """Its connections. Raises Refused where one request asks for too many."""
        info.context.budgets.genes.spend(len(drawing.edges))
        return list(drawing.edges)

    @staticmethod
    def resolve_svg(drawing: Drawing, info: Any) -> str:
        return svg_of(drawing)
