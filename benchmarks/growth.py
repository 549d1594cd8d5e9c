"""How the cost of a NEAT generation grows with the population and the size of genomes.

The target is linear growth.

A generation is reproduction, evaluation and closing with its species, on one thread; the task is a table of
four rows of random numbers, whose width gives the size of genomes. A cost is the median of CPU seconds of
some generations after the first few.
"""

import json
import math
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks.searches import closed_generations, plan
from benchmarks.timing import Line
from processing.core import rng

SEED, ROWS, FIRST, GENERATIONS = 1, 4, 3, 5
POPULATIONS = (100, 1_000, 10_000)
#: Genes of a genome in generation 0 -> inputs without the bias, and outputs.
SHAPES = {10: (9, 1), 100: (24, 4), 1_000: (99, 10)}
STEEPEST = 1.1

#: Population and genes at the start -> genes of the whole population, CPU seconds of a generation.
Costs = dict[tuple[int, int], tuple[float, float]]


def measure() -> Iterator[Line]:
    """Yield one line for every size, then the exponents of cost as a power of the number of genes."""
    costs: Costs = {}
    for genes in SHAPES:
        for population in POPULATIONS:
            line, costs[population, genes] = _cost(population, genes)
            yield line
    for genes in SHAPES:
        yield _growth(
            f"populations of genomes of {genes} genes",
            [costs[population, genes] for population in POPULATIONS]
        )
    for population in POPULATIONS:
        yield _growth(
            f"genomes in populations of {population:,}", [costs[population, genes] for genes in SHAPES]
        )
    yield _growth("all", list(costs.values()))


def _cost(population: int, genes: int) -> tuple[Line, tuple[float, float]]:
    task = plan(_document(population, *SHAPES[genes]))
    seconds, started, total, species = [], time.process_time(), 0, 0
    for closed in closed_generations(task, seed=SEED):
        if closed.number >= FIRST:
            seconds.append(time.process_time() - started)
            total, species = int(closed.population.genomes.genes.sum()), len(closed.snapshots)
        started = time.process_time()
    cost = median(seconds)
    line = {
        "case": "one generation", "population": population, "genes_at_the_start": genes, "total_genes": total,
        "species": species, "milliseconds": round(1e3 * cost, 2),
        "nanoseconds_a_gene": round(1e9 * cost / total, 1),
    }
    return line, (total, cost)


def _document(population: int, inputs: int, outputs: int) -> dict[str, Any]:
    draws = rng.uniforms(rng.derive(SEED, 0), ROWS * (inputs + outputs)).reshape(ROWS, -1)
    table = {
        "type": "table", "inputs": draws[:, :inputs].tolist(), "targets": draws[:, inputs:].tolist(),
        "fitness": "squared_remainder", "criterion": "sides", "scaling": "none",
    }
    return {
        "version": 1, "name": "growth", "kind": "neat", "environment": table,
        "strategy": {"type": "neat", "population_size": population}, "seed": SEED,
        "stop": {"max_generations": FIRST + GENERATIONS},
    }


def _growth(case: str, costs: list[tuple[float, float]]) -> Line:
    """Fit the exponent: the slope of the least-squares line through the logarithms."""
    x = [math.log(genes) for genes, _ in costs]
    y = [math.log(seconds) for _, seconds in costs]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    slope = sum(
        (a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)
    ) / sum((a - mean_x) ** 2 for a in x)
    return {
        "case": f"growth, {case}", "exponent": round(slope, 3), "target": STEEPEST, "met": slope <= STEEPEST
    }


if __name__ == "__main__":
    for line in measure():
        print(json.dumps({"suite": "growth", **line}), flush=True)
