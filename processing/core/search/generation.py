"""One generation: open it (ask), evaluate it, close it (tell).

In-process runs, workers and tests compose these steps.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from processing.core.criterion import AnyConfirmation, Closing, Solution, Trial, candidate
from processing.core.errors import Broken
from processing.core.evaluations import check
from processing.core.json_values import finite
from processing.core.judges.judge import Summary
from processing.core.kernels.pieces import beating, ranges
from processing.core.ranking import mean, quantiles, ranked, standard_deviation
from processing.core.rollouts import normalization
from processing.core.search.checkpoint import Checkpoint
from processing.core.search.plan import Plan
from processing.core.search.species_by_fitness import by_fitness
from processing.core.search.stop import confirmed, ended, explained, met_rule
from processing.core.types import (
    Beat,
    Evaluations,
    Failure,
    Float64Array,
    Int32Array,
    Population,
    SpeciesSnapshot,
    StopReason,
    Verdict,
    no_beat,
)
from processing.core.value_text import storable

#: Facts of an end that no figure of a strategy or a judge may replace, besides those that are always there.
OWN_FACTS = ("confirmation", "evaluations", "ended_by")
#: Bytes of genomes that go into a digest in the first piece of work.
FIRST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """A closed generation: its evaluations, statistics and champion, and the checkpoint that follows."""

    number: int
    population: Population
    evaluations: Evaluations
    genomes: bytes  # packed, N of equal size
    statistics: dict[str, Any]  # see `statistics_of`
    champion: int | None  # index of its best agent, or of the one that solved the task
    # whether that agent is now the run's champion: the best so far, or one that was confirmed
    is_improved: bool
    # of the run's champion; below the best fitness where only a lower one was confirmed
    champion_fitness: float | None
    stop: StopReason | None
    explanation: dict[str, Any] | None
    has_died_out: bool  # whether the run did, should it end here
    checkpoint: Checkpoint  # which the next generation starts from
    species: Int32Array | None = None  # (N,) as in `Verdict`
    snapshots: tuple[SpeciesSnapshot, ...] = ()
    # of observations, as `normalization.py` packs it; None where they are not normalised
    normalization: bytes | None = None
    # (N,) given to the strategy in place of the fitness, NaN where failed; None: the fitness
    scores: Float64Array | None = None
    summary: Summary | None = None  # the judge's, where it gave the strategy other scores than the fitness
    # what the strategy and the judge say of it, JSON values
    figures: Mapping[str, Any] = field(default_factory=dict)
    # of champions on fresh episodes, each as `stop.confirmed` returns it
    confirmations: tuple[Mapping[str, Any], ...] = ()
    confirming: tuple[Failure, ...] = ()  # failures of the episodes that were to confirm champions


def begin(plan: Plan) -> Checkpoint:
    """Return the checkpoint before generation 0."""
    return Checkpoint(
        next_generation=0, state=plan.strategy.begin(), best_fitness=None, stagnation=0, digest="",
        judge=plan.judge.begin()
    )


def revived(plan: Plan, checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint from which a search that died out continues.

    Its last parents are kept; the generations that count towards its end are counted from 0 again.
    """
    return replace(checkpoint, state=plan.strategy.revived(checkpoint.state), stagnation=0)


def open_generation(
    plan: Plan, checkpoint: Checkpoint, *, seed: int, beat: Beat = no_beat
) -> Population:
    """Return the population of the next generation.

    Args:
        beat: called again and again; a generation is opened even where it answers that the turn is over.
    """
    with beating(beat):
        population = plan.strategy.ask(checkpoint.state, seed=seed, generation=checkpoint.next_generation)
    beat()
    return population


def close_generation(
    plan: Plan, checkpoint: Checkpoint, population: Population, evaluations: Evaluations, *, seed: int,
    threads: int = 1, beat: Beat = no_beat
) -> GenerationResult:
    """Close an evaluated generation: next states, statistics, champion, digest, and whether the run ends.

    Args:
        checkpoint: the one that the generation was opened from.
        population: the one that `open_generation` returned.
        evaluations: those of all its agents, in their order.
        seed: the run's.
        threads: number of cores for the confirmation of champions.
        beat: called again and again; a generation is closed, and its champions are confirmed, even where it
            answers that the turn is over.
    Raises:
        Broken: the judge's evaluations or states are not what it says they are.
    """
    check(evaluations, len(population))
    with beating(beat):
        return _closed(
            plan, checkpoint, population, evaluations,
            Closing(seed, checkpoint.next_generation, checkpoint.judge, threads, _never_over(beat)),
        )


def _never_over(beat: Beat) -> Beat:
    """Return a beat that always answers that the turn goes on."""

    def beat_and_go_on() -> bool:
        beat()
        return False

    return beat_and_go_on


def _closed(
    plan: Plan, checkpoint: Checkpoint, population: Population, evaluations: Evaluations, closing: Closing
) -> GenerationResult:
    """Close a generation; see `close_generation`."""
    number, fitness = checkpoint.next_generation, evaluations.fitness
    judge, scores = plan.judge.closed(checkpoint.judge, population, evaluations, closing)
    closing.beat()
    state, verdict = plan.strategy.tell(checkpoint.state, population, scores, generation=number)
    closing.beat()
    if judge and not plan.judge.has_state:
        raise Broken("The judge keeps a state from generation to generation, but says that it has none.")
    verdict, summary = replace(verdict, figures=finite(verdict.figures, storable)), None
    if scores is not fitness:
        verdict, summary = by_fitness(verdict, fitness), plan.judge.summary(judge, scores)
        summary = Summary(finite(summary.values, storable), storable(summary.words))
    found = _champion(plan, checkpoint, population, evaluations, verdict, closing)
    closing.beat()
    stagnation = 0 if found.is_improved else checkpoint.stagnation + 1
    rule = met_rule(
        plan.stop, generation=number, stagnation=stagnation, strategy=verdict.stop,
        is_goal_reached=found.is_goal_reached
    )
    statistics = statistics_of(plan, population, evaluations) | {
        "threshold": verdict.threshold, "viable": verdict.viable
    }
    confirmations = tuple(
        confirmed(each, generation=number, fitness=float(fitness[each.agent])) for each in found.confirmations
    )
    facts = _facts(checkpoint, found, verdict, statistics, summary, confirmations, stagnation)
    has_died_out = found.agent is None if verdict.has_died_out is None else verdict.has_died_out
    stop, explanation = ending_of(plan, rule, facts, has_died_out=has_died_out)
    closing.beat()
    genomes = plan.genome.pack(population.genomes)
    closing.beat()
    if len(genomes) % len(population):
        raise Broken(
            f"genomes: expected packed ones of equal size, got {len(genomes)} bytes of {len(population)}"
        )
    digest = chained(checkpoint.digest, genomes, evaluations)
    closing.beat()
    return GenerationResult(
        number=number, population=population, evaluations=evaluations, genomes=genomes, statistics=statistics,
        champion=found.agent, is_improved=found.is_improved, champion_fitness=found.fitness, stop=stop,
        explanation=explanation, has_died_out=has_died_out,
        checkpoint=Checkpoint(
            number + 1, state, found.best_fitness, stagnation, digest, judge, found.tested,
            _unconfirmed(confirmations) or checkpoint.unconfirmed,
        ),
        species=verdict.species, snapshots=verdict.snapshots, normalization=_normalization(plan, checkpoint),
        scores=None if summary is None else scores, summary=summary,
        figures=verdict.figures | finite(plan.judge.figures(evaluations, _best(fitness)), storable),
        confirmations=confirmations, confirming=found.confirming,
    )


class _Champion(NamedTuple):
    """The champion of a generation, and its consequences for the run."""

    agent: int | None  # index of the best agent, or of the one that solved the task
    is_improved: bool  # whether it is now the run's champion
    best_fitness: float | None  # the highest so far
    fitness: float | None  # of the run's champion
    is_goal_reached: bool
    solver: int | None  # index of the agent that meets the environment's criterion
    tested: tuple[int, ...]  # as in `Checkpoint`
    confirmations: tuple[AnyConfirmation, ...]
    confirming: tuple[Failure, ...]  # failures of the confirming episodes


def _facts(
    checkpoint: Checkpoint, found: _Champion, verdict: Verdict, statistics: Mapping[str, Any],
    summary: Summary | None, confirmations: tuple[Mapping[str, Any], ...], stagnation: int,
) -> dict[str, Any]:
    """Return what is known when a generation is closed, as JSON values; an end is explained from it."""
    number = checkpoint.next_generation
    facts: dict[str, Any] = {
        "generation": number, "best_fitness": found.best_fitness, "champion_fitness": found.fitness,
        "stagnation_generations": stagnation, "threshold": verdict.threshold, "viable_agents": verdict.viable,
        "diversity": statistics["diversity"],
    }
    further = {**verdict.figures, **(summary.values if summary else {})}
    facts |= {name: value for name, value in further.items() if name not in (*facts, *OWN_FACTS)}
    if confirmation := (confirmations or (checkpoint.unconfirmed,))[-1]:
        facts["confirmation"] = dict(confirmation)
    if found.solver is not None:
        facts["evaluations"] = number * statistics["size"] + found.solver + 1
    return facts


def _champion(
    plan: Plan, checkpoint: Checkpoint, population: Population, evaluations: Evaluations, verdict: Verdict,
    closing: Closing
) -> _Champion:
    fitness, best = evaluations.fitness, checkpoint.best_fitness
    agent = _best(fitness)
    is_improved = agent is not None and (best is None or bool(fitness[agent] > best))
    if is_improved:
        best = float(fitness[agent])
    solution, tested = _solution(plan, checkpoint, population, evaluations, verdict, closing)
    trials, is_goal_reached = [solution.trial], solution.agent is not None
    if is_goal_reached:
        agent, is_improved = solution.agent, True
    if not is_goal_reached:
        is_goal_reached, trial = _reaches_fitness(plan, population, fitness, agent, closing)
        trials.append(trial)
    # A confirmed agent becomes the run's champion, even if an earlier agent had a higher fitness by luck.
    is_improved = is_improved or is_goal_reached
    return _Champion(
        agent=agent, is_improved=is_improved, best_fitness=best,
        fitness=float(fitness[agent]) if is_improved else best,
        is_goal_reached=is_goal_reached, solver=solution.agent, tested=tested,
        confirmations=tuple(
            dict.fromkeys(each.confirmation for each in trials if each.confirmation is not None)
        ),
        confirming=tuple(failure for each in trials for failure in each.failures),
    )


def _best(fitness: Float64Array) -> int | None:
    """Return the agent with the highest fitness, the first of equals; None where all failed."""
    order = ranked(fitness)
    return int(order[0]) if len(order) else None


def _unconfirmed(confirmations: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any] | None:
    """The last confirmation that was not passed."""
    return next((each for each in reversed(confirmations) if not each["is_passed"]), None)


def _normalization(plan: Plan, checkpoint: Checkpoint) -> bytes | None:
    """The packed normalisation of observations in the generation that starts from this checkpoint."""
    judge = plan.judge
    return normalization.pack(judge.normalization(checkpoint.judge)) if judge.is_normalised else None


def ending_of(
    plan: Plan, rule: StopReason | None, facts: Mapping[str, Any], *, has_died_out: bool
) -> tuple[StopReason | None, dict[str, Any] | None]:
    """Return why the run ended, and the explanation for people; None twice where it goes on.

    Args:
        rule: the stop rule that was met.
        facts: see `explained`.
        has_died_out: whether the run died out, whatever the rule.
    """
    stop, facts = ended(rule, facts, has_died_out=has_died_out)
    if stop is None:
        return None, None
    best = plan.problem.best_possible()
    return stop, explained(stop, facts, best_possible=best, stop=plan.stop, strategy=plan.strategy)


def chained(previous: str, genomes: bytes, evaluations: Evaluations) -> str:
    """Return the digest of a generation: a SHA-256 in hex, chained to the previous digest.

    Equal digests prove equal runs.

    Args:
        previous: digest of the generation before; empty for generation 0.
        genomes: packed.
        evaluations: fitness, steps, failures, and metrics and curves with their names, where there are some.
    """
    digest = hashlib.sha256(previous.encode())
    for first, last in ranges(len(genomes), at_first=FIRST_BYTES):
        digest.update(memoryview(genomes)[first:last])
    digest.update(evaluations.fitness.astype("<f8").tobytes())
    digest.update(evaluations.steps.astype("<i4").tobytes())
    digest.update(evaluations.failures.astype("u1").tobytes())
    if evaluations.metrics is not None:
        digest.update(json.dumps(["metrics", *evaluations.metric_names]).encode())
        digest.update(evaluations.metrics.astype("<f8").tobytes())
    if evaluations.curves is not None:
        digest.update(json.dumps(["curves", *evaluations.curve_names]).encode())
        digest.update(evaluations.curves.astype("<f4").tobytes())
    return digest.hexdigest()


def statistics_of(plan: Plan, population: Population, evaluations: Evaluations) -> dict[str, Any]:
    """Return the statistics of a generation. JSON values.

    `size`, `evaluated` and `failed` count agents. `best`, `mean`, `median`, the quartiles, `worst` and
    `standard_deviation` are those of the fitness of the agents that did not fail, None where all did.
    `diversity` and `mean_complexity` describe the genomes.
    """
    fitness: Float64Array = evaluations.fitness[~np.isnan(evaluations.fitness)]
    size, evaluated = len(population), len(fitness)
    names = ("worst", "lower_quartile", "median", "upper_quartile", "best")
    values = quantiles(fitness, (0.0, 0.25, 0.5, 0.75, 1.0)) if evaluated else [None] * 5
    return {
        "size": size, "evaluated": evaluated, "failed": size - evaluated,
        **dict(zip(names, values, strict=True)), "mean": mean(fitness) if evaluated else None,
        "standard_deviation": standard_deviation(fitness) if evaluated else None,
        "diversity": plan.genome.diversity(population.genomes),
        "mean_complexity": plan.genome.complexity(population.genomes),
    }


def _solution(
    plan: Plan, checkpoint: Checkpoint, population: Population, evaluations: Evaluations, verdict: Verdict,
    closing: Closing
) -> tuple[Solution, tuple[int, ...]]:
    """The agent that solves the task, if the stop rules ask for one; and the species tested so far."""
    criterion = plan.problem.criterion
    if not plan.stop.solved or criterion is None:
        return Solution(None), checkpoint.tested
    agent, tested = candidate(verdict, evaluations.fitness, checkpoint.tested)
    return criterion.winner(
        plan.judge, population, evaluations, candidate=agent, closing=closing
    ), tested


def _reaches_fitness(
    plan: Plan, population: Population, fitness: Float64Array, champion: int | None, closing: Closing
) -> tuple[bool, Trial]:
    """Whether the champion has the fitness that is asked for, and its confirmation, if one was needed."""
    bar = plan.stop.fitness
    if bar is None or champion is None or fitness[champion] < bar:
        return False, Trial()
    trial = plan.judge.confirm(population.genomes, champion, bar, closing)
    return trial.is_passed, trial
