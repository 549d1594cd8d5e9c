"""The compatibility distance of two genomes.

distance = c1 E / N + c2 D / N + c3 W: E excess and D disjoint genes, W the mean absolute difference of the
weights of matching genes, disabled ones included. N is 1 as in the authors' code, or the number of genes of
the larger genome, and 1 where that is below 20. The genes of one genome are looked up by their innovation
numbers in a table of the weights of the other.

Source: Stanley and Miikkulainen 2002, section 3.3, eq. 1; N = 1: authors' code v1.2.1, which the paper's
thresholds fit.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

from typing import NamedTuple

import numpy as np

from processing.core.genomes.graphs import Graphs
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import get, put
from processing.core.kernels.roles import kernel, part
from processing.core.types import Float32Array, Float64Array, Int32Array

#: The structural part of the distance of genomes with fewer genes than this is not divided by their number.
LARGE_GENOME = 20
_ABSENT = np.float32(np.nan)


class Measure(NamedTuple):
    """The coefficients of the distance."""

    excess: float  # c1
    disjoint: float  # c2
    weight: float  # c3
    normalized: bool  # whether N is the size of the larger genome


class Genes(NamedTuple):
    """The genes of N genomes, flat: gene g of genome i has the index i * slots + g."""

    counts: Int32Array  # (N,) number of connection genes
    innovations: Int32Array  # (N * slots,)
    weights: Float32Array  # (N * slots,)
    slots: int


def genes_of(genomes: Graphs) -> Genes:
    """Return the genes of N genomes, without a copy where their arrays are contiguous."""
    return Genes(
        genomes.genes, genomes.innovations.reshape(-1), genomes.weights.reshape(-1), genomes.weights.shape[1]
    )


def distances(genomes: Graphs, others: Graphs, measure: Measure) -> Float64Array:
    """Return the distance of each of N genomes to each of M others, (N, M) float64 >= 0."""
    found = np.empty((len(others.genes), len(genomes.genes)))
    compiled(fill_distances)(
        genes_of(genomes), genes_of(others), measure, table_for(genomes, others), found.reshape(-1)
    )
    return found.T


@kernel
def fill_distances(genomes, others, measure, table, found):
    """Fill `found`, (M * N,) float64: entry j * N + i is the distance of genome i to the other genome j."""
    size = genomes.counts.size
    for j in range(others.counts.size):
        fill_table(table, others, j)
        for i in range(size):
            put(found, j * size + i, distance(table, others, j, genomes, i, measure))
        clear_table(table, others, j)


def table_for(*groups: Graphs) -> Float32Array:
    """Return a table of weights by innovation number, (T,) float32, all NaN; the last entry stays NaN."""
    return np.full(max(int(group.innovations.max(initial=-1)) for group in groups) + 2, np.nan, np.float32)


@part
def fill_table(table, genes, j):
    """Write the weights of genome j to the table, at its innovation numbers."""
    first = j * genes.slots
    for at in range(first, first + np.int64(get(genes.counts, j))):
        put(table, np.int64(get(genes.innovations, at)), get(genes.weights, at))


@part
def clear_table(table, genes, j):
    """Set the entries of genome j to NaN again."""
    first = j * genes.slots
    for at in range(first, first + np.int64(get(genes.counts, j))):
        put(table, np.int64(get(genes.innovations, at)), _ABSENT)


@part
def distance(table, others, j, genes, i, measure):
    """Return the distance, float64, of genome i of `genes` to genome j of `others`, which is in the table.

    No branch depends on which genes match, so that the processor mispredicts none.
    """
    count, count_other = np.int64(get(genes.counts, i)), np.int64(get(others.counts, j))
    first, first_other = i * genes.slots, j * others.slots
    last = np.int64(get(others.innovations, first_other + count_other - 1)) if count_other > 0 else -1
    matching, excess, apart, nowhere = 0, 0, 0.0, table.size - 1
    for at in range(first, first + count):
        innovation = np.int64(get(genes.innovations, at))
        weight = get(table, min(innovation, nowhere))
        matches = weight == weight
        away = abs(np.float64(get(genes.weights, at)) - np.float64(weight))
        apart += away if matches else 0.0
        matching += np.int64(matches)
        excess += np.int64(innovation > last)
    own_last = np.int64(get(genes.innovations, first + count - 1)) if count > 0 else -1
    end = first_other + count_other
    while end > first_other and np.int64(get(others.innovations, end - 1)) > own_last:
        end -= 1
        excess += 1
    disjoint, larger = count + count_other - 2 * matching - excess, max(count, count_other)
    structure = measure.excess * excess + measure.disjoint * disjoint
    if measure.normalized and larger >= LARGE_GENOME:
        structure = measure.excess * excess / larger + measure.disjoint * disjoint / larger
    return structure + measure.weight * (apart / max(matching, 1))

