"""The layout of NEAT genomes as arrays, and how groups of them are selected, joined and stored.

A genome is a list of connection genes in the order of their innovation numbers, and a list of hidden nodes in
the order of their ids. Shorter genomes are padded; a trimmed group has no more slots than its largest genome
needs, so that equal groups are equal arrays.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.core.errors import Broken
from processing.core.types import Float32Array, Int32Array, UInt8Array

UNUSED = -1


class Graphs(NamedTuple):
    """N genomes with G slots for connection genes and M slots for hidden nodes each.

    `len(graphs.genes)` is N; `len(graphs)` is the number of fields.
    """

    genes: Int32Array  # (N,) number of connection genes
    innovations: Int32Array  # (N, G) ascending in each genome; UNUSED after the last
    sources: Int32Array  # (N, G) node ids; UNUSED after the last
    targets: Int32Array  # (N, G) the same
    weights: Float32Array  # (N, G) 0 after the last
    enabled: UInt8Array  # (N, G) 0 or 1; 0 after the last
    nodes: Int32Array  # (N,) number of hidden nodes
    hidden: Int32Array  # (N, M) their ids, ascending in each genome; UNUSED after the last
    activations: UInt8Array  # (N, M) number of each one's activation; 0 after the last


#: For each field of `Graphs`: its stored dtype, and the content of an unused slot.
_TYPES = ("<i4", "<i4", "<i4", "<i4", "<f4", "|u1", "<i4", "<i4", "|u1")
_PADDING = (0, UNUSED, UNUSED, UNUSED, 0, 0, 0, UNUSED, 0)
_HEAD = [("gene_slots", "<i4"), ("node_slots", "<i4")]
_HEAD_BYTES = 8


def empty(size: int, gene_slots: int, node_slots: int) -> Graphs:
    """Return `size` genomes without genes and hidden nodes, with this many unused slots."""
    shapes = _shapes(size, gene_slots, node_slots)
    fields: list[Any] = [
        np.full(shape, padding, _native(kind))
        for shape, padding, kind in zip(shapes, _PADDING, _TYPES, strict=True)
    ]
    return Graphs(*fields)


def pad(graphs: Graphs, gene_slots: int, node_slots: int) -> Graphs:
    """Return the same genomes with other numbers of slots; slots are cut off or padded.

    Args:
        graphs: N genomes.
        gene_slots, node_slots: the new numbers of slots, at least as many as any genome uses.
    """
    padded = empty(len(graphs.genes), gene_slots, node_slots)
    fields: list[Any] = list(zip(graphs, padded, strict=True))
    for old, new in fields:
        slots = tuple(slice(min(bounds)) for bounds in zip(old.shape, new.shape, strict=True))
        new[slots] = old[slots]
    return padded


def trim(graphs: Graphs) -> Graphs:
    """Return the same genomes with as many slots as the largest of them needs."""
    gene_slots, node_slots = int(graphs.genes.max(initial=0)), int(graphs.nodes.max(initial=0))
    if (gene_slots, node_slots) == (graphs.weights.shape[1], graphs.hidden.shape[1]):
        return graphs
    shapes = _shapes(len(graphs.genes), gene_slots, node_slots)
    columns: list[Any] = list(zip(graphs, shapes, strict=True))
    return Graphs(
        *(
            np.ascontiguousarray(field[:, : shape[-1]]) if len(shape) > 1 else field
            for field, shape in columns
        )
    )


def take(graphs: Graphs, indices: Int32Array) -> Graphs:
    """Return the genomes at these (K,) indices, trimmed."""
    fields: list[Any] = [field[indices] for field in graphs]
    return trim(Graphs(*fields))


def join(parts: list[Graphs]) -> Graphs:
    """Return the genomes of several groups, one after the other, trimmed."""
    if not parts:
        return empty(0, 0, 0)
    gene_slots, node_slots = max(part.weights.shape[1] for part in parts), max(
        part.hidden.shape[1] for part in parts
    )
    padded = [pad(part, gene_slots, node_slots) for part in parts]
    fields: list[Any] = [np.concatenate(field) for field in zip(*padded, strict=True)]
    return trim(Graphs(*fields))


def pack(graphs: Graphs) -> bytes:
    """Return one row of bytes for each genome, all of the same length.

    Any sequence of complete rows can be unpacked. A row is the number of gene slots and of node slots (of the
    largest genome of this group, int32 each), then the fields of `Graphs` in their order, little-endian, with
    their unused slots: 16 + 17 G + 5 M bytes.
    """
    graphs = trim(graphs)
    rows = np.empty(len(graphs.genes), _row(graphs.weights.shape[1], graphs.hidden.shape[1]))
    rows["gene_slots"], rows["node_slots"] = graphs.weights.shape[1], graphs.hidden.shape[1]
    for name, field in zip(Graphs._fields, graphs, strict=True):
        rows[name] = field
    return rows.tobytes()


def unpack(data: bytes) -> Graphs:
    """Return the genomes that `pack` stored, trimmed.

    Raises:
        Broken: the bytes are not complete rows, or the used slots of a row do not match its counts.
    """
    if not data:
        return empty(0, 0, 0)
    if len(data) < _HEAD_BYTES:
        raise Broken(f"packed genomes: expected at least {_HEAD_BYTES} bytes, got {len(data)}")
    gene_slots, node_slots = np.frombuffer(data, "<i4", 2).tolist()
    length = _HEAD_BYTES + 8 + 17 * gene_slots + 5 * node_slots
    if gene_slots < 0 or node_slots < 0 or len(data) % length:
        raise Broken(f"packed genomes: expected a multiple of {length} bytes, got {len(data)}")
    rows = np.frombuffer(data, _row(gene_slots, node_slots))
    fields: list[Any] = [
        rows[name].astype(_native(kind)) for name, kind in zip(Graphs._fields, _TYPES, strict=True)
    ]
    graphs = Graphs(*fields)
    if not _is_whole(rows, graphs):
        raise Broken(
            "packed genomes: expected rows of one length, each with as many genes and nodes as it says"
        )
    return trim(graphs)


def _is_whole(rows: NDArray[np.void], graphs: Graphs) -> bool:
    """Whether all rows have the slots of the first, and the used slots are the first ones."""
    slots = (rows["gene_slots"] == rows["gene_slots"][0]) & (rows["node_slots"] == rows["node_slots"][0])
    lists = [(ids, graphs.genes) for ids in (graphs.innovations, graphs.sources, graphs.targets)]
    used = [
        ((np.arange(ids.shape[1]) < number[:, None]) == (ids >= 0)).all()
        and ((ids >= 0).sum(1) == number).all()
        for ids, number in [*lists, (graphs.hidden, graphs.nodes)]
    ]
    return bool(slots.all()) and all(used)


def _shapes(size: int, gene_slots: int, node_slots: int) -> list[tuple[int, ...]]:
    """The shape of each field of `Graphs`."""
    return [(size,), *[(size, gene_slots)] * 5, (size,), *[(size, node_slots)] * 2]


def _row(gene_slots: int, node_slots: int) -> Any:
    """The dtype of one packed genome."""
    fields = zip(Graphs._fields, _TYPES, _shapes(1, gene_slots, node_slots), strict=True)
    return np.dtype([*_HEAD, *((name, kind, shape[1:]) for name, kind, shape in fields)])


def _native(kind: str) -> Any:
    return np.dtype(kind).newbyteorder("=")
