"""What is shown of the genomes of `dense`: the weights of a fixed network."""

from collections.abc import Sequence

from processing.core.drawings.activity import activity_of
from processing.core.drawings.drawing import Network, drawing_of_dense
from processing.core.genomes.changes import Changes, changes_of_weights
from processing.core.genomes.computation import Computation, FullyConnected, computation_of_dense
from processing.core.genomes.dense import Dense
from processing.core.problem import Problem
from processing.core.types import Float32Array, Float64Array
from processing.core.views.view import GenomeView, UnitNames


class DenseView(GenomeView[Dense, Float32Array]):
    """The view of `dense`; genomes are (N, W) float32."""

    description = "The weights of a fixed dense network."
    gene = "weight"
    export_refusal = None

    def drawing(self, problem: Problem, kind: Dense, genomes: Float32Array, index: int = 0) -> Network:
        """Draw the layers; the outputs choose an action, or have the function that the problem applies."""
        output = kind.output if problem.actions == "choice" else problem.squashing(kind)
        layers, activation = self.fully_connected(kind, genomes, index)
        return drawing_of_dense(
            layers, activation, output, input_labels=problem.input_labels(),
            output_labels=problem.output_labels(),
        )

    def computation(
        self, kind: Dense, genomes: Float32Array, index: int = 0, *, squashing: str = "identity"
    ) -> Computation:
        """Return the computation of the layers."""
        return computation_of_dense(*self.fully_connected(kind, genomes, index), squashing)

    def fully_connected(self, kind: Dense, genomes: Float32Array, index: int = 0) -> FullyConnected:
        """Return the layers."""
        return FullyConnected(kind.layers(genomes[index]), kind.parameters.activation.value)

    def genes(self, kind: Dense, genomes: Float32Array, index: int = 0) -> Float32Array:
        """Return the weights, (W,) float32."""
        weights: Float32Array = genomes[index]
        return weights

    def changes(self, before: Float32Array, after: Float32Array) -> Changes:
        """Count the weights that differ."""
        return changes_of_weights(before, after)

    def unit_names(self, kind: Dense, genomes: Float32Array, index: int = 0) -> UnitNames:
        """Return the nodes by layer and place."""
        names = [[f"{column}.{unit}" for unit in range(size)] for column, size in enumerate(kind.sizes)]
        return UnitNames(names[:-1], names[-1])

    def activity(
        self, kind: Dense, genomes: Float32Array, observations: Sequence[Float64Array], index: int = 0, *,
        restarts: bool
    ) -> list[Float64Array]:
        """Return the values of the inputs and of each hidden layer; nothing is remembered."""
        return activity_of(*self.fully_connected(kind, genomes, index), observations)
