"""The same structural change within one generation gets the same numbers: a table of the changes made so far.

A connection is known by its source and target, a split gene by its innovation number. The table is a hash table with
open addressing, made anew for each generation. Its counters go on through the run: `tell` finds them again as the highest
numbers of the generation, because whatever got a number is in a child.

Source: Stanley and Miikkulainen 2002, section 3.2.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import NamedTuple

import numpy as np

from processing.core.errors import Broken
from processing.core.kernels.roles import formula, part
from processing.core.rng import mix
from processing.core.types import Int32Array, Int64Array, UInt8Array

FREE = -1
#: Stands where a connection has its target; no node has this number.
SPLIT = 2**32 - 1
GENE, NODE = 0, 1


class Innovations(NamedTuple):
    """The changes of one generation, with room for T, a power of two; and the counters of the run."""

    changes: Int64Array  # (T,) what was changed, FREE where there is room
    genes: Int32Array  # (T,) innovation number of the new gene; the second of a split has the next one
    nodes: Int32Array  # (T,) id of the new node, where a gene was split
    activations: UInt8Array  # (T,) of that node
    counters: Int64Array  # (2,) the next innovation number and the next id of a node


def innovations(*, children: int, next_gene: int, next_node: int) -> Innovations:
    """A table with room for one change of each child, at most half full."""
    if max(next_gene, next_node) + 2 * children >= 2**31:
        raise Broken(f"innovation numbers: expected fewer than 2^31 in a run, got {next_gene}")
    room = 1 << (2 * children).bit_length()
    return Innovations(
        changes=np.full(room, FREE, np.int64), genes=np.zeros(room, np.int32), nodes=np.zeros(room, np.int32),
        activations=np.zeros(room, np.uint8), counters=np.array([next_gene, next_node], np.int64),
    )


@formula
def change_part(one, other):
    """What is changed as one number: source and target of a connection, or a gene's innovation number and SPLIT."""
    return (np.int64(one) << np.int64(32)) | np.int64(other)


@part
def place_part(table, change):
    """Where the table has this change, or has room for it."""
    last = np.uint64(table.changes.size - 1)
    place = mix(np.uint64(change)) & last
    while table.changes[np.int64(place)] != FREE and table.changes[np.int64(place)] != change:
        place = (place + np.uint64(1)) & last
    return np.int64(place)
