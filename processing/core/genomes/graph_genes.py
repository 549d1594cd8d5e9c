"""The genes of one graph genome as objects, for display and export.

The authoritative form are the arrays of `genomes/graphs.py`.
"""

from dataclasses import dataclass
from enum import StrEnum

from processing.core.genomes.back_links import back_links
from processing.core.genomes.graph import Graph
from processing.core.genomes.graphs import Graphs


class NodeRole(StrEnum):
    """The role of a node in the network."""

    INPUT = "INPUT"
    BIAS = "BIAS"
    HIDDEN = "HIDDEN"
    OUTPUT = "OUTPUT"


@dataclass(frozen=True, slots=True)
class NodeGene:
    """A node of a genome."""

    number: int  # unique within the run
    role: NodeRole
    activation: str  # "input" and "bias" where nothing is computed


@dataclass(frozen=True, slots=True)
class ConnectionGene:
    """A connection gene of a genome."""

    innovation: int  # number of the change that first made it; equal numbers are the same gene
    source: int  # numbers of nodes
    target: int
    weight: float
    enabled: bool  # whether the network uses it
    recurrent: bool  # whether it closes a cycle with those before it: enabled ones first, then by number


@dataclass(frozen=True, slots=True)
class Genes:
    """All genes of one genome."""

    nodes: tuple[NodeGene, ...]  # inputs, bias, outputs, hidden nodes, each by number
    connections: tuple[ConnectionGene, ...]  # by innovation number
    bias: float | None  # constant value of the bias node; None without one
    passes: int | None  # synchronous passes in each step; None where nodes are computed in their order

    def of(self, role: NodeRole) -> list[int]:
        """Return the numbers of the nodes of this role."""
        return [node.number for node in self.nodes if node.role == role]

    def biases(self) -> dict[int, float]:
        """Return the constant that the bias node adds to the sum of each node that it is linked to."""
        steady, found = set(self.of(NodeRole.BIAS)), dict[int, float]()
        for gene in self.connections:
            if gene.enabled and gene.source in steady:
                found[gene.target] = found.get(gene.target, 0.0) + gene.weight * (self.bias or 0.0)
        return found


def genes_of(kind: Graph, graphs: Graphs, index: int = 0) -> Genes:
    """Return the genes of the genome at `index` of a group."""
    nodes, links = kind.describe(graphs, index)
    order = sorted(range(len(links)), key=lambda place: not links[place].enabled)
    back = {
        order[place] for place in back_links([(links[place].source, links[place].target) for place in order])
    }
    return Genes(
        nodes=tuple(
            NodeGene(node.id, NodeRole(node.role.upper()), node.activation or node.role) for node in nodes
        ),
        connections=tuple(
            ConnectionGene(
                link.innovation, link.source, link.target, link.weight, link.enabled, recurrent=place in back
            )
            for place, link in enumerate(links)
        ),
        bias=kind.bias, passes=kind.passes or None,
    )
