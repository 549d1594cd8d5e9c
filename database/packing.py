"""The packed scalars of a generation: 28 bytes an agent, column by column, little-endian.

Behind them, where a strategy saw something else than fitness: a byte that says so, and that, 8 bytes an agent. Behind all,
where agents failed for reasons that take words: these, each with the indices of its agents, as JSON.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scalars:
    """What is kept of every one of N agents, whatever the record policy."""

    fitness: NDArray[np.float64]  # (N,) NaN where the agent failed
    steps: NDArray[np.int32]  # (N,) environment steps
    species: NDArray[np.int32]  # (N,) -1 where there are none
    mothers: NDArray[np.int32]  # (N,) index in the parents' generation, -1 where there is none
    fathers: NDArray[np.int32]  # (N,) the same
    ages: NDArray[np.uint16]  # (N,) how many generations back the parents are, 0 where there are none
    operators: NDArray[np.uint8]  # (N,) how the genome came to be
    failures: NDArray[np.uint8]  # (N,) why there is no fitness, 0 where there is

    def __len__(self) -> int:
        return len(self.fitness)


_TYPES = {
    "fitness": "<f8", "steps": "<i4", "species": "<i4", "mothers": "<i4", "fathers": "<i4", "ages": "<u2",
    "operators": "u1", "failures": "u1",
}
BYTES_PER_AGENT = sum(np.dtype(kind).itemsize for kind in _TYPES.values())


#: What comes before scores; reasons begin otherwise.
_SCORED = b"S"
#: Agents of a generation whose reasons are kept.
MOST_REASONS = 1_000


def pack(
    scalars: Scalars, reasons: Iterable[tuple[int, str]] = (), *, scores: NDArray[np.float64] | None = None
) -> bytes:
    """All columns, one after the other, what the strategy saw, (N,), if not the fitness, and the reasons of some agents."""
    return b"".join((
        *(np.ascontiguousarray(getattr(scalars, column.name), _TYPES[column.name]).tobytes() for column in fields(scalars)),
        b"" if scores is None else _SCORED + np.ascontiguousarray(scores, "<f8").tobytes(),
        _packed(list(reasons)[:MOST_REASONS]),
    ))


def unpack(data: bytes | memoryview, size: int) -> Scalars:
    """The columns of `size` agents."""
    columns: dict[str, Any] = {}
    offset = 0
    for name, kind in _TYPES.items():
        columns[name] = np.frombuffer(data, kind, size, offset)
        offset += size * np.dtype(kind).itemsize
    return Scalars(**columns)


def unpack_scores(data: bytes | memoryview, size: int) -> NDArray[np.float64] | None:
    """What the strategy saw in the place of fitness, (N,), NaN where an agent failed; None where it saw that."""
    start = size * BYTES_PER_AGENT
    if bytes(memoryview(data)[start : start + 1]) != _SCORED:
        return None
    return cast("NDArray[np.float64]", np.frombuffer(data, "<f8", size, start + len(_SCORED)))


def unpack_reasons(data: bytes | memoryview, size: int) -> Mapping[int, str]:
    """Why agents failed, by index, as far as that is kept."""
    told = bytes(memoryview(data)[size * BYTES_PER_AGENT :])
    if told.startswith(_SCORED):
        told = told[len(_SCORED) + 8 * size :]
    return {index: reason for reason, indices in json.loads(told or b"[]") for index in indices}


def _packed(reasons: list[tuple[int, str]]) -> bytes:
    """Each reason once; nothing where there is none."""
    agents: dict[str, list[int]] = {}
    for index, reason in reasons:
        agents.setdefault(reason, []).append(index)
    return json.dumps(list(agents.items())).encode() if agents else b""
