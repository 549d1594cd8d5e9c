"""Episodes in child processes, evaluated again there to be looked at."""

import io
import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from formatting.parse import parse
from processing.core.environments.foreign.lookup import Lookup
from processing.core.errors import Broken, Refused
from processing.core.limits import Limits
from processing.core.search.plan import Plan, plan_of
from processing.core.steppers import recorder
from processing.core.steppers.film import Film, gif, pack_film, unpack_film
from processing.core.steppers.recorder import Pictures
from processing.core.steppers.recording import Recording, pack, unpack
from staging.stage import stage
from tests.core.foreign import MODULE, document
from tests.core.searches import run

MODULES = [MODULE, "tests.core.drawn_worlds"]


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", ",".join(MODULES))


@cache
def known() -> Lookup:
    return Lookup(None, MODULES)


def plan_in(name: str, **environment: Any) -> Plan:
    item = stage(parse(json.dumps(document(name, **environment))), Limits(), known=known())
    return plan_of(item.spec, item.facts)


def recorded(plan: Plan, *, agent: int = 0, episode: int = 0, pictures: bool = False) -> Recording:
    """An episode of an agent of the first generation, as it is after it was stored."""
    genomes = plan.genome.random(6, seed=4, generation=0)
    genome = plan.genome.pack(plan.genome.take(genomes, np.array([agent], np.int32)))
    found = plan.judge.replays.record(
        genome, seed=4, generation=0, agent=agent, episode=episode, normalization=None, pictures=pictures
    )
    numbers, film = pack(found, plan.genome)
    return unpack(numbers, plan.genome, film)


@cache
def drawn() -> Recording:
    """An episode with pictures, which two processes step."""
    return recorded(plan_in("Drawn-v0"), pictures=True)


def evaluated(plan: Plan) -> Any:
    return plan.judge.evaluate(plan.genome.random(6, seed=4, generation=0), seed=4, generation=0, threads=1)


@pytest.mark.parametrize("name", ["LunarLander-v3", "FrozenLake-v1", "Mixed-v0", "Levers-v0"])
def test_the_episodes_of_an_agent_add_up_to_what_it_was_scored_with(name: str) -> None:
    plan = plan_in(name, episodes=2, max_steps=200)
    scored, agent = evaluated(plan), 4
    ways = [recorded(plan, agent=agent, episode=episode).trajectory for episode in (0, 1)]
    assert all(way is not None and sum(way.rewards) == pytest.approx(way.total) for way in ways)
    assert sum(way.total for way in ways if way) / 2 == scored.fitness[agent]
    assert sum(way.steps for way in ways if way) == scored.steps[agent]
    assert all(way and way.steps == len(way.actions) == len(way.observations) for way in ways)


def test_where_observations_are_normalised_the_scored_episode_shows_them_as_they_were_seen() -> None:
    plan = plan_in("Drifting-v0", normalize_observations=True)
    first, last = list(run(plan, seed=3, threads=1))[1:]
    normalization = plan.judge.normalization(first.checkpoint.judge)
    genome = plan.genome.pack(plan.genome.take(last.population.genomes, np.array([5], np.int32)))
    way = plan.judge.replays.record(
        genome, seed=3, generation=2, agent=5, normalization=normalization, pictures=False
    ).trajectory
    assert way is not None
    assert way.total == last.evaluations.fitness[5]
    assert all(900 <= seen[0] <= 1_100 for seen in way.observations)


def test_pictures_are_drawn_of_every_step_at_the_rate_that_the_environment_names() -> None:
    found = drawn()
    assert found.film is not None
    assert (found.film.steps, found.film.rate, found.undrawn) == (tuple(range(11)), 12.0, None)
    for step, data in enumerate(found.film.pictures):
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (60, 20)
            assert np.asarray(picture.convert("L"))[:, 0 : 6 * step].min(initial=255) > 200


def test_a_gif_shows_them_for_as_long_as_their_steps_take() -> None:
    found = drawn()
    assert found.film is not None
    with Image.open(io.BytesIO(gif(found.film))) as moving:
        assert (moving.format, getattr(moving, "n_frames", 1), moving.info["duration"]) == ("GIF", 11, 80)


def test_large_pictures_are_made_smaller() -> None:
    found = recorded(plan_in("Large-v0"), pictures=True)
    assert found.film is not None
    with Image.open(io.BytesIO(found.film.pictures[0])) as picture:
        assert picture.size == (200, 400)


def test_where_pictures_take_too_much_room_every_second_one_is_left_out() -> None:
    kept = Pictures()
    for step in range(101):
        if kept.wants(step, is_last=step == 100):
            kept.add(step, bytes(recorder.MOST_PICTURE_BYTES // 30))
    steps = [step for step, _ in kept.found]
    assert steps == [*range(0, 100, 4), 100]
    assert len(kept.joined()) <= recorder.MOST_PICTURE_BYTES


def test_of_a_long_episode_its_first_thousand_steps_are_shown_within_eight_megabytes() -> None:
    found = recorded(plan_in("Noisy-v0", max_steps=5_000), pictures=True)
    assert found.trajectory is not None
    assert (
        found.trajectory.steps, found.trajectory.terminated, found.trajectory.truncated
    ) == (1_000, False, False)
    assert found.film is not None
    assert (found.film.steps[0], found.film.steps[-1]) == (0, 1_000)
    assert 1_000_000 < sum(map(len, found.film.pictures)) <= recorder.MOST_PICTURE_BYTES


def test_what_reaches_its_own_limit_is_truncated() -> None:
    found = recorded(plan_in("Long-v0", max_steps=30))
    assert found.trajectory is not None
    assert (found.trajectory.steps, found.trajectory.truncated) == (30, True)


@pytest.mark.parametrize(("name", "sentence"), [
    ("Mixed-v0", "Mixed-v0 draws no pictures: it has no render mode rgb_array."),
    ("Unready-v0", "render() raised ImportError: no brush is installed"),
    (
        "Shapeless-v0",
        "render() must give a picture of the shape (height, width, 3) in uint8; it gave float64"
    ),
])
def test_where_nothing_is_drawn_the_numbers_are_there_and_the_reason(name: str, sentence: str) -> None:
    found = recorded(plan_in(name), pictures=True)
    assert found.film is None
    assert (found.undrawn or "").startswith(sentence)
    assert found.trajectory is not None
    assert (found.trajectory.steps, found.reason) == (10, None)


def test_pictures_of_an_environment_that_goes_another_way_while_it_is_drawn_say_so() -> None:
    plan = plan_in("Swayed-v0")
    found = recorded(plan, pictures=True)
    assert found.film is not None
    assert (found.undrawn or "").startswith("Swayed-v0 goes another way while it is drawn")
    assert found.trajectory is not None
    assert found.trajectory.total == evaluated(plan).fitness[0]


def failing(plan: Plan) -> int:
    return next(agent for agent, failure in enumerate(evaluated(plan).failures) if failure)


def test_an_episode_that_ends_in_an_error_is_shown_up_to_there() -> None:
    plan = plan_in("Crashing-v0")
    found = recorded(plan, agent=failing(plan))
    assert found.reason == "step() raised RuntimeError: the bridge is gone"
    assert found.trajectory is not None
    assert found.trajectory.steps == 4


@pytest.mark.parametrize(("name", "sentence"), [
    ("Dying-v0", "The process of its environment died (SIG"),
    ("Hanging-v0", "Its environment did not answer within 1 s."),
    ("Failing-v0", "reset() raised RuntimeError: there is no bridge"),
    ("Priceless-v0", "Its environment gave it rewards whose sum is nan."),
])
def test_an_episode_of_which_nothing_can_be_shown_says_why(name: str, sentence: str) -> None:
    plan = plan_in(name, timeout_seconds=1.0)
    found = recorded(plan, agent=failing(plan))
    assert found.trajectory is None
    assert (found.reason or "").startswith(sentence)


def test_positions_are_told_of_environments_that_are_walked_on_a_grid() -> None:
    way = recorded(plan_in("FrozenLake-v1")).trajectory
    assert way is not None
    assert way.positions[0] == (0, 0)
    assert len(way.positions) == way.steps + 1


def test_an_episode_that_agents_do_not_have_is_refused() -> None:
    with pytest.raises(Refused, match="episode: expected a number from 0 to 1, got 2"):
        recorded(plan_in("Mixed-v0", episodes=2), episode=2)


def test_a_film_that_is_not_whole_is_noticed() -> None:
    data = pack_film(Film((0, 1), (b"one", b"two"), 30.0))
    assert unpack_film(data) == Film((0, 1), (b"one", b"two"), 30.0)
    for other in (data[:-1], data + b"!", b"", b"{}\n"):
        with pytest.raises(Broken):
            unpack_film(other)
