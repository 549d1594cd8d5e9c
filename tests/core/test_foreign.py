"""Environments of Gymnasium, stepped in processes of their own."""

import itertools
from typing import Any

import gymnasium
import numpy as np
import pytest

from processing.core.criterion import MeanReturn
from processing.core.environments.foreign.environment import Foreign
from processing.core.environments.foreign.spaces import Reader, Writer, described, labels, size
from processing.core.errors import Refused
from processing.core.evaluations import joined_results
from processing.core.genomes.dense import Dense, DenseParameters, Output
from processing.core.judges.foreign import ForeignEpisodes
from processing.core.rng import derive
from processing.core.search.checkpoint import pack, unpack
from processing.core.search.plan import Plan
from processing.core.search.slice_payload import pack_results, unpack_results
from processing.core.types import Evaluations, Failure, Purpose
from tests.core import strange_worlds
from tests.core.beats import Beats
from tests.core.foreign import MODULE, foreign_plan
from tests.core.searches import run


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)


def evaluated(plan: Plan, *, number: int = 24, threads: int = 2, **where: Any) -> Evaluations:
    genomes = plan.genome.random(number, seed=4, generation=0)
    found: Evaluations = plan.judge.evaluate(
        genomes, seed=4, generation=where.pop("generation", 0), threads=threads, **where
    )
    return found


def by_hand(
    plan: Plan, agent: int, *, number: int = 24, seed: int, generation: int = 0, episode: int = 0
) -> tuple[float, int]:
    """Return and steps of an agent of `evaluated`, computed with Gymnasium's own flattening and a network in
    float64.
    """
    parameters = plan.problem.parameters
    environment = gymnasium.make(parameters.id, disable_env_checker=True, **parameters.kwargs)
    layers = plan.genome.layers(plan.genome.random(number, seed=4, generation=0)[agent])
    observation, _ = environment.reset(seed=seed)
    total, steps, is_over = 0.0, 0, False
    while not is_over and steps < plan.problem.max_steps:
        values = np.asarray(gymnasium.spaces.flatten(environment.observation_space, observation), np.float64)
        for place, (weights, biases) in enumerate(layers):
            values = values @ weights.astype(np.float64) + biases
            values = np.tanh(values) if place < len(layers) - 1 else values
        action = int(np.argmax(values)) + environment.action_space.start
        observation, reward, terminated, truncated, _ = environment.step(np.int64(action))
        total, steps, is_over = total + float(reward), steps + 1, terminated or truncated
    return total, steps


FAMILIES = ("LunarLander-v3", "FrozenLake-v1", "Blackjack-v1", "Taxi-v4", "CliffWalking-v1")


@pytest.mark.parametrize("name", FAMILIES)
def test_generations_are_evaluated_in_environments_of_every_family(name: str) -> None:
    plan = foreign_plan(name, max_steps=60)
    generations = list(run(plan, seed=3, threads=2))
    assert len(generations) == 3
    for closed in generations:
        assert not closed.evaluations.failures.any()
        assert np.all(closed.evaluations.steps >= 1)
        assert np.all(closed.evaluations.steps <= 60)


def test_commands_move_a_walker() -> None:
    plan = foreign_plan("BipedalWalker-v3", max_steps=40)
    assert (
        plan.problem.inputs, plan.problem.outputs, plan.problem.actions
    ) == (24, 4, "commands")
    evaluations = evaluated(plan)
    assert not evaluations.failures.any()
    assert len(set(evaluations.fitness)) > 20


@pytest.mark.parametrize("name", ["LunarLander-v3", "BipedalWalker-v3", "Mixed-v0"])
def test_neither_processes_nor_parts_nor_neighbours_change_a_bit(name: str) -> None:
    plan = foreign_plan(name, max_steps=50, episodes=2)
    one, two = evaluated(plan, threads=1), evaluated(plan, threads=2)
    parts = [evaluated(plan, first=first, last=last) for first, last in itertools.pairwise((0, 1, 19, 24))]
    genomes = plan.genome.random(24, seed=4, generation=0)
    moved = plan.judge.evaluate(genomes[10:], seed=4, generation=0, origin=10, threads=1)
    for other in (two, joined_results(parts)):
        assert np.array_equal(one.fitness, other.fitness)
        assert np.array_equal(one.steps, other.steps)
    assert np.array_equal(one.fitness[10:], moved.fitness)


@pytest.mark.parametrize("seeds", ["common", "fresh"])
def test_seeds_are_common_or_each_agents_own_and_new_in_every_generation(seeds: str) -> None:
    plan = foreign_plan("LunarLander-v3", max_steps=80, seeds=seeds)
    genomes = np.repeat(plan.genome.random(1, seed=4, generation=0), 6, axis=0)
    first, second = (plan.judge.evaluate(genomes, seed=4, generation=number, threads=1) for number in (0, 1))
    assert len(set(first.fitness)) == (1 if seeds == "common" else 6)
    assert not set(first.fitness) & set(second.fitness)
    confirmed = plan.judge.evaluate(genomes, seed=4, generation=0, purpose=Purpose.CONFIRMATION, threads=1)
    assert len(set(confirmed.fitness)) == 6


@pytest.mark.parametrize("name", ["FrozenLake-v1", "Taxi-v4", "Shifted-v0"])
def test_a_life_is_that_of_gymnasium_with_the_same_seed(name: str) -> None:
    plan = foreign_plan(name, max_steps=30)
    evaluations = evaluated(plan)
    seed = derive(4, Purpose.EPISODE) % (2**31 - 1)
    for agent in range(0, 24, 3):
        assert by_hand(plan, agent, seed=seed) == (evaluations.fitness[agent], evaluations.steps[agent])


@pytest.mark.parametrize("name", ["Mixed-v0", "Switches-v0", "Levers-v0", "Drifting-v0", "Numbered-v0"])
def test_observations_are_flattened_as_gymnasium_flattens_them(name: str) -> None:
    space = gymnasium.make(name, disable_env_checker=True).observation_space
    reader = Reader(described(space))
    space.seed(1)
    assert reader.size == size(described(space)) == gymnasium.spaces.flatdim(space) == len(
        labels(described(space))
    )
    for _ in range(50):
        observation, row = space.sample(), np.full(reader.size, np.nan, np.float32)
        reader.fill(observation, row)
        assert np.array_equal(
            row, np.asarray(gymnasium.spaces.flatten(space, observation)).astype(np.float32)
        )


@pytest.mark.parametrize("name", ["Mixed-v0", "Switches-v0", "Levers-v0", "Shifted-v0"])
def test_every_action_is_one_of_the_space(name: str) -> None:
    space = gymnasium.make(name, disable_env_checker=True).action_space
    writer = Writer(described(space, is_action=True))
    outputs = np.random.default_rng(1).normal(size=(writer.size, 16)).astype(np.float32)
    commands = np.clip(outputs, -1, 1)
    actions = writer.actions(outputs.argmax(axis=0), outputs, commands)
    assert all(space.contains(action) for action in actions)
    assert len({str(action) for action in actions}) > 2


def test_numbers_are_scaled_to_their_bounds_and_choices_are_the_best_of_their_group() -> None:
    levers = Writer(described(strange_worlds.Levers.action_space, is_action=True))
    commands = np.array([[-1, 0, 1], [-1, 0, 1]], np.float32)
    actions = levers.actions(np.zeros(3), commands, commands)
    assert [action.tolist() for action in actions] == [[[-3.0, 0.0]], [[1.0, 0.5]], [[5.0, 1.0]]]
    choices = Writer(described(strange_worlds.Mixed.action_space, is_action=True))
    outputs = np.array([[0, 1], [1, 1], [5, np.nan], [6, 9], [7, 9], [-2, 0], [-1, 0]], np.float32)
    assert [
        action.tolist() for action in choices.actions(np.zeros(2), outputs, outputs)
    ] == [[1, 3, 0], [0, 1, -1]]


def test_agents_whose_environment_raises_fail_with_its_words_and_the_others_live() -> None:
    evaluations = evaluated(foreign_plan("Crashing-v0"))
    failed = evaluations.failures == Failure.ENVIRONMENT_ERROR
    assert 0 < failed.sum() < 24
    assert np.array_equal(np.isnan(evaluations.fitness), failed)
    said = "step() raised RuntimeError: the bridge is gone"
    assert dict(evaluations.reasons) == dict.fromkeys(np.flatnonzero(failed).tolist(), said)
    assert set(evaluations.steps[~failed]) == {10}


def test_agents_whose_environment_kills_its_process_fail_and_the_others_live() -> None:
    dying, raising = evaluated(foreign_plan("Dying-v0"), number=4), evaluated(
        foreign_plan("Crashing-v0"), number=4
    )
    assert np.array_equal(dying.fitness, raising.fitness, equal_nan=True)
    assert set(dying.failures) == {Failure.NONE, Failure.ENVIRONMENT_ERROR}
    assert "died (SIG" in dying.reasons[0][1]


def test_agents_whose_environment_hangs_fail_after_the_time_out_and_the_others_live() -> None:
    beats = Beats()
    plan = foreign_plan("Hanging-v0", timeout_seconds=1.0)
    hanging = evaluated(plan, number=6, beat=beats)
    raising = evaluated(foreign_plan("Crashing-v0"), number=6)
    assert np.array_equal(hanging.fitness, raising.fitness, equal_nan=True)
    assert set(hanging.failures) == {Failure.NONE, Failure.TIMEOUT}
    assert "1 s" in hanging.reasons[0][1]
    assert beats.number > 3


def test_reasons_travel_with_the_parts_of_a_generation() -> None:
    plan = foreign_plan("Crashing-v0")
    whole = evaluated(plan)
    parts = [evaluated(plan, first=first, last=last) for first, last in ((0, 11), (11, 24))]
    again = [unpack_results(pack_results(part, plan.genome), plan.genome) for part in parts]
    assert joined_results(again).reasons == whole.reasons


def test_normalised_observations_have_mean_0_and_variance_1_of_the_generations_before() -> None:
    plan = foreign_plan("Drifting-v0", normalize_observations=True, seeds="fresh")
    first, second = itertools.islice(run(plan, seed=3, threads=2), 2)
    state = first.checkpoint.judge
    assert state["observations"] == first.evaluations.steps.sum()
    assert state["mean"] == pytest.approx([1000.0, 0.0], rel=0.05, abs=1e-4)
    assert np.sqrt(state["variance"]) == pytest.approx([200 / 12**0.5, 2e-3 / 12**0.5], rel=0.2)
    assert second.checkpoint.judge["observations"] == 2 * state["observations"]
    stored = unpack(pack(second.checkpoint, plan.genome), plan.genome).judge
    assert {name: np.asarray(value).tolist() for name, value in stored.items()} == {
        name: np.asarray(value).tolist() for name, value in second.checkpoint.judge.items()
    }


def test_normalised_searches_end_the_same_however_they_are_cut_and_resumed() -> None:
    plan = foreign_plan("Acrobot-v1", normalize_observations=True, max_steps=40)
    assert isinstance(plan.problem, Foreign)
    whole = [closed.checkpoint for closed in run(plan, seed=3, threads=2)]
    cut = [closed.checkpoint.digest for closed in run(plan, seed=3, threads=1, slices=3)]
    assert [each.digest for each in whole] == cut
    middle = unpack(pack(whole[0], plan.genome), plan.genome)
    assert [closed.checkpoint.digest for closed in run(plan, seed=3, start=middle)] == cut[1:]


def test_what_is_compiled_is_used_by_itself_and_only_where_it_can_be() -> None:
    assert not isinstance(foreign_plan("Acrobot-v1").problem, Foreign)
    assert not isinstance(foreign_plan("Pendulum-v1", kwargs={"g": 9.81}).problem, Foreign)
    assert isinstance(foreign_plan("Acrobot-v1", normalize_observations=True).problem, Foreign)
    assert isinstance(foreign_plan("CartPole-v0").problem, Foreign)


def test_the_registrys_threshold_is_the_criterion() -> None:
    for name, threshold in (
        ("LunarLander-v3", 200), ("BipedalWalker-v3", 300), ("FrozenLake-v1", 0.7), ("Worth-v3", 2)
    ):
        criterion = foreign_plan(name).problem.criterion
        assert isinstance(criterion, MeanReturn)
        assert criterion.threshold == threshold
    assert foreign_plan("Blackjack-v1").problem.criterion is None
    assert foreign_plan("Worth-v3").problem.max_steps == 7
    assert foreign_plan("CliffWalking-v1").problem.max_steps == 1_000


def test_drawn_actions_have_addresses_of_their_own() -> None:
    environment = foreign_plan("Shifted-v0").problem
    kind = Dense(DenseParameters(hidden=(5,), output=Output.SOFTMAX), inputs=2, outputs=3)
    judge, genomes = ForeignEpisodes(environment, kind), np.repeat(
        kind.random(1, seed=4, generation=0), 20, axis=0
    )
    one, two = (judge.evaluate(genomes, seed=4, generation=0, threads=threads).fitness for threads in (1, 2))
    assert np.array_equal(one, two)
    assert len(set(one)) > 3


def test_episodes_are_not_replayed_here() -> None:
    plan = foreign_plan("FrozenLake-v1")
    with pytest.raises(Refused, match="FrozenLake-v1"):
        plan.judge.replays.episode(
            plan.genome.pack(plan.genome.random(1, seed=1, generation=0)), seed=1, generation=0, agent=0
        )


def test_neat_grows_networks_for_foreign_environments_too() -> None:
    plan = foreign_plan("LunarLander-v3", kind="neat", max_steps=50)
    one, two = (
        [closed.checkpoint.digest for closed in run(plan, seed=3, threads=threads)] for threads in (1, 2)
    )
    assert one == two
