"""The state of a search between two generations, and its stored form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from processing.core.errors import Broken
from processing.core.packed import pack_values, unpack_values
from processing.core.types import GenomeKind, State

_GENOMES = "pool"  # the entry of a strategy's state that holds genomes
_JUDGE = "judge."  # what the names of a judge's entries begin with


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything besides the work item and the seed that the next generation depends on."""

    next_generation: int
    state: State  # of the strategy
    best_fitness: float | None  # of the run so far
    stagnation: int  # generations since it last rose
    digest: str  # of the last generation, chained to all before it; empty before generation 0
    judge: State = field(default_factory=dict)  # of the judge; empty for most
    # numbers of the species whose champion was tested: see `criterion.candidate`
    tested: tuple[int, ...] = ()
    # the last champion that fresh episodes did not confirm: see `stop.confirmed`
    unconfirmed: Mapping[str, Any] | None = None


def pack(checkpoint: Checkpoint, kind: GenomeKind) -> bytes:
    """Return the stored form of a checkpoint."""
    head = {
        "next_generation": checkpoint.next_generation, "best_fitness": checkpoint.best_fitness,
        "stagnation": checkpoint.stagnation, "digest": checkpoint.digest, "tested": checkpoint.tested,
        "unconfirmed": checkpoint.unconfirmed,
    }
    judge = {_JUDGE + name: value for name, value in checkpoint.judge.items()}
    return pack_values(head, {**checkpoint.state, **judge}, kind, genomes=_GENOMES)


def unpack(data: bytes, kind: GenomeKind) -> Checkpoint:
    """Return the checkpoint that `pack` stored.

    Raises:
        Broken: the bytes are incomplete or not those of a checkpoint.
    """
    head, values = unpack_values(data, kind)
    state = {name: value for name, value in values.items() if not name.startswith(_JUDGE)}
    judge = {name.removeprefix(_JUDGE): value for name, value in values.items() if name.startswith(_JUDGE)}
    try:
        return Checkpoint(state=state, judge=judge, tested=tuple(head.pop("tested", ())), **head)
    except TypeError as error:
        raise Broken(f"checkpoint: expected what this server stored, got {error!r}") from error
