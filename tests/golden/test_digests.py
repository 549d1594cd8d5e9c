"""Digests of short runs: they change when anything that decides a result changes, and then with a reason.

To renew them: `python -m tests.golden.test_digests` prints the table below. A commit that changes it says why, and shows
how learning changed over seeds.
"""

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
    "openai_es": {"type": "openai_es"},
    "neat": {"type": "neat"},
    "neat, growing fast": {
        "type": "neat", "add_node_probability": 0.3, "add_connection_probability": 0.5, "compatibility_threshold": 2.0,
        "toggle_enable_probability": 0.1, "re_enable_probability": 0.1, "interspecies_mating_probability": 0.1,
        "population_stagnation_generations": 2,
    },
}
GOLDEN = {
    ("maze-20x20", "rising_threshold"): "3c7661933dda6032",
    ("maze-20x20", "genetic"): "d2a7dffdb83f5b16",
    ("maze-20x20", "genetic, rank"): "a098ec1645bcf7b0",
    ("maze-5x5", "rising_threshold"): "b9b42434478e10f6",
    ("maze-5x5", "genetic"): "b3376062614a6125",
    ("maze-5x5", "genetic, rank"): "0c21bbbcb5b4912b",
    ("maze-5x5", "openai_es"): "711ec25f3709590f",
    ("maze-four-rooms", "rising_threshold"): "0ee45302b954ef63",
    ("maze-four-rooms", "genetic"): "370472b3e1229e09",
    ("maze-four-rooms", "genetic, rank"): "2792a3bc08a7102b",
    ("xor-neat", "neat"): "41f48305f274dcc0",
    ("xor-neat", "neat, growing fast"): "83034869bb52644e",
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
    for name, strategy in GOLDEN:
        print(f'    ("{name}", "{strategy}"): "{digest(name, strategy)}",')


if __name__ == "__main__":
    main()
