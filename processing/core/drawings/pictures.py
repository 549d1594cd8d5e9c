"""The drawing of a genome of any kind, with the labels of its environment."""

from typing import Any

from processing.core.drawings.drawing import Network, drawing_of_dense
from processing.core.drawings.graph_drawing import drawing_of_graph
from processing.core.genomes.graph_genes import genes_of
from processing.core.genomes.graphs import Graphs
from processing.core.types import Genomes


def drawing_of(environment: Any, kind: Any, genomes: Genomes, index: int = 0) -> Network:
    """Return the layout of the network of genome `index`."""
    labels = {"input_labels": environment.input_labels(), "output_labels": environment.output_labels()}
    output = kind.parameters.output.value if environment.actions == "choice" else ""
    plain = environment.squashing(kind) if environment.actions == "answers" else "identity"
    if isinstance(genomes, Graphs):
        return drawing_of_graph(genes_of(kind, genomes, index), output, **labels)
    return drawing_of_dense(
        kind.layers(genomes[index]), kind.parameters.activation.value, output or plain, **labels
    )
