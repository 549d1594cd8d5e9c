"""Whether a run is reproducible is checked: through shifts and slices, in the cases' environments."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from api import intake
from api.terminal import print_mark_of
from database.models import Event, Instance, Slice
from processing import runner
from processing.core.steppers.pool import pool
from tests.cases.foreign import MODULE
from tests.processing.test_foreign_runs import submitted
from tests.processing.test_slices import carried_on

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parents[1] / "cases"
DIFFERENT = "was evaluated twice, with different results: episode"


@pytest.fixture(autouse=True)
def _modules(settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    settings.ENVIRONMENT_MODULES = [MODULE]
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)
    monkeypatch.setenv("CASES_FILE", str(tmp_path / "count"))
    intake.known_environments.cache_clear()
    yield
    intake.known_environments.cache_clear()


def case(name: str, **changes: Any) -> Instance:
    text = json.loads((CASES / f"{name}.json").read_text()) | changes
    return intake.submit(text, None, announce=False).instances[0]


def told(instance: Instance) -> list[str]:
    return [event.message for event in Event.objects.filter(instance=instance)]


def is_told_different(instance: Instance) -> int:
    return sum(DIFFERENT in message for message in told(instance))


@pytest.mark.any_database
def test_an_environment_that_draws_from_the_global_generators_gives_equal_digests() -> None:
    one = carried_on(case("random_GlobalRandom"))
    two = case("random_GlobalRandom")
    while runner.work_shift(two.pk, threads=2):
        continue
    two = carried_on(two)
    pool().close()
    sliced = carried_on(case("random_GlobalRandom", execution={"slice_size": 7}))
    assert one.digest == two.digest == sliced.digest
    for instance in (one, two, sliced):
        assert (instance.state, instance.reproducible, is_told_different(instance)) == ("SUCCEEDED", True, 0)
    assert sum("`random` or `numpy.random`" in message for message in told(one)) == 1


@pytest.mark.any_database
def test_a_run_that_was_interrupted_after_each_generation_ends_with_the_same_digest() -> None:
    whole, instance = carried_on(case("random_GlobalRandom")), case("random_GlobalRandom")
    while runner.work_shift(instance.pk, seconds=0.0, threads=1):
        pool().close()
    instance = carried_on(instance)
    assert (instance.state, instance.digest) == ("SUCCEEDED", whole.digest)


@pytest.mark.parametrize(("name", "execution"), [
    ("Counter", {}), ("Counter", {"slice_size": 7}), ("Clock", {}), ("File", {"slice_size": 7}),
])
@pytest.mark.any_database
def test_a_run_whose_environment_depends_on_more_than_its_seed_says_so_and_is_marked(
    name: str, execution: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    pool().close()
    instance = carried_on(submitted(f"cases/{name}-v0", agents=20, generations=2, execution=execution))
    assert (instance.state, instance.reproducible, is_told_different(instance)) == ("SUCCEEDED", False, 1)
    (event,) = Event.objects.filter(instance=instance, data__noticed="difference")
    assert event.level == "WARNING"
    assert "module or class" in event.message
    assert instance.evaluations == 40
    print_mark_of(instance)
    assert f"warning: run {instance.pk} is not reproducible: Agent " in capsys.readouterr().err


@pytest.mark.any_database
def test_an_environment_that_draws_from_its_own_generator_stays_unmarked_and_equal() -> None:
    one = carried_on(submitted("cases/OwnRandom-v0", agents=20))
    sliced = carried_on(submitted("cases/OwnRandom-v0", agents=20, execution={"slice_size": 7}))
    assert (one.reproducible, sliced.reproducible, one.digest) == (True, True, sliced.digest)
    assert not Event.objects.filter(level="WARNING").exists()
    assert (one.evaluations, one.environment_steps) == (60, 60 * 5)


def test_a_finding_of_a_slice_that_was_cut_short_reaches_the_closing(settings: LazySettings) -> None:
    pool().close()
    settings.SHIFT_SECONDS = 0.0
    instance = carried_on(submitted("cases/Counter-v0", agents=20, generations=1))
    assert (instance.reproducible, is_told_different(instance)) == (False, 1)
    assert not Slice.objects.exists()


@pytest.mark.any_database
def test_observations_that_are_not_finite_are_told_once_and_agents_keep_their_fitness() -> None:
    instance = carried_on(submitted("cases/NanObservation-v0", agents=8, generations=3))
    assert (instance.reproducible, instance.best_fitness) == (True, 5.0)
    (event,) = Event.objects.filter(instance=instance, level="WARNING")
    assert (event.generation, event.data["noticed"]) == (0, "not_finite")
    assert "reset() gave nan as number 0 of the observation" in event.message


@pytest.mark.any_database
def test_where_all_agents_fail_of_an_array_as_reward_the_run_says_so() -> None:
    instance = carried_on(case("all_fail"))
    assert instance.stop_reason == "EXTINCTION"
    assert instance.stop_explanation is not None
    message = instance.stop_explanation["message"]
    assert "step() gave an array of the shape (1,) as the reward: it must be a number." in message
