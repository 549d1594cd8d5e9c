"""What the contract suites run over, of the toys."""

from typing import Any

PROBLEM: dict[str, Any] = {"type": "guess", "secret": "110100111010010111"}
STRATEGIES: dict[str, dict[str, Any]] = {
    "toy: pairs, defaults": {"type": "pairs"},
    "toy: pairs, crossed always": {
        "type": "pairs", "tournament_size": 4, "crossover_probability": 1.0, "flip_probability": 0.2
    },
}
GENOMES: dict[str, dict[str, Any]] = {
    "bits": {}, "toy_linear": {"bias": True}, "toy_linear, drawn": {"draws": True, "bias": False},
}
VARIATIONS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "bits": (
        {"crossover_probability": 1.0, "flip_probability": 1.0},
        [{"crossover_probability": 0.0, "flip_probability": 0.0}],
    ),
    "toy_linear": (
        {"crossover": "uniform", "crossover_probability": 1.0, "mutation_probability": 0.5},
        [{"crossover": "none", "mutation_probability": 0.0}],
    ),
}
#: Documents for the contract of judges.
JUDGES: dict[str, dict[str, Any]] = {
    "toy: counting": {"kind": "guessing", "riddle": PROBLEM},
    "toy: counting without noise": {
        "kind": "guessing", "riddle": PROBLEM, "counting": {"noise": 0.0, "epochs": 5}
    },
    "toy: rarity": {"kind": "guessing", "riddle": PROBLEM, "rarity": {"weight": 0.5}},
}
