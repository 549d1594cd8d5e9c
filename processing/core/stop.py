"""When a run ends: the parameters of the stop rules. The first rule that is met ends the run."""

from processing.core.parameters import Parameters, parameter


class StopParameters(Parameters):
    """The stop rules; the first that is met ends the run."""

    max_generations: int = parameter(
        meaning="Generations after which the run ends.", unit="generations", ge=1, le=1_000_000
    )
    fitness: float | None = parameter(
        None, meaning="The run ends when its champion has at least this fitness; null for no such rule."
    )
    stagnation_generations: int | None = parameter(
        None, meaning="The run ends after so many generations without a better champion; null for no such rule.",
        unit="generations", ge=1, le=1_000_000,
    )
    max_seconds: float | None = parameter(
        None,
        meaning="The run ends after so much time; not reproducible then, as a clock decided. Null for no such rule.",
        unit="seconds", gt=0.0, le=31_536_000.0,
    )
