import math
import time

import numpy as np
import pytest

from processing.core.genomes.diversity import diversity, fill_deviations
from processing.core.types import Float32Array


def drawn(size: int, weights: int = 349) -> Float32Array:
    return np.random.default_rng(size).normal(0.3, 2.0, (size, weights)).astype(np.float32)


def plainly(genomes: Float32Array) -> float:
    """By the definition: distances from the mean genome, one after the other, exactly rounded sums."""
    rows = [[float(weight) for weight in genome] for genome in genomes]
    means = [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
    away = [(weight - mean) ** 2 for row in rows for weight, mean in zip(row, means, strict=True)]
    return math.sqrt(math.fsum(away) / len(away))


@pytest.mark.parametrize("size", [2, 3, 65, 400])
def test_it_is_the_root_mean_square_distance_from_the_mean_genome(size: int) -> None:
    genomes = drawn(size)
    assert diversity(genomes) == pytest.approx(plainly(genomes), rel=1e-13)


def test_a_first_genome_far_from_all_others_costs_no_precision() -> None:
    genomes = drawn(300, 20)
    genomes[0] += 1_000
    assert diversity(genomes) == pytest.approx(plainly(genomes), rel=1e-12)


def test_the_kernel_adds_in_the_order_of_the_agents() -> None:
    genomes = drawn(130, 40)
    total, square = np.zeros(40), np.zeros(40)
    fill_deviations(genomes, total, square)
    assert diversity(genomes) == math.sqrt(math.fsum(square - total * total / 130) / (130 * 40))


def test_copies_and_single_genomes_have_none() -> None:
    genomes = drawn(30)
    assert diversity(np.repeat(genomes[:1], 50, axis=0)) == 0
    assert diversity(genomes[:1]) == diversity(genomes[:0]) == 0


def test_weights_that_are_not_numbers_are_no_error() -> None:
    genomes = drawn(4)
    genomes[2, 3], genomes[1, 1] = np.inf, np.nan
    assert not math.isfinite(diversity(genomes))


def test_ten_thousand_agents_take_milliseconds() -> None:
    genomes = drawn(10_000)
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        diversity(genomes)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.005
