"""Rows for tests: valid by default, made through the services; a test names what it is about."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from api import intake
from database import packing, services
from database.models import ACTIVE, EventType, Instance, InstanceState, Share
from database.services import NewEvent, NewGeneration, NewSnapshot
from processing import states
from processing.core.types import Failure, Operator

WEIGHTS = 24 * 3 + 3 + 3 * 9 + 9
DOCUMENT: dict[str, Any] = {
    "version": 1, "kind": "weight_evolution", "name": "little maze", "seed": 5,
    "environment": {"type": "maze", "rows": ["S.#", "...", "#.G"], "max_steps": 12},
    "network": {"hidden": [3]}, "strategy": {"type": "genetic", "population_size": 4, "parents": 2},
    "stop": {"max_generations": 50},
}


def document(**changes: Any) -> dict[str, Any]:
    """A valid document with some of its keys changed."""
    return DOCUMENT | changes


def run(*, start: bool = True, **changes: Any) -> Instance:
    """A run that nobody has begun."""
    return intake.submit(document(**changes), None, start=start, announce=False).instances[0]


def charged(instance: Instance, seconds: float) -> None:
    """The run has had a turn of so many seconds."""
    submitter = Share.objects.get(pk=instance.share_id).parent_id
    assert submitter is not None
    services.charge(
        submitter_id=submitter, share_id=instance.share_id, seconds=seconds, priority=instance.priority
    )


def generation(
    instance: Instance, fitness: Sequence[float | None], *, mothers: Sequence[int] | None = None,
    fathers: Sequence[int] | None = None, age: int = 1, operators: Sequence[int] | None = None,
    threshold: float | None = None, kept: Sequence[int] | None = None, seconds: float = 0.5,
    keep_every: int = 10, state: InstanceState = InstanceState.RUNNING, species: Sequence[int] | None = None,
    genomes: bytes | None = None, confirmed: int | None = None, father_ages: Sequence[int] | None = None,
    metrics: Mapping[str, Sequence[float]] | None = None,
    curves: Mapping[str, Sequence[Sequence[float]]] | None = None, figures: Mapping[str, Any] | None = None,
) -> Instance:
    """The run after one more generation, with these agents; None is a failed one.

    Args:
        kept: indices of the agents that get rows; the champion's where None.
        state: of the run after it.
        species: number of each agent's species; None where the run has none.
        genomes: packed, of equal length; those of `genomes_of` where None.
        confirmed: index of an agent that was confirmed, and is the run's champion whatever its fitness.
        father_ages: of each agent, where they differ from `age`.
        metrics: the values of all agents by the metric's name.
        curves: the values of each agent over epochs by the curve's name.
        figures: what the strategy says of the generation.
    """
    number, size = instance.next_generation, len(fitness)
    values = np.array([np.nan if each is None else each for each in fitness], np.float64)
    known = values[~np.isnan(values)]
    champion = int(np.nanargmax(values)) if len(known) else None
    best = float(known.max()) if len(known) else None
    champion = champion if confirmed is None else confirmed
    so_far = max((each for each in (instance.best_fitness, best) if each is not None), default=None)
    genomes = genomes_of(number, size).tobytes() if genomes is None else genomes
    nobody = [-1] * size
    scalars = packing.Scalars(
        fitness=values, steps=np.arange(size, dtype=np.int32),
        species=np.array(species or [-1] * size, np.int32),
        mothers=np.array(mothers or nobody, np.int32), fathers=np.array(fathers or nobody, np.int32),
        ages=np.full(size, age if mothers else 0, np.uint16),
        operators=np.array(
            operators or [Operator.MUTATION if mothers else Operator.INITIAL] * size, np.uint8
        ),
        failures=np.where(np.isnan(values), Failure.NON_FINITE_FITNESS, 0).astype(np.uint8),
    )
    statistics = {
        "size": size, "evaluated": len(known), "failed": size - len(known), "best": best,
        "worst": float(known.min()) if len(known) else None,
        "mean": float(known.mean()) if len(known) else None,
        "threshold": threshold,
    }
    rows = [champion] if kept is None else kept
    packed = packing.pack(
        scalars, father_ages=None if father_ages is None else np.array(father_ages, np.uint16),
        metrics=None if metrics is None else np.array(list(metrics.values()), np.float64).T,
        metric_names=list(metrics or ()),
    )
    written = NewGeneration(
        number=number, statistics=statistics, scalars=packed, digest=f"{number:064x}",
        champion_index=champion, started_at=services.database_now(), seconds=seconds,
        environment_steps=10 * size, state=b"state", genomes=genomes,
        fitness=values, kept=np.array([index for index in rows if index is not None], np.int32),
        best_fitness=so_far,
        improved=confirmed is not None or (so_far is not None and so_far != instance.best_fitness),
        species=None if species is None else _snapshots(number, fitness, species), figures=figures,
        curves=None if curves is None else packing.pack_curves(_padded(curves), list(curves)),
    )
    return _committed(instance, written, keep_every, state)


def died_out(*, state: InstanceState = InstanceState.FAILED, **changes: Any) -> Instance:
    """A run whose agents all failed; SUCCEEDED as earlier versions of the server left it."""
    instance = generation(run(**changes), [None, None, None], state=state)
    instance.stop_reason, instance.stop_explanation = "EXTINCTION", {
        "message": "No agent has a fitness.", "advice": "Mend it."
    }
    instance.save()
    return instance


def genomes_of(number: int, size: int) -> np.ndarray[Any, Any]:
    """The genomes that `generation` writes: (size, WEIGHTS) float32, each filled with a number of its own."""
    each = np.arange(size, dtype="<f4")[:, None] + np.float32(100 * number)
    return np.repeat(each, WEIGHTS, axis=1)


def _padded(curves: Mapping[str, Sequence[Sequence[float]]]) -> np.ndarray[Any, Any]:
    """The curves of N agents, (N, E, K) float32, with NaN after the last value of each."""
    epochs = max((len(values) for agents in curves.values() for values in agents), default=0)
    agents = len(next(iter(curves.values())))
    padded = np.full((agents, epochs, len(curves)), np.nan, np.float32)
    for place, of_agents in enumerate(curves.values()):
        for agent, values in enumerate(of_agents):
            padded[agent, : len(values), place] = values
    return padded


def _snapshots(
    number: int, fitness: Sequence[float | None], species: Sequence[int]
) -> tuple[NewSnapshot, ...]:
    """The species of a generation with these agents."""
    found = []
    for each in sorted(set(species)):
        own = [
            (value, -index)
            for index, value in enumerate(fitness) if species[index] == each and value is not None
        ]
        best, place = max(own, default=(None, None))
        mean = math.fsum(value for value, _ in own) / len(own) if own else None
        found.append(NewSnapshot(
            number=each, born_in=number, size=list(species).count(each),
            champion=None if place is None else -place, best_fitness=best, mean_fitness=mean,
            adjusted_fitness=mean, generations_since_improvement=number % 3, offspring=2,
        ))
    return tuple(found)


def _committed(instance: Instance, written: NewGeneration, keep_every: int, state: InstanceState) -> Instance:
    claim = services.claim(instance_id=instance.pk, worker="builder", lease_seconds=60.0)
    assert claim is not None
    event = NewEvent(
        EventType.GENERATION_COMPLETED, f"Generation {written.number}.", generation=written.number
    )
    with services.fenced(claim, lease_seconds=60) as row:
        services.record_generation(instance=row, generation=written, keep_every=keep_every)
        changed = states.enter(row, state)
        services.finish_commit(instance=row, events=[event, *([changed] if changed else [])])
    if state in ACTIVE:
        services.release(claim=claim)
    return Instance.objects.select_related("work_item").get(pk=instance.pk)
