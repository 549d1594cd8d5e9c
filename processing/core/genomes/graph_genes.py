"""The genes of one graph genome, one by one, for people and for exports; what counts are the arrays of `genomes/graphs.py`."""

from dataclasses import dataclass
from enum import StrEnum

from processing.core.genomes.back_links import back_links
from processing.core.genomes.graph import Graph
from processing.core.genomes.graphs import Graphs


class NodeRole(StrEnum):
    """Where a node stands in the network."""

    INPUT = "INPUT"
    BIAS = "BIAS"
    HIDDEN = "HIDDEN"
    OUTPUT = "OUTPUT"


@dataclass(frozen=True, slots=True)
class NodeGene:
    """A node."""

    number: int  # within the run
    role: NodeRole
    activation: str  # "input" and "bias" where nothing is computed


@dataclass(frozen=True, slots=True)
class ConnectionGene:
    """A connection."""

    innovation: int  # number of the change that first made it; equal numbers are the same gene
    source: int  # numbers of nodes
    target: int
    weight: float
    enabled: bool  # whether it counts
    recurrent: bool  # whether it leads back, given those with lower innovation numbers, the enabled ones first


@dataclass(frozen=True, slots=True)
class Genes:
    """A genome."""

    nodes: tuple[NodeGene, ...]  # inputs, bias, outputs, hidden nodes, each by number
    connections: tuple[ConnectionGene, ...]  # by innovation number
    bias: float | None  # what the bias node always says; None without one
    passes: int | None  # synchronous passes in each step; None where nodes are computed in their order

    def of(self, role: NodeRole) -> list[int]:
        """Numbers of the nodes of this role."""
        return [node.number for node in self.nodes if node.role == role]

    def biases(self) -> dict[int, float]:
        """What the bias node adds to the sums of other nodes."""
        steady, found = set(self.of(NodeRole.BIAS)), dict[int, float]()
        for gene in self.connections:
            if gene.enabled and gene.source in steady:
                found[gene.target] = found.get(gene.target, 0.0) + gene.weight * (self.bias or 0.0)
        return found


def genes_of(kind: Graph, graphs: Graphs, index: int = 0) -> Genes:
    """The genes of one of the genomes."""
    nodes, links = kind.describe(graphs, index)
    order = sorted(range(len(links)), key=lambda place: not links[place].enabled)
    back = {order[place] for place in back_links([(links[place].source, links[place].target) for place in order])}
    return Genes(
        nodes=tuple(NodeGene(node.id, NodeRole(node.role.upper()), node.activation or node.role) for node in nodes),
        connections=tuple(
            ConnectionGene(link.innovation, link.source, link.target, link.weight, link.enabled, recurrent=place in back)
            for place, link in enumerate(links)
        ),
        bias=kind.bias, passes=kind.passes or None,
    )
