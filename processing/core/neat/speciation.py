"""Speciation: a genome belongs to the oldest species whose representative is near enough.

Where there is none, the genome founds a species and is its representative for the rest of the generation.

Most pairs are rejected by a bit mask of their genes, before any list is read: gene i sets bit i modulo B.
Bits in which two masks differ stand for different genes that do not match, so that their number times the
smaller coefficient never exceeds the distance. The result is the same, and the time hardly grows with the
number of species.

Source: Stanley and Miikkulainen 2002, section 3.3; authors' code v1.2.1, where the representative is the
champion.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np

from processing.core.genomes.graphs import Graphs
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import get, put
from processing.core.kernels.pieces import in_pieces
from processing.core.kernels.roles import formula, kernel, part
from processing.core.neat.compatibility import (
    LARGE_GENOME,
    Measure,
    clear_table,
    distance,
    fill_table,
    genes_of,
    table_for,
)
from processing.core.types import Int32Array

_ONE, _TWO, _FOUR, _TOP = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)
_PAIRS, _FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_EIGHTS, _BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
#: Above 1, so that rounding cannot make a bound larger than the distance.
_MARGIN = 1.0 + 1e-9
_LEAST_WORDS = 4
#: Genomes that are compared with a representative in the first piece of work.
FIRST_PAIRS = 1_000_000


def speciate(
    genomes: Graphs, representatives: Graphs, measure: Measure, threshold: float
) -> tuple[Int32Array, int]:
    """Assign each of N genomes to a species.

    Args:
        representatives: one genome for each of S species, in order of their age.
        measure: coefficients of the distance.
        threshold: compatibility distance, > 0; a genome nearer than this belongs to the species.
    Returns:
        (N,) int32: 0 to S - 1 for the given species, from S on for new ones in the order of their founding;
        and the number of new species.
    Source: Stanley and Miikkulainen 2002, section 3.3.
    """
    size, known = len(genomes.genes), len(representatives.genes)
    places, progress = np.empty(size, np.int32), np.array([0, size])
    words = max(_LEAST_WORDS, genomes.weights.shape[1] // 32)
    own, theirs = np.zeros((size, words), np.uint64), np.zeros((known, words), np.uint64)
    least = min(measure.excess, measure.disjoint)
    bound = threshold * _MARGIN / least if least > 0 else math.inf
    given = (
        genes_of(genomes), genes_of(representatives), measure, threshold, bound,
        table_for(genomes, representatives), own, theirs, np.arange(size), places, progress,
    )

    def some(budget: int) -> bool:
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(compiled(fill_species)(*given, budget))

    in_pieces(some, at_first=FIRST_PAIRS // max(1, size))
    return places, max(int(progress[0]) - known, 0)


@kernel
def fill_species(
    genomes, representatives, measure, threshold, bound, table, own, theirs, left, places, progress, budget
):
    """Fill `places` (N,); called again with the same arguments, go on as if it had not returned.

    Each species in turn takes the genomes that are near enough and that no older species has taken. The first
    genome that is then left is near none of them, and founds the next species.

    Args:
        bound: number of non-matching genes that gives a distance of `threshold`, where N is 1.
        table: as `table_for` makes it.
        own: (N, W), theirs: (S, W) uint64 masks of the genomes and of the representatives, all 0.
        left: (N,) int64, the numbers from 0 to N - 1 at first; then those of genomes without a species.
        progress: (2,) int64, the species that had their turn and the genomes that are left: 0 and N at first.
        budget: so many species have their turn, at least 1.
    Returns:
        Whether no genome is left.
    """
    known, species, number = representatives.counts.size, np.int64(get(progress, 0)), get(progress, 1)
    if species == 0:
        fill_masks(genomes, own)
        fill_masks(representatives, theirs)
    last = species + budget
    while species < min(known, last) and number > 0:
        number = fill_taken(
            representatives, species, theirs, genomes, own, measure, threshold, bound, table, left, 0, number,
            places, species
        )
        species += 1
    while known <= species < last and number > 0:
        founder = get(left, 0)
        places[founder] = species
        number = fill_taken(
            genomes, founder, own, genomes, own, measure, threshold, bound, table, left, 1, number, places,
            species
        )
        species += 1
    put(progress, 0, species)
    put(progress, 1, number)
    return number == 0


@part
def fill_taken(
    heads, head, masks, genomes, own, measure, threshold, bound, table, left, begin, number, places, species
):
    """Give a species the genomes of left[begin:number] near its representative, genome `head` of `heads`.

    The others stay in `left`, in their order. Returns their number.
    """
    fill_table(table, heads, head)
    kept, count = 0, np.int64(get(heads.counts, head))
    for at in range(begin, number):
        agent = get(left, at)
        larger = max(count, np.int64(get(genomes.counts, agent)))
        size = larger if measure.normalized and larger >= LARGE_GENOME else 1
        is_near = not is_apart(own, agent, masks, head, bound * size)
        if is_near:
            is_near = distance(table, heads, head, genomes, agent, measure) < threshold
        if is_near:
            places[agent] = species
        else:
            put(left, kept, agent)
            kept += 1
    clear_table(table, heads, head)
    return kept


@part
def fill_masks(genomes, masks):
    """Set the bits of each genome's genes; `masks` may have more rows than there are genomes."""
    bits = masks.shape[1] * 64
    for agent in range(genomes.counts.size):
        first = agent * genomes.slots
        for at in range(first, first + np.int64(get(genomes.counts, agent))):
            bit = np.int64(get(genomes.innovations, at)) % bits
            masks[agent, bit >> 6] |= _ONE << np.uint64(bit & 63)


@part
def is_apart(own, agent, theirs, place, bound):
    """Whether the masks differ in at least `bound` bits."""
    count = np.uint64(0)
    for word in range(own.shape[1]):
        count += ones(own[agent, word] ^ theirs[place, word])
    return np.int64(count) >= bound


@formula
def ones(x):
    """The number of set bits of a uint64: sums of two, four and eight adjacent bits, then of all bytes."""
    x = x - ((x >> _ONE) & _PAIRS)
    x = (x & _FOURS) + ((x >> _TWO) & _FOURS)
    x = (x + (x >> _FOUR)) & _EIGHTS
    return (x * _BYTES) >> _TOP
