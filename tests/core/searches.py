"""Builders for tests of the loop: whole searches in a small maze, valid by default."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from formatting.canonical import canonical
from formatting.parse import parse
from processing.core.datasets.lookup import DatasetsHere
from processing.core.environments.foreign.lookup import Lookup
from processing.core.evaluations import joined_results
from processing.core.kinds import KINDS
from processing.core.limits import Limits
from processing.core.search import generation as generations
from processing.core.search.checkpoint import Checkpoint
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan, plan_of
from processing.core.types import Evaluations, Failure, Float64Array, Population
from staging.stage import stage
from tests.core.mazes import SMALL

EXAMPLES = Path(__file__).parents[2] / "examples"


def search(
    *, strategy: dict[str, Any] | None = None, stop: dict[str, Any] | None = None,
    kind: str = "weight_evolution", novelty: dict[str, Any] | None = None,
    problem: dict[str, Any] | None = None, **network: Any,
) -> Plan:
    """The plan of a small search; keys that are left out have their defaults."""
    document = {
        "version": 1, "kind": kind, "name": "test",
        KINDS[kind].problem_key: problem or {"type": "maze", "rows": SMALL, "max_steps": 20},
        KINDS[kind].genome_key: ({"hidden": [9]} if kind == "weight_evolution" else {}) | network,
        "strategy": strategy or {"type": "rising_threshold"},
        "stop": stop or {"max_generations": 8}, **({} if novelty is None else {"novelty": novelty}),
    }
    spec = canonical(parse(json.dumps(document)))
    problem_class, values = KINDS[kind].problem_in(spec)
    dataset = problem_class.dataset_of(values)
    return plan_of(spec, None if dataset is None else DatasetsHere().facts(dataset))


def example(name: str, **changes: Any) -> Plan:
    """The plan of a file of `examples/`, with some of its keys replaced."""
    document = json.loads((EXAMPLES / f"{name}.json").read_text())
    item = stage(parse(json.dumps(document | changes)), Limits(), known=Lookup(None, []))
    return plan_of(item.spec, item.facts)


def evaluated(
    plan: Plan, population: Population, *, seed: int, generation: int, threads: int = 1
) -> Evaluations:
    evaluations: Evaluations = plan.judge.evaluate(
        population.genomes, seed=seed, generation=generation, threads=threads
    )
    return evaluations


def run(
    plan: Plan, *, seed: int, start: Checkpoint | None = None, threads: int = 1, slices: int = 1
) -> Iterator[GenerationResult]:
    """Every generation from a checkpoint (generation 0 where None) to the end of the search."""
    checkpoint, stop = start or generations.begin(plan), None
    while stop is None:
        population = generations.open_generation(plan, checkpoint, seed=seed)
        bounds = np.linspace(0, len(population), slices + 1).astype(int).tolist()
        parts = [
            plan.judge.evaluate(
                population.genomes, seed=seed, generation=checkpoint.next_generation, first=first, last=last,
                threads=threads, state=checkpoint.judge,
            )
            for first, last in itertools.pairwise(bounds)
        ]
        closed = generations.close_generation(plan, checkpoint, population, joined_results(parts), seed=seed)
        checkpoint, stop = closed.checkpoint, closed.stop
        yield closed


def population_of_genomes(genomes: Any, size: int) -> Population:
    """A population of these genomes, without parents."""
    nobody = np.full(size, -1, np.int32)
    return Population(genomes, np.zeros(size, np.uint8), nobody, nobody, np.zeros(size, np.uint16))


def evaluations_of(fitness: Float64Array) -> Evaluations:
    """Evaluations with this fitness; NaN for agents that failed."""
    failed = np.isnan(fitness)
    return Evaluations(
        fitness=fitness, steps=np.ones(len(fitness), np.int32),
        failures=np.where(failed, Failure.NON_FINITE_FITNESS, Failure.NONE).astype(np.uint8),
    )


def with_failures(evaluations: Evaluations, agents: Any) -> Evaluations:
    """The same with some agents failed."""
    fitness = evaluations.fitness.copy()
    fitness[agents] = np.nan
    return replace(evaluations_of(fitness), steps=evaluations.steps, behaviours=evaluations.behaviours)
