import numpy as np
import pytest

from processing.core import rng
from processing.core.types import Purpose


def test_splitmix64_gives_the_published_sequence() -> None:
    # Reference output of the authors' generator for seed 1234567: state + n * golden ratio, finalised.
    first = [rng.draw(1234567, n) for n in range(1, 6)]
    assert first == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize("place", range(5))
def test_every_part_of_an_address_counts(place: int) -> None:
    address = [7, int(Purpose.POLICY), 3, 11, 2]
    other = address.copy()
    other[place] += 1
    assert rng.derive(*address) != rng.derive(*other)


def test_seeds_up_to_2_to_the_53_are_distinct() -> None:
    assert rng.derive(2**53 - 1, 1) != rng.derive(2**53 - 2, 1)


def test_arrays_of_keys_and_draws_equal_their_scalar_twins() -> None:
    keys = rng.keys(5, Purpose.INITIAL, 9, np.arange(4), episode=3)
    assert [int(key) for key in keys] == [rng.derive(5, Purpose.INITIAL, 9, agent, 3) for agent in range(4)]
    draws = rng.uniforms(keys, 6, first=2)
    assert draws.shape == (4, 6)
    assert all(draws[k, n] == rng.uniform(int(keys[k]), n + 2) for k in range(4) for n in range(6))
    assert np.array_equal(rng.uniforms(int(keys[1]), 6, 2), draws[1])


def test_uniforms_lie_in_the_unit_interval_and_below_covers_its_range() -> None:
    key = rng.derive(1, Purpose.PARENTS)
    numbers = rng.uniforms(key, 20_000)
    assert 0 <= numbers.min() < 0.001
    assert 0.999 < numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.01
    assert {rng.below(key, n, 7) for n in range(200)} == set(range(7))


def test_normals_have_mean_0_and_variance_1() -> None:
    numbers = rng.normals(rng.derive(1, Purpose.MUTATION), 100_000).astype(np.float64)
    assert abs(numbers.mean()) < 0.02
    assert abs(numbers.std() - 1) < 0.01
    assert np.abs(numbers).max() < 3.47
