"""The parameter sets that contracts of strategies run over: each strategy of the registry, each of its ways.
"""

from typing import Any

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
