"""What it takes to store a generation, beside `bulk_create` of the same agents; in turn, medians over the rounds.

Run by itself it measures the archive that the environment names, with DJANGO_SETTINGS_MODULE's settings.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.archives import lines_of

if TYPE_CHECKING:
    from database.models import Instance
    from database.services import Claim, NewGeneration

AGENTS, GENOME_BYTES, ROUNDS = 10_000, 1_400, 9
LENT_MEGABYTES = 128  # more than a round writes
WARMING = 3  # rounds that do not count: connections, and log files that a used server already has
#: Genomes that the strategy's state holds: those of the parents, as by default, and all of them.
PARENTS = {"20 parents": 20, "every agent a parent": AGENTS}
TIMES_FASTER, SCALAR_MILLISECONDS, SCALAR_BYTES = 9.0, 5.0, 30.0

Line = dict[str, Any]


def measure() -> Iterator[Line]:
    """Every case as one line: what was measured, the target, and whether it was met."""
    for name in ("postgresql", "sqlite"):
        yield from lines_of("benchmarks.storage", name)


def measured() -> Iterator[Line]:
    """The lines of the archive that Django is set up for."""
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
                seconds["bulk_create"].append(_timed(lambda n=number, rows=rows: _bulk_create(theirs, n, rows)))  # type: ignore[misc]
                seconds["scalars"].append(_timed(lambda n=number, rows=rows: _scalars(packed, n, rows)))  # type: ignore[misc]
    seconds = {case: values[WARMING:] for case, values in seconds.items()}
    medians = {case: median(values) for case, values in seconds.items()}
    is_judged = connection.vendor == "postgresql"
    for case in PARENTS:
        times = median(theirs / ours for theirs, ours in zip(seconds["bulk_create"], seconds[case], strict=True))
        yield {
            "case": f"rows, genomes, scalars and checkpoint of {AGENTS} agents, {case}",
            "milliseconds": round(1e3 * medians[case], 1), "bulk_create_milliseconds": round(1e3 * medians["bulk_create"], 1),
            "times_faster": round(times, 1),
            **({"target": TIMES_FASTER, "met": times >= TIMES_FASTER} if is_judged and case == next(iter(PARENTS)) else {}),
        }
    milliseconds = 1e3 * medians["scalars"]
    yield {
        "case": f"packed scalars of {AGENTS} agents, packed and stored",
        "milliseconds": round(milliseconds, 2),
        "target": SCALAR_MILLISECONDS, "met": milliseconds <= SCALAR_MILLISECONDS,
    }
    each = _stored_bytes(packed.pk) / AGENTS
    yield {"case": "packed scalars, bytes an agent as stored", "bytes": round(each, 1), "target": SCALAR_BYTES,
           "met": each <= SCALAR_BYTES}


def _settle() -> None:
    """The server has written what it put off, as it would have between two generations, and has log files to use again.

    The machine has memory for the files that grow: a virtual one may take free memory back within seconds, and lends it anew,
    at first touch, for 2 ms a megabyte. That is more than all of COPY, and no part of what is compared here. Written in
    pieces of PostgreSQL's page size, or the kernel takes the memory from other lists than the server will.
    """
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(LENT_MEGABYTES << 7):
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
        "environment": {"type": "maze", "rows": ["S.", ".G"], "max_steps": 4}, "stop": {"max_generations": 1_000},
    }
    number = intake.submit(document, None, announce=False).instances[0].pk
    return Instance.objects.get(pk=number)


def _claimed(instance: "Instance") -> "Claim":
    from database import services

    claim = services.claim(instance_id=instance.pk, worker="benchmark", lease_seconds=3_600)
    assert claim is not None
    return claim


def _generation(parents: int) -> "NewGeneration":
    """A generation of random genomes and scalars, one agent in a hundred failed."""
    from database.services import NewGeneration, database_now

    rng = np.random.default_rng()
    fitness = np.where(rng.random(AGENTS) < 0.01, np.nan, rng.random(AGENTS))
    genomes = rng.bytes(AGENTS * GENOME_BYTES)
    return NewGeneration(
        number=0, statistics={"size": AGENTS, "evaluated": AGENTS, "failed": 0}, scalars=b"", digest="0" * 64,
        champion_index=0, started_at=database_now(), seconds=0.1, environment_steps=1,
        state=genomes[: parents * GENOME_BYTES], genomes=genomes, fitness=fitness, kept=None, best_fitness=1.0, improved=True,
    )


def _record(claim: "Claim", generation: "NewGeneration") -> None:
    """As a worker does: behind the fence, with everything."""
    from dataclasses import replace

    from database import services

    with services.fenced(claim, lease_seconds=3_600) as row:
        new = replace(generation, number=row.next_generation, scalars=_packed(generation.fitness))
        services.record_generation(instance=row, generation=new, keep_every=10)
        services.finish_commit(instance=row, events=[])


def _bulk_create(instance: "Instance", number: int, generation: "NewGeneration") -> None:
    """The same rows as one would write them with Django."""
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
    """The row of a generation alone, with the scalars of all agents."""
    from dataclasses import replace

    from django.db import transaction

    from database.services.recording import insert_generation

    with transaction.atomic():
        insert_generation(instance, replace(generation, number=number, scalars=_packed(generation.fitness)))


def _packed(fitness: np.ndarray[Any, Any]) -> bytes:
    from database.packing import Scalars, pack

    numbers = np.arange(AGENTS, dtype=np.int32)[::-1] * 7919 % AGENTS
    return pack(Scalars(
        fitness=fitness, steps=numbers, species=numbers, mothers=numbers, fathers=numbers, ages=np.ones(AGENTS, np.uint16),
        operators=np.ones(AGENTS, np.uint8), failures=np.zeros(AGENTS, np.uint8),
    ))


def _stored_bytes(instance_id: int) -> float:
    """The size of a generation's scalars in its table."""
    from django.db import connection

    measured = "PG_COLUMN_SIZE" if connection.vendor == "postgresql" else "LENGTH"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT AVG({measured}(scalars)) FROM database_generation WHERE instance_id = %s", [instance_id])
        return float(cursor.fetchone()[0])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    import django

    django.setup()
    for line in measured():
        print(json.dumps(line), flush=True)
