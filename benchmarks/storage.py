"""Time to store a generation, compared with `bulk_create` of the same agents.

Timed in turn, medians over the rounds.

Run as a program it measures the database that the environment variables name, with the settings of
DJANGO_SETTINGS_MODULE.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.databases import lines_of

if TYPE_CHECKING:
    from database.models import Instance
    from database.services import Claim, NewGeneration

AGENTS, GENOME_BYTES, ROUNDS = 10_000, 1_400, 9
TOUCHED_MEGABYTES = 128  # more than a round writes
WARMING = 3  # rounds that do not count: a used server has connections and log files already
#: Genomes that the strategy's state holds: those of the parents, as by default, and all of them.
PARENTS = {"20 parents": 20, "every agent a parent": AGENTS}
TIMES_FASTER, SCALAR_MILLISECONDS, SCALAR_BYTES = 9.0, 5.0, 30.0

Line = dict[str, Any]


def measure() -> Iterator[Line]:
    """Yield one line for every case: the figures, the target, and whether it is met."""
    for name in ("postgresql", "sqlite"):
        yield from lines_of("benchmarks.storage", name)


def measured() -> Iterator[Line]:
    """Yield the lines of the database that Django is set up for."""
    from django.db import connection

    seconds: dict[str, list[float]] = {case: [] for case in (*PARENTS, "bulk_create", "scalars")}
    theirs, packed = _run(), _run()
    for case, parents in PARENTS.items():
        claim = _claimed(_run())
        for number in range(ROUNDS + WARMING):
            rows = _generation(parents)
            _settle()
            seconds[case].append(_timed(lambda c=claim, rows=rows: _record(c, rows)))  # type: ignore[misc]
            if parents < AGENTS:
                seconds["bulk_create"].append(_timed(partial(_bulk_create, theirs, number, rows)))
                seconds["scalars"].append(_timed(partial(_scalars, packed, number, rows)))
    seconds = {case: values[WARMING:] for case, values in seconds.items()}
    medians = {case: median(values) for case, values in seconds.items()}
    is_judged = connection.vendor == "postgresql"
    for case in PARENTS:
        times = median(
            theirs / ours for theirs, ours in zip(seconds["bulk_create"], seconds[case], strict=True)
        )
        yield {
            "case": f"rows, genomes, scalars and checkpoint of {AGENTS} agents, {case}",
            "milliseconds": round(1e3 * medians[case], 1),
            "bulk_create_milliseconds": round(1e3 * medians["bulk_create"], 1),
            "times_faster": round(times, 1),
            **(
                {"target": TIMES_FASTER, "met": times >= TIMES_FASTER}
                if is_judged and case == next(iter(PARENTS)) else {}
            ),
        }
    milliseconds = 1e3 * medians["scalars"]
    yield {
        "case": f"packed scalars of {AGENTS} agents, packed and stored",
        "milliseconds": round(milliseconds, 2),
        "target": SCALAR_MILLISECONDS, "met": milliseconds <= SCALAR_MILLISECONDS,
    }
    each = _stored_bytes(packed.pk) / AGENTS
    yield {
        "case": "packed scalars, bytes an agent as stored", "bytes": round(each, 1), "target": SCALAR_BYTES,
        "met": each <= SCALAR_BYTES,
    }


def _settle() -> None:
    """Let the server write its deferred pages, as between two generations, so that it has log files to reuse.

    It then touches as much memory as the growing files need. A virtual machine may give free memory back to
    its host within seconds and gets it again at the first touch, at 2 ms a megabyte; that is more than all of
    COPY, and not what is compared here. The memory is written in blocks of PostgreSQL's page size, as the
    kernel keeps other block sizes in other lists.
    """
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(TOUCHED_MEGABYTES << 7):
            file.write(bytes(8 << 10))


def _timed(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _run() -> "Instance":
    from api import intake
    from database.models import Instance

    document = {
        "version": 1, "kind": "weight_evolution", "name": "storage",
        "environment": {"type": "maze", "rows": ["S.", ".G"], "max_steps": 4},
        "stop": {"max_generations": 1_000},
    }
    number = intake.submit(document, None, announce=False).instances[0].pk
    return Instance.objects.get(pk=number)


def _claimed(instance: "Instance") -> "Claim":
    from database import services

    claim = services.claim(instance_id=instance.pk, worker="benchmark", lease_seconds=3_600)
    assert claim is not None
    return claim


def _generation(parents: int) -> "NewGeneration":
    """Return a generation of random genomes and scalars, in which one agent in a hundred has failed."""
    from database.services import NewGeneration, database_now

    rng = np.random.default_rng()
    fitness = np.where(rng.random(AGENTS) < 0.01, np.nan, rng.random(AGENTS))
    genomes = rng.bytes(AGENTS * GENOME_BYTES)
    return NewGeneration(
        number=0, statistics={"size": AGENTS, "evaluated": AGENTS, "failed": 0}, scalars=b"", digest="0" * 64,
        champion_index=0, started_at=database_now(), seconds=0.1, environment_steps=1,
        state=genomes[: parents * GENOME_BYTES], genomes=genomes, fitness=fitness, kept=None,
        best_fitness=1.0, improved=True,
    )


def _record(claim: "Claim", generation: "NewGeneration") -> None:
    """Store a generation as a worker does: behind the fence, with all its rows."""
    from dataclasses import replace

    from database import services

    with services.fenced(claim, lease_seconds=3_600) as row:
        new = replace(generation, number=row.next_generation, scalars=_packed(generation.fitness))
        services.record_generation(instance=row, generation=new, keep_every=10)
        services.finish_commit(instance=row, events=[])


def _bulk_create(instance: "Instance", number: int, generation: "NewGeneration") -> None:
    """Store the same agents with Django's `bulk_create`."""
    from django.db import transaction

    from database.models import Agent

    fitness = [None if value != value else value for value in generation.fitness.tolist()]
    with transaction.atomic():
        Agent.objects.bulk_create([
            Agent(
                instance=instance, generation=number, index=index, fitness=fitness[index],
                genome=generation.genomes[index * GENOME_BYTES : (index + 1) * GENOME_BYTES],
            )
            for index in range(AGENTS)
        ])


def _scalars(instance: "Instance", number: int, generation: "NewGeneration") -> None:
    """Store only the row of a generation, with the scalars of all agents."""
    from dataclasses import replace

    from django.db import transaction

    from database.services.recording import insert_generation

    with transaction.atomic():
        insert_generation(instance, replace(generation, number=number, scalars=_packed(generation.fitness)))


def _packed(fitness: np.ndarray[Any, Any]) -> bytes:
    from database.packing import Scalars, pack

    numbers = np.arange(AGENTS, dtype=np.int32)[::-1] * 7919 % AGENTS
    return pack(Scalars(
        fitness=fitness, steps=numbers, species=numbers, mothers=numbers, fathers=numbers,
        ages=np.ones(AGENTS, np.uint16), operators=np.ones(AGENTS, np.uint8),
        failures=np.zeros(AGENTS, np.uint8),
    ))


def _stored_bytes(instance_id: int) -> float:
    """Return the mean size of a generation's scalars in its table."""
    from django.db import connection

    measured = "PG_COLUMN_SIZE" if connection.vendor == "postgresql" else "LENGTH"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT AVG({measured}(scalars)) FROM database_generation WHERE instance_id = %s", [instance_id]
        )
        return float(cursor.fetchone()[0])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    import django

    django.setup()
    for line in measured():
        print(json.dumps(line), flush=True)
