"""The variation of dense genomes: its parameters, which strategies that breed have as their own."""

from enum import StrEnum

from processing.core.concern import CheckedParameters, Concern, UsedWhen, unused
from processing.core.parameters import parameter


class Crossover(StrEnum):
    """How two parents become one child."""

    AVERAGE = "average"
    UNIFORM = "uniform"
    NONE = "none"


class Mutation(StrEnum):
    """How a child's genome is changed."""

    GAUSSIAN = "gaussian"
    SINGLE_WEIGHT = "single_weight"


class VariationParameters(CheckedParameters):
    """Crossover and mutation."""

    change_sizes = ("mutation_scale",)
    change_chances = ("mutation_probability",)

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

    def warnings(self) -> list[Concern]:
        """Warn of values without effect, and of children that never differ from their parents."""
        return [*super().warnings(), *unused(self, _USED_WHEN), *self._change_warnings()]

    def _change_warnings(self) -> list[Concern]:
        if self.mutation_probability > 0 or self.crossover != Crossover.NONE:
            return []
        expected = "more than 0 where there is no crossover, as nothing would ever change"
        return [Concern(("mutation_probability",), expected, "0")]


_USED_WHEN: UsedWhen = {
    "crossover_probability": (lambda it: it.crossover != Crossover.NONE, "a crossover"),
    "mutation_scale": (lambda it: it.mutation_probability > 0, "a mutation_probability above 0"),
    "mutation": (lambda it: it.mutation_probability > 0, "a mutation_probability above 0"),
}
