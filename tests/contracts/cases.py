"""The parameter sets that contracts run over: each strategy of the registry, each of its ways, and so on.

Where EXTENSION_MODULES has put the toys into the tables, the contracts hold them as they hold the others.
"""

from typing import Any

from processing.core import extensions, kinds
from processing.core.genomes.cnn.space import LayerRange
from tests.core.mazes import SMALL

#: A small problem for each key of documents.
PROBLEMS: dict[str, dict[str, Any]] = {
    "environment": {"type": "maze", "rows": SMALL, "max_steps": 20},
    "dataset": {"name": "digits", "train_limit": 60},
}
#: Parameters of each genome kind.
GENOMES: dict[str, dict[str, Any]] = {
    "dense": {}, "dense, two layers": {"hidden": (4, 3)}, "dense, no layer": {"hidden": (), "bias": False},
    "graph": {}, "graph, recurrent": {"recurrent": True, "bias": None},
    "cnn": {}, "cnn, small ones": {
        "conv_layers": LayerRange(min=0, max=1), "filters": (2, 4), "kernel_sizes": (3,),
        "max_parameters": 700,
    },
}
#: Input shapes of genome kinds that do not take five numbers.
INPUT_SHAPES: dict[str, tuple[int, ...]] = {"cnn": (1, 8, 8)}
#: For each kind that breeds: a variation that changes every child, and some that change none.
VARIATIONS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "dense": (
        {"crossover": "uniform", "crossover_probability": 1.0, "mutation_probability": 0.5},
        [
            {"crossover": "none", "mutation_probability": 0.0},
            {"crossover_probability": 0.0, "mutation_probability": 0.0},
        ],
    ),
    "cnn": (
        {"crossover_probability": 1.0, "mutation_probability": 1.0},
        [{"crossover_probability": 0.0, "mutation_probability": 0.0}],
    ),
}
#: Parts of documents whose judges are held to their contract.
JUDGES: dict[str, dict[str, Any]] = {
    "episodes": {"kind": "weight_evolution", "environment": PROBLEMS["environment"]},
    "episodes, sampled": {
        "kind": "weight_evolution", "environment": PROBLEMS["environment"] | {"episodes": 2},
        "network": {"output": "softmax"},
    },
    "novelty": {
        "kind": "neat", "environment": PROBLEMS["environment"], "novelty": {"k": 3, "weight": 0.5}
    },
    "table": {
        "kind": "neat",
        "environment": {
            "type": "table", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]],
        },
    },
    "classification": {
        "kind": "cnn_evolution", "dataset": PROBLEMS["dataset"], "training": {"epochs": 2},
        "search_space": {"filters": [2, 4], "dense_units": [8], "max_parameters": 5_000},
    },
    "foreign": {
        "kind": "weight_evolution",
        "environment": {
            "type": "gymnasium", "id": "LunarLander-v3", "max_steps": 10, "normalize_observations": True
        },
    },
}
CASES: dict[str, dict[str, Any]] = {
    "rising threshold, defaults": {"type": "rising_threshold"},
    "rising threshold, few parents": {
        "type": "rising_threshold", "required_agents": 1, "parent_choice": "uniform"
    },
    "rising threshold over the generation": {
        "type": "rising_threshold", "rise_over": "generation", "crossover": "average",
        "mutation": "single_weight", "mutation_probability": 0.9,
    },
    "rising threshold that is given": {
        "type": "rising_threshold", "initial_threshold": -5.0, "rise": 0.0, "crossover": "none",
    },
    "rising threshold out of reach": {
        "type": "rising_threshold", "initial_threshold": 1e6, "maximum_failures": 1_000,
    },
    "genetic, defaults": {"type": "genetic"},
    "genetic, rank": {"type": "genetic", "selection": "rank", "elites": 3, "crossover": "average"},
    "genetic, tournament": {
        "type": "genetic", "selection": "tournament", "elites": 0, "mutation": "single_weight"
    },
    "genetic, roulette": {"type": "genetic", "selection": "roulette", "crossover": "none", "elites": 1},
    "genetic, more elites than parents": {
        "type": "genetic", "parents": 2, "elites": 5, "crossover_probability": 0.5
    },
    "evolution strategies, defaults": {"type": "openai_es"},
    "evolution strategies, ascent": {
        "type": "openai_es", "optimizer": "sgd", "learning_rate": 0.5, "decay": 0.0
    },
    "covariance matrix adaptation": {"type": "cma_es"},
    "covariance matrix adaptation, separable": {"type": "cma_es", "variant": "separable", "sigma": 0.5},
    "random search": {"type": "random_search"},
    "neat, defaults": {"type": "neat"},
    "neat, growing fast": {
        "type": "neat", "add_node_probability": 0.4, "add_connection_probability": 0.6,
        "compatibility_threshold": 2.0, "elite_species_size": 2, "interspecies_mating_probability": 0.3,
        "toggle_enable_probability": 0.2, "re_enable_probability": 0.2,
    },
    "neat, a species for each structure": {
        "type": "neat", "target_species": 8, "normalize_by_size": True, "add_node_probability": 0.3,
        "survival_fraction": 0.5,
    },
    "neat, soon refocused": {
        "type": "neat", "population_stagnation_generations": 1, "stagnation_generations": 1,
        "age_significance": 1.5, "purge_generations": 2,
    },
}

if "tests.toys.tables" in extensions.names():
    from tests.toys import cases as toys

    PROBLEMS["riddle"], INPUT_SHAPES["bits"] = toys.PROBLEM, ()
    for own, of_toys in (
        (CASES, toys.STRATEGIES), (GENOMES, toys.GENOMES), (VARIATIONS, toys.VARIATIONS),
        (JUDGES, toys.JUDGES),
    ):
        own.update(of_toys)  # type: ignore[attr-defined]


def problem_for(kind: str) -> dict[str, Any]:
    """A small problem for documents of this kind."""
    return PROBLEMS[kinds.KINDS[kind].problem_key]
