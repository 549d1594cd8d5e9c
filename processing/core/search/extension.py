"""The extension of a search that a limit or its aim ended: whether it can go on, and from which checkpoint.

An extended search gets the bits of one that had asked for the new stop rules at once. Agents and their
results do not depend on stop rules. The run's champion, the generations without a better one, the species
that were tested and the last champion that was not confirmed do; they are derived here again.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from processing.core.concern import Concern, ConcernKind
from processing.core.criterion import AnyConfirmation, Confirmation, Criterion, GoalConfirmation
from processing.core.parameters import STORED
from processing.core.ranking import ranked
from processing.core.search.checkpoint import Checkpoint
from processing.core.search.plan import Plan
from processing.core.search.stop import StopParameters
from processing.core.types import Float64Array, StopReason
from processing.core.value_text import shown


@dataclass(frozen=True, slots=True)
class End:
    """How a search ended: what decides under which other stop rules it would have gone on."""

    reason: StopReason
    generations: int  # that are completed
    fitness: Float64Array  # (N,) of the last generation; NaN where an agent failed
    best_fitness: float | None  # the highest of the run; None where no agent had a fitness
    best_generation: int | None  # the first that reached it
    seconds: float  # of computing
    # whether an agent met the task's own criterion; otherwise FITNESS_REACHED means that the champion has the
    # fitness that was asked for
    is_solved: bool = False
    # what the agent that reached it passed, as `stop.confirmed` returns it; None where there is none
    passed: Mapping[str, Any] | None = None
    # first generation after the last revival from extinction; None where there was none
    revived_generation: int | None = None

    @property
    def stagnation(self) -> int:
        """Generations since the best fitness last rose, or since the last revival."""
        best = -1 if self.best_generation is None else self.best_generation
        return self.generations - 1 - max(best, (self.revived_generation or 0) - 1)

    @property
    def champion(self) -> int | None:
        """Index of the fittest agent of the last generation; None where all failed."""
        order = ranked(self.fitness)
        return int(order[0]) if len(order) else None

    @property
    def champion_fitness(self) -> float:
        """The fitness of this agent; below all others where there is none."""
        return -math.inf if self.champion is None else float(self.fitness[self.champion])

    @property
    def champion_mean(self) -> float | None:
        """Mean fitness of this agent in fresh episodes, where the end states it."""
        if self.passed is None or "goals" in self.passed or self.passed["agent"] != self.champion:
            return None
        mean: float | None = self.passed["mean"]
        return mean


def with_stop(plan: Plan, stop: Mapping[str, Any]) -> Plan:
    """Return the plan with other stop rules, given as the group `stop` of a stored document."""
    return replace(plan, stop=StopParameters.model_validate_json(json.dumps(stop), context=STORED))


def refusals(plan: Plan, end: End, stop: StopParameters) -> list[Concern]:
    """Return why the search cannot go on under other stop rules; concerns of the part STOP.

    It can where it would have come to the same generation under them, and would not have ended there.

    Args:
        plan: with the stop rules under which it ended.
        stop: the new rules.
    """
    before = plan.stop
    return [
        *_strategy_refusals(plan), *_generation_refusals(end, stop), *_stagnation_refusals(before, end, stop),
        *_time_refusals(end, stop), *_aim_refusals(before, end, stop), *_solved_refusals(before, end, stop),
    ]


def extended(
    plan: Plan, checkpoint: Checkpoint, end: End, stop: StopParameters,
    unconfirmed: Iterable[Mapping[str, Any]],
) -> Checkpoint:
    """Return the checkpoint from which the search goes on under new stop rules, which `refusals` accepts.

    Args:
        plan: with the stop rules under which it ended.
        checkpoint: the one after its last generation.
        unconfirmed: the confirmations that champions did not pass, as `stop.confirmed` returns them, the
            newest first; `newly_unconfirmed` comes first, if there is one.
    """
    if end.reason != StopReason.FITNESS_REACHED and not changes_aim(plan.stop, stop):
        return checkpoint
    criterion = plan.problem.criterion
    kept = (_under(each, plan.stop, stop, criterion) for each in unconfirmed)
    return replace(
        checkpoint, stagnation=end.stagnation, tested=checkpoint.tested if stop.solved else (),
        unconfirmed=next((_as_computed(each) for each in kept if each is not None), None),
    )


def newly_unconfirmed(end: End, stop: StopParameters) -> dict[str, Any] | None:
    """Return the confirmation of the last champion where it passed, but does not under new stop rules."""
    mean = end.champion_mean
    if end.passed is None or mean is None or stop.fitness is None or end.champion_fitness < stop.fitness:
        return None
    return {**end.passed, "asked": stop.fitness, "is_passed": mean >= stop.fitness}


def changes_aim(before: StopParameters, after: StopParameters) -> bool:
    """Whether the rules that test agents differ."""
    return (before.fitness, before.solved) != (after.fitness, after.solved)


def _under(
    confirmation: Mapping[str, Any], before: StopParameters, after: StopParameters,
    criterion: Criterion | None,
) -> Mapping[str, Any] | None:
    """A failed confirmation as it is under other stop rules; None where it is not made then.

    The fresh episodes of an agent do not depend on the bar, which is never lowered below what agents reach.
    """
    is_mean = "goals" not in confirmation
    if is_mean and after.fitness is not None and confirmation["fitness"] >= after.fitness:
        return {**confirmation, "asked": after.fitness}
    if not after.solved or criterion is None:
        return None
    asked, threshold = confirmation.get("asked"), criterion.threshold
    is_of_criterion = asked != before.fitness if threshold is None else asked == threshold
    return confirmation if is_of_criterion or not is_mean else None


def _as_computed(confirmation: Mapping[str, Any]) -> dict[str, Any]:
    """A confirmation as `stop.confirmed` returned it; a database may store its entries and numbers otherwise.
    """
    kind: type[AnyConfirmation] = GoalConfirmation if "goals" in confirmation else Confirmation
    floats = {"fitness"} if kind is GoalConfirmation else {"fitness", "mean", "asked"}
    found = {name: confirmation[name] for name in ("generation", "fitness", *kind._fields, "is_passed")}
    return {
        name: float(value) if name in floats and value is not None else value for name, value in found.items()
    }


def _strategy_refusals(plan: Plan) -> list[Concern]:
    reason = plan.strategy.why_not_extended()
    if reason is None:
        return []
    given = f"others: {reason[:1].lower()}{reason[1:].rstrip('.')}"
    return [Concern((), "the stop rules as they were", given)]


def _generation_refusals(end: End, stop: StopParameters) -> list[Concern]:
    done = end.generations
    if stop.max_generations > done:
        return []
    expected = f"more than {done:,}, the generations that are completed"
    return [_too_low("max_generations", expected, stop.max_generations)]


def _stagnation_refusals(before: StopParameters, end: End, after: StopParameters) -> list[Concern]:
    asked, given = before.stagnation_generations, after.stagnation_generations
    if given is None:
        return []
    if asked is None:
        return [Concern(("stagnation_generations",), "null, as before", shown(given))]
    if given <= end.stagnation:
        expected = f"more than {end.stagnation:,}, the generations without a better champion, or null"
        return [_too_low("stagnation_generations", expected, given)]
    if given < asked:
        return [_too_low("stagnation_generations", f"at least {asked:,}, as before, or null", given)]
    return []


def _time_refusals(end: End, stop: StopParameters) -> list[Concern]:
    if stop.max_seconds is None or stop.max_seconds > end.seconds:
        return []
    expected = f"more than {end.seconds:.6g}, the seconds that are used, or null"
    return [_too_low("max_seconds", expected, stop.max_seconds)]


def _aim_refusals(before: StopParameters, end: End, after: StopParameters) -> list[Concern]:
    asked, given = before.fitness, after.fitness
    if given is None or end.best_fitness is None or given > end.best_fitness:
        return []
    if asked is None or given < asked:
        least = "" if asked is None else f"at least {asked:g}, as before, or "
        expected = f"{least}more than {end.best_fitness:g}, the best so far, or null"
        return [_too_low("fitness", expected, given)]
    mean = end.champion_mean
    bar = end.champion_fitness if mean is None else min(end.champion_fitness, mean)
    if end.reason != StopReason.FITNESS_REACHED or given > bar:
        return []
    return [_too_low("fitness", f"more than {bar:g}, which the last generation reached, or null", given)]


def _solved_refusals(before: StopParameters, end: End, after: StopParameters) -> list[Concern]:
    if not after.solved:
        return []
    if not before.solved:
        return [Concern(("solved",), "false, as before", "true")]
    if not end.is_solved:
        return []
    expected = f"false, as an agent of generation {end.generations - 1} solved the task"
    return [Concern(("solved",), expected, "true")]


def _too_low(name: str, expected: str, given: float) -> Concern:
    return Concern((name,), expected, shown(given), kind=ConcernKind.OUT_OF_RANGE)
