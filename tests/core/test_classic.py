"""Gymnasium's classic control environments against Gymnasium itself, each step from the same state."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import pytest

from processing.core.environments.classic import CLASSIC
from processing.core.environments.classic.classic_environment import Classic
from processing.core.genomes.dense import Dense, DenseParameters, Output
from processing.core.judges.episodes import Episodes
from processing.core.kernels.build import plain
from processing.core.kernels.lanes import LANES
from processing.core.rng import derive
from processing.core.rollouts.kernel import Workspace, workspace
from processing.core.types import Float32Array, Float64Array, Purpose

NAMES = sorted(CLASSIC)
PI = float(np.pi)
#: How large each number of a state can be.
RANGES: dict[str, tuple[float, ...]] = {
    "CartPole-v1": (2.4, 3.0, 0.21, 3.5), "MountainCar-v0": (1.2, 0.07),
    "MountainCarContinuous-v0": (1.2, 0.07), "Acrobot-v1": (PI, PI, 4 * PI, 9 * PI), "Pendulum-v1": (PI, 8.0),
}
#: Near zero a number is what is left of larger ones: below 1/20 of its range its error is relative to that.
FLOOR = 0.05
#: Starts at and around the limits, walls and goals.
EDGES: dict[str, list[tuple[float, ...]]] = {
    "CartPole-v1": [
        (2.4, 0, 0, 0), (-2.4, 0, 0, 0), (0, 0, 0.20943951023931953, 0), (0, 0, -0.20943951023931953, 0),
        (2.39, 0.5, 0, 0), (2.39, 0.51, 0, 0), (0, 0, 0.2, 0.47), (0, 0, 0.2, 0.48), (0, 0, 0, 0),
    ],
    "MountainCar-v0": [
        (-1.2, -0.07), (-1.2, 0), (-1.19, -0.05), (0.5, 0), (0.49, 0.07), (0.43, 0.07), (0.6, 0.07), (-0.5, 0)
    ],
    "MountainCarContinuous-v0": [
        (-1.2, -0.07), (-1.2, 0), (-1.19, -0.05), (0.45, 0), (0.44, 0.07), (0.38, 0.07), (0.6, 0.07),
        (-0.5, 0),
    ],
    "Acrobot-v1": [
        (PI, PI, 4 * PI, 9 * PI), (-PI, -PI, -4 * PI, -9 * PI), (PI, -PI, 4 * PI, -9 * PI), (0, 0, 0, 0),
        (2.0, 0.5, 3, -3), (-PI, PI, 4 * PI, 9 * PI), (0, PI, 4 * PI, 9 * PI),
    ],
    "Pendulum-v1": [(PI, 8), (-PI, -8), (0, 0), (3 * PI, 1), (-3 * PI, 1), (PI, 0)],
}
KWARGS = [
    ("CartPole-v1", {"sutton_barto_reward": True}), ("MountainCar-v0", {"goal_velocity": 0.03}),
    ("MountainCarContinuous-v0", {"goal_velocity": 0.03}), ("Pendulum-v1", {"g": 9.81}),
]
ALL = [(name, dict[str, Any]()) for name in NAMES] + KWARGS


class Step(NamedTuple):
    state: Any
    observation: Float32Array
    reward: float
    terminated: bool


def environment(name: str, **given: Any) -> Classic:
    wanted = {
        "max_steps": None, "episodes": 1, "seeds": "common", "kwargs": {}, "aggregate": None, "minimise": None
    } | given
    return CLASSIC[name](SimpleNamespace(**wanted))


@pytest.fixture
def theirs() -> Iterator[Callable[..., gymnasium.Env[Any, Any]]]:
    opened: list[gymnasium.Env[Any, Any]] = []

    def make(name: str, **kwargs: Any) -> gymnasium.Env[Any, Any]:
        opened.append(gymnasium.make(name, **kwargs))
        opened[-1].reset(seed=1)
        return opened[-1].unwrapped

    yield make
    for one in opened:
        one.close()


def gymnasium_step(env: Any, state: Any, action: Any) -> Step:
    env.state = np.array(state)
    env.steps_beyond_terminated = None
    observation, reward, terminated, _, _ = env.step(action)
    return Step(tuple(env.state), observation, float(reward), terminated)


def random_states(name: str, count: int) -> list[tuple[float, ...]]:
    numbers = np.random.default_rng(7)
    high = np.array(RANGES[name])
    drawn = numbers.uniform(-high, high, (count, len(high)))
    if name.startswith("Mountain"):
        drawn[:, 0] = np.clip(drawn[:, 0], -1.2, 0.6)
    return EDGES[name] * 3 + [tuple(row) for row in drawn]


def random_actions(name: str, count: int) -> list[Any]:
    """Choices, or commands from -1 to 1, the ends and 0 among them."""
    numbers = np.random.default_rng(8)
    if CLASSIC[name].actions == "choice":
        return [int(choice) for choice in numbers.integers(0, CLASSIC[name].outputs, count)]
    drawn = numbers.uniform(-1, 1, count)
    drawn[:60] = np.resize([-1, 0, 1], 60)
    return [np.array([command], np.float32) for command in drawn]


def for_gymnasium(name: str, action: Any) -> Any:
    return action * np.float32(2) if name == "Pendulum-v1" else action


def single(action: Any) -> Any:
    return action[0] if isinstance(action, np.ndarray) else action


def assert_same_bits(got: Any, wanted: Step) -> None:
    assert np.array(got.state).tobytes() == np.array(wanted.state).tobytes()
    assert got.observation.tobytes() == wanted.observation.tobytes()
    assert got.observation.dtype == wanted.observation.dtype
    assert np.float64(got.reward).tobytes() == np.float64(wanted.reward).tobytes()
    assert got.terminated == wanted.terminated


@pytest.mark.parametrize(("name", "kwargs"), ALL)
def test_in_the_comparison_mode_every_bit_is_gymnasiums(
    name: str, kwargs: dict[str, Any], theirs: Any
) -> None:
    ours, env = environment(name, kwargs=kwargs), theirs(name, **kwargs)
    states, ended = random_states(name, 3_000), 0
    for state, action in zip(states, random_actions(name, len(states)), strict=True):
        if name == "Pendulum-v1":
            state = (state[0] * 17, state[1])  # its angle grows
        for kind in (np.float64, np.float32) if name == "MountainCarContinuous-v0" else (np.float64,):
            start, act = tuple(np.array(state, kind)), for_gymnasium(name, action)
            wanted = gymnasium_step(env, start, act)
            assert_same_bits(ours.compared(start, single(act)), wanted)
            ended += wanted.terminated
    assert ended > 0 or name == "Pendulum-v1"


@pytest.mark.parametrize("name", NAMES)
def test_in_the_comparison_mode_whole_episodes_are_gymnasiums(name: str, theirs: Any) -> None:
    ours, env = environment(name), theirs(name)
    for seed in range(5):
        env.reset(seed=seed)
        state = tuple(np.array(env.state))
        for action in random_actions(name, ours.max_steps):
            act = for_gymnasium(name, action)
            observation, reward, terminated, _, _ = env.step(act)
            got = ours.compared(state, single(act))
            assert_same_bits(got, Step(tuple(env.state), observation, float(reward), terminated))
            state = got.state
            if terminated:
                break


class Lanes:
    """The float32 lanes, filled by hand."""

    def __init__(self, ours: Classic) -> None:
        self.ours, self.work = ours, room(ours)
        self.work.alive[:] = 1
        self.fill = {name: plain(ours.parts[name], ours.parts) for name in ("fill_step", "fill_observation")}  # type: ignore[arg-type]

    def steps(self, states: list[tuple[float, ...]], actions: list[Any]) -> Iterator[Step]:
        for first in range(0, len(states) - LANES, LANES):
            yield from self._together(states[first : first + LANES], actions[first : first + LANES])

    def _together(self, states: list[tuple[float, ...]], actions: list[Any]) -> Iterator[Step]:
        work, inputs = self.work, self.ours.inputs
        work.floats[: len(states[0]) * LANES] = np.array(states, np.float32).T.ravel()
        work.returns[:] = 0
        if self.ours.actions == "choice":
            work.actions[:] = actions
        else:
            work.commands[:] = [action[0] for action in actions]
        ended = self.fill["fill_step"](self.ours.world, work, 0)
        assert ended == work.over.sum()
        self.fill["fill_observation"](self.ours.world, work)
        after, seen = work.floats.reshape(-1, LANES).copy(), work.scratch.reshape(-1, LANES)[:inputs].copy()
        for lane in range(LANES):
            yield Step(after[:, lane], seen[:, lane], float(work.returns[lane]), bool(work.over[lane]))


def room(ours: Classic) -> Workspace:
    kind = Dense(DenseParameters(), inputs=ours.inputs, outputs=ours.outputs)
    return workspace(ours, kind.prepared(kind.random(1, seed=1, generation=0)))


def error(got: Any, wanted: Any, floor: Any) -> Float64Array:
    """Relative to what is wanted, or to the floor where that is larger."""
    off = np.abs(np.asarray(got, np.float64) - np.asarray(wanted, np.float64))
    return np.asarray(off / np.maximum(np.abs(np.asarray(wanted, np.float64)), floor), np.float64)


def played_states(env: Any, count: int) -> list[tuple[float, ...]]:
    """Where an acrobot comes that is swung up, more and less cleverly, and beyond the goal."""
    numbers, states = np.random.default_rng(6), list[tuple[float, ...]]()
    while len(states) < count:
        env.reset(seed=len(states))
        skill = numbers.random()
        for _ in range(400):
            states.append(tuple(env.state))
            env.step(2 * int(env.state[3] > 0) if numbers.random() < skill else int(numbers.integers(3)))
    return states[:count]


def in_float32(states: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """States that both can start from."""
    return [tuple(float(np.float32(one)) for one in state) for state in states]


def unrolled(name: str, got: Float32Array, wanted: Any) -> Float64Array:
    """The wanted state, its angles by as many turns away as those of the lanes, where these are brought back.
    """
    state = np.array(wanted, np.float64)
    angles = {"Acrobot-v1": 2, "Pendulum-v1": 1}.get(name, 0)
    state[:angles] += np.round((got[:angles] - state[:angles]) / (2 * PI)) * 2 * PI
    return state


@pytest.mark.parametrize(("name", "kwargs"), ALL)
def test_the_float32_lanes_are_within_1e_5_of_gymnasium(
    name: str, kwargs: dict[str, Any], theirs: Any
) -> None:
    ours, env = environment(name, kwargs=kwargs), theirs(name, **kwargs)
    states = in_float32(played_states(env, 3_000) if name == "Acrobot-v1" else random_states(name, 3_000))
    floor = FLOOR * np.array(RANGES[name])
    seen_floor = np.array(
        {3: [FLOOR, FLOOR, floor[-1]], 6: [FLOOR] * 4 + [*floor[2:]]}.get(ours.inputs, floor)
    )
    actions, close, compared = random_actions(name, len(states)), 0, 0
    for state, action, got in zip(states, actions, Lanes(ours).steps(states, actions), strict=False):
        wanted = gymnasium_step(env, state, for_gymnasium(name, action))
        after = unrolled(name, got.state, wanted.state)
        assert error(got.state, after, floor).max() < 1e-5, (state, action)
        assert error(got.observation, wanted.observation, seen_floor).max() < 1e-5, (state, action)
        compared += 1
        if got.terminated != wanted.terminated:
            assert is_at_an_edge(name, after, kwargs), (state, action)
            close += 1
            continue
        assert error(got.reward, wanted.reward, FLOOR) < 1e-5, (state, action)
    assert compared > 2_900
    assert close <= 3 * len(EDGES[name])


def test_an_unstable_step_of_the_acrobot_is_as_near_as_float32_can_be(theirs: Any) -> None:
    """At speeds that no play reaches a step magnifies its start a thousand times and more: there the lanes
    are off by no more than a few last digits of the start make in Gymnasium itself."""
    ours, env = environment("Acrobot-v1"), theirs("Acrobot-v1")
    states = in_float32(random_states("Acrobot-v1", 800))
    actions, floor = random_actions("Acrobot-v1", len(states)), FLOOR * np.array(RANGES["Acrobot-v1"])
    for state, action, got in zip(states, actions, Lanes(ours).steps(states, actions), strict=False):
        after = unrolled("Acrobot-v1", got.state, gymnasium_step(env, state, action).state)
        moved = np.zeros(4)
        for place in range(4):
            near = list(state)
            near[place] = float(np.nextafter(np.float32(near[place]), np.float32(100)))
            moved += np.abs(
                unrolled("Acrobot-v1", got.state, gymnasium_step(env, near, action).state) - after
            )
        assert (
            np.abs(got.state - after) <= 1e-5 * np.maximum(np.abs(after), floor) + 8 * moved
        ).all(), (state, action)


def is_at_an_edge(name: str, state: Float64Array, kwargs: dict[str, Any]) -> bool:
    """Whether a limit that ends an episode is so near that rounding decides."""
    if name == "CartPole-v1":
        return bool(min(abs(abs(state[0]) - 2.4), abs(abs(state[2]) - 0.20943951023931953)) < 1e-6)
    if name == "Acrobot-v1":
        return bool(abs(-np.cos(state[0]) - np.cos(state[0] + state[1]) - 1) < 1e-5)
    goal = 0.5 if name == "MountainCar-v0" else 0.45
    return bool(min(abs(state[0] - goal), abs(state[1] - kwargs.get("goal_velocity", 0.0))) < 1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_starts_are_spread_as_gymnasiums(name: str, theirs: Any) -> None:
    ours, env, work = environment(name), theirs(name), room(environment(name))
    start = plain(ours.parts["fill_start"], ours.parts)  # type: ignore[arg-type]
    drawn = []
    with np.errstate(over="ignore"):
        for agent in range(2_000):
            start(ours.world, work, agent % LANES, np.uint64(derive(5, Purpose.EPISODE, 0, agent)))
            drawn.append(work.floats.reshape(-1, LANES)[:, agent % LANES].copy())
    known = []
    for seed in range(500):
        env.reset(seed=seed)
        known.append(np.array(env.state))
    mine, their = np.array(drawn), np.array(known)
    low, high = np.array(ours.starts).T
    assert (mine >= np.float32(low)).all()
    assert (mine <= np.float32(high)).all()
    assert (their >= low - 1e-7).all()
    assert (their <= high + 1e-7).all()
    width = high - low
    assert (np.abs(mine.mean(axis=0) - (low + high) / 2) <= 4 * width / np.sqrt(12 * 2_000)).all()
    assert (np.abs(mine.std(axis=0) - width / np.sqrt(12)) <= 0.05 * width).all()
    assert (np.abs(their.std(axis=0) - width / np.sqrt(12)) <= 0.1 * width).all()


@pytest.mark.parametrize("name", NAMES)
def test_they_say_of_themselves_what_gymnasium_registers(name: str) -> None:
    ours, spec = environment(name), gymnasium.spec(name)
    with gymnasium.make(name) as env:
        space, acts = env.observation_space, env.action_space
    assert (ours.gymnasium_id, ours.max_steps) == (name, spec.max_episode_steps)
    assert ours.inputs == len(ours.input_labels()) == space.shape[0]  # type: ignore[index]
    assert ours.outputs == len(ours.output_labels())
    if ours.actions == "choice":
        assert ours.outputs == acts.n  # type: ignore[attr-defined]
    else:
        assert ours.outputs == acts.shape[0]  # type: ignore[index]
    assert spec.reward_threshold == (None if ours.criterion is None else ours.criterion.threshold)
    assert environment(name, max_steps=7).max_steps == 7


def judged(name: str, *, output: Output = Output.ARGMAX, **given: Any) -> Episodes:
    ours = environment(name, **given)
    return Episodes(
        ours, Dense(DenseParameters(hidden=(5,), output=output), inputs=ours.inputs, outputs=ours.outputs)
    )


@pytest.mark.parametrize("name", NAMES)
def test_threads_and_slices_change_no_bit(name: str) -> None:
    one = judged(name, episodes=3, seeds="fresh")
    population = one.genome.random(50, seed=2, generation=0)
    whole = one.evaluate(population, seed=4, generation=1)
    threaded = one.evaluate(population, seed=4, generation=1, threads=3)
    part = one.evaluate(population[20:37], seed=4, generation=1, origin=20)
    assert np.array_equal(whole.fitness, threaded.fitness)
    assert np.array_equal(whole.steps, threaded.steps)
    assert np.array_equal(whole.fitness[20:37], part.fitness)
    assert name == "MountainCar-v0" or len(set(whole.fitness.tolist())) > 5  # that needs more than luck


def test_common_seeds_are_met_by_all_agents_and_fresh_ones_by_one() -> None:
    for seeds, different in (("common", 1), ("fresh", 12)):
        one = judged("Pendulum-v1", max_steps=20, seeds=seeds)
        twins = np.repeat(one.genome.random(1, seed=2, generation=0), 12, axis=0)
        assert len(set(one.evaluate(twins, seed=4, generation=1).fitness.tolist())) == different
        fresh = one.evaluate(twins, seed=4, generation=1, purpose=Purpose.CONFIRMATION)
        assert len(set(fresh.fitness.tolist())) == 12


@pytest.mark.parametrize("name", NAMES)
def test_no_return_is_above_the_best_possible(name: str) -> None:
    one = judged(name, output=Output.SOFTMAX if CLASSIC[name].actions == "choice" else Output.ARGMAX)
    best = one.problem.best_possible()
    found = one.evaluate(one.genome.random(40, seed=3, generation=0), seed=1, generation=0)
    assert found.fitness.max() <= best
