"""Numbers, arrays and genomes as bytes: one line of JSON that names them, then their contents in that order.

Arrays are stored little-endian; genomes are packed by their genome kind. Nothing in the bytes can run code.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from processing.core.errors import Broken
from processing.core.types import GenomeKind

_TYPES = ("|b1", "|u1", "<u2", "<i4", "<i8", "<u8", "<f4", "<f8")  # the dtypes of arrays that can be stored


def pack_values(
    head: Mapping[str, Any], values: Mapping[str, Any], kind: GenomeKind, *, genomes: str | None
) -> bytes:
    """Return the stored form of `head` and of `values`.

    Args:
        head: JSON values by name; the name "state" is reserved.
        values: numbers, None, arrays (of a dtype in `_TYPES`) and genomes by name.
        kind: the genome kind, which packs the genomes.
        genomes: the name in `values` that holds genomes; None where there are none.
    Returns:
        A line of JSON in UTF-8, then the contents of the arrays (C order) and genomes without gaps.
    Raises:
        AssertionError: an array has another dtype than those in `_TYPES`.
        ValueError: a number is NaN or infinite.
    """
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
    """Return the head and the values that `pack_values` stored; arrays come in native byte order.

    Raises:
        Broken: the bytes are incomplete, too many, or not in the stored form.
    """
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
    """One value of the state, and the bytes that follow it."""
    if "value" in entry:
        return entry["value"], rest
    if "genomes" in entry:
        data, rest = _cut(rest, entry["genomes"])
        return kind.unpack(data), rest
    form = np.dtype(_TYPES[_TYPES.index(entry["array"])])
    data, rest = _cut(rest, math.prod(entry["shape"]) * form.itemsize)
    return np.frombuffer(data, form).reshape(entry["shape"]).astype(form.newbyteorder("=")), rest


def _cut(data: bytes, length: int) -> tuple[bytes, bytes]:
    """The first `length` bytes, and the rest.

    Raises:
        Broken: there are fewer than `length` bytes.
    """
    if not 0 <= length <= len(data):
        raise Broken(f"checkpoint: expected {length} more bytes, got {len(data)}")
    return data[:length], data[length:]
