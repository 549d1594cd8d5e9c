"""Populations of graph networks for benchmarks."""

from typing import Any

from processing.core import rng
from processing.core.genomes.graph import Graph
from processing.core.genomes.graphs import Graphs
from processing.core.neat.parameters import NeatParameters
from processing.core.strategies.neat import Neat
from processing.core.types import Purpose

#: Structure grows quickly, in one species, so that populations of every size grow alike.
GROWING: dict[str, Any] = {
    "add_node_probability": 0.2, "add_connection_probability": 0.3, "compatibility_threshold": 1_000.0,
    "survival_fraction": 0.5,
}


def grown(kind: Graph, size: int, generations: int, *, seed: int) -> Graphs:
    """Return `size` genomes after so many generations with random fitness."""
    strategy = Neat(NeatParameters(type="neat", population_size=size, **GROWING), kind)
    state = strategy.begin()
    population = strategy.ask(state, seed=seed, generation=0)
    for generation in range(generations):
        fitness = rng.uniforms(rng.derive(seed, Purpose.EPISODE, generation), size)
        state, _ = strategy.tell(state, population, fitness, generation=generation)
        population = strategy.ask(state, seed=seed, generation=generation + 1)
    genomes: Graphs = population.genomes
    return genomes
