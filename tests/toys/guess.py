"""The toy problem: a secret string of bits."""

from collections.abc import Set
from typing import Literal

from processing.core.concern import Asked, Concern, ConcernKind, Part
from processing.core.criterion import Closing, Confirming, Criterion, Solution
from processing.core.parameters import Parameters, parameter
from processing.core.problem import Facts, Problem, Values, View
from processing.core.ranking import ranked
from processing.core.types import Evaluations, Population
from tests.toys.bits import Bits


class GuessParameters(Parameters):
    """A secret."""

    type: Literal["guess"] = parameter(meaning="A secret that is to be guessed, bit by bit.")
    secret: str = parameter(meaning="The bits, 0 or 1 each.", unit="bits", min_length=1, max_length=64)


class AllGuessed(Criterion[Confirming]):
    """Solved when the fittest agent is confirmed to have all bits right."""

    def __init__(self, length: int) -> None:
        self.bar = length - 0.5

    def winner(
        self, judge: Confirming, population: Population, evaluations: Evaluations, *, candidate: int | None,
        closing: Closing,
    ) -> Solution:
        """Return the champion if it passes."""
        order = ranked(evaluations.fitness)
        if not len(order) or evaluations.fitness[order[0]] < self.bar:
            return Solution(None)
        trial = judge.confirm(population.genomes, int(order[0]), self.bar, closing)
        return Solution(int(order[0]) if trial.is_passed else None, trial)


class Guess(Problem[GuessParameters, Bits]):
    """A secret string of bits. Genomes are guesses, and a bit that is right counts one."""

    Parameters = GuessParameters
    view = View.CURVES
    judge = "counting"
    is_by_library = True  # as if pydantic computed
    packages = ("pydantic",)

    def __init__(self, parameters: GuessParameters) -> None:
        self.parameters = parameters

    @classmethod
    def of(cls, parameters: GuessParameters, facts: Facts | None) -> "Guess":
        return Guess(parameters)

    @property
    def input_shape(self) -> tuple[int, ...]:
        return ()

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (len(self.parameters.secret),)

    @property
    def criterion(self) -> AllGuessed:
        return AllGuessed(len(self.parameters.secret))

    def best_possible(self) -> float:
        return len(self.parameters.secret) + 1.0

    @classmethod
    def label(cls, values: Values) -> str:
        return f"a secret of {len(values['secret'])} bits"

    @classmethod
    def solved_when(cls, values: Values) -> str:
        return "all bits are guessed"

    @classmethod
    def faults(cls, parameters: GuessParameters, asked: Asked) -> list[Concern]:
        """Return a fault where there are other characters than 0 and 1."""
        others: Set[str] = set(parameters.secret) - {"0", "1"}
        if not others:
            return []
        kind = ConcernKind.NOT_IN_CHOICES
        return [Concern(("secret",), '"0" and "1" only', f'"{min(others)}" among them', kind=kind)]

    def warnings(self, asked: Asked, genome: Bits) -> list[Concern]:
        """Warn of a secret that the first guess may hit, and of an aim that none can reach."""
        found = []
        if len(self.parameters.secret) < 4:
            found.append(Concern(("secret",), "four bits or more, as fewer are guessed at once", "fewer"))
        if asked.stop.max_generations == 1:
            found.append(Concern(("max_generations",), "2 or more, to learn anything", "1", part=Part.STOP))
        return found
