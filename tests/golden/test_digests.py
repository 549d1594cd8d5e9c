"""Digests of short runs: they change when anything that decides a result changes, and then with a reason.

To renew them: `python -m tests.golden.test_digests` prints the table below. A commit that changes it says why, and shows
how learning changed over seeds.
"""

from itertools import product
from typing import Any

import pytest

from tests.core.searches import example, run

#: Seed and length of each run.
SEED, GENERATIONS = 7, 6
STRATEGIES: dict[str, dict[str, Any]] = {
    "rising_threshold": {"type": "rising_threshold"},
    "genetic": {"type": "genetic"},
    "genetic, rank": {
        "type": "genetic", "selection": "rank", "crossover": "uniform", "mutation": "single_weight", "elites": 5,
    },
}
GOLDEN = {
    ("maze-20x20", "rising_threshold"): "3c7661933dda6032",
    ("maze-20x20", "genetic"): "d2a7dffdb83f5b16",
    ("maze-20x20", "genetic, rank"): "a098ec1645bcf7b0",
    ("maze-5x5", "rising_threshold"): "b9b42434478e10f6",
    ("maze-5x5", "genetic"): "b3376062614a6125",
    ("maze-5x5", "genetic, rank"): "0c21bbbcb5b4912b",
    ("maze-four-rooms", "rising_threshold"): "0ee45302b954ef63",
    ("maze-four-rooms", "genetic"): "370472b3e1229e09",
    ("maze-four-rooms", "genetic, rank"): "2792a3bc08a7102b",
}


def digest(name: str, strategy: str) -> str:
    """The first digits of the chained digest after the last generation."""
    *_, last = run(example(name, strategy=STRATEGIES[strategy], stop={"max_generations": GENERATIONS}), seed=SEED)
    return last.checkpoint.digest[:16]


@pytest.mark.parametrize(("name", "strategy"), GOLDEN)
def test_a_run_keeps_its_golden_digest(name: str, strategy: str) -> None:
    assert digest(name, strategy) == GOLDEN[name, strategy]


def main() -> None:
    """Print the table anew."""
    for name, strategy in product(("maze-20x20", "maze-5x5", "maze-four-rooms"), STRATEGIES):
        print(f'    ("{name}", "{strategy}"): "{digest(name, strategy)}",')


if __name__ == "__main__":
    main()
