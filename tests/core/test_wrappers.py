"""Wrappers around environments of Gymnasium."""

import json
from fractions import Fraction
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers as their

from processing.core.environments.foreign.environment import Foreign
from processing.core.environments.foreign.making import areas, made
from processing.core.environments.foreign.wrappers import WRAPPERS, steps_of, wrappers_of
from processing.core.search.plan import plan_of
from staging.stage import Unstageable
from tests.core import strange_worlds
from tests.core.foreign import MODULE, foreign_plan, staged
from tests.core.searches import run

assert strange_worlds.KWARGS  # registers its environments

PICTURES = [
    {"type": "grayscale"}, {"type": "resize", "shape": [5, 4]}, {"type": "frame_stack", "stack_size": 3}
]


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)


def wrapped(name: str, *wrappers: dict[str, Any], max_steps: int = 50) -> Any:
    return made(name, {}, wrappers_of(json.dumps(wrappers)), max_steps=max_steps)


def episode(environment: Any, *, seed: int = 7, steps: int = 9) -> list[Any]:
    """Everything that an episode of random actions says."""
    environment.action_space.seed(seed)
    said: list[Any] = [environment.reset(seed=seed)[0]]
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = environment.step(environment.action_space.sample())
        said.append((observation, float(reward), terminated, truncated))
    return said


def same(one: Any, other: Any) -> bool:
    return bool(repr(one) == repr(other)) and all(
        np.array_equal(a[0], b[0])
        for a, b in zip(one[1:], other[1:], strict=True) if isinstance(a[0], np.ndarray)
    )


@pytest.mark.parametrize(("name", "wrapper", "by_hand"), [
    ("Shown-v0", {"type": "grayscale"}, their.GrayscaleObservation),
    ("Acrobot-v1", {"type": "frame_stack", "stack_size": 2, "padding_type": "zero"},
     lambda env: their.FrameStackObservation(env, 2, padding_type="zero")),
    ("MountainCar-v0", {"type": "rescale", "min_obs": -1},
     lambda env: their.RescaleObservation(env, np.float32(-1), np.float32(1))),
    ("Acrobot-v1", {"type": "delay", "delay": 2}, lambda env: their.DelayObservation(env, 2)),
    ("Acrobot-v1", {"type": "max_and_skip", "skip": 3}, lambda env: their.MaxAndSkipObservation(env, 3)),
    ("Acrobot-v1", {"type": "repeat_action", "num_repeats": 3}, lambda env: their.RepeatAction(env, 3)),
    ("Pendulum-v1", {"type": "discretize_action", "bins": 5}, lambda env: their.DiscretizeAction(env, 5)),
    (
        "Pendulum-v1", {"type": "clip_reward", "max_reward": None},
        lambda env: their.ClipReward(env, -1.0, None)
    ),
    (
        "Mixed-v0", {"type": "filter", "filter_keys": ["what"]},
        lambda env: their.FilterObservation(env, ["what"])
    ),
])
def test_wrappers_do_what_those_of_gymnasium_do(name: str, wrapper: dict[str, Any], by_hand: Any) -> None:
    plain = gymnasium.make(name, max_episode_steps=-1, disable_env_checker=True)
    assert same(episode(wrapped(name, wrapper)), episode(by_hand(plain)))


def test_every_wrapper_of_the_table_can_be_made_and_has_a_sentence() -> None:
    needed = {
        "resize": {"shape": [2, 2]}, "delay": {"delay": 1}, "filter": {"filter_keys": ["what"]},
        "repeat_action": {"num_repeats": 2}, "discretize_action": {"bins": 3},
    }
    places = {
        "grayscale": "Shown-v0", "resize": "Shown-v0", "filter": "Mixed-v0",
        "discretize_action": "Pendulum-v1"
    }
    for name, kind in WRAPPERS.items():
        environment = wrapped(places.get(name, "MountainCar-v0"), {"type": name, **needed.get(name, {})})
        assert environment is not environment.unwrapped
        assert (kind.__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize(
    ("before", "after"), [((6, 8), (3, 2)), ((7, 5), (3, 4)), ((3, 2), (5, 7)), ((1, 1), (2, 2))]
)
def test_new_pixels_are_exact_means_of_the_areas_that_they_cover(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*before, 3), dtype=np.uint8)
    environment = _Still(picture)
    small = made_small(environment, after)
    for row, column, channel in np.ndindex(*after, 3):
        total = Fraction(0)
        for y, x in np.ndindex(*before):
            height = _overlap(y, before[0], row, after[0])
            width = _overlap(x, before[1], column, after[1])
            total += height * width * int(picture[y, x, channel])
        assert small[row, column, channel] == int(total + Fraction(1, 2))


def made_small(environment: Any, shape: tuple[int, int]) -> Any:
    from processing.core.environments.foreign.making import Resized

    observation, _ = Resized(environment, shape).reset()
    return observation


def _overlap(old: int, olds: int, new: int, news: int) -> Fraction:
    """Which part of a new pixel an old one covers."""
    low, high = max(Fraction(old, olds), Fraction(new, news)), min(
        Fraction(old + 1, olds), Fraction(new + 1, news)
    )
    return max(high - low, Fraction(0)) * news


class _Still(gymnasium.Env[Any, Any]):
    """Always the same picture."""

    def __init__(self, picture: Any) -> None:
        self.picture = picture
        self.observation_space = gymnasium.spaces.Box(0, 255, picture.shape, np.uint8)
        self.action_space = gymnasium.spaces.Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        return self.picture, {}


def test_whole_numbers_are_rescaled_as_fractions() -> None:
    bytes_, scaled = (wrapped("Shown-v0", *each) for each in ([], [{"type": "rescale"}]))
    assert np.allclose(episode(scaled)[0], episode(bytes_)[0] / 255, atol=1e-6)


def test_areas_share_every_pixel_out() -> None:
    found = areas(7, 3)
    assert found.sum(axis=1).tolist() == [7, 7, 7]
    assert found.sum(axis=0).tolist() == [3] * 7


def test_sticky_actions_are_drawn_from_the_episodes_seed_alone() -> None:
    sticky = {"type": "sticky_actions", "repeat_action_probability": 0.5}
    one, other = wrapped("Shown-v0", sticky), wrapped("Shown-v0", sticky)
    first = [episode(one, seed=seed) for seed in (1, 2)]
    assert same(first[0], episode(other, seed=1))
    assert same(first[1], episode(other, seed=2))
    assert not same(first[0], episode(wrapped("Shown-v0"), seed=1))
    free, stuck = (episode(wrapped("Blackjack-v1", *each), seed=3, steps=1)[0] for each in ([], [sticky]))
    assert free == stuck  # the environment's own draws are what they were


def test_networks_that_see_the_time_see_it_from_0_to_1() -> None:
    environment = wrapped("Acrobot-v1", {"type": "time_aware"}, max_steps=4)
    said = episode(environment, steps=4)
    assert [
        float(said[0]["time"][0]), *(float(each[0]["time"][0]) for each in said[1:])
    ] == [0, 0.25, 0.5, 0.75, 1]
    inside = wrapped(
        "Acrobot-v1", {"type": "time_aware"}, {"type": "repeat_action", "num_repeats": 2}, max_steps=4
    )
    assert [float(each[0]["time"][0]) for each in episode(inside, steps=4)[1:]] == [0.25, 0.5, 0.75, 1]


def test_the_first_wrapper_is_the_innermost_and_the_last_is_what_networks_see() -> None:
    item = staged("Shown-v0", wrappers=PICTURES)
    world = plan_of(item.spec, item.facts).problem
    assert world.facts["observation"] == {
        "type": "Box", "shape": [3, 5, 4], "dtype": "uint8", "low": 0, "high": 255
    }
    assert world.inputs == 60
    with pytest.raises(Unstageable) as caught:
        staged("Shown-v0", wrappers=PICTURES[::-1])
    (found,) = caught.value.faults
    assert found.path == ("environment", "wrappers")
    assert "wrappers[1] (resize)" in (found.hint or "")


def test_searches_in_wrappers_end_the_same_however_they_are_cut() -> None:
    sticky = {"type": "sticky_actions"}
    plan = foreign_plan("Shown-v0", wrappers=[*PICTURES, sticky])
    whole = [closed.checkpoint.digest for closed in run(plan, seed=3, threads=2)]
    assert [closed.checkpoint.digest for closed in run(plan, seed=3, threads=1, slices=3)] == whole
    other = foreign_plan("Shown-v0", wrappers=PICTURES)
    assert [closed.checkpoint.digest for closed in run(other, seed=3, threads=1)] != whole


def test_what_is_in_wrappers_is_never_compiled_and_another_experiment() -> None:
    plain, item = staged("CartPole-v1"), staged("CartPole-v1", wrappers=[{"type": "delay", "delay": 1}])
    world = plan_of(item.spec, item.facts).problem
    assert isinstance(world, Foreign)
    assert item.spec_hash != plain.spec_hash
    assert staged("CartPole-v1", wrappers=[]).spec_hash == plain.spec_hash
    assert staged("CartPole-v1", wrappers=[]).spec["environment"]["wrappers"] is None


def test_a_registered_limit_of_steps_and_threshold_are_those_of_what_networks_do() -> None:
    def world(*wrappers: dict[str, Any]) -> Any:
        return foreign_plan("LunarLander-v3", wrappers=list(wrappers)).problem

    assert world({"type": "repeat_action", "num_repeats": 3}).max_steps == 334
    assert world({"type": "sticky_actions"}).criterion.threshold == 200
    assert world({"type": "clip_reward"}).criterion is None
    assert steps_of(
        wrappers_of('[{"type": "max_and_skip"}, {"type": "repeat_action", "num_repeats": 3}]')
    ) == 12


def test_what_is_repeated_or_drawn_is_estimated_to_take_longer() -> None:
    def seconds(*wrappers: dict[str, Any]) -> float:
        return float(staged("Shown-v0", wrappers=list(wrappers)).estimate.seconds_high)

    flat = {"type": "rescale"}
    assert seconds({"type": "repeat_action", "num_repeats": 10}) > 5 * seconds()
    assert seconds({"type": "grayscale"}, flat) > 5 * seconds(flat)


def test_pictures_that_are_too_large_can_be_made_smaller() -> None:
    item = staged(
        "Painted-v0",
        wrappers=[{"type": "grayscale"}, {"type": "resize", "shape": [42, 42]}, {"type": "frame_stack"}]
    )
    assert plan_of(item.spec, item.facts).problem.inputs == 4 * 42 * 42
