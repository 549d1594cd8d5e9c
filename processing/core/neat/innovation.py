"""Innovation numbers: equal structural changes within one generation get equal numbers.

A table holds the changes that were made so far. Its key is the source and the target of a connection, or the
innovation number of a gene that is split. It is a hash table with open addressing, created anew for each
generation. Its counters continue through the run: `tell` derives them from the highest numbers of the
generation, as every change that got a number is in a child.

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
#: The key of a split has this number in the place of a connection's target; no node has it.
SPLIT = 2**32 - 1
GENE, NODE = 0, 1


class Innovations(NamedTuple):
    """The changes of one generation, a table of T entries, T a power of two; and the counters of the run."""

    changes: Int64Array  # (T,) the keys, FREE where an entry is empty
    genes: Int32Array  # (T,) innovation number of the new gene; the second of a split has the next one
    nodes: Int32Array  # (T,) id of the new node, where a gene was split
    activations: UInt8Array  # (T,) of that node
    counters: Int64Array  # (2,) the next innovation number and the next id of a node


def innovations(*, children: int, next_gene: int, next_node: int) -> Innovations:
    """Return an empty table for one change of each child, which is never more than half full.

    Args:
        children: number of children.
        next_gene, next_node: the next innovation number and the next node id of the run.
    Raises:
        Broken: numbers of the run could reach 2^31.
    """
    if max(next_gene, next_node) + 2 * children >= 2**31:
        raise Broken(f"innovation numbers: expected fewer than 2^31 in a run, got {next_gene}")
    room = 1 << (2 * children).bit_length()
    return Innovations(
        changes=np.full(room, FREE, np.int64), genes=np.zeros(room, np.int32), nodes=np.zeros(room, np.int32),
        activations=np.zeros(room, np.uint8), counters=np.array([next_gene, next_node], np.int64),
    )


@formula
def change_part(one, other):
    """Return the key of a change, int64: source and target, or an innovation number and SPLIT."""
    return (np.int64(one) << np.int64(32)) | np.int64(other)


@part
def place_part(table, change):
    """Return the index of a change in the table, or of the free entry where it belongs."""
    last = np.uint64(table.changes.size - 1)
    place = mix(np.uint64(change)) & last
    while table.changes[np.int64(place)] != FREE and table.changes[np.int64(place)] != change:
        place = (place + np.uint64(1)) & last
    return np.int64(place)
