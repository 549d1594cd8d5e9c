"""Genomes, from wherever they are kept."""

from collections.abc import Iterable

from django.db.models import BinaryField, Q
from django.db.models.functions import Substr

from database.models import PART_BYTES, Agent, Checkpoint, CheckpointPart, PartKind
from database.selectors.generations import at

Address = tuple[int, int, int]  # (instance, generation, index)


def genome_of(instance_id: int, generation: int, index: int) -> bytes | None:
    """The packed genome, from the agent's row or its generation's checkpoint; None where neither is kept."""
    address = instance_id, generation, index
    return genomes_at([address]).get(address)


def genomes_at(addresses: Iterable[Address]) -> dict[Address, bytes]:
    """The packed genomes of these agents, as far as they are kept.

    One statement for all that have rows, one for the checkpoints of the others, and one for each part that any of them
    lies in; of a run, few generations have checkpoints.
    """
    wanted = {address for address in addresses if address[2] >= 0}
    if not wanted:
        return {}
    places: dict[tuple[int, int], list[int]] = {}
    for instance_id, generation, index in wanted:
        places.setdefault((instance_id, generation), []).append(index)
    conditions = Q()
    for (instance_id, generation), indices in places.items():
        conditions |= Q(instance=instance_id, generation=generation, index__in=indices)
    rows = Agent.objects.filter(conditions).values_list("instance_id", "generation", "index", "genome")
    found = {(instance, generation, index): bytes(genome) for instance, generation, index, genome in rows}
    missing = wanted - found.keys()
    return found | (_from_checkpoints(missing) if missing else {})


def _from_checkpoints(addresses: set[Address]) -> dict[Address, bytes]:
    """Those that are kept with the checkpoints of their generations."""
    kept = Checkpoint.objects.filter(at({address[:2] for address in addresses}, "generation"))
    checkpoints = {
        (instance, generation): (key, size)
        for key, instance, generation, size in kept.values_list("pk", "instance_id", "generation", "genome_bytes")
    }
    found = {}
    for address in sorted(addresses):
        if address[:2] in checkpoints:
            genome = _from_parts(*checkpoints[address[:2]], address[2])
            if genome is not None:
                found[address] = genome
    return found


def _from_parts(checkpoint_id: int, size: int, index: int) -> bytes | None:
    """A genome cut out of the one part, or more, that it lies in; None where they are not kept, or there is no such agent."""
    first, last = index * size, (index + 1) * size
    genome = b""
    for number in range(first // PART_BYTES, -(-last // PART_BYTES)):
        start, end = max(0, first - number * PART_BYTES), min(last - number * PART_BYTES, PART_BYTES)
        part = CheckpointPart.objects.filter(checkpoint=checkpoint_id, kind=PartKind.GENOMES, number=number)
        cut = part.annotate(cut=Substr("data", start + 1, end - start, output_field=BinaryField()))
        genome += bytes(cut.values_list("cut", flat=True).first() or b"")
    return genome if size and len(genome) == size else None
