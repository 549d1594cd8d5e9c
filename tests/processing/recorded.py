"""Builders for tests of replays: runs in environments that draw, and what they need."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from api import intake
from database.models import Instance, Replay
from processing import replays
from tests import ready
from tests.core.foreign import MODULE, document
from tests.processing.test_slices import carried_on

MODULES = [MODULE, "tests.core.drawn_worlds"]


@pytest.fixture
def drawn_worlds(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server knows the environments of the tests."""
    settings.ENVIRONMENT_MODULES = MODULES
    monkeypatch.setenv("ENVIRONMENT_MODULES", ",".join(MODULES))
    intake.known_environments.cache_clear()
    yield
    intake.known_environments.cache_clear()


def run_in(name: str, *, generations: int = 1, **environment: Any) -> Instance:
    """A run of four agents that has ended."""
    text = document(name, **environment) | {"stop": {"max_generations": generations}}
    text["strategy"] |= {"population_size": 4, "parents": 2}
    return carried_on(intake.submit(text, None, announce=False).instances[0])


def requested(
    instance: Instance, *, index: int = 0, episode: int = 0, pictures: bool = False, owner: Any = None
) -> Replay:
    """A replay that somebody asked for."""
    return replays.request(
        instance_id=instance.pk, generation=0, index=index, episode=episode, with_pictures=pictures,
        owner=owner
    )


def replayed(instance: Instance, **what: Any) -> Replay:
    """A replay that a worker has done, or failed to do."""
    replay = requested(instance, **what)
    ready.work_on_replay(replay.pk)
    replay.refresh_from_db()
    return replay


def waiting() -> list[int]:
    """The replays that can be claimed."""
    return ready.replays()
