"""The two poles move by their equations, and episodes, fitness and criteria are those of the paper."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from processing.core.criterion import Closing, Solution
from processing.core.environments.double_pole.double_pole import (
    DoublePole,
    DoublePoleParameters,
    Generalising,
    starts,
)
from processing.core.environments.double_pole.poles import fill_acted, numbers
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
from processing.core.kernels.build import compiled, plain
from processing.core.rollouts.engine import Engine
from processing.core.types import Evaluations, Float32Array, Float64Array
from tests.arithmetic import added

#: How far x, ẋ, θ1, θ̇1, θ2, θ̇2 range in an episode.
RANGES = np.array([2.4, 4.0, 0.62, 6.0, 0.62, 15.0])
#: Weights of a linear network that balances: found by solving a Riccati equation.
STEADY = np.array([[-1.01133436, -0.7363824, -3.3499641, -3.38226956, 2.32987576, 0.74007354]], np.float32)
POLES = ((0.1, 0.5), (0.01, 0.05))  # mass (kg), half-length (m)


def derivative(state: Float64Array, force: float) -> Float64Array:
    """Of x, ẋ, θ1, θ̇1, θ2, θ̇2. The friction of a hinge is 2e-6."""
    pulls, masses = 0.0, 0.0
    for (mass, half), angle, rate in zip(POLES, state[2::2], state[3::2], strict=True):
        hinge = 2e-6 * rate / (mass * half)
        pulls += mass * half * rate**2 * np.sin(angle) + 0.75 * mass * np.cos(angle) * (
            hinge - 9.8 * np.sin(angle)
        )
        masses += mass * (1 - 0.75 * np.cos(angle) ** 2)
    push = (force + pulls) / (1.0 + masses)
    changes = [state[1], push]
    for (mass, half), angle, rate in zip(POLES, state[2::2], state[3::2], strict=True):
        hinge = 2e-6 * rate / (mass * half)
        changes += [rate, -0.75 / half * (push * np.cos(angle) - 9.8 * np.sin(angle) + hinge)]
    return np.array(changes)


def moved(state: Float64Array, force: float) -> Float64Array:
    """The state after one action."""
    for _ in range(2):
        first = derivative(state, force)
        second = derivative(state + 0.005 * first, force)
        third = derivative(state + 0.005 * second, force)
        fourth = derivative(state + 0.01 * third, force)
        state = state + 0.01 / 6 * (first + 2 * second + 2 * third + fourth)
    return state


def has_failed(state: Float64Array) -> bool:
    return bool(abs(state[0]) > 2.4 or abs(state[2]) > 0.628329 or abs(state[4]) > 0.628329)


def episode_of(
    weights: Float32Array, steps: int, start: Float64Array | None = None
) -> tuple[int, bool, list[float]]:
    """Steps of an episode of a linear network without bias, whether it failed, and the movement after each
    step that did not end it.
    """
    state = np.array([0, 0, 0.07, 0, 0, 0.0]) if start is None else start
    movement = []
    for step in range(1, steps + 1):
        seen = state / (4.8, 2, 0.52, 2, 0.52, 2)
        command = np.tanh(float(np.dot(weights, seen if len(weights) == 6 else seen[::2])))
        state = moved(state, 10 * command)
        if has_failed(state):
            return step, True, movement
        movement.append(float(np.abs(state[:4]).sum()))
    return steps, False, movement


def published(movement: list[float]) -> float:
    t = len(movement)
    return 0.1 * t / 1000 + (0.9 * 0.75 / added(movement[-100:]) if t >= 100 else 0.0)


def states(number: int) -> tuple[Float64Array, Float64Array]:
    drawn = np.random.default_rng(4)
    found = (drawn.uniform(-1, 1, (number, 6)) * RANGES).astype(np.float32).astype(np.float64)
    return found, drawn.uniform(-10, 10, number).astype(np.float32).astype(np.float64)


def task(**changes: Any) -> DoublePole:
    return DoublePole(DoublePoleParameters(type="double_pole", **changes))


def judge(environment: DoublePole, **network: Any) -> Episodes:
    parameters = DenseParameters(**{"hidden": (), "bias": False} | network)
    return Episodes(environment, Dense(parameters, inputs=environment.inputs, outputs=1))


def judged(environment: DoublePole, genomes: NDArray[Any], **how: Any) -> Evaluations:
    return judge(environment).evaluate(genomes.astype(np.float32), seed=1, generation=0, **how)


def test_one_action_is_that_of_the_equations_in_float64() -> None:
    found, forces = states(300)
    expected = np.array([moved(state, force) for state, force in zip(found, forces, strict=True)])
    compiled(fill_acted, numbers(np.float64))(found, forces)
    assert np.all(np.abs(found - expected) <= 1e-12 * RANGES)


def test_one_action_in_float32_is_within_a_hundred_thousandth() -> None:
    found, forces = states(300)
    expected = np.array([moved(state, force) for state, force in zip(found, forces, strict=True)])
    single = found.astype(np.float32)
    compiled(fill_acted, numbers(np.float32))(single, forces.astype(np.float32))
    assert np.all(np.abs(single - expected) <= 1e-5 * np.maximum(np.abs(expected), 0.01 * RANGES))


def test_plain_python_moves_to_the_same_bits() -> None:
    found, forces = states(20)
    one, other = found.astype(np.float32), found.astype(np.float32)
    compiled(fill_acted, numbers(np.float32))(one, forces.astype(np.float32))
    plain(fill_acted, numbers(np.float32))(other, forces.astype(np.float32))
    assert np.array_equal(one, other)


def test_energy_is_kept_without_a_force_but_for_the_hinges() -> None:
    def energy(state: Float64Array) -> float:
        speed, total = state[1], 0.5 * state[1] ** 2
        for (mass, half), angle, rate in zip(POLES, state[2::2], state[3::2], strict=True):
            turning = 4 / 3 * (half * rate) ** 2 + 2 * half * rate * speed * np.cos(angle)
            total += mass * (0.5 * (speed**2 + turning) + 9.8 * half * np.cos(angle))
        return float(total)

    state = np.array([[0.0, 0.5, 0.05, -0.2, -0.1, 0.4]])
    before, lost = energy(state[0]), 0.0
    for _ in range(8):
        lost += 2e-6 * float((state[0, 3::2] ** 2).sum()) * 0.02
        compiled(fill_acted, numbers(np.float64))(state, np.zeros(1))
    assert energy(state[0]) == pytest.approx(before - lost, abs=1e-6)


def test_lives_in_lanes_last_as_long_as_by_the_equations() -> None:
    genomes = np.random.default_rng(2).normal(0, 2, (40, 6)).astype(np.float32)
    evaluations = judged(task(), genomes)
    assert evaluations.steps[:12].tolist() == [episode_of(genome, 500)[0] for genome in genomes[:12]]
    assert evaluations.fitness.tolist() == evaluations.steps.tolist()


def test_without_velocities_fitness_is_that_of_the_paper() -> None:
    environment = task(velocities=False)
    genomes = np.random.default_rng(2).normal(0, 3, (12, 3)).astype(np.float32)
    for genome, fitness in zip(genomes, judged(environment, genomes).fitness, strict=True):
        assert fitness == pytest.approx(published(episode_of(genome, 1000)[2]), rel=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1.2, 0.8])
def test_little_movement_over_the_last_100_steps_is_rewarded(scale: float) -> None:
    environment = task(max_steps=300)
    environment.is_damped = True
    steps, failed, movement = episode_of(STEADY[0] * np.float32(scale), 300)
    assert len(movement) >= 100
    evaluations = judged(environment, np.repeat(STEADY * np.float32(scale), 20, axis=0))
    assert evaluations.steps.tolist() == [steps] * 20
    assert evaluations.fitness.tolist() == [evaluations.fitness[0]] * 20
    assert evaluations.fitness[0] == pytest.approx(published(movement), rel=1e-3)
    assert failed == (steps < 300)


def test_a_life_that_fails_after_its_hundredth_step_is_scored_over_those_before() -> None:
    environment = task(max_steps=1000)
    environment.is_damped = True
    weak = STEADY * np.array([[0, 0, 1, 1, 1, 1]], np.float32)
    steps, failed, movement = episode_of(weak[0], 1000)
    assert failed
    assert steps > 101
    evaluations = judged(environment, weak)
    assert evaluations.steps.tolist() == [steps]
    assert evaluations.fitness[0] == pytest.approx(published(movement), rel=1e-3)


def test_threads_slices_and_neighbours_change_no_bit() -> None:
    environment = task(velocities=False)
    one = judge(environment, hidden=(4,))
    genomes = one.genome.random(60, seed=5, generation=0)
    alone = one.evaluate(genomes, seed=1, generation=0).fitness
    assert np.array_equal(alone, one.evaluate(genomes, seed=1, generation=0, threads=2).fitness)
    assert np.array_equal(
        alone[20:23], one.evaluate(genomes, seed=1, generation=0, first=20, last=23).fitness
    )
    assert np.array_equal(alone[::-1], one.evaluate(genomes[::-1].copy(), seed=1, generation=0).fitness)


def test_plain_python_lives_the_same_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    for velocities in (True, False):
        environment = task(velocities=velocities, max_steps=120)
        one = judge(environment, hidden=(3,))
        genomes = one.genome.random(20, seed=6, generation=0)
        expected = one.evaluate(genomes, seed=1, generation=0)
        with monkeypatch.context() as patch:
            patch.setenv("NUMBA_DISABLE_JIT", "1")
            again = judge(environment, hidden=(3,)).evaluate(genomes, seed=1, generation=0)
        assert np.array_equal(expected.fitness, again.fitness)
        assert np.array_equal(expected.steps, again.steps)


def test_weights_that_are_not_numbers_end_a_life() -> None:
    genomes = np.full((2, 6), np.nan, np.float32)
    evaluations = judged(task(), genomes)
    assert np.all(evaluations.steps < 100)


def test_a_cart_that_comes_to_rest_stays_there() -> None:
    evaluations = judged(task(), STEADY)
    assert evaluations.steps.tolist() == [100_000]


def test_the_other_starts_are_those_of_the_paper() -> None:
    found = starts()
    assert found.shape == (625, 4)
    assert len(np.unique(found, axis=0)) == 625
    assert np.allclose(found[0], [-1.944, -1.215, -0.056548368, -0.135087768], rtol=1e-6)
    assert np.allclose(found[312], 0)
    assert np.allclose(found[-1], -found[0])


def plan_of_poles(velocities: bool) -> Any:
    one = judge(task(velocities=velocities))
    return SimpleNamespace(problem=one.problem, genome=one.genome, judge=one)


def winner(
    plan: Any, criterion: Any, genomes: Float32Array, evaluations: Evaluations, *,
    candidate: int | None = None
) -> int | None:
    solution: Solution = criterion.winner(
        plan.judge, SimpleNamespace(genomes=genomes), evaluations, candidate=candidate, closing=Closing(1, 0)
    )
    return solution.agent


def test_with_velocities_the_first_agent_that_balances_100_000_steps_has_solved_it() -> None:
    plan = plan_of_poles(True)
    genomes = np.concatenate([STEADY * 0, STEADY, STEADY * np.float32(1.1)])
    evaluations = plan.judge.evaluate(genomes, seed=1, generation=0)
    assert winner(plan, plan.problem.criterion, genomes, evaluations) == 1
    assert winner(
        plan, plan.problem.criterion, genomes[:1], plan.judge.evaluate(genomes[:1], seed=1, generation=0)
    ) is None
    assert task(max_steps=1000).criterion is None


def test_the_test_of_a_champion_counts_starts_as_the_equations_do() -> None:
    plan = plan_of_poles(True)
    criterion = Generalising(plan.problem.parameters)
    some = starts()[::45]
    expected = 0
    for x, speed, angle, rate in some.astype(np.float64):
        expected += not episode_of(STEADY[0], 300, np.array([x, speed, angle, rate, 0, 0]))[1]
    population = SimpleNamespace(genomes=np.concatenate([STEADY * 0, STEADY]))
    found = criterion.balanced(plan.judge, population, 1, some, 300)  # type: ignore[arg-type]
    assert found == expected
    assert 0 < found < len(some)
    assert criterion.balanced(plan.judge, population, 0, some, 300) == 0  # type: ignore[arg-type]


def test_without_velocities_the_candidate_alone_is_tested() -> None:
    plan = plan_of_poles(True)
    criterion = Generalising(plan.problem.parameters)
    genomes = np.concatenate([STEADY * 0, STEADY])
    evaluations = plan.judge.evaluate(genomes, seed=1, generation=0)
    assert winner(plan, criterion, genomes, evaluations, candidate=1) == 1
    assert winner(plan, criterion, genomes, evaluations, candidate=0) is None
    assert winner(plan, criterion, genomes, evaluations) is None


def test_the_task_says_what_it_is() -> None:
    seeing, blind = task(), task(velocities=False)
    assert (seeing.inputs, blind.inputs) == (6, 3)
    assert (seeing.max_steps, blind.max_steps) == (100_000, 1_000)
    assert (seeing.best_possible(), blind.best_possible()) == (100_000.0, None)
    assert (len(seeing.input_labels()), len(blind.input_labels())) == (6, 3)
    assert isinstance(blind.criterion, Generalising)
    assert Engine(blind, judge(blind).genome).kernel() is Engine(
        seeing, judge(seeing).genome
    ).kernel()
