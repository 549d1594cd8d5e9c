"""Genomes: what is inherited, in the form of its kind."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import graphene
from graphene.utils.str_converters import to_camel_case

from api.graphql.budgets import GENES_PER_LOOK, Budget
from api.graphql.loaders import Context
from api.graphql.types.enums import NodeRole
from api.graphql.types.networks import Network
from api.graphql.types.node import many, maybe, one
from api.graphql.types.scalars import JSON, BigInt
from processing.core.drawings.drawing import Network as Drawing
from processing.core.genomes import graph_genes as genes
from processing.core.genomes.changes import Changes
from processing.core.kinds import GENOMES
from processing.core.search.plan import Plan
from processing.core.types import GenomeKind, Genomes
from processing.core.views import view_of, view_of_class
from processing.core.views.dense import DenseView
from processing.core.views.graph import GraphView
from processing.core.views.view import GenomeView

#: Weights and connections of larger genomes are not sent.
MOST_WEIGHTS = 10_000


class Genome(graphene.Interface):
    """The heritable description of a network."""

    parameter_count = one(BigInt, "Weights of the network; of one that evolved, connections that count.")
    network = one(Network, "The network it describes, ready to draw.")

    @classmethod
    def resolve_type(cls, root: "UnpackedGenome", info: Any) -> Any:
        """The type of a genome of this kind."""
        return GENOME_TYPES[type(root.plan.genome)]

    @staticmethod
    def resolve_parameter_count(root: "UnpackedGenome", info: Any) -> int:
        return root.view.parameter_count(root.plan.genome, root.genomes)

    @staticmethod
    def resolve_network(root: "UnpackedGenome", info: Any) -> Drawing:
        return root.drawing


class WeightGenome(graphene.ObjectType):
    """The weights of a fixed dense network."""

    class Meta:
        interfaces = (Genome,)

    weights = maybe(
        JSON, "For each layer {weights, biases}: a matrix (inputs, outputs) and a vector or null; null above "
        "10 000 weights."
    )

    @staticmethod
    def resolve_weights(root: "UnpackedGenome", info: Any) -> list[dict[str, Any]] | None:
        if root.size > MOST_WEIGHTS:
            return None
        root.look()
        network = root.view.fully_connected(root.plan.genome, root.genomes)
        return [
            {"weights": weights.tolist(), "biases": None if biases is None else biases.tolist()}
            for weights, biases in network.layers
        ] if network else None


class NodeGene(graphene.ObjectType):
    """A node of a network that evolved."""

    number = one(graphene.Int, "Its number within the run.")
    role = one(NodeRole, "Where it stands in the network.")
    activation = one(graphene.String, "Its transfer function; `input` or `bias` where nothing is computed.")
    bias = one(
        graphene.Float,
        "What the bias node adds to its sum, by connection genes that are listed too; 0 where nothing."
    )


class ConnectionGene(graphene.ObjectType):
    """A connection of a network that evolved."""

    innovation = one(
        graphene.Int, "Number of the change that first made it: genes of one number descend from each other."
    )
    from_ = one(graphene.Int, "Number of the node it leaves.", name="from")
    to = one(graphene.Int, "Number of the node it enters.")
    weight = one(graphene.Float, "Its weight.")
    enabled = one(graphene.Boolean, "Whether it counts.")
    recurrent = one(
        graphene.Boolean, "Whether it leads back: it closes a circle of genes with lower numbers."
    )

    @staticmethod
    def resolve_from_(gene: genes.ConnectionGene, info: Any) -> int:
        return gene.source

    @staticmethod
    def resolve_to(gene: genes.ConnectionGene, info: Any) -> int:
        return gene.target


class NeatGenome(graphene.ObjectType):
    """Nodes and connections of a network that evolved with its topology."""

    class Meta:
        interfaces = (Genome,)

    node_genes = many(NodeGene, "Its nodes: inputs, bias, outputs, hidden ones.")
    connection_genes = graphene.List(
        graphene.NonNull(ConnectionGene),
        description="Its connections by innovation number, disabled ones too; null above 10 000: download "
        "the network instead.",
    )

    @staticmethod
    def resolve_node_genes(root: "UnpackedGenome", info: Any) -> list[dict[str, Any]]:
        biases = root.genes.biases()
        return [
            {
                "number": node.number, "role": node.role, "activation": node.activation,
                "bias": biases.get(node.number, 0.0)
            }
            for node in root.genes.nodes
        ]

    @staticmethod
    def resolve_connection_genes(
        root: "UnpackedGenome", info: Any
    ) -> tuple[genes.ConnectionGene, ...] | None:
        if root.size > MOST_WEIGHTS:
            return None
        info.context.budgets.genes.spend(root.size)
        found: tuple[genes.ConnectionGene, ...] = root.genes.connections
        return found


#: The types of genomes that have one of their own, by their views; for others, one is made.
_OWN_TYPES: dict[type[GenomeView], Any] = {DenseView: WeightGenome, GraphView: NeatGenome}


def type_of_genomes(name: str, view: GenomeView) -> Any:
    """Return the type of the genomes of a kind of this name: with the fields of its view."""
    if type(view) in _OWN_TYPES:
        return _OWN_TYPES[type(view)]
    members: dict[str, Any] = {
        "__doc__": view.description, "Meta": type("Meta", (), {"interfaces": (Genome,)}),
    }
    for key, (description, value) in view.fields.items():
        members |= {key: maybe(JSON, description), f"resolve_{key}": _resolver(value)}
    camel = "".join(part.capitalize() for part in name.split("_"))
    return type(f"{camel}Genome", (graphene.ObjectType,), members)


def _resolver(value: Callable[[Any, Genomes], Any]) -> Any:
    def resolve(root: "UnpackedGenome", info: Any) -> Any:
        if root.size > MOST_WEIGHTS:
            return None
        root.look()
        return value(root.plan.genome, root.genomes)

    return staticmethod(resolve)


#: The types of genomes, by the classes of their kinds.
GENOME_TYPES: dict[type[GenomeKind], Any] = {
    kind: type_of_genomes(name, view_of_class(kind)) for name, kind in GENOMES.items()
}
#: Cost of the fields that cost more than one node, as in `guard.WEIGHTS`; those of views list values.
GENOME_WEIGHTS: dict[str, int] = {
    "Genome.network": 10, "WeightGenome.weights": 10, "NeatGenome.nodeGenes": 2,
    "NeatGenome.connectionGenes": 2,
    **{
        f"{GENOME_TYPES[kind].__name__}.{to_camel_case(field)}": 10
        for kind in GENOME_TYPES if GENOME_TYPES[kind] not in _OWN_TYPES.values()
        for field in view_of_class(kind).fields
    },
}


def unpacked_at(context: Context, address: tuple[int, int, int]) -> "UnpackedGenome | None":
    """The genome of the agent at (run, generation, index), unpacked once in a request; None where it is not
    kept.
    """
    if address not in context.unpacked:
        packed = context.genomes.get(address)
        known = (
            None if packed is None
            else UnpackedGenome(context.plan(address[0]), packed, context.budgets.genes)
        )
        context.unpacked[address] = known
    found: UnpackedGenome | None = context.unpacked[address]
    return found


class UnpackedGenome:
    """An unpacked genome with the plan of its run and the request's budget of genes."""

    def __init__(self, plan: Plan, packed: bytes, budget: Budget) -> None:
        self.plan, self._budget = plan, budget
        self.genomes = plan.genome.unpack(packed)

    @property
    def view(self) -> GenomeView:
        """How genomes of its kind are shown."""
        return view_of(self.plan.genome)

    @property
    def size(self) -> int:
        """Number of its connection genes, or of its weights."""
        return self.view.size(self.plan.genome, self.genomes)

    def look(self) -> None:
        """Charge the budget for reading all genes. Raises Refused where too little is left."""
        self._budget.spend(self.size / GENES_PER_LOOK)

    @cached_property
    def genes(self) -> Any:
        """Its genes, in the form of its kind: see `GenomeView.genes`. Raises Refused as `look`."""
        self.look()
        return self.view.genes(self.plan.genome, self.genomes)

    def changes_from(self, parent: "UnpackedGenome") -> Changes:
        """What differs from a parent's genome. Raises Refused as `look`."""
        return self.view.changes(parent.genes, self.genes)

    @cached_property
    def drawing(self) -> Drawing:
        """Its network, ready to draw. Raises Refused as `look`."""
        self.look()
        return self.view.drawing(self.plan.problem, self.plan.genome, self.genomes)
