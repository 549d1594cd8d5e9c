"""The packed scalars of a generation: 28 bytes an agent, column by column, little-endian.

Optional sections follow in a fixed order, each after a marker byte: scores, where the strategy selected by
other values than fitness; the ages of fathers, where these may be of other generations than mothers; and
metrics. Where agents failed with reasons in text, these follow last, as JSON.

Curves are packed apart from the scalars, as they are much larger and rarely read.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, cast

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


#: Markers before the sections, in their order; JSON reasons never begin with one.
_SCORES, _FATHER_AGES, _METRICS = b"S", b"F", b"M"
#: The length of the JSON names of metrics.
_LENGTH = struct.Struct("<I")
#: Maximum number of agents of a generation whose failure reasons are stored.
MOST_REASONS = 1_000


def pack(
    scalars: Scalars, reasons: Iterable[tuple[int, str]] = (), *, scores: NDArray[np.float64] | None = None,
    father_ages: NDArray[np.uint16] | None = None, metrics: NDArray[np.float64] | None = None,
    metric_names: Sequence[str] = ()
) -> bytes:
    """Pack all columns one after the other, then the sections that are given, and the failure reasons.

    Args:
        scalars: the columns of N agents.
        reasons: index of a failed agent and its reason; the first MOST_REASONS are stored.
        scores: (N,) the values that the strategy selected by, NaN where an agent failed; None where it was
            fitness.
        father_ages: (N,) generations between father and child, 0 where there is no father; None where they
            are those of the mothers.
        metrics: (N, M) further numbers of each agent; None where there are none.
        metric_names: their M names.
    """
    return b"".join((
        *(
            np.ascontiguousarray(getattr(scalars, column.name), _TYPES[column.name]).tobytes()
            for column in fields(scalars)
        ),
        b"" if scores is None else _SCORES + np.ascontiguousarray(scores, "<f8").tobytes(),
        b"" if father_ages is None else _FATHER_AGES + np.ascontiguousarray(father_ages, "<u2").tobytes(),
        b"" if metrics is None else _METRICS + _packed_metrics(metrics, metric_names),
        _packed_reasons(list(reasons)[:MOST_REASONS]),
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
    section = _sections(data, size)[0].get(_SCORES)
    return None if section is None else cast("NDArray[np.float64]", np.frombuffer(section, "<f8", size))


def unpack_father_ages(data: bytes | memoryview, size: int) -> NDArray[np.uint16] | None:
    """Read the generations between father and child, (N,); None where they are those of the mothers."""
    section = _sections(data, size)[0].get(_FATHER_AGES)
    return None if section is None else cast("NDArray[np.uint16]", np.frombuffer(section, "<u2", size))


def unpack_metrics(
    data: bytes | memoryview, size: int
) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
    """Read the names of metrics and their values, (N, M), as a view of `data`; None where there are none."""
    section = _sections(data, size)[0].get(_METRICS)
    if section is None:
        return None
    (length,) = _LENGTH.unpack_from(section)
    start = _LENGTH.size + length
    names = tuple(json.loads(bytes(section[_LENGTH.size : start])))
    columns = np.frombuffer(section, "<f8", len(names) * size, start)
    return names, cast("NDArray[np.float64]", columns.reshape(len(names), size).T)


def unpack_reasons(data: bytes | memoryview, size: int) -> Mapping[int, str]:
    """Read the stored failure reasons by the agent's index."""
    trailer = bytes(_sections(data, size)[1])
    return {index: reason for reason, indices in json.loads(trailer or b"[]") for index in indices}


class CurveShape(NamedTuple):
    """What a generation's packed curves begin with."""

    agents: int
    epochs: int  # of the longest curve
    names: tuple[str, ...]
    start: int  # position of the first agent's values in the packed bytes

    @property
    def numbers(self) -> int:
        """Values that are stored of each agent."""
        return self.epochs * len(self.names)

    @property
    def bytes_per_agent(self) -> int:
        return self.numbers * np.dtype(_CURVE_TYPE).itemsize

    @property
    def length(self) -> int:
        """Length of the packed curves in bytes."""
        return self.start + self.agents * self.bytes_per_agent


#: Number of agents, epochs and names, and the length of the JSON names.
_CURVE_HEAD = struct.Struct("<4I")
_CURVE_TYPE = "<f4"
#: So many bytes hold what packed curves begin with, but for unusually long names.
USUAL_CURVE_HEAD = 1_024


def pack_curves(curves: NDArray[np.float32], names: Sequence[str]) -> bytes:
    """Pack the curves of N agents one agent after the other, as float32, epoch by epoch.

    Epochs after the end of the longest curve are left out. See `CurveShape` for what comes first.

    Args:
        curves: (N, E, K) values; NaN after an agent's last epoch.
        names: the K names.
    """
    assert curves.shape[2] == len(names)
    used = np.flatnonzero(~np.isnan(curves).all(axis=(0, 2)))
    epochs = int(used[-1]) + 1 if len(used) else 0
    encoded = json.dumps(list(names)).encode()
    head = _CURVE_HEAD.pack(len(curves), epochs, len(names), len(encoded))
    return head + encoded + np.ascontiguousarray(curves[:, :epochs], _CURVE_TYPE).tobytes()


def curve_head_bytes(head: bytes | memoryview) -> int:
    """Return how many bytes `read_curve_shape` needs; `head` has at least the first 16."""
    length: int = _CURVE_HEAD.unpack_from(head)[3]
    return _CURVE_HEAD.size + length


def read_curve_shape(head: bytes | memoryview) -> CurveShape:
    """Read what packed curves begin with; `head` has at least the bytes before the first agent's values."""
    agents, epochs, _, length = _CURVE_HEAD.unpack_from(head)
    start = _CURVE_HEAD.size + length
    names = tuple(json.loads(bytes(head[_CURVE_HEAD.size : start])))
    return CurveShape(agents, epochs, names, start)


def unpack_agent_curves(values: bytes | memoryview, shape: CurveShape) -> dict[str, NDArray[np.float32]]:
    """Read one agent's curves by their names, each up to its last value; curves without a value are left out.

    Args:
        values: the agent's `shape.bytes_per_agent` bytes.
        shape: of the generation's curves.
    """
    table = np.frombuffer(values, _CURVE_TYPE).reshape(shape.epochs, len(shape.names))
    found = {}
    for place, name in enumerate(shape.names):
        known = np.flatnonzero(~np.isnan(table[:, place]))
        if len(known):
            found[name] = cast("NDArray[np.float32]", table[: known[-1] + 1, place])
    return found


def unpack_curve(data: bytes, shape: CurveShape, name: str) -> NDArray[np.float32]:
    """Read one curve of all agents, (N, E) with NaN after an agent's last epoch, from a generation's packed
    curves.
    """
    table = np.frombuffer(data, _CURVE_TYPE, shape.agents * shape.numbers, shape.start)
    columns = table.reshape(shape.agents, shape.epochs, len(shape.names))
    return cast("NDArray[np.float32]", columns[:, :, shape.names.index(name)])


def _sections(data: bytes | memoryview, size: int) -> tuple[dict[bytes, memoryview], memoryview]:
    """Split what follows the columns of `size` agents: sections by their markers, and the JSON reasons."""
    rest = memoryview(data)[size * BYTES_PER_AGENT :]
    found: dict[bytes, memoryview] = {}
    while (marker := bytes(rest[:1])) in _SECTION_LENGTHS:
        end = 1 + _SECTION_LENGTHS[marker](rest[1:], size)
        found[marker] = rest[1:end]
        rest = rest[end:]
    return found, rest


def _metrics_length(rest: memoryview, size: int) -> int:
    """Length of the metrics that `rest` begins with."""
    start = _LENGTH.size + _LENGTH.unpack_from(rest)[0]
    return int(start + 8 * size * len(json.loads(bytes(rest[_LENGTH.size : start]))))


_SECTION_LENGTHS = {
    _SCORES: lambda rest, size: 8 * size, _FATHER_AGES: lambda rest, size: 2 * size, _METRICS: _metrics_length
}


def _packed_metrics(metrics: NDArray[np.float64], names: Sequence[str]) -> bytes:
    """Encode the length of the names, the names as JSON, and the values column by column."""
    assert metrics.shape[1] == len(names)
    encoded = json.dumps(list(names)).encode()
    return _LENGTH.pack(len(encoded)) + encoded + np.ascontiguousarray(metrics.T, "<f8").tobytes()


def _packed_reasons(reasons: list[tuple[int, str]]) -> bytes:
    """Encode each reason once, with the indices of its agents, as JSON; empty where there is none."""
    agents: dict[str, list[int]] = {}
    for index, reason in reasons:
        agents.setdefault(reason, []).append(index)
    return json.dumps(list(agents.items())).encode() if agents else b""
