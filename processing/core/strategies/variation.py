"""The parameters of crossover and mutation that breeding strategies share."""

from enum import StrEnum

from processing.core.parameters import Parameters, parameter
from processing.core.types import Variation


class Crossover(StrEnum):
    """How two parents become one child."""

    AVERAGE = "average"
    UNIFORM = "uniform"
    NONE = "none"


class Mutation(StrEnum):
    """How a child's genome is changed."""

    GAUSSIAN = "gaussian"
    SINGLE_WEIGHT = "single_weight"


class VariationParameters(Parameters):
    """Crossover and mutation."""

    crossover: Crossover = parameter(
        Crossover.AVERAGE,
        meaning="Children are the average of two parents, take each weight from either, or have one parent."
    )
    crossover_probability: float = parameter(
        0.5, meaning="Chance that a child has two parents; without, it has one.", ge=0.0, le=1.0
    )
    mutation: Mutation = parameter(
        Mutation.GAUSSIAN, meaning="Add noise to weights one by one, or to a single weight of a child."
    )
    mutation_probability: float = parameter(
        0.02, meaning="Gaussian: chance that a weight is changed. Single weight: chance that a child is.",
        ge=0.0, le=1.0
    )
    mutation_scale: float = parameter(
        2.0, meaning="Standard deviation of the noise added to a weight.", ge=0.0, le=1_000.0
    )

    def variation(self, *, elites: int) -> Variation:
        """Return these parameters in the form that genome kinds take."""
        return Variation(
            crossover=self.crossover.value, crossover_probability=self.crossover_probability,
            mutation=self.mutation.value, mutation_probability=self.mutation_probability,
            mutation_scale=self.mutation_scale, elites=elites,
        )
