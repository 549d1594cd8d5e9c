"""Who solves a task: the champion, if 100 fresh seeds say so too."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from processing.core.criterion import Closing, Confirmation, MeanReturn, candidate
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
from processing.core.ranking import mean
from processing.core.search.plan import Plan
from processing.core.search.stop import StopParameters
from processing.core.types import Evaluations, Float32Array, Population, Purpose, SpeciesSnapshot, Verdict
from tests.core.beats import Beats, Fixed
from tests.core.test_classic import environment


def plan(**given: Any) -> Plan:
    ours = environment("CartPole-v1", **given)
    kind = Dense(DenseParameters(hidden=()), inputs=ours.inputs, outputs=ours.outputs)
    return Plan(
        problem=ours, genome=kind, judge=Episodes(ours, kind), strategy=None,
        stop=StopParameters(max_generations=1)
    )


def balancer(*, away: float = 0.0) -> Float32Array:
    """A genome that pushes against the lean; `away` makes it care for nothing but where the cart is."""
    lean = np.array([0.02, 0.1, 1.0, 0.5]) * (1 - away) + np.array([1, 0, 0, 0]) * away
    return np.array([*np.stack([-lean, lean], axis=1).ravel(), 0, 0], np.float32)


def population_of(*rows: Float32Array) -> Population:
    count = len(rows)
    return Population(
        genomes=np.stack(rows), operators=np.zeros(count, np.uint8), mothers=np.full(count, -1, np.int32),
        fathers=np.full(count, -1, np.int32), ages=np.zeros(count, np.uint16),
    )


def winner(
    criterion: MeanReturn, one: Plan, population: Population, evaluations: Evaluations | None = None
) -> int | None:
    found = evaluations or one.judge.evaluate(population.genomes, seed=3, generation=1)
    return criterion.winner(one.judge, population, found, candidate=None, closing=Closing(3, 1)).agent


def test_a_champion_that_balances_wins() -> None:
    population = population_of(balancer(away=1), balancer(), balancer())
    assert winner(MeanReturn(475), plan(), population) == 1


def test_a_threshold_that_nobody_reaches_has_no_winner() -> None:
    assert winner(MeanReturn(475), plan(), population_of(balancer(away=1))) is None


def test_a_threshold_that_is_just_reached_is_reached() -> None:
    assert winner(MeanReturn(500), plan(), population_of(balancer())) == 0


def test_luck_is_not_confirmed() -> None:
    one, genome = plan(seeds="fresh"), balancer(away=1)
    crowd = population_of(*[genome] * 60)
    evaluations = one.judge.evaluate(crowd.genomes, seed=3, generation=1)
    luckiest = evaluations.fitness.max()
    assert luckiest > mean(evaluations.fitness)
    assert winner(MeanReturn(float(luckiest)), one, crowd) is None
    assert winner(
        MeanReturn(mean(evaluations.fitness) - 0.5), one, crowd
    ) == int(evaluations.fitness.argmax())


def confirmed(one: Plan, genomes: Float32Array, agent: int, bar: float) -> Confirmation:
    found = one.judge.confirm(genomes, agent, bar, Closing(3, 1)).confirmation
    assert isinstance(found, Confirmation)
    return found


def test_a_confirmation_says_how_a_champion_did_on_fresh_episodes() -> None:
    one = plan(seeds="fresh", episodes=3)
    passed, failed = (confirmed(one, balancer()[None], 0, bar) for bar in (475, 501))
    assert (passed, passed.is_passed) == (Confirmation(agent=0, episodes=102, mean=500.0, asked=475), True)
    assert (failed, failed.is_passed) == (Confirmation(agent=0, episodes=102, mean=500.0, asked=501), False)


def test_an_agent_that_fails_in_a_fresh_episode_is_not_confirmed_and_has_no_mean() -> None:
    class Failing(Episodes):
        def evaluate(self, *args: Any, **kwargs: Any) -> Evaluations:
            found = super().evaluate(*args, **kwargs)
            return replace(found, fitness=np.where(np.arange(len(found)) == 1, np.nan, found.fitness))

    one = plan(seeds="fresh")
    one = replace(one, judge=Failing(one.problem, one.genome))
    found = confirmed(one, balancer()[None], 0, 1)
    assert (found.mean, found.is_passed) == (None, False)


def test_agents_without_a_fitness_never_win() -> None:
    lost = Evaluations(fitness=np.full(2, np.nan), steps=np.zeros(2, np.int32), failures=np.ones(2, np.uint8))
    assert winner(MeanReturn(-1e9), plan(), population_of(balancer(), balancer()), lost) is None


def test_it_is_confirmed_on_a_hundred_different_starts() -> None:
    one = plan()
    copies = np.repeat(balancer(away=1)[None], 100, axis=0)
    again = one.judge.evaluate(copies, seed=3, generation=1, purpose=Purpose.CONFIRMATION)
    assert len(set(again.fitness.tolist())) > 2
    for bar, expected in (
        (mean(again.fitness), True), (float(np.nextafter(mean(again.fitness), 1e9)), False)
    ):
        assert confirmed(one, copies[:3], 2, bar).is_passed is expected


@pytest.mark.parametrize(("episodes", "copies"), [(1, 100), (3, 34), (100, 1), (1_000, 1)])
def test_agents_of_several_episodes_need_fewer_copies_for_a_hundred(episodes: int, copies: int) -> None:
    one = plan(episodes=episodes)
    genomes = np.repeat(balancer(away=1)[None], copies, axis=0)
    again = one.judge.evaluate(genomes, seed=3, generation=1, purpose=Purpose.CONFIRMATION)
    for bar, expected in (
        (mean(again.fitness), True), (float(np.nextafter(mean(again.fitness), 1e9)), False)
    ):
        assert confirmed(one, genomes[:1], 0, bar).is_passed is expected


def test_a_confirmation_beats_again_and_again() -> None:
    one, beats = plan(), Beats()
    assert isinstance(one.judge, Episodes)
    one.judge.engine.pace = Fixed(100)
    assert one.judge.confirm(balancer()[None], 0, 475, Closing(3, 1, beat=beats)).is_passed
    assert beats.number >= 7 * 5  # a hundred episodes in 16 lanes, of 500 steps each


@pytest.mark.parametrize(
    ("name", "threshold"),
    [("CartPole-v1", 475), ("Acrobot-v1", -100), ("MountainCar-v0", -110), ("MountainCarContinuous-v0", 90)],
)
def test_the_tasks_have_the_thresholds_of_the_field(name: str, threshold: float) -> None:
    criterion = environment(name).criterion
    assert criterion is not None
    assert criterion.threshold == threshold


def species(number: int, champion: int | None, *, best: float | None, still: int = 0) -> SpeciesSnapshot:
    return SpeciesSnapshot(
        number=number, born_in=0, size=3, champion=champion, best_fitness=best, mean_fitness=best,
        adjusted_fitness=best, generations_since_improvement=still, offspring=3,
    )


def test_champions_of_species_take_turns_in_a_long_test() -> None:
    fitness = np.array([5.0, 9.0, 7.0])
    groups = [
        species(4, 0, best=5.0, still=1), species(6, 1, best=9.0, still=1), species(8, 2, best=7.0, still=1)
    ]
    tested: tuple[int, ...] = ()
    turns = []
    for _ in range(4):
        agent, tested = candidate(Verdict(snapshots=tuple(groups)), fitness, tested)
        turns.append(agent)
    assert turns == [1, 2, 0, 1]
    groups[2] = species(8, 2, best=7.5)  # it has improved
    assert candidate(Verdict(snapshots=tuple(groups)), fitness, tested)[0] == 2
    assert candidate(Verdict(snapshots=(species(4, None, best=None),)), fitness, tested)[0] == 1
    assert candidate(Verdict(), np.full(2, np.nan), tested)[0] is None
