"""The genome kind `cnn` for one shape of images and one number of classes."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from processing.core import rng
from processing.core.concern import Asked, Concern
from processing.core.errors import Broken, Refused
from processing.core.genomes.cnn import draws as drawn
from processing.core.genomes.cnn.checks import space_faults
from processing.core.genomes.cnn.draws import Draws
from processing.core.genomes.cnn.network import GENES, Genes, Network, genes_of, network_of
from processing.core.genomes.cnn.repair import repaired, smallest
from processing.core.genomes.cnn.sizes import ImageShape, parameters_of
from processing.core.genomes.cnn.space import SearchSpace
from processing.core.genomes.cnn.variation import CnnVariation, crossed, mutated
from processing.core.types import NO_PARENT, GenomeKind, Int32Array, Operator, Purpose, UInt8Array

#: Mutations of which repair may undo all, before a child stays as it is.
MOST_MUTATIONS = 10
_OPERATORS = {
    (False, False): Operator.ELITE, (True, False): Operator.CROSSOVER, (False, True): Operator.MUTATION,
    (True, True): Operator.CROSSOVER_MUTATION,
}


class Cnn(GenomeKind[SearchSpace, CnnVariation]):
    """Convolutional networks; N genomes are an (N,) array of GENES.

    Agent a of a generation depends on (seed, generation, a) only. Every genome that is drawn or bred has been
    repaired.
    """

    Parameters = SearchSpace
    Variation = CnnVariation
    bytes_per_weight = 1
    number_of_weights = GENES.itemsize  # bytes of genes, of which each counts as a number

    def __init__(self, parameters: SearchSpace, *, image: ImageShape, classes: int) -> None:
        self.parameters, self.image, self.classes = parameters, image, classes

    @classmethod
    def of(
        cls, parameters: SearchSpace, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> "Cnn":
        """Return the kind for images of this shape, channels first, and one output for each class.

        Raises:
            Refused: inputs are not images, or no network of the search space is small enough.
        """
        if len(input_shape) != 3 or len(output_shape) != 1:
            raise Refused("Convolutional networks need images with channels, rows and columns, and classes.")
        channels, rows, columns = input_shape
        kind = cls(parameters, image=(channels, rows, columns), classes=output_shape[0])
        least = kind.parameters_of(smallest(parameters, kind.image, kind.classes))
        if least > parameters.max_parameters:
            raise Refused(
                f"The smallest network of this search space has {least:,} parameters, more than "
                f"max_parameters, {parameters.max_parameters:,}. Allow pooling, fewer filters or fewer units."
            )
        return kind

    @classmethod
    def faults(cls, parameters: SearchSpace, asked: Asked) -> list[Concern]:
        """Return the faults of the search space."""
        return space_faults(parameters)

    def random(self, size: int, *, seed: int, generation: int) -> Genes:
        """Draw genomes, evenly over numbers of layers and over choices."""
        keys = (rng.derive(seed, Purpose.INITIAL, generation, agent) for agent in range(size))
        return self._genes(drawn.network(self.parameters, Draws(key)) for key in keys)

    def count(self, genomes: Genes) -> int:
        """Return the number of genomes."""
        return len(genomes)

    def take(self, genomes: Genes, indices: Int32Array) -> Genes:
        """Return the genomes at these indices."""
        return genomes[indices]

    def join(self, parts: list[Genes]) -> Genes:
        """Return groups of genomes as one."""
        return np.concatenate(parts) if parts else np.zeros(0, GENES)

    def pack(self, genomes: Genes) -> bytes:
        """Return the genes' bytes."""
        return genomes.tobytes()

    def unpack(self, data: bytes) -> Genes:
        """Return packed genomes. Raises Broken where they are incomplete, or encode no networks."""
        if len(data) % GENES.itemsize:
            raise Broken(f"packed genomes: expected a multiple of {GENES.itemsize} bytes, got {len(data)}")
        genomes = np.frombuffer(data, GENES).copy()
        for genome in genomes:
            network_of(genome)
        return genomes

    def diversity(self, genomes: Genes) -> float:
        """Return the mean share of bytes in which two genomes differ, over all pairs; 0 for fewer than 2."""
        number = len(genomes)
        if number < 2:
            return 0.0
        table = np.sort(np.frombuffer(genomes.tobytes(), np.uint8).reshape(number, -1), axis=0)
        equal = sum(_equal_pairs(column.tolist()) for column in table.T)
        pairs = number * (number - 1) // 2
        return 1.0 - equal / (GENES.itemsize * pairs)

    def complexity(self, genomes: Genes) -> float:
        """Return the mean number of parameters."""
        if not len(genomes):
            return 0.0
        return sum(self.parameters_of(network) for network in self.networks(genomes)) / len(genomes)

    def breed(
        self, pool: Genes, mothers: Int32Array, fathers: Int32Array, variation: CnnVariation, *,
        elites: int, seed: int, generation: int
    ) -> tuple[Genes, UInt8Array]:
        """Return children, some of two parents, and some of them changed.

        Child c draws from (seed, CROSSOVER or MUTATION, generation, c). A child that equals its only parent
        is labelled ELITE.
        """
        networks, children, operators = list(self.networks(pool)), [], np.zeros(len(mothers), np.uint8)
        for place, (first, second) in enumerate(zip(mothers.tolist(), fathers.tolist(), strict=True)):
            mother = child = networks[first]
            is_crossed = is_mutated = False
            if place >= elites:
                crossing = Draws(rng.derive(seed, Purpose.CROSSOVER, generation, place))
                is_crossed = second != NO_PARENT and crossing.uniform() < variation.crossover_probability
                if is_crossed:
                    child = self._repaired(crossed(mother, networks[second], self.parameters, crossing))
                mutating = Draws(rng.derive(seed, Purpose.MUTATION, generation, place))
                if mutating.uniform() < variation.mutation_probability:
                    before, child = child, self._mutated(child, mutating)
                    is_mutated = child != before
            children.append(child)
            operators[place] = _OPERATORS[is_crossed, is_mutated]
        return genes_of(children), operators

    def networks(self, genomes: Genes) -> Iterator[Network]:
        """Yield the networks of genomes."""
        return map(network_of, genomes)

    def parameters_of(self, network: Network) -> int:
        """Return the number of a network's parameters."""
        return parameters_of(network, self.image, self.classes)

    def _mutated(self, network: Network, draws: Draws) -> Network:
        """Return the network with a change that its repair does not undo, where there is one."""
        for _ in range(MOST_MUTATIONS):
            changed = self._repaired(mutated(network, self.parameters, draws))
            if changed != network:
                return changed
        return network

    def _repaired(self, network: Network) -> Network:
        return repaired(network, self.parameters, self.image, self.classes)

    def _genes(self, networks: Iterator[Network]) -> Genes:
        return genes_of([self._repaired(network) for network in networks])



def _equal_pairs(values: list[int]) -> int:
    """Count the pairs of equal values in a sorted list."""
    pairs = run = 0
    for before, after in pairwise(values):
        run = run + 1 if before == after else 0
        pairs += run
    return pairs

