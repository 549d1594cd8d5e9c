"""Genomes and the networks they build."""

from typing import Any

import graphene

from api.graphql.types.enums import NetworkLevel, NodeRole
from api.graphql.types.node import many, maybe, one
from api.graphql.types.scalars import JSON, BigInt
from processing.core.networks.drawing import Network as Drawing
from processing.core.networks.drawing import NetworkEdge as Edge
from processing.core.networks.drawing import drawing_of_dense
from processing.core.networks.svg import svg_of
from processing.core.plan import Plan

#: Above it, weights are not sent.
MOST_WEIGHTS = 10_000


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

    @staticmethod
    def resolve_from_(edge: Edge, info: Any) -> str:
        """The node it leaves."""
        return edge.source

    @staticmethod
    def resolve_to(edge: Edge, info: Any) -> str:
        """The node it enters."""
        return edge.target


class Network(graphene.ObjectType):
    """A graph with a layout: enough to draw it anywhere."""

    level = one(NetworkLevel, "What one node is: a unit while they are few, else a layer.")
    nodes = many(NetworkNode, "Its nodes.")
    edges = many(NetworkEdge, "Its connections.")
    depth = one(graphene.Int, "Longest path from input to output.")
    svg = one(graphene.String, "The same drawing as an SVG document.")

    @staticmethod
    def resolve_svg(drawing: Drawing, info: Any) -> str:
        """The drawing as SVG."""
        return svg_of(drawing)


class Genome(graphene.Interface):
    """The heritable description of a network."""

    parameter_count = one(BigInt, "Weights of the network, or trainable parameters of the architecture.")
    network = one(Network, "The network it describes, ready to draw.")

    @classmethod
    def resolve_type(cls, root: Any, info: Any) -> Any:
        """The type of a genome of this kind."""
        return WeightGenome


class WeightGenome(graphene.ObjectType):
    """The weights of a fixed dense network."""

    class Meta:
        interfaces = (Genome,)

    weights = maybe(
        JSON, "For each layer {weights, biases}: a matrix (inputs, outputs) and a vector or null; null above 10 000 weights."
    )

    @staticmethod
    def resolve_parameter_count(root: "UnpackedGenome", info: Any) -> int:
        """The number of weights."""
        return root.plan.genome.number_of_weights

    @staticmethod
    def resolve_weights(root: "UnpackedGenome", info: Any) -> list[dict[str, Any]] | None:
        """The weights, layer by layer."""
        if root.plan.genome.number_of_weights > MOST_WEIGHTS:
            return None
        return [
            {"weights": weights.tolist(), "biases": None if biases is None else biases.tolist()}
            for weights, biases in root.layers
        ]

    @staticmethod
    def resolve_network(root: "UnpackedGenome", info: Any) -> Drawing:
        """The drawing."""
        network, environment = root.plan.genome.parameters, root.plan.environment
        return drawing_of_dense(
            root.layers, network.activation.value, network.output.value,
            input_labels=environment.input_labels(), output_labels=environment.output_labels(),
        )


class UnpackedGenome:
    """A genome with the plan that gives it meaning."""

    def __init__(self, plan: Plan, packed: bytes) -> None:
        self.plan = plan
        self.layers = plan.genome.layers(plan.genome.unpack(packed)[0])
