"""Genomes, from wherever they are kept."""

from django.db.models import BinaryField
from django.db.models.functions import Substr

from database.models import PART_BYTES, Agent, Checkpoint, CheckpointPart, PartKind


def genome_of(instance_id: int, generation: int, index: int) -> bytes | None:
    """The packed genome, from the agent's row or its generation's checkpoint; None where neither is kept."""
    if index < 0:
        return None
    row = Agent.objects.filter(instance=instance_id, generation=generation, index=index)
    genome = row.values_list("genome", flat=True).first()
    if genome is not None:
        return bytes(genome)
    kept = Checkpoint.objects.filter(instance=instance_id, generation=generation).values_list("pk", "genome_bytes").first()
    return None if kept is None else _from_parts(*kept, index)


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
