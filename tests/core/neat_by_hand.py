"""NEAT as the paper tells it, on dictionaries; and builders of populations that have grown.

What is by hand shares nothing with the core but its draws.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.core import rng
from processing.core.genomes.graph import Activation, Graph, GraphParameters
from processing.core.genomes.graphs import Graphs
from processing.core.strategies.neat import Neat, NeatParameters
from processing.core.types import Float64Array, Population, State, Verdict
from tests.arithmetic import added


@dataclass
class Gene:
    source: int
    target: int
    weight: float
    enabled: bool


Genome = dict[int, Gene]  # by innovation number

#: Parameters under which genomes grow quickly and in many ways.
FAST = {
    "population_size": 40, "add_node_probability": 0.3, "add_connection_probability": 0.6,
    "toggle_enable_probability": 0.2, "re_enable_probability": 0.2, "interspecies_mating_probability": 0.2,
    "recurrent_connection_probability": 0.5,
}


def genome(graphs: Graphs, agent: int) -> Genome:
    columns: list[Any] = [
        field[agent, : graphs.genes[agent]].tolist()
        for field in (graphs.innovations, graphs.sources, graphs.targets, graphs.weights, graphs.enabled)
    ]
    return {
        number: Gene(source, target, weight, bool(on))
        for number, source, target, weight, on in zip(*columns, strict=True)
    }


def nodes(graphs: Graphs, agent: int) -> dict[int, int]:
    """The activation of each hidden node, by id."""
    used = slice(0, int(graphs.nodes[agent]))
    return dict(
        zip(graphs.hidden[agent, used].tolist(), graphs.activations[agent, used].tolist(), strict=True)
    )


def distance(one: Genome, other: Genome, *, c1: float, c2: float, c3: float, normalized: bool) -> float:
    """Stanley and Miikkulainen 2002, eq. 1."""
    matching = one.keys() & other.keys()
    border = min(max(one), max(other))
    lonely = one.keys() ^ other.keys()
    excess = sum(number > border for number in lonely)
    larger = max(len(one), len(other))
    n = larger if normalized and larger >= 20 else 1
    apart = added(
        abs(one[number].weight - other[number].weight) for number in matching
    ) / max(len(matching), 1)
    return c1 * excess / n + c2 * (len(lonely) - excess) / n + c3 * apart


def crossed(
    mother: Genome, father: Genome, fitness: tuple[float, float], key: int, *, averaging: bool,
    disabling: float
) -> Genome:
    """The paper's section 3.2, with the draws that `neat/draws.py` names."""
    fathers = fitness[1] > fitness[0] or (fitness[1] == fitness[0] and len(father) < len(mother))
    fitter, other = (father, mother) if fathers else (mother, father)
    child = {}
    for place, (number, gene) in enumerate(fitter.items()):
        weight, enabled = gene.weight, gene.enabled
        if number in other:
            if averaging:
                weight, enabled = float(np.float32(gene.weight) + np.float32(other[number].weight)) / 2, True
            elif rng.draw(key, 2 * place) < 2**63:
                weight, enabled = other[number].weight, other[number].enabled
            if not (gene.enabled and other[number].enabled) and chance(key, 2 * place + 1) < disabling:
                enabled = False
        child[number] = Gene(gene.source, gene.target, weight, enabled)
    return child


def reweighted(weights: list[float], key: int, parameters: NeatParameters) -> list[float]:
    """The authors' way of changing weights, with the draws that `neat/draws.py` names."""
    found, severe = [], chance(key, 0) < parameters.severe_mutation_probability
    size = len(weights)
    for place, weight in enumerate(weights):
        if severe:
            perturb, replace = parameters.severe_perturb_probability, parameters.severe_replace_probability
        elif size >= parameters.large_genome_genes and place > (1 - parameters.newest_fraction) * size:
            perturb, replace = parameters.newest_perturb_probability, parameters.newest_replace_probability
        else:
            perturb = parameters.perturb_probability
            replace = parameters.replace_probability if chance(key, 3 * place + 1) < 0.5 else 0.0
        choice, moved = chance(key, 3 * place + 2), parameters.weight_mutation_power * (
            2 * chance(key, 3 * place + 3) - 1
        )
        if choice < perturb:
            weight += moved
        elif choice < perturb + replace:
            weight = moved
        found.append(min(max(weight, -parameters.weight_limit), parameters.weight_limit))
    return found


def chance(key: int, n: int) -> float:
    """Draw n of a key with 24 bits, as kernels have it."""
    return (rng.draw(key, n) >> 40) / 2**24


def neat(
    *, recurrent: bool = False, inputs: int = 3, outputs: int = 2, bias: float | None = 1.0, **parameters: Any
) -> Neat:
    """A strategy for networks of three activations."""
    choices = (Activation.TANH, Activation.SIN, Activation.RELU)
    kind = Graph(
        GraphParameters(recurrent=recurrent, activations=choices, bias=bias), inputs=inputs, outputs=outputs
    )
    return Neat(NeatParameters(type="neat", **parameters), kind)


def fitness_of(graphs: Graphs) -> Float64Array:
    """A fitness that is easy to raise: the sum of the weights, and a little for each enabled gene."""
    return graphs.weights.sum(axis=1, dtype=np.float64).round(4) + 0.1 * graphs.enabled.sum(axis=1)


def history(strategy: Neat, generations: int, *, seed: int = 3) -> list[tuple[State, Population, Verdict]]:
    """For each generation the state after it, its population, and what was said of it."""
    state, found = strategy.begin(), []
    for generation in range(generations):
        population = strategy.ask(state, seed=seed, generation=generation)
        state, verdict = strategy.tell(
            state, population, fitness_of(population.genomes), generation=generation
        )
        found.append((state, population, verdict))
    return found


def grown(generations: int = 12, *, seed: int = 3, recurrent: bool = False) -> Graphs:
    """Genomes of a generation that differ in size and shape."""
    graphs: Graphs = history(neat(recurrent=recurrent, **FAST), generations, seed=seed)[-1][1].genomes
    return graphs
