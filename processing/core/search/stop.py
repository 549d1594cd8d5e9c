"""The stop rules, which end a run, and the explanation of an end for people."""

from collections.abc import Mapping
from typing import Any

from processing.core.criterion import AnyConfirmation
from processing.core.number_text import counted
from processing.core.parameters import Number, Parameters, parameter
from processing.core.strategies.strategy import Strategy
from processing.core.types import StopReason


class StopParameters(Parameters):
    """The stop rules; the first that is met ends the run."""

    max_generations: int = parameter(
        meaning="Generations after which the run ends.", unit="generations", ge=1, le=1_000_000
    )
    fitness: Number | None = parameter(
        None, meaning="The run ends when its champion has at least this fitness; null for no such rule."
    )
    solved: bool = parameter(
        False, meaning="Whether the run ends when an agent meets the task's own criterion, where it has one."
    )
    stagnation_generations: int | None = parameter(
        None,
        meaning="The run ends after so many generations without a better champion; null for no such rule.",
        unit="generations", ge=1, le=1_000_000,
    )
    max_seconds: float | None = parameter(
        None,
        meaning="The run ends after so much time; not reproducible then, as a clock decided. Null for no "
        "such rule.",
        unit="seconds", gt=0.0, le=31_536_000.0,
    )


def met_rule(
    stop: StopParameters, *, generation: int, stagnation: int, is_goal_reached: bool,
    strategy: StopReason | None
) -> StopReason | None:
    """Return the rule that ends the run after this generation; None where it goes on.

    The goal comes first, then the strategy's own reason, then the limits.

    Args:
        generation: number of the generation, from 0.
        stagnation: generations since the best fitness of the run last rose.
        is_goal_reached: whether an agent has the fitness that is asked for, or solves the task, and was
            confirmed where that is needed.
        strategy: the reason for which the strategy stops, if it does.
    """
    if is_goal_reached:
        return StopReason.FITNESS_REACHED
    if strategy is not None:
        return strategy
    if generation + 1 >= stop.max_generations:
        return StopReason.GENERATION_LIMIT
    if stop.stagnation_generations is not None and stagnation >= stop.stagnation_generations:
        return StopReason.STAGNATION
    return None


def ended(
    rule: StopReason | None, facts: Mapping[str, Any], *, has_died_out: bool
) -> tuple[StopReason | None, dict[str, Any]]:
    """Return why a run ended, and the facts that led to it.

    A run that died out ends so, whichever rule ended it. The facts then name that rule as `ended_by`.

    Args:
        rule: the rule that was met; None where the run goes on.
        has_died_out: whether no agent of the last generation has a fitness, or what else the strategy says.
    """
    if rule is None or not has_died_out or rule == StopReason.EXTINCTION:
        return rule, dict(facts)
    return StopReason.EXTINCTION, {**facts, "ended_by": rule.value}


_MESSAGES = {
    StopReason.FITNESS_REACHED: "The champion reached what the stop rules ask for.",
    StopReason.GENERATION_LIMIT: "The number of generations that the stop rules allow was reached.",
    StopReason.STAGNATION: "The champion did not improve for as many generations as the stop rules allow.",
    StopReason.EXTINCTION: "No agent of the last generation has a fitness.",
    StopReason.THRESHOLD_MISSED: "Too few agents reached the rising threshold, too many times in a row.",
    StopReason.TIME_LIMIT: "The time that the stop rules allow was used up.",
}


def explained(
    reason: StopReason, facts: Mapping[str, Any], *, best_possible: float | None, stop: StopParameters,
    strategy: Strategy
) -> dict[str, Any]:
    """Explain for people why a run ended. JSON values.

    The explanation has the rule, a message, the facts that led to it, and advice on what to change, in keys
    of the run's own document.

    Args:
        facts: by name; `confirmation`, if any, is what `confirmed` returned for the last champion that was
            tested.
        best_possible: the highest fitness that is possible in the environment; None where it is not known.
    """
    advice, message = _advice(reason, stop, strategy), _MESSAGES[reason]
    best, confirmation = facts.get("best_fitness"), facts.get("confirmation")
    is_unconfirmed = confirmation is not None and not confirmation["is_passed"]
    if is_unconfirmed:
        advice = f"{advice} The more episodes an agent has, the less luck counts."
    elif reason != StopReason.EXTINCTION and _is_best(best, best_possible):
        advice = "Nothing better is possible in this environment."
    if confirmation is not None:
        message = f"{message} {confirmation_words(confirmation)}."
    led_to = {name: value for name, value in facts.items() if name != "confirmation"}
    led_to |= {"best_possible": best_possible}
    led_to |= {f"confirmation_{name}": value for name, value in (confirmation or {}).items()}
    return {"rule": reason.value, "message": message, "led_to": led_to, "advice": advice}


def _is_best(best: float | None, best_possible: float | None) -> bool:
    """Whether this fitness is the best possible one; false where that one is not known."""
    return best_possible is not None and best is not None and best >= best_possible - 1e-9


def confirmed(confirmation: AnyConfirmation, *, generation: int, fitness: float) -> dict[str, Any]:
    """Return a confirmation, passed or not, as JSON values.

    Args:
        generation: that of the agent.
        fitness: the agent's, from its own episodes.
    """
    return {
        "generation": generation, "fitness": fitness, **confirmation._asdict(),
        "is_passed": confirmation.is_passed
    }


def confirmation_words(facts: Mapping[str, Any]) -> str:
    """Return the facts that `confirmed` returned as a sentence without its full stop."""
    if "goals" in facts:
        return _goals_words(facts)
    mean, asked, fitness = facts["mean"], facts["asked"], facts["fitness"]
    own = (
        f"Champion {facts['generation']}-{facts['agent']} reached {_beside(fitness, asked)} in its own "
        "episodes"
    )
    if mean is None:
        return f"{own}; in some of {facts['episodes']} fresh ones it failed"
    return (
        f"{own}; over {facts['episodes']} fresh ones its mean was {_beside(mean, asked)} of {asked:.6g} asked"
    )


def _goals_words(facts: Mapping[str, Any]) -> str:
    goals = counted(facts["goals"], "goal")
    own = f"Agent {facts['generation']}-{facts['agent']} reached {goals} in each of its own episodes"
    return (
        f"{own}; of {facts['episodes']} fresh ones, it did in {facts['reached']} where {facts['asked']} are "
        "asked"
    )


def _beside(value: float, other: float) -> str:
    """A number with four significant digits, or with as many as distinguish it from another one."""
    return next(
        (
            text for digits in (4, 6, 9) if (text := f"{value:.{digits}g}") != f"{other:.{digits}g}"
            or value == other
        ), repr(value)
    )


def _advice(reason: StopReason, stop: StopParameters, strategy: Strategy) -> str:
    match reason:
        case StopReason.FITNESS_REACHED:
            return f"{_to_search_on(stop)} to search on."
        case StopReason.GENERATION_LIMIT:
            more = "Raise `stop.max_generations`" if strategy.why_not_extended() else "Extend the run"
            return f"{more}, or enlarge `strategy.population_size`."
        case StopReason.STAGNATION | StopReason.EXTINCTION | StopReason.THRESHOLD_MISSED:
            return strategy.advice(reason)
    return "Raise `stop.max_seconds`, or limit generations instead: then the run is reproducible."


def _to_search_on(stop: StopParameters) -> str:
    if not stop.solved:
        return "Raise `stop.fitness`"
    return "Set `stop.solved` to false" + ("" if stop.fitness is None else " and raise `stop.fitness`")
