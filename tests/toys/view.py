"""How the toy genome is shown: a node for each bit."""

from processing.core.drawings.drawing import Network, NetworkLevel, NetworkNode
from processing.core.genomes.graph_genes import NodeRole
from processing.core.problem import Problem
from processing.core.types import UInt8Array
from processing.core.views.view import Field, GenomeView
from tests.toys.bits import Bits


class BitsView(GenomeView[Bits]):
    """The view of guesses."""

    description = "A row of bits."
    fields = {"bits": Field("The bits, 0 or 1 each.", lambda kind, genomes: genomes[0].tolist())}
    gene = "bit"
    export_refusal = "A guess is no network: there is nothing to write."

    def drawing(self, problem: Problem, kind: Bits, genomes: UInt8Array, index: int = 0) -> Network:
        """Return a node for each bit, in one column."""
        nodes = tuple(
            NetworkNode(str(place), NodeRole.OUTPUT, f"bit {place + 1}", str(bit), 0, 0.0, 20.0 * place)
            for place, bit in enumerate(genomes[index].tolist())
        )
        return Network(NetworkLevel.NEURON, nodes, (), 0)
