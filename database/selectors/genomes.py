"""Genomes, from wherever they are kept."""

from django.db.models import BinaryField
from django.db.models.functions import Length, Substr

from database.models import Agent, Checkpoint, Generation


def genome_of(instance_id: int, generation: int, index: int) -> bytes | None:
    """The packed genome, from the agent's row or its generation's checkpoint; None where neither is kept."""
    if index < 0:
        return None
    row = Agent.objects.filter(instance=instance_id, generation=generation, index=index)
    genome = row.values_list("genome", flat=True).first()
    if genome is not None:
        return bytes(genome)
    size = Generation.objects.filter(instance=instance_id, number=generation).values_list("size", flat=True).first()
    if size is None or index >= size:
        return None
    kept = Checkpoint.objects.filter(instance=instance_id, generation=generation)
    length = Length("genomes") / size
    part = kept.annotate(part=Substr("genomes", length * index + 1, length, output_field=BinaryField()))
    found = part.values_list("part", flat=True).first()
    return None if found is None else bytes(found)
