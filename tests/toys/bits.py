"""The toy genome: a row of bits, with a variation of its own."""

import numpy as np

from processing.core import rng
from processing.core.concern import Asked, Concern
from processing.core.errors import Broken, Refused
from processing.core.parameters import Parameters, parameter
from processing.core.types import NO_PARENT, GenomeKind, Int32Array, Operator, Purpose, UInt8Array


class BitsParameters(Parameters):
    """What the first guesses are like."""

    ones: float = parameter(0.5, meaning="Chance that a bit of generation 0 is 1.", ge=0.0, le=1.0)


class BitsVariationParameters(Parameters):
    """How children differ from their parents."""

    crossover_probability: float = parameter(
        0.5, meaning="Chance that a child takes each bit from either of two parents.", ge=0.0, le=1.0
    )
    flip_probability: float = parameter(0.05, meaning="Chance that a bit is changed.", ge=0.0, le=1.0)


class Bits(GenomeKind[BitsParameters, BitsVariationParameters]):
    """Rows of L bits, (N, L) uint8; a packed genome has a byte for each."""

    Parameters = BitsParameters
    Variation = BitsVariationParameters
    bytes_per_weight = 1

    def __init__(self, parameters: BitsParameters, length: int) -> None:
        self.parameters, self.number_of_weights = parameters, length

    @classmethod
    def of(
        cls, parameters: BitsParameters, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> "Bits":
        if input_shape != () or len(output_shape) != 1:
            raise Refused(f"guesses: expected one row of bits, got {output_shape} from {input_shape}")
        return Bits(parameters, output_shape[0])

    def warnings(self, asked: Asked) -> list[Concern]:
        """Warn of first guesses that are all the same."""
        if 0 < self.parameters.ones < 1:
            return []
        expected = "more than 0 and less than 1, as all first guesses are the same"
        return [Concern(("ones",), expected, f"{self.parameters.ones:g}")]

    def random(self, size: int, *, seed: int, generation: int) -> UInt8Array:
        keys = rng.keys(seed, Purpose.INITIAL, generation, np.arange(size))
        return (rng.uniforms(keys, self.number_of_weights) < self.parameters.ones).astype(np.uint8)

    def count(self, genomes: UInt8Array) -> int:
        return len(genomes)

    def take(self, genomes: UInt8Array, indices: Int32Array) -> UInt8Array:
        return genomes[indices]

    def join(self, parts: list[UInt8Array]) -> UInt8Array:
        return np.concatenate(parts) if parts else np.zeros((0, self.number_of_weights), np.uint8)

    def pack(self, genomes: UInt8Array) -> bytes:
        return np.ascontiguousarray(genomes).tobytes()

    def unpack(self, data: bytes) -> UInt8Array:
        if len(data) % self.number_of_weights or any(each > 1 for each in data):
            expected = f"expected rows of {self.number_of_weights} bits"
            raise Broken(f"packed genomes: {expected}, got {len(data)} bytes")
        return np.frombuffer(data, np.uint8).reshape(-1, self.number_of_weights)

    def diversity(self, genomes: UInt8Array) -> float:
        """Return the mean variance of a bit."""
        shares = genomes.mean(axis=0, dtype=np.float64) if len(genomes) else np.zeros(1)
        return float((shares * (1 - shares)).mean())

    def complexity(self, genomes: UInt8Array) -> float:
        return float(self.number_of_weights)

    def breed(
        self, pool: UInt8Array, mothers: Int32Array, fathers: Int32Array,
        variation: BitsVariationParameters, *, elites: int, seed: int, generation: int
    ) -> tuple[UInt8Array, UInt8Array]:
        """Cross by draws 1 to L, if draw 0 says so, and flip by draws of MUTATION; elites are copies."""
        number, length = len(mothers), self.number_of_weights
        crossing = rng.uniforms(rng.keys(seed, Purpose.CROSSOVER, generation, np.arange(number)), 1 + length)
        flipping = rng.uniforms(rng.keys(seed, Purpose.MUTATION, generation, np.arange(number)), length)
        may_vary = np.arange(number) >= elites
        two = may_vary & (fathers != NO_PARENT) & (crossing[:, 0] < variation.crossover_probability)
        children = np.where((crossing[:, 1:] < 0.5) & two[:, None], pool[fathers], pool[mothers])
        flips = (flipping < variation.flip_probability) & may_vary[:, None]
        children = np.where(flips, 1 - children, children).astype(np.uint8)
        mutated = flips.any(axis=1)
        operators = np.select(
            [two & mutated, two, mutated],
            [Operator.CROSSOVER_MUTATION, Operator.CROSSOVER, Operator.MUTATION], Operator.ELITE
        )
        return children, operators.astype(np.uint8)
