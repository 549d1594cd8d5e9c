import hashlib

import numpy as np
import pytest

from processing.core.genomes.dense import Activation, Output
from processing.core.types import Evaluations, Failure
from tests.core.mazes import genomes, judge, maze, random_maze


def digest(evaluations: Evaluations) -> str:
    parts = evaluations.fitness.astype("<f8"), evaluations.steps.astype("<i4"), evaluations.failures
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def test_an_evaluation_keeps_its_golden_digest() -> None:
    one = judge(maze(random_maze(1, goals=2), episodes=2), activation=Activation.TANH, output=Output.SOFTMAX)
    population = one.genome.random(100, seed=42, generation=0)
    assert digest(one.evaluate(population, seed=42, generation=0)) == "c148eeb5c33127f9"


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_bit(threads: int) -> None:
    one = judge(maze(random_maze(3, goals=1), max_steps=200, episodes=3), output=Output.SOFTMAX)
    population = genomes(one, 333)
    alone = one.evaluate(population, seed=5, generation=8)
    together = one.evaluate(population, seed=5, generation=8, threads=threads)
    assert digest(alone) == digest(together)


def test_slices_change_no_bit() -> None:
    one = judge(maze(random_maze(3, goals=1), episodes=2), output=Output.SOFTMAX)
    population = genomes(one, 101)
    whole = one.evaluate(population, seed=5, generation=8)
    slices = [
        one.evaluate(population, seed=5, generation=8, first=a, last=b)
        for a, b in ((0, 1), (1, 40), (40, 101))
    ]
    assert np.array_equal(np.concatenate([part.fitness for part in slices]), whole.fitness)
    assert np.array_equal(np.concatenate([part.steps for part in slices]), whole.steps)


def test_the_kernel_of_one_shape_changes_no_bit() -> None:
    general, special = judge(maze(random_maze(3, goals=2))), judge(maze(random_maze(3, goals=2)))
    population = genomes(general, 200)
    general.engine._special, general.engine._kernel = None, general.engine.general()
    special.engine.specialise()
    assert general.engine.kernel() is not special.engine.kernel()
    results = [one.evaluate(population, seed=1, generation=0) for one in (general, special)]
    assert digest(results[0]) == digest(results[1])


def test_another_seed_and_generation_sample_other_actions() -> None:
    one = judge(maze(random_maze(3, goals=1)), output=Output.SOFTMAX)
    assert one.is_random
    population = genomes(one, 50)
    results = {
        digest(one.evaluate(population, seed=seed, generation=gen)) for seed, gen in ((1, 0), (2, 0), (1, 1))
    }
    assert len(results) == 3


def test_argmax_in_a_maze_is_not_random() -> None:
    one = judge()
    population = genomes(one, 50)
    assert not one.is_random
    results = {digest(one.evaluate(population, seed=seed, generation=gen)) for seed, gen in ((1, 0), (2, 7))}
    assert len(results) == 1


def test_fitness_is_the_mean_return_and_steps_are_summed() -> None:
    single, triple = judge(maze()), judge(maze(episodes=3))
    population = genomes(single, 20)
    once, thrice = (one.evaluate(population, seed=1, generation=0) for one in (single, triple))
    assert np.allclose(once.fitness, thrice.fitness)
    assert np.array_equal(once.steps * 3, thrice.steps)


def test_a_return_that_is_not_finite_is_a_failure() -> None:
    one = judge(maze(("S",), max_steps=3, revisit=1e308))
    stay = np.zeros((1, one.genome.number_of_weights), np.float32)
    stay[0, -5] = 1
    evaluations = one.evaluate(stay, seed=1, generation=0)
    assert np.isnan(evaluations.fitness[0])
    assert evaluations.failures[0] == Failure.NON_FINITE_FITNESS


def test_no_agents_have_no_evaluations() -> None:
    one = judge()
    assert len(one.evaluate(genomes(one, 5), seed=1, generation=0, first=2, last=2)) == 0
