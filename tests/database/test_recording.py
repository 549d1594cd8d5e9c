"""What is written of a generation: agents' rows, the checkpoint in its parts, and how many statements that
takes.
"""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from database import migrations, selectors, services, steps
from database.models import (
    PART_BYTES,
    Agent,
    Checkpoint,
    CheckpointPart,
    Generation,
    Instance,
    PartKind,
)
from database.services import NewGeneration
from tests import builders

pytestmark = pytest.mark.django_db

#: Statements of a generation, fence and savepoints aside, however many agents it has.
MOST_STATEMENTS = 8


def new(number: int, genomes: np.ndarray[Any, Any], **changes: Any) -> NewGeneration:
    """A generation with these genomes, (N, bytes) uint8."""
    size = len(genomes)
    fields: dict[str, Any] = {
        "number": number, "statistics": {"size": size, "evaluated": size, "failed": 0},
        "scalars": bytes(28 * size), "digest": "0" * 64, "champion_index": 0,
        "started_at": services.database_now(), "seconds": 0.1,
        "environment_steps": 1, "state": b"state", "genomes": genomes.tobytes(),
        "fitness": np.arange(size) / 7, "kept": None, "best_fitness": 1.0, "improved": False,
    }
    return NewGeneration(**fields | changes)


def written(generation: NewGeneration, instance: Instance | None = None, keep_every: int = 10) -> Instance:
    """The run after that generation."""
    instance = instance or builders.run()
    claim = services.claim(instance_id=instance.pk, worker="test", lease_seconds=60)
    assert claim is not None
    with services.fenced(claim, lease_seconds=60) as row:
        services.record_generation(instance=row, generation=generation, keep_every=keep_every)
        services.finish_commit(instance=row, events=[])
    services.release(claim=claim)
    return row


def random_genomes(number: int, size: int) -> np.ndarray[Any, Any]:
    """Genomes that no two are alike of."""
    return np.random.default_rng(number).integers(0, 256, (number, size), np.uint8)


@pytest.mark.parametrize("kept", [None, [2], [0, 3, 4], []], ids=["all", "one", "some", "none"])
def test_the_agents_asked_for_get_rows_with_their_own_fitness_and_genome(kept: list[int] | None) -> None:
    genomes, fitness = random_genomes(5, 12), np.array([0.1, -1e308, np.nan, 5e-324, np.nan])
    indices = None if kept is None else np.array(kept, np.int32)
    run = written(new(0, genomes, fitness=fitness, kept=indices))
    found = [
        (row.generation, row.index, row.fitness, bytes(row.genome))
        for row in Agent.objects.filter(instance=run).order_by("index")
    ]
    known = [0.1, -1e308, None, 5e-324, None]
    assert found == [
        (0, index, known[index], genomes[index].tobytes()) for index in (range(5) if kept is None else kept)
    ]


def test_agents_of_many_chunks_are_all_there_and_nobody_twice() -> None:
    genomes = random_genomes(3_000, 1_400)
    run = written(new(0, genomes, fitness=np.where(np.arange(3_000) % 7, np.arange(3_000.0), np.nan)))
    digest, indices = hashlib.sha256(), []
    for row in Agent.objects.filter(instance=run).order_by("index").iterator():
        digest.update(bytes(row.genome))
        indices.append(row.index)
        assert row.fitness == (row.index if row.index % 7 else None)
    assert indices == list(range(3_000))
    assert digest.digest() == hashlib.sha256(genomes.tobytes()).digest()


def test_a_checkpoint_lies_in_parts_and_is_read_back_whole() -> None:
    state = np.random.default_rng(1).bytes(2 * PART_BYTES + 5)
    run = written(new(0, random_genomes(2, 4), state=state))
    assert steps.newest_checkpoint(run.pk) == state
    lengths = [
        len(part.data) for part in CheckpointPart.objects.filter(kind=PartKind.STATE).order_by("number")
    ]
    assert lengths == [PART_BYTES, PART_BYTES, 5]


def test_a_checkpoint_of_more_parts_than_are_read_at_a_time_is_whole() -> None:
    run = written(new(0, random_genomes(2, 4)))
    parts = CheckpointPart.objects.filter(checkpoint__instance=run, kind=PartKind.STATE)
    parts.delete()
    checkpoint = Checkpoint.objects.get(instance=run)
    for number in range(2 * steps.CHUNKS_AT_A_TIME):
        CheckpointPart.objects.create(
            checkpoint=checkpoint, kind=PartKind.STATE, number=number, data=bytes([number])
        )
    assert steps.newest_checkpoint(run.pk) == bytes(range(2 * steps.CHUNKS_AT_A_TIME))


@pytest.mark.parametrize(
    "size", [100_003, PART_BYTES, 2 * PART_BYTES + 1], ids=["across parts", "a part each", "of three parts"]
)
def test_a_genome_is_cut_out_of_the_parts_that_it_lies_in(size: int) -> None:
    number = max(3, -(-2 * PART_BYTES // size))
    genomes = random_genomes(number, size)
    run = written(new(0, genomes, kept=np.array([], np.int32)))
    for index in range(number):
        assert selectors.genome_of(run.pk, 0, index) == genomes[index].tobytes()
    assert [
        selectors.genome_of(run.pk, 0, index) for index in (-1, number, number + 100)
    ] == [None, None, None]


def test_genomes_that_all_have_rows_are_not_written_a_second_time() -> None:
    genomes = random_genomes(3, 8)
    run = written(new(0, genomes))
    assert not CheckpointPart.objects.filter(kind=PartKind.GENOMES).exists()
    assert selectors.genome_of(run.pk, 0, 1) == genomes[1].tobytes()


def test_an_older_checkpoint_goes_with_all_its_parts() -> None:
    run = written(new(0, random_genomes(3, 8), kept=np.array([0], np.int32)))
    run = written(new(1, random_genomes(4, 8), kept=np.array([0], np.int32)), run)
    run = written(new(2, random_genomes(4, 8), kept=np.array([0], np.int32)), run)
    assert set(CheckpointPart.objects.values_list("checkpoint__generation", flat=True)) == {0, 2}


def test_a_generation_takes_few_statements_however_many_agents_it_has() -> None:
    run = written(new(0, random_genomes(2, 8)), keep_every=0)
    claim = services.claim(instance_id=run.pk, worker="test", lease_seconds=60)
    assert claim is not None
    generation = new(1, random_genomes(500, 8))
    with services.fenced(claim, lease_seconds=60) as row, CaptureQueriesContext(connection) as queries:
        services.record_generation(instance=row, generation=generation, keep_every=0)
        services.finish_commit(instance=row, events=[])
    assert len(queries) <= MOST_STATEMENTS, [query["sql"][:80] for query in queries]


FIGURES = {
    "sigma": 0.1, "large": 2**53, "name": "\u00fc \"quoted\"", "flags": [True, None], "nested": {"a": -1e-300}
}


@pytest.mark.parametrize("figures", [FIGURES, {}, None])
@pytest.mark.parametrize("curves", [bytes(range(256)), b"", None])
def test_figures_and_curves_come_back_as_they_were(
    figures: dict[str, Any] | None, curves: bytes | None
) -> None:
    run = written(new(0, random_genomes(2, 4), figures=figures, curves=curves))
    row = Generation.objects.get(instance=run)
    assert row.figures == figures
    assert (None if row.curves is None else bytes(row.curves)) == curves
    assert Generation.objects.filter(figures__isnull=True).exists() == (figures is None)


def test_figures_can_be_searched_by_the_database() -> None:
    written(new(0, random_genomes(2, 4), figures=FIGURES))
    assert Generation.objects.filter(figures__sigma=0.1, figures__nested__a__lt=0).count() == 1


def confirmed_below_the_best() -> Instance:
    """A run whose best agent, of generation 1, was not confirmed; that of generation 2 was, with less."""
    run = builders.generation(builders.run(), [1.0, 5.0, None])
    run = builders.generation(run, [7.5, 2.0, 3.0])
    return builders.generation(run, [0.0, 1.0, 6.25], confirmed=2)


def figures(run: Instance) -> tuple[Any, ...]:
    return (
        run.best_fitness, run.best_generation, run.champion_fitness,
        (run.champion_generation, run.champion_index)
    )


def test_the_highest_fitness_and_that_of_the_confirmed_champion_are_two_figures() -> None:
    run = confirmed_below_the_best()
    assert figures(run) == (7.5, 1, 6.25, (2, 2))
    champion = selectors.champion(run)
    assert champion is not None
    assert champion.fitness == run.champion_fitness


def test_before_anybody_is_confirmed_the_champion_is_the_best() -> None:
    run = builders.generation(builders.generation(builders.run(), [1.0, 5.0]), [2.0, 3.0])
    assert figures(run) == (5.0, 0, 5.0, (0, 1))


def test_a_run_of_an_earlier_version_gets_both_figures_from_its_generations() -> None:
    run, empty = confirmed_below_the_best(), builders.run()
    Instance.objects.update(champion_fitness=None, best_generation=None)
    (file,) = (Path(migrations.__file__).parent).glob("*_champion_fitness.py")
    import_module(f"database.migrations.{file.stem}").fill(apps, None)
    run.refresh_from_db()
    empty.refresh_from_db()
    assert figures(run) == (7.5, 1, 6.25, (2, 2))
    assert figures(empty) == (None, None, None, (None, None))
