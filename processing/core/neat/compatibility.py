"""How different two genomes are: one merge of two lists in the order of their innovation numbers.

distance = c1 E / N + c2 D / N + c3 W: E excess and D disjoint genes, W the mean difference of the weights of matching
genes, disabled ones included. N is 1 as in the authors' code, or the number of genes of the larger genome, 1 below 20.

Source: Stanley and Miikkulainen 2002, section 3.3, eq. 1; N = 1: authors' code v1.2.1, as the paper's thresholds want it.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math
from typing import NamedTuple

import numpy as np

from processing.core.build import compiled, kernel, part
from processing.core.genomes.graphs import Graphs
from processing.core.types import Float64Array

#: Genomes smaller than this are not divided by their size.
LARGE_GENOME = 20


class Measure(NamedTuple):
    """What counts how much in the distance of two genomes."""

    excess: float  # c1
    disjoint: float  # c2
    weight: float  # c3
    normalized: bool  # whether N is the size of the larger genome


def distances(genomes: Graphs, others: Graphs, measure: Measure) -> Float64Array:
    """The distance of each of N genomes to each of M others, (N, M)."""
    found = np.empty((len(genomes.genes), len(others.genes)))
    compiled(fill_distances)(genomes, others, measure, found)
    return found


@kernel
def fill_distances(genomes, others, measure, found):
    """Fill `found` (N, M)."""
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            found[i, j] = distance(genomes, i, others, j, measure, math.inf)


@part
def distance(one, i, other, j, measure, limit):
    """The distance of genome i of `one` and j of `other`, float64; only "at least `limit`" where disjoint genes make it so."""
    ends, ends_other = np.int64(one.genes[i]), np.int64(other.genes[j])
    larger = max(ends, ends_other)
    size = np.float64(larger) if measure.normalized and larger >= LARGE_GENOME else 1.0
    at, at_other, matching, disjoint, apart = 0, 0, 0, 0, 0.0
    while at < ends and at_other < ends_other:
        innovation, innovation_other = one.innovations[i, at], other.innovations[j, at_other]
        if innovation == innovation_other:
            apart += abs(np.float64(one.weights[i, at]) - np.float64(other.weights[j, at_other]))
            matching += 1
            at += 1
            at_other += 1
        else:
            disjoint += 1
            at += innovation < innovation_other
            at_other += innovation_other < innovation
            if measure.disjoint * disjoint / size >= limit:
                break
    excess = (ends - at) + (ends_other - at_other)
    structure = measure.excess * excess / size + measure.disjoint * disjoint / size
    return structure + measure.weight * (apart / max(matching, 1))
