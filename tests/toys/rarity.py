"""A further toy judge: selects guesses that are unlike those of earlier generations, and keeps a state."""

from collections.abc import Mapping

import numpy as np

from processing.core.criterion import Closing
from processing.core.judges.judge import Setting, Summary
from processing.core.parameters import Parameters, parameter
from processing.core.types import Evaluations, Float64Array, Population, State
from tests.toys.bits import Bits
from tests.toys.counting import COUNTING, Counting, CountingParameters
from tests.toys.guess import Guess


class RarityParameters(Parameters):
    """How rare guesses are selected."""

    weight: float = parameter(1.0, meaning="What a rare guess counts for.", gt=0.0, le=10.0)


RARITY = Setting(RarityParameters, None, "How rare guesses are selected.")


class Rarity(Counting):
    """The judge `rarity`: scores are the fitness and the distance to the mean of all earlier guesses.

    State: empty before generation 0, then `sums` (L,) float64 of all guesses, their `number`, and the number
    of `generations`, by which the noise is divided.
    """

    settings = {"counting": COUNTING, "rarity": RARITY}

    def __init__(
        self, problem: Guess, genome: Bits, parameters: CountingParameters, rarity: RarityParameters
    ) -> None:
        super().__init__(problem, genome, parameters)
        self.rarity = rarity

    @classmethod
    def of(cls, problem: Guess, genome: Bits, settings: Mapping[str, Parameters]) -> "Rarity":
        counting, rarity = COUNTING.read(settings["counting"]), RARITY.read(settings["rarity"])
        return Rarity(problem, genome, counting, rarity)

    @classmethod
    def is_asked_for(cls, settings: Mapping[str, Parameters]) -> bool:
        return "rarity" in settings

    @property
    def has_state(self) -> bool:
        return True

    def _noise(self, state: State) -> float:
        noise: float = self.parameters.noise / (1 + state.get("generations", 0))
        return noise

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, closing: Closing
    ) -> tuple[State, Float64Array]:
        guesses = population.genomes.astype(np.float64)
        sums, number = state.get("sums", np.zeros(guesses.shape[1])), state.get("number", 0)
        distances = np.abs(guesses - (sums / number if number else 0.5)).mean(axis=1)
        after = {
            "sums": sums + guesses.sum(axis=0), "number": number + len(guesses),
            "generations": state.get("generations", 0) + 1,
        }
        return after, evaluations.fitness + self.rarity.weight * distances

    def summary(self, state: State, scores: Float64Array) -> Summary:
        number = int(state["number"])
        return Summary({"guesses_seen": number, "best_fitness": float("nan")}, f"{number} guesses seen")

    def best_score(self, best: float | None) -> float | None:
        return None if best is None else best + self.rarity.weight
