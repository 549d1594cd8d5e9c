"""Judges without a state between generations."""

from processing.core.types import Evaluations, Float64Array, Population, State


class Stateless:
    """A judge whose state stays empty, and whose scores are the fitness."""

    def begin(self) -> State:
        """The state before generation 0: an empty one."""
        return {}

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, *, seed: int, generation: int
    ) -> tuple[State, Float64Array]:
        """Close a generation.

        Returns:
            The state, unchanged; and the scores that the strategy is given in place of the fitness, (N,)
            float64, NaN where an agent failed: here the fitness itself.
        """
        return state, evaluations.fitness
