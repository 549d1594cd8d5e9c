"""Where a search stands between two generations, and how that is stored."""

from dataclasses import dataclass

from processing.core.errors import Broken
from processing.core.packed import pack_values, unpack_values
from processing.core.types import GenomeKind, State

_GENOMES = "pool"  # the entry of a strategy's state that holds genomes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that the next generation depends on, besides the work item and the seed."""

    next_generation: int
    state: State  # of the strategy
    best_fitness: float | None  # of the run so far
    stagnation: int  # generations since it last rose
    digest: str  # of the last generation, chained to all before it; empty before generation 0


def pack(checkpoint: Checkpoint, kind: GenomeKind) -> bytes:
    """The stored form of a checkpoint."""
    head = {
        "next_generation": checkpoint.next_generation, "best_fitness": checkpoint.best_fitness,
        "stagnation": checkpoint.stagnation, "digest": checkpoint.digest,
    }
    return pack_values(head, checkpoint.state, kind, genomes=_GENOMES)


def unpack(data: bytes, kind: GenomeKind) -> Checkpoint:
    """The checkpoint that `pack` stored. Raises Broken where the bytes are not whole."""
    head, state = unpack_values(data, kind)
    try:
        return Checkpoint(state=state, **head)
    except TypeError as error:
        raise Broken(f"checkpoint: expected what this server stored, got {error!r}") from error
