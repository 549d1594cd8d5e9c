"""Which species each genome belongs to: the first, in order of their age, whose representative is near enough.

Where none is, the genome founds a species and represents it for the rest of its generation.

Most pairs are told apart by a bit mask of their genes before any list is walked: gene i sets bit i modulo B. Bits in which
two masks differ stand for different genes that do not match, so that their number times the smaller coefficient is never
more than the distance; the result is the same, and time hardly grows with the number of species.

Source: Stanley and Miikkulainen 2002, section 3.3; authors' code v1.2.1, where the representative is the champion.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np

from processing.core.build import compiled, kernel, part
from processing.core.genomes.graphs import Graphs
from processing.core.neat.compatibility import LARGE_GENOME, Measure, distance
from processing.core.types import Int32Array

_ONE, _ZERO = np.uint64(1), np.uint64(0)
#: Above 1, so that rounding cannot make a bound larger than the distance.
_MARGIN = 1.0 + 1e-9
_LEAST_WORDS = 4


def speciate(genomes: Graphs, representatives: Graphs, measure: Measure, threshold: float) -> tuple[Int32Array, int]:
    """The species of each of N genomes, (N,), and how many species were founded.

    Args:
        representatives: one genome for each of S species, in order of their age.
        threshold: compatibility distance, > 0; a genome nearer than that belongs to the species.
    Returns:
        Numbers from 0 to S - 1 for the species that were given, from S on for those founded, in their order.
    """
    size, known = len(genomes.genes), len(representatives.genes)
    places, heads = np.empty(size, np.int32), np.arange(known + size, dtype=np.int32)
    founded = np.zeros(1, np.int64)
    words = max(_LEAST_WORDS, genomes.weights.shape[1] // 32)
    own, theirs = np.zeros((size, words), np.uint64), np.zeros((known + size, words), np.uint64)
    least = min(measure.excess, measure.disjoint)
    bound = threshold * _MARGIN / least if least > 0 else math.inf
    compiled(fill_species)(genomes, representatives, measure, threshold, bound, own, theirs, places, heads, founded)
    return places, int(founded[0])


@kernel
def fill_species(genomes, representatives, measure, threshold, bound, own, theirs, places, heads, founded):
    """Fill `places` (N,), and `heads` and founded[0] with the founders and their number.

    Args:
        bound: so many genes that do not match make a distance of `threshold`, where N is 1.
        own: (N, W), theirs: (S + N, W) masks of the genomes and of the species' representatives, all 0.
        heads: (S + N,) place of each representative, among `representatives` or the genomes; known for the first S.
    """
    known = representatives.genes.size
    fill_masks(genomes, own)
    fill_masks(representatives, theirs)
    count = known
    for agent in range(places.size):
        genes = np.int64(genomes.genes[agent])
        place = 0
        while place < count:
            head = heads[place]
            larger = max(genes, np.int64(representatives.genes[head] if place < known else genomes.genes[head]))
            size = larger if measure.normalized and larger >= LARGE_GENOME else 1
            if not is_apart(own, agent, theirs, place, bound * size):
                if place < known:
                    if distance(genomes, agent, representatives, head, measure, threshold) < threshold:
                        break
                elif distance(genomes, agent, genomes, head, measure, threshold) < threshold:
                    break
            place += 1
        if place == count:
            heads[count] = agent
            for word in range(own.shape[1]):
                theirs[count, word] = own[agent, word]
            count += 1
        places[agent] = place
    founded[0] = count - known


@part
def fill_masks(genomes, masks):
    """Set the bits of each genome's genes; `masks` may have more rows than there are genomes."""
    bits = masks.shape[1] * 64
    for agent in range(genomes.genes.size):
        for i in range(genomes.genes[agent]):
            bit = np.int64(genomes.innovations[agent, i]) % bits
            masks[agent, bit >> 6] |= _ONE << np.uint64(bit & 63)


@part
def is_apart(own, agent, theirs, place, bound):
    """Whether the masks differ in at least `bound` bits."""
    count = 0
    for word in range(own.shape[1]):
        different = own[agent, word] ^ theirs[place, word]
        while different != _ZERO:
            different &= different - _ONE
            count += 1
            if count >= bound:
                return True
    return False
