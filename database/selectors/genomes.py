"""Genomes, from wherever they are kept."""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_

from django.db.models import BinaryField, Case, Q, Sum, When
from django.db.models.functions import Coalesce, Length, Substr

from database.models import PART_BYTES, Agent, Checkpoint, CheckpointPart, PartKind
from database.selectors.generations import at

Address = tuple[int, int, int]  # (instance, generation, index)
#: Parts of checkpoints that one statement cuts pieces out of.
MOST_PARTS = 200

Span = tuple[int, int]  # the first byte, and that behind the last


def genome_of(instance_id: int, generation: int, index: int) -> bytes | None:
    """The packed genome, from the agent's row or its generation's checkpoint; None where neither is kept."""
    address = instance_id, generation, index
    return genomes_at([address]).get(address)


def genomes_at(addresses: Iterable[Address]) -> dict[Address, bytes]:
    """The packed genomes of these agents, as far as they are kept.

    One statement for all that have rows, one for the checkpoints of the others, and one for the pieces of these that they
    lie in: what lies together is cut out together.
    """
    wanted = {address for address in addresses if address[2] >= 0}
    if not wanted:
        return {}
    rows = Agent.objects.filter(_being(wanted)).values_list("instance_id", "generation", "index", "genome")
    found = {(instance, generation, index): bytes(genome) for instance, generation, index, genome in rows}
    missing = wanted - found.keys()
    return found | (_from_checkpoints(missing) if missing else {})


def genome_bytes_at(addresses: Iterable[Address]) -> dict[Address, int]:
    """How long the packed genomes of these agents are, as far as they are kept; two statements, and none is read."""
    wanted = {address for address in addresses if address[2] >= 0}
    if not wanted:
        return {}
    rows = Agent.objects.filter(_being(wanted)).annotate(bytes=Length("genome"))
    columns = rows.values_list("instance_id", "generation", "index", "bytes")
    found = {(instance, generation, index): length for instance, generation, index, length in columns}
    missing = wanted - found.keys()
    return found | (_lengths_in_checkpoints(missing) if missing else {})


def row_keys_at(addresses: Iterable[Address]) -> dict[Address, int]:
    """The keys of the rows of these agents, as far as they have some; one statement."""
    wanted = set(addresses)
    if not wanted:
        return {}
    rows = Agent.objects.filter(_being(wanted)).order_by().values_list("instance_id", "generation", "index", "pk")
    return {(instance, generation, index): key for instance, generation, index, key in rows}


def _being(addresses: Iterable[Address]) -> Q:
    """The condition of being one of these agents."""
    places: dict[tuple[int, int], list[int]] = {}
    for instance_id, generation, index in addresses:
        places.setdefault((instance_id, generation), []).append(index)
    return reduce(or_, (
        Q(instance=instance_id, generation=generation, index__in=indices)
        for (instance_id, generation), indices in places.items()
    ))


def _lengths_in_checkpoints(addresses: Iterable[Address]) -> dict[Address, int]:
    """The lengths of those that are kept with the checkpoints of their generations."""
    wanted = list(addresses)
    kept = Checkpoint.objects.filter(at({address[:2] for address in wanted}, "generation"))
    genomes = kept.annotate(length=Coalesce(Sum(Length("parts__data"), filter=Q(parts__kind=PartKind.GENOMES)), 0))
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
    """Those that are kept with the checkpoints of their generations."""
    wanted = sorted(addresses)
    kept = Checkpoint.objects.filter(at({address[:2] for address in wanted}, "generation"))
    checkpoints = {
        (instance, generation): (key, size)
        for key, instance, generation, size in kept.values_list("pk", "instance_id", "generation", "genome_bytes")
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
    """For each part of a checkpoint that these lie in, where the piece of it begins that holds them all, and that piece."""
    cuts: dict[tuple[int, int], Span] = {}
    for checkpoint, span in spans:
        for part, (first, last) in _parts(span):
            known = cuts.get((checkpoint, part), (first, last))
            cuts[checkpoint, part] = min(known[0], first), max(known[1], last)
    places = list(cuts)
    groups = (places[first : first + MOST_PARTS] for first in range(0, len(places), MOST_PARTS))
    return {place: (cuts[place][0], piece) for group in groups for place, piece in _cut(group, cuts)}


def _cut(places: list[tuple[int, int]], cuts: Mapping[tuple[int, int], Span]) -> Iterator[tuple[tuple[int, int], bytes]]:
    """One piece of each of these parts; one statement."""
    wheres = [Q(checkpoint=checkpoint, number=part) for checkpoint, part in places]
    cases = [
        When(where, then=Substr("data", cuts[place][0] + 1, cuts[place][1] - cuts[place][0], output_field=BinaryField()))
        for where, place in zip(wheres, places, strict=True)
    ]
    rows = CheckpointPart.objects.filter(reduce(or_, wheres), kind=PartKind.GENOMES)
    found = rows.annotate(cut=Case(*cases, output_field=BinaryField())).values_list("checkpoint_id", "number", "cut")
    return (((checkpoint, part), bytes(piece)) for checkpoint, part, piece in found)


def _parts(span: Span) -> Iterator[tuple[int, Span]]:
    """The parts of a checkpoint that these bytes of its genomes lie in, and where in each."""
    for number in range(span[0] // PART_BYTES, -(-span[1] // PART_BYTES)):
        begin = number * PART_BYTES
        yield number, (max(0, span[0] - begin), min(span[1] - begin, PART_BYTES))


def _joined(pieces: dict[tuple[int, int], tuple[int, bytes]], checkpoint: int, span: Span) -> bytes | None:
    """These bytes out of the pieces; None where they are not all there."""
    genome = b""
    for part, (first, last) in _parts(span):
        begin, piece = pieces.get((checkpoint, part), (0, b""))
        genome += piece[first - begin : last - begin]
    return genome if len(genome) == span[1] - span[0] else None
