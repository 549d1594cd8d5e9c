"""Digests of short runs: they change when anything that decides a result changes, and then with a reason.

To renew them: `python -m tests.golden.test_digests` prints the tables below. A commit that changes it says
why, and shows how learning changed over seeds.
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
        "type": "genetic", "selection": "rank", "crossover": "uniform", "mutation": "single_weight",
        "elites": 5,
    },
    "openai_es": {"type": "openai_es"},
    "random_search": {"type": "random_search"},
    "neat": {"type": "neat"},
    "neat, growing fast": {
        "type": "neat", "add_node_probability": 0.3, "add_connection_probability": 0.5,
        "compatibility_threshold": 2.0, "toggle_enable_probability": 0.1, "re_enable_probability": 0.1,
        "interspecies_mating_probability": 0.1, "population_stagnation_generations": 2,
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
    ("maze-5x5", "random_search"): "f5e03606e18632e0",
    ("maze-four-rooms", "rising_threshold"): "0ee45302b954ef63",
    ("maze-four-rooms", "genetic"): "370472b3e1229e09",
    ("maze-four-rooms", "genetic, rank"): "2792a3bc08a7102b",
    ("xor-neat", "neat"): "41f48305f274dcc0",
    ("xor-neat", "neat, growing fast"): "83034869bb52644e",
}


#: Fewer generations of searches in other environments, and of other networks; keys that an example's document
#: is changed in.
FEW = 3
WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "poles without velocities, recurrent": ("double-pole-neat", {
        "environment": {"type": "double_pole", "velocities": False}, "network": {"recurrent": True},
        "strategy": STRATEGIES["neat, growing fast"] | {
            "population_size": 800, "recurrent_connection_probability": 0.3
        },
    }),
    "poles with velocities": (
        "double-pole-neat", {"environment": {"type": "double_pole", "max_steps": 5_000}}
    ),
    "acrobot, fresh starts": ("acrobot-weights", {
        "environment": {"type": "gymnasium", "id": "Acrobot-v1", "seeds": "fresh", "episodes": 2},
        "strategy": {"type": "genetic", "population_size": 100},
    }),
    "acrobot, three passes of curves": ("double-pole-neat", {
        "environment": {"type": "gymnasium", "id": "Acrobot-v1"},
        "network": {
            "activations_per_step": 3, "activations": ["sin", "gaussian", "gelu", "tanh"], "output": "softmax"
        },
        "strategy": STRATEGIES["neat, growing fast"] | {"population_size": 100},
    }),
    "pendulum": ("acrobot-weights", {
        "environment": {"type": "gymnasium", "id": "Pendulum-v1"},
        "strategy": {"type": "openai_es", "population_size": 100},
    }),
    "mountain car": ("acrobot-weights", {
        "environment": {"type": "gymnasium", "id": "MountainCarContinuous-v0"},
        "network": {"hidden": [6], "activation": "tanh"},
        "strategy": {"type": "genetic", "population_size": 100},
    }),
    "a maze, novelty": ("maze-four-rooms", {
        "novelty": {"k": 5, "weight": 0.7}, "strategy": {"type": "genetic", "population_size": 100},
    }),
}
GOLDEN_WORLDS = {
    "poles without velocities, recurrent": "6d55abb71f4a4cd4",
    "poles with velocities": "6cc46fecaae89201",
    "acrobot, fresh starts": "c677aa4350402aeb",
    "acrobot, three passes of curves": "c9ba11412446098d",
    "pendulum": "3a725c59e63b0eba",
    "mountain car": "52f9df7b8d74e10a",
    "a maze, novelty": "4ba31ce9ef7c3033",
}


def digest(name: str, strategy: str) -> str:
    """The first digits of the chained digest after the last generation."""
    *_, last = run(
        example(name, strategy=STRATEGIES[strategy], stop={"max_generations": GENERATIONS}), seed=SEED
    )
    return last.checkpoint.digest[:16]


def digest_in(world: str) -> str:
    """The same of a few generations in one of `WORLDS`."""
    name, changes = WORLDS[world]
    *_, last = run(example(name, **changes, stop={"max_generations": FEW}), seed=SEED)
    return last.checkpoint.digest[:16]


@pytest.mark.parametrize(("name", "strategy"), GOLDEN)
def test_a_run_keeps_its_golden_digest(name: str, strategy: str) -> None:
    assert digest(name, strategy) == GOLDEN[name, strategy]


@pytest.mark.parametrize("world", WORLDS)
def test_a_run_in_another_world_keeps_its_golden_digest(world: str) -> None:
    assert digest_in(world) == GOLDEN_WORLDS[world]


def main() -> None:
    """Print the tables anew."""
    for name, strategy in GOLDEN:
        print(f'    ("{name}", "{strategy}"): "{digest(name, strategy)}",')
    for world in WORLDS:
        print(f'    "{world}": "{digest_in(world)}",')


if __name__ == "__main__":
    main()
