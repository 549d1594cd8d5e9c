"""Numbers, arrays and genomes as bytes: one line of JSON that names them, then their bytes, one after the other.

Arrays are little-endian; genomes are packed by their kind. Nothing in it can run code.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from processing.core.errors import Broken
from processing.core.types import GenomeKind

_TYPES = ("|b1", "|u1", "<u2", "<i4", "<i8", "<u8", "<f4", "<f8")  # of arrays


def pack_values(head: Mapping[str, Any], values: Mapping[str, Any], kind: GenomeKind, *, genomes: str | None) -> bytes:
    """The stored form of JSON values `head`, and of `values`: numbers, None, arrays, and genomes under that name."""
    entries: dict[str, dict[str, Any]] = {}
    blobs: list[bytes] = []
    for name, value in values.items():
        if name == genomes and value is not None:
            data = kind.pack(value)
            entries[name] = {"genomes": len(data)}
            blobs.append(data)
        elif isinstance(value, np.ndarray):
            array = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
            assert array.dtype.str in _TYPES, f"{name}: arrays of {array.dtype} are not stored"
            entries[name] = {"array": array.dtype.str, "shape": array.shape}
            blobs.append(array.tobytes())
        else:
            entries[name] = {"value": value}
    line = json.dumps({**head, "state": entries}, allow_nan=False)
    return b"".join((line.encode(), b"\n", *blobs))


def unpack_values(data: bytes, kind: GenomeKind) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head and the values that `pack_values` stored. Raises Broken where the bytes are not whole."""
    line, _, rest = data.partition(b"\n")
    try:
        head = json.loads(line)
        values: dict[str, Any] = {}
        for name, entry in head.pop("state").items():
            values[name], rest = _entry(entry, rest, kind)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Broken(f"checkpoint: expected what this server stored, got {error!r}") from error
    if rest:
        raise Broken(f"checkpoint: {len(rest)} bytes too many")
    return head, values


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
