"""Runs that an earlier commit left half done are understood, shown, and go on to the end that they would have
had there.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from api import intake
from database.models import ENDED, Instance
from processing import runner
from tests import ready
from tests.stored import rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["half_done", "migration_0011", "migration_0012", "migration_0014", "migration_0015"])
def stored(request: pytest.FixtureRequest, settings: LazySettings) -> Iterator[dict[str, Any]]:
    """The rows are in the database, under the newest migration."""
    content = rows.read(request.param)
    settings.SECRET_KEY = content["secret_key"]
    intake.known_environments.cache_clear()
    try:
        rows.restore(content)
        Instance.objects.update(profile="")  # whatever machine this is may go on
        yield content
    finally:
        rows.migrate_to_newest()


def finished(instance: Instance) -> Instance:
    """The run after all of its steps."""
    while instance.state not in ENDED:
        for number in ready.slices(instance.pk):
            runner.work_slice(number, threads=1)
        runner.work_shift(instance.pk, seconds=0.0, threads=1)
        instance.refresh_from_db()
    return instance


def test_they_go_on_to_the_end_that_they_would_have_had(stored: dict[str, Any]) -> None:
    half_done = list(Instance.objects.filter(ended_at=None).select_related("work_item"))
    assert len(half_done) == len(stored["ends"]) - 1
    found = {instance.work_item.name: ended(finished(instance)) for instance in half_done}
    assert found == {name: end for name, end in stored["ends"].items() if name in found}


def ended(instance: Instance) -> dict[str, Any]:
    """How it ended, in the words of the file."""
    return {
        "state": instance.state, "stop_reason": instance.stop_reason, "generations": instance.next_generation,
        "digest": instance.digest, "best_fitness": instance.best_fitness,
        "champion": [instance.champion_generation, instance.champion_index],
    }


def test_they_are_shown(stored: dict[str, Any], client: Client) -> None:
    assert client.get("/").status_code == 200
    for instance in Instance.objects.select_related("work_item"):
        name, address = instance.work_item.name, f"/runs/{instance.pk}"
        assert client.get(address).status_code == 200, name
        assert client.get(f"{address}/statistics").status_code == 200, name
        champion = {"generation": instance.champion_generation, "index": instance.champion_index}
        if instance.champion_index is not None:
            assert client.get(f"{address}/agent", champion).status_code == 200, name
