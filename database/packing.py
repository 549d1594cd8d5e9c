"""The packed scalars of a generation: 28 bytes an agent, column by column, little-endian.

Where the strategy selected by scores other than fitness, a marker byte and the scores follow, 8 bytes an
agent. Where agents failed with reasons in text, these follow last, each with the indices of its agents, as
JSON.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scalars:
    """The values stored for each of N agents, whatever the record policy."""

    fitness: NDArray[np.float64]  # (N,) NaN where the agent failed
    steps: NDArray[np.int32]  # (N,) environment steps
    species: NDArray[np.int32]  # (N,) -1 where there are none
    mothers: NDArray[np.int32]  # (N,) index in the parents' generation, -1 where there is none
    fathers: NDArray[np.int32]  # (N,) as `mothers`
    ages: NDArray[np.uint16]  # (N,) generations since the parents' one, 0 where there are none
    operators: NDArray[np.uint8]  # (N,) variation operator, a value of `Operator`
    failures: NDArray[np.uint8]  # (N,) a value of `Failure`, 0 where there is a fitness

    def __len__(self) -> int:
        return len(self.fitness)


_TYPES = {
    "fitness": "<f8", "steps": "<i4", "species": "<i4", "mothers": "<i4", "fathers": "<i4", "ages": "<u2",
    "operators": "u1", "failures": "u1",
}
BYTES_PER_AGENT = sum(np.dtype(kind).itemsize for kind in _TYPES.values())


#: Marker before the scores; JSON reasons never begin with it.
_SCORED = b"S"
#: Maximum number of agents of a generation whose failure reasons are stored.
MOST_REASONS = 1_000


def pack(
    scalars: Scalars, reasons: Iterable[tuple[int, str]] = (), *, scores: NDArray[np.float64] | None = None
) -> bytes:
    """Pack all columns one after the other, then the scores, if any, and the failure reasons.

    Args:
        scalars: the columns of N agents.
        reasons: index of a failed agent and its reason; the first MOST_REASONS are stored.
        scores: (N,) the values that the strategy selected by, NaN where an agent failed; None where it was
            fitness.
    """
    return b"".join((
        *(
            np.ascontiguousarray(getattr(scalars, column.name), _TYPES[column.name]).tobytes()
            for column in fields(scalars)
        ),
        b"" if scores is None else _SCORED + np.ascontiguousarray(scores, "<f8").tobytes(),
        _packed(list(reasons)[:MOST_REASONS]),
    ))


def unpack(data: bytes | memoryview, size: int) -> Scalars:
    """Read the columns of `size` agents, as views of `data`."""
    columns: dict[str, Any] = {}
    offset = 0
    for name, kind in _TYPES.items():
        columns[name] = np.frombuffer(data, kind, size, offset)
        offset += size * np.dtype(kind).itemsize
    return Scalars(**columns)


def unpack_scores(data: bytes | memoryview, size: int) -> NDArray[np.float64] | None:
    """Read the scores that the strategy selected by, (N,); None where it selected by fitness.

    A score is NaN where the agent failed.
    """
    start = size * BYTES_PER_AGENT
    if bytes(memoryview(data)[start : start + 1]) != _SCORED:
        return None
    return cast("NDArray[np.float64]", np.frombuffer(data, "<f8", size, start + len(_SCORED)))


def unpack_reasons(data: bytes | memoryview, size: int) -> Mapping[int, str]:
    """Read the stored failure reasons by the agent's index."""
    trailer = bytes(memoryview(data)[size * BYTES_PER_AGENT :])
    if trailer.startswith(_SCORED):
        trailer = trailer[len(_SCORED) + 8 * size :]
    return {index: reason for reason, indices in json.loads(trailer or b"[]") for index in indices}


def _packed(reasons: list[tuple[int, str]]) -> bytes:
    """Encode each reason once, with the indices of its agents, as JSON; empty where there is none."""
    agents: dict[str, list[int]] = {}
    for index, reason in reasons:
        agents.setdefault(reason, []).append(index)
    return json.dumps(list(agents.items())).encode() if agents else b""
