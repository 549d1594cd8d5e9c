"""A maze that is solved by its goals, through claims, shifts and slices."""

from typing import Any

import pytest

from database.models import Event, EventType, Instance
from tests.processing.test_runs import finished, submitted
from tests.processing.test_slices import carried_on

pytestmark = pytest.mark.django_db


def drawn(*, goals: int, generations: int = 60, **changes: Any) -> Instance:
    """A run whose agents draw their actions, and which ends by its goals."""
    return submitted(
        environment={
            "type": "maze", "rows": ["S..G..", "......", "......", "..G..."], "max_steps": 60, "goals": goals
        },
        network={"hidden": [], "output": "softmax"}, strategy={"type": "genetic", "population_size": 60},
        stop={"max_generations": generations, "solved": True}, **changes,
    )


@pytest.mark.any_database
def test_slices_change_neither_the_end_nor_a_bit() -> None:
    whole, sliced = finished(drawn(goals=1)), carried_on(drawn(goals=1, execution={"slice_size": 17}))
    assert (whole.stop_reason, sliced.stop_reason) == ("FITNESS_REACHED", "FITNESS_REACHED")
    assert whole.next_generation > 1
    assert (sliced.digest, sliced.stop_explanation) == (whole.digest, whole.stop_explanation)
    assert (sliced.champion_generation, sliced.champion_index) == (
        whole.champion_generation, whole.champion_index
    )


def test_how_an_agent_did_in_fresh_episodes_is_told_as_an_event_and_in_the_end() -> None:
    instance = finished(drawn(goals=1))
    told = Event.objects.filter(instance=instance, type=EventType.NOTE, message__startswith="Agent ")
    assert told.exists()
    for event in told:
        assert event.data["reached"] < event.data["asked"] == 90
        assert f"it did in {event.data['reached']} where 90 are asked: the search goes on." in event.message
    facts = instance.stop_explanation["led_to"]
    assert facts["confirmation_reached"] >= facts["confirmation_asked"]
    assert (facts["confirmation_goals"], facts["confirmation_episodes"]) == (1, 100)
    sentence = f"it did in {facts['confirmation_reached']} where 90 are asked."
    assert sentence in instance.stop_explanation["message"]


def test_an_agent_that_was_not_confirmed_is_told_of_also_where_the_generations_ended() -> None:
    instance = finished(drawn(goals=2, generations=25))
    assert instance.stop_reason == "GENERATION_LIMIT"
    assert "of 100 fresh ones, it did in" in instance.stop_explanation["message"]
    assert instance.stop_explanation["led_to"]["confirmation_is_passed"] is False
