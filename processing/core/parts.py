"""Parts of a generation on their way to whoever evaluates them, and the results on their way back.

Packed as checkpoints are: a line of JSON, then bytes. Nothing in it can run code.
"""

from collections.abc import Sequence

import numpy as np

from processing.core.packed import pack_values, unpack_values
from processing.core.types import Evaluations, Failure, GenomeKind, Population

_LINEAGE = ("operators", "mothers", "fathers", "ages")


def pack_part(population: Population, first: int, last: int, kind: GenomeKind) -> bytes:
    """Agents first..last-1 of a population."""
    lineage = {name: getattr(population, name)[first:last] for name in _LINEAGE}
    genomes = kind.take(population.genomes, np.arange(first, last, dtype=np.int32))
    return pack_values({}, {"genomes": genomes, **lineage}, kind, genomes="genomes")


def unpack_part(data: bytes, kind: GenomeKind) -> Population:
    """The agents that `pack_part` packed. Raises Broken."""
    _, values = unpack_values(data, kind)
    return Population(**values)


def joined(parts: Sequence[Population], kind: GenomeKind) -> Population:
    """The population that was cut into these parts, in their order."""
    lineage = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _LINEAGE}
    return Population(genomes=kind.join([part.genomes for part in parts]), **lineage)


def pack_results(evaluations: Evaluations, kind: GenomeKind) -> bytes:
    """What became of a part."""
    values = {name: getattr(evaluations, name) for name in ("fitness", "steps", "failures")}
    return pack_values({}, values, kind, genomes=None)


def unpack_results(data: bytes, kind: GenomeKind) -> Evaluations:
    """What `pack_results` packed. Raises Broken."""
    _, values = unpack_values(data, kind)
    return Evaluations(**values)


def joined_results(parts: Sequence[Evaluations]) -> Evaluations:
    """What became of the whole, from what became of its parts in their order."""
    return Evaluations(
        fitness=np.concatenate([part.fitness for part in parts]),
        steps=np.concatenate([part.steps for part in parts]),
        failures=np.concatenate([part.failures for part in parts]),
    )


def lost(number: int) -> Evaluations:
    """What became of so many agents whose evaluation no worker survived."""
    return Evaluations(
        fitness=np.full(number, np.nan), steps=np.zeros(number, np.int32),
        failures=np.full(number, Failure.WORKER_LOST, np.uint8),
    )
