"""Packed genomes, from agents' rows or from checkpoints."""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_

from django.db.models import BinaryField, Case, Q, Sum, When
from django.db.models.functions import Coalesce, Length, Substr

from database.models import PART_BYTES, Agent, Checkpoint, CheckpointPart, PartKind
from database.selectors.generations import at

Address = tuple[int, int, int]  # (instance, generation, index)
#: Maximum number of chunks that one statement reads from.
MOST_CHUNKS = 200

Span = tuple[int, int]  # first byte, and the byte after the last


def genome_of(instance_id: int, generation: int, index: int) -> bytes | None:
    """Return the packed genome, from the agent's row or its generation's checkpoint; None where neither has
    it.
    """
    address = instance_id, generation, index
    return genomes_at([address]).get(address)


def genomes_at(addresses: Iterable[Address]) -> dict[Address, bytes]:
    """Return the packed genomes of these agents, where they are stored.

    One statement reads all that have rows, one finds the checkpoints of the others, and one for every
    MOST_CHUNKS chunks reads these genomes. Of each chunk one contiguous piece is read, from the first to the
    last genome needed.
    """
    wanted = {address for address in addresses if address[2] >= 0}
    if not wanted:
        return {}
    rows = Agent.objects.filter(_being(wanted)).values_list("instance_id", "generation", "index", "genome")
    found = {(instance, generation, index): bytes(genome) for instance, generation, index, genome in rows}
    missing = wanted - found.keys()
    return found | (_from_checkpoints(missing) if missing else {})


def genome_bytes_at(addresses: Iterable[Address]) -> dict[Address, int]:
    """Return the lengths in bytes of stored genomes, with two statements that read no genome."""
    wanted = {address for address in addresses if address[2] >= 0}
    if not wanted:
        return {}
    rows = Agent.objects.filter(_being(wanted)).annotate(bytes=Length("genome"))
    columns = rows.values_list("instance_id", "generation", "index", "bytes")
    found = {(instance, generation, index): length for instance, generation, index, length in columns}
    missing = wanted - found.keys()
    return found | (_lengths_in_checkpoints(missing) if missing else {})


def row_keys_at(addresses: Iterable[Address]) -> dict[Address, int]:
    """Return the primary keys of these agents' rows, where they have one, with one statement."""
    wanted = set(addresses)
    if not wanted:
        return {}
    rows = Agent.objects.filter(_being(wanted)).order_by().values_list(
        "instance_id", "generation", "index", "pk"
    )
    return {(instance, generation, index): key for instance, generation, index, key in rows}


def _being(addresses: Iterable[Address]) -> Q:
    """Return the condition that a row is one of these agents."""
    places: dict[tuple[int, int], list[int]] = {}
    for instance_id, generation, index in addresses:
        places.setdefault((instance_id, generation), []).append(index)
    return reduce(or_, (
        Q(instance=instance_id, generation=generation, index__in=indices)
        for (instance_id, generation), indices in places.items()
    ))


def _lengths_in_checkpoints(addresses: Iterable[Address]) -> dict[Address, int]:
    """Return the lengths of genomes that are stored in their generation's checkpoint."""
    wanted = list(addresses)
    kept = Checkpoint.objects.filter(at({address[:2] for address in wanted}, "generation"))
    genomes = kept.annotate(
        length=Coalesce(Sum(Length("parts__data"), filter=Q(parts__kind=PartKind.GENOMES)), 0)
    )
    sizes = {
        (instance, generation): (size, length)
        for instance, generation, size, length
        in genomes.values_list("instance_id", "generation", "genome_bytes", "length").order_by()
    }
    found = {}
    for address in wanted:
        size, length = sizes.get(address[:2], (0, 0))
        if 0 < size * (address[2] + 1) <= length:
            found[address] = size
    return found


def _from_checkpoints(addresses: Iterable[Address]) -> dict[Address, bytes]:
    """Return the genomes that are stored in their generation's checkpoint."""
    wanted = sorted(addresses)
    kept = Checkpoint.objects.filter(at({address[:2] for address in wanted}, "generation"))
    checkpoints = {
        (instance, generation): (key, size)
        for key, instance, generation, size in kept.values_list(
            "pk", "instance_id", "generation", "genome_bytes"
        )
    }
    spans: dict[Address, tuple[int, Span]] = {}
    for address in wanted:
        key, size = checkpoints.get(address[:2], (0, 0))
        if size:
            spans[address] = key, (address[2] * size, (address[2] + 1) * size)
    pieces = _pieces(spans.values())
    found = {address: _joined(pieces, key, span) for address, (key, span) in spans.items()}
    return {address: genome for address, genome in found.items() if genome is not None}


def _pieces(spans: Iterable[tuple[int, Span]]) -> dict[tuple[int, int], tuple[int, bytes]]:
    """Read one piece of each chunk that covers the spans; return its offset and bytes by (checkpoint, chunk).
    """
    cuts: dict[tuple[int, int], Span] = {}
    for checkpoint, span in spans:
        for chunk, (first, last) in _chunks(span):
            known = cuts.get((checkpoint, chunk), (first, last))
            cuts[checkpoint, chunk] = min(known[0], first), max(known[1], last)
    places = list(cuts)
    groups = (places[first : first + MOST_CHUNKS] for first in range(0, len(places), MOST_CHUNKS))
    return {place: (cuts[place][0], piece) for group in groups for place, piece in _cut(group, cuts)}


def _cut(
    places: list[tuple[int, int]], cuts: Mapping[tuple[int, int], Span]
) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Read one piece of each of these chunks, with one statement."""
    wheres = [Q(checkpoint=checkpoint, number=chunk) for checkpoint, chunk in places]
    cases = [
        When(
            where, then=Substr(
                "data", cuts[place][0] + 1, cuts[place][1] - cuts[place][0], output_field=BinaryField()
            )
        )
        for where, place in zip(wheres, places, strict=True)
    ]
    rows = CheckpointPart.objects.filter(reduce(or_, wheres), kind=PartKind.GENOMES)
    found = rows.annotate(cut=Case(*cases, output_field=BinaryField())).values_list(
        "checkpoint_id", "number", "cut"
    )
    return (((checkpoint, chunk), bytes(piece)) for checkpoint, chunk, piece in found)


def _chunks(span: Span) -> Iterator[tuple[int, Span]]:
    """Yield the chunks that these bytes of a checkpoint's genomes lie in, with the span inside each."""
    for number in range(span[0] // PART_BYTES, -(-span[1] // PART_BYTES)):
        begin = number * PART_BYTES
        yield number, (max(0, span[0] - begin), min(span[1] - begin, PART_BYTES))


def _joined(pieces: dict[tuple[int, int], tuple[int, bytes]], checkpoint: int, span: Span) -> bytes | None:
    """Join the pieces to the bytes of a span; None where they are incomplete."""
    genome = b""
    for chunk, (first, last) in _chunks(span):
        begin, piece = pieces.get((checkpoint, chunk), (0, b""))
        genome += piece[first - begin : last - begin]
    return genome if len(genome) == span[1] - span[0] else None
