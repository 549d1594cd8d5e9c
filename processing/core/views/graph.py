"""What is shown of the genomes of `graph`: nodes and connections."""

from processing.core.drawings.drawing import Network
from processing.core.drawings.graph_drawing import drawing_of_graph
from processing.core.genomes.changes import Changes, changes_of_genes
from processing.core.genomes.computation import Computation, computation_of_graph
from processing.core.genomes.graph import Graph
from processing.core.genomes.graph_genes import Genes, genes_of
from processing.core.genomes.graphs import Graphs
from processing.core.problem import Problem
from processing.core.views.view import GenomeView


class GraphView(GenomeView[Graph, Genes]):
    """The view of `graph`; nodes of drawings are named by their numbers."""

    description = "Nodes and connections of a network that evolved with its topology."
    gene = "weight"
    export_refusal = None

    def drawing(self, problem: Problem, kind: Graph, genomes: Graphs, index: int = 0) -> Network:
        """Draw the nodes and connections."""
        return drawing_of_graph(
            genes_of(kind, genomes, index), kind.output if problem.actions == "choice" else "",
            input_labels=problem.input_labels(), output_labels=problem.output_labels(),
        )

    def computation(
        self, kind: Graph, genomes: Graphs, index: int = 0, *, squashing: str = "identity"
    ) -> Computation:
        """Return the computation of the enabled connections; outputs have an activation of their own."""
        return computation_of_graph(genes_of(kind, genomes, index))

    def size(self, kind: Graph, genomes: Graphs, index: int = 0) -> int:
        """Return the number of connection genes."""
        return int(genomes.genes[index])

    def parameter_count(self, kind: Graph, genomes: Graphs, index: int = 0) -> int:
        """Return the number of enabled connections."""
        return int(genomes.enabled[index].sum())

    def genes(self, kind: Graph, genomes: Graphs, index: int = 0) -> Genes:
        """Return the genes as objects."""
        return genes_of(kind, genomes, index)

    def changes(self, before: Genes, after: Genes) -> Changes:
        """Compare genes by their innovation numbers."""
        return changes_of_genes(before, after)
