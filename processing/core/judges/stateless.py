"""A judge that remembers nothing between generations."""

from processing.core.types import Evaluations, Float64Array, Population, State


class Stateless:
    """What most judges answer when a generation begins and ends."""

    def begin(self) -> State:
        """What is remembered between generations, before the first: nothing."""
        return {}

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, *, seed: int, generation: int
    ) -> tuple[State, Float64Array]:
        """What is remembered after a generation, and the scores that its strategy sees, (N,): the fitness."""
        return state, evaluations.fitness
