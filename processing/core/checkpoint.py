"""Where a search stands between two generations, and how that is stored.

The packed form is one line of JSON (numbers, and the name, type and shape of each array), then the arrays' bytes, one after
the other, little-endian. Genomes are packed by their kind. Nothing in it can run code.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.core.errors import Broken
from processing.core.types import GenomeKind, State

_GENOMES = "pool"  # the entry of a strategy's state that holds genomes
_TYPES = ("|b1", "|u1", "<i4", "<i8", "<u8", "<f4", "<f8")  # of a state's arrays


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
    state: dict[str, dict[str, Any]] = {}
    blobs: list[bytes] = []
    for name, value in checkpoint.state.items():
        if name == _GENOMES and value is not None:
            data = kind.pack(value)
            state[name] = {"genomes": len(data)}
            blobs.append(data)
        elif isinstance(value, np.ndarray):
            array = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
            assert array.dtype.str in _TYPES, f"{name}: arrays of {array.dtype} are not stored"
            state[name] = {"array": array.dtype.str, "shape": array.shape}
            blobs.append(array.tobytes())
        else:
            state[name] = {"value": value}
    head = {
        "next_generation": checkpoint.next_generation, "best_fitness": checkpoint.best_fitness,
        "stagnation": checkpoint.stagnation, "digest": checkpoint.digest, "state": state,
    }
    return b"".join((json.dumps(head, allow_nan=False).encode(), b"\n", *blobs))


def unpack(data: bytes, kind: GenomeKind) -> Checkpoint:
    """The checkpoint that `pack` stored. Raises Broken where the bytes are not whole."""
    line, _, rest = data.partition(b"\n")
    try:
        head = json.loads(line)
        state: dict[str, Any] = {}
        for name, entry in head["state"].items():
            state[name], rest = _entry(entry, rest, kind)
        found = Checkpoint(head["next_generation"], state, head["best_fitness"], head["stagnation"], head["digest"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Broken(f"checkpoint: expected what this server stored, got {error!r}") from error
    if rest:
        raise Broken(f"checkpoint: {len(rest)} bytes too many")
    return found


def _entry(entry: dict[str, Any], rest: bytes, kind: GenomeKind) -> tuple[Any, bytes]:
    """One value of the state, and the bytes behind it."""
    if "value" in entry:
        return entry["value"], rest
    if "genomes" in entry:
        data, rest = _cut(rest, entry["genomes"])
        return kind.unpack(data), rest
    form = np.dtype(_TYPES[_TYPES.index(entry["array"])])
    data, rest = _cut(rest, math.prod(entry["shape"]) * form.itemsize)
    return np.frombuffer(data, form).reshape(entry["shape"]).astype(form.newbyteorder("=")), rest


def _cut(data: bytes, length: int) -> tuple[bytes, bytes]:
    """The first so many bytes, and those behind them."""
    if not 0 <= length <= len(data):
        raise Broken(f"checkpoint: expected {length} more bytes, got {len(data)}")
    return data[:length], data[length:]
