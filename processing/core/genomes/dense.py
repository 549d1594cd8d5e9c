"""The genome kind `dense`: the weights of a fixed, fully connected network."""

import math
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Annotated

import numpy as np
from pydantic import Field

from processing.core import rng
from processing.core.errors import Broken
from processing.core.genomes.breeding import breed
from processing.core.genomes.diversity import diversity
from processing.core.genomes.layers import MOST_LANE_WEIGHTS, Network, fill_memory, fill_outputs, fill_special
from processing.core.genomes.variation import VariationParameters
from processing.core.kernels.lanes import LANES
from processing.core.kernels.pieces import ranges
from processing.core.parameters import Parameters, parameter
from processing.core.rollouts.actions import Range
from processing.core.rollouts.kernel import KernelInputs
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import Float32Array, Int32Array, Purpose, UInt8Array, VectorKind


class Activation(StrEnum):
    """Transfer functions of hidden units."""

    IDENTITY = "identity"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    SELU = "selu"
    GELU = "gelu"
    SIN = "sin"


class Output(StrEnum):
    """How the outputs become an action."""

    ARGMAX = "argmax"
    SOFTMAX = "softmax"


class Initializer(StrEnum):
    """How the weights of generation 0 are drawn."""

    HE_NORMAL = "he_normal"
    XAVIER_UNIFORM = "xavier_uniform"
    XAVIER_UNIFORM_NORMALIZED = "xavier_uniform_normalized"


class DenseParameters(Parameters):
    """A fully connected network; its input and output sizes follow from the environment."""

    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = parameter(
        (10,), meaning="Units of each hidden layer; empty for none.", unit="units", max_length=16
    )
    activation: Activation = parameter(Activation.TANH, meaning="Transfer function of the hidden units.")
    output: Output = parameter(Output.ARGMAX, meaning="Best output wins, or actions are sampled by softmax.")
    bias: bool = parameter(True, meaning="Whether units have a bias.")
    initializer: Initializer = parameter(
        Initializer.HE_NORMAL, meaning="How the weights of generation 0 are drawn; biases start at 0.",
        source="He et al. 2015, eq. 10; Glorot and Bengio 2010, eq. 1 and 16",
    )


#: Larger networks spend their time in the sums, which gain nothing from a known shape.
MOST_SPECIAL_WEIGHTS = 2**11
#: Weights that are drawn at a time, which bounds memory.
MOST_DRAWN = 2**22


class Dense(
    NetworkKind[DenseParameters, VariationParameters], VectorKind[DenseParameters, VariationParameters]
):
    """The genome kind `dense` for one shape of network.

    A genome is a row of W float32: for each layer the weights [input, output] in row-major order, then the
    biases of its outputs (absent where `bias` is off). N genomes are an (N, W) array.
    """

    Parameters = DenseParameters
    Variation = VariationParameters
    bytes_per_weight = 4  # of a packed genome
    output_range = Range.UNBOUNDED

    def __init__(self, parameters: DenseParameters, *, inputs: int, outputs: int) -> None:
        self.parameters, self.inputs, self.outputs = parameters, inputs, outputs
        self.sizes = (inputs, *parameters.hidden, outputs)
        self.number_of_weights = sum(
            (before + parameters.bias) * after for before, after in pairwise(self.sizes)
        )

    @classmethod
    def of(
        cls, parameters: DenseParameters, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> "Dense":
        """Return the kind for inputs and outputs of these shapes, whose numbers are in row-major order."""
        return Dense(parameters, inputs=math.prod(input_shape), outputs=math.prod(output_shape))

    @property
    def output(self) -> str:
        """How one of several actions is chosen, "argmax" or "softmax"."""
        return self.parameters.output.value

    def random(self, size: int, *, seed: int, generation: int) -> Float32Array:
        """Draw genomes by the initialiser; biases are 0.

        Agent a depends on (seed, generation, a) only.

        Args:
            size: N, the number of genomes.
            seed, generation: the address of the draws.
        Returns:
            (N, W) float32.
        Source: He et al. 2015, eq. 10; Glorot and Bengio 2010, eq. 1 and 16.
        """
        genomes = np.zeros((size, self.number_of_weights), np.float32)
        few = min(1024, max(1, MOST_DRAWN // max(1, self.number_of_weights)))
        for first, last in ranges(size, at_first=few, most=few):
            keys = rng.keys(seed, Purpose.INITIAL, generation, np.arange(first, last))
            at = 0
            for before, after in pairwise(self.sizes):
                count = before * after
                genomes[first:last, at : at + count] = self._drawn(keys, at, before, after)
                at += count + after * self.parameters.bias
        return genomes

    def _drawn(self, keys: rng.UInt64Array, first: int, before: int, after: int) -> Float32Array:
        """The weights of one layer, (agents, before * after) float32.

        Weight w of a genome is draw w of its agent.

        Args:
            keys: (agents,) uint64.
            first: index in the genome of the layer's first weight.
            before, after: numbers of inputs and outputs of the layer.
        """
        count, initializer = before * after, self.parameters.initializer
        if initializer == Initializer.HE_NORMAL:
            normal: Float32Array = rng.normals(keys, count, first) * np.float32((2 / before) ** 0.5)
            return normal
        limit = (
            (1 / before) ** 0.5
            if initializer == Initializer.XAVIER_UNIFORM else (6 / (before + after)) ** 0.5
        )
        uniform: Float32Array = ((2 * rng.uniforms(keys, count, first) - 1) * limit).astype(np.float32)
        return uniform

    def count(self, genomes: Float32Array) -> int:
        return len(genomes)

    def take(self, genomes: Float32Array, indices: Int32Array) -> Float32Array:
        """Return the genomes at these indices, (len(indices), W)."""
        return genomes[indices]

    def join(self, parts: list[Float32Array]) -> Float32Array:
        """Return the genomes of several groups, one after the other; (0, W) for no groups."""
        return np.concatenate(parts) if parts else np.zeros((0, self.number_of_weights), np.float32)

    def breed(
        self, pool: Float32Array, mothers: Int32Array, fathers: Int32Array, variation: VariationParameters, *,
        elites: int, seed: int, generation: int,
    ) -> tuple[Float32Array, UInt8Array]:
        """Return N children of the pool's genomes and their operators; see `breeding.breed`."""
        return breed(pool, mothers, fathers, variation, elites=elites, seed=seed, generation=generation)

    def pack(self, genomes: Float32Array) -> bytes:
        """Return the weights as little-endian float32, genome after genome, 4 W bytes each."""
        return np.ascontiguousarray(genomes, "<f4").tobytes()

    def unpack(self, data: bytes) -> Float32Array:
        """Return the genomes that `pack` stored, (N, W) float32.

        Raises:
            Broken: the length is not a multiple of 4 W bytes.
        """
        if len(data) % (4 * self.number_of_weights):
            raise Broken(
                f"packed genomes: expected a multiple of {4 * self.number_of_weights} bytes, got {len(data)}"
            )
        return np.frombuffer(data, "<f4").astype(np.float32).reshape(-1, self.number_of_weights)

    def diversity(self, genomes: Float32Array) -> float:
        """Return the spread of the weights; see `diversity.py`."""
        return diversity(genomes)

    def complexity(self, genomes: Float32Array) -> float:
        """Return the number of weights W, which is the same for all genomes."""
        return float(self.number_of_weights)

    def layers(self, genome: Float32Array) -> list[tuple[Float32Array, Float32Array | None]]:
        """Return the network of one genome, layer by layer.

        Args:
            genome: (W,) float32.
        Returns:
            For each layer its weights, (inputs, outputs), and its biases, (outputs,) or None.
        """
        found, at = [], 0
        for before, after in pairwise(self.sizes):
            weights = genome[at : at + before * after].reshape(before, after)
            at += before * after
            found.append((weights, genome[at : at + after] if self.parameters.bias else None))
            at += after * self.parameters.bias
        return found

    @property
    def has_units_in_lanes(self) -> bool:
        """Whether the network is so large that its units are computed side by side."""
        return bool(self.network.wide)

    @cached_property
    def network(self) -> Network:
        """The shape of the network in the form of the kernels."""
        return Network(
            sizes=np.array(self.sizes, np.int64), weights=self.number_of_weights, width=max(self.sizes),
            activation=list(Activation).index(self.parameters.activation), bias=self.parameters.bias,
            wide=self.number_of_weights > MOST_LANE_WEIGHTS,
        )

    def prepared(self, genomes: Float32Array) -> KernelInputs:
        """Return the genomes in the form of the kernels: one row of N * W weights.

        For large networks LANES zeros follow, because the last vector reads beyond the end. Memory has a row
        for each weight, or none for large networks; scratch has rows for the inputs, for two layers, and for
        the units of one layer side by side.

        Args:
            genomes: (N, W) float32.
        """
        row = np.require(genomes, np.float32, ["C", "W"]).reshape(-1)
        if self.network.wide:
            row = np.concatenate([row, np.zeros(LANES, np.float32)])
        widest = max(self.sizes)
        return KernelInputs(
            row, self.network, rows=0 if self.network.wide else self.number_of_weights,
            scratch_rows=self.inputs + 2 * widest + -(-widest // LANES),
        )

    @property
    def parts(self) -> dict[str, object]:
        """The slots of `rollouts/kernel.py` that this genome kind fills."""
        return {"fill_memory": fill_memory, "fill_outputs": fill_outputs}

    @property
    def special_parts(self) -> dict[str, object] | None:
        """The same slots specialised for this shape; None where that gains nothing."""
        if (
            len(self.parameters.hidden) != 1 or self.network.wide
            or self.number_of_weights > MOST_SPECIAL_WEIGHTS
        ):
            return None
        return {
            "fill_memory": fill_memory, "fill_outputs": fill_special, "INPUTS": self.inputs,
            "OUTPUTS": self.outputs, "HIDDEN": self.parameters.hidden[0], "BIAS": self.parameters.bias,
            "ACTIVATION": self.network.activation,
        }
