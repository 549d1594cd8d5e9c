"""A document as plain JSON values, with the faults that can be found before its content is validated.

Text that is not JSON is refused, and so are values that JSON, PostgreSQL or JavaScript cannot represent.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from formatting.faults import MAX_FAULTS, Fault, FaultCode, Malformed, Path, fault, shown

MAX_DEPTH = 64
MAX_ENTRIES = 10_000
MAX_KEYS = 1_000
MAX_DIGITS = 308

Plain = Any  # None, bool, int, float, str, list[Plain], dict[str, Plain]


def plain_values(raw: object, *, max_bytes: int) -> tuple[Plain, list[Fault]]:
    """Convert a document to plain JSON values, with null in place of each faulty value.

    Args:
        raw: JSON as bytes or text, or a parsed mapping.
        max_bytes: size in bytes above which a document is refused unread.
    Returns:
        The values, and the faults found, at most MAX_FAULTS.
    Raises:
        Malformed: the document cannot be read, or has more than MAX_FAULTS faults.
    """
    if isinstance(raw, bytes | bytearray | str):
        raw = _parsed(_text(raw, max_bytes))
    reader = _Reader(max_bytes)
    value = reader.read(raw)
    if reader.total > MAX_FAULTS:
        raise Malformed(reader.faults, total=reader.total)
    return value, reader.faults


def _text(raw: bytes | bytearray | str, max_bytes: int) -> str:
    size = len(raw.encode("utf-8", "surrogatepass")) if isinstance(raw, str) else len(raw)
    if size > max_bytes:
        raise Malformed([_too_large(max_bytes, f"{size} bytes")])
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed([fault(
            FaultCode.INVALID_FORMAT, (), "JSON in UTF-8",
            f"byte 0x{raw[error.start]:02x} at position {error.start}",
            "Save the file in the encoding UTF-8.",
        )]) from error


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise Malformed([_not_json(text, error)]) from error
    except RecursionError as error:
        raise Malformed([_too_deep(())]) from error


def _not_json(text: str, error: json.JSONDecodeError) -> Fault:
    found = text[error.pos:error.pos + 1]
    where = f"line {error.lineno}, column {error.colno}"
    given = f"{shown(found) if found else 'the end of the text'} at {where} ({error.msg})"
    before = text[:error.pos].rstrip()[-1:]
    hint = None
    if not text.strip():
        given, hint = "nothing", None
    elif found == "'":
        hint = 'JSON puts texts and keys in double quotes: "…".'
    elif found in ("/", "#"):
        hint = "JSON has no comments."
    elif before == "," or (found == "," and "trailing comma" in error.msg):
        hint = "JSON has no comma after the last entry."
    return fault(FaultCode.INVALID_FORMAT, (), "JSON", given, hint)


class _Repeating(dict[str, Any]):
    """An object with repeated keys; the first value of each key is kept."""

    repeated: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    repeating, repeated = _Repeating(), []
    for key, value in pairs:
        if key in repeating:
            repeated.append(key)
        repeating.setdefault(key, value)
    repeating.repeated = tuple(repeated)
    return repeating


class _LongInteger(str):
    """The text of an integer with more than MAX_DIGITS characters, which no field can hold."""


def _integer(text: str) -> int | _LongInteger:
    return int(text) if len(text) <= MAX_DIGITS else _LongInteger(text)


class _TooLarge(Exception):
    """The values are larger than a document may be."""


class _Reader:
    """Copies values and records their faults, in time linear in their size."""

    def __init__(self, max_bytes: int) -> None:
        self.faults: list[Fault] = []
        self.total = 0
        self._path: list[str | int] = []
        self._max_bytes = self._left = max_bytes

    def read(self, raw: Any) -> Plain:
        try:
            return self._value(raw)
        except _TooLarge as error:
            raise Malformed([_too_large(self._max_bytes, "more")]) from error

    def _value(self, raw: Any) -> Plain:
        self._pay(1)
        if raw is None or isinstance(raw, bool):
            return raw
        if isinstance(raw, _LongInteger):
            return self._record_fault(
                FaultCode.OUT_OF_RANGE, _RANGE, f"a whole number of {len(raw.lstrip('-'))} digits"
            )
        if isinstance(raw, str):
            return self._string(raw)
        if isinstance(raw, int | float):
            return self._number(raw)
        if isinstance(raw, Mapping):
            return self._object(raw)
        if isinstance(raw, list | tuple):
            return self._list(raw)
        expected = "an object, a list, a text, a number, true, false or null"
        return self._record_fault(FaultCode.INVALID_TYPE, expected, shown(raw))

    def _string(self, raw: str) -> Plain:
        self._pay(len(raw))
        if _storable(raw):
            return str(raw)
        expected = "a text without NUL characters and without half surrogate pairs"
        return self._record_fault(FaultCode.INVALID_FORMAT, expected, shown(raw))

    def _number(self, raw: int | float) -> Plain:
        if isinstance(raw, int):
            if raw.bit_length() <= 1023:
                return int(raw)
            return self._record_fault(FaultCode.OUT_OF_RANGE, _RANGE, shown(raw))
        if raw != raw:
            return self._record_fault(FaultCode.INVALID_FORMAT, "a finite number", "NaN")
        if raw in (float("inf"), float("-inf")):
            return self._record_fault(FaultCode.OUT_OF_RANGE, _RANGE, "an infinite one")
        return float(raw) + 0.0  # -0.0 becomes 0.0: equal numbers have one spelling

    def _list(self, raw: list[Any] | tuple[Any, ...]) -> list[Plain] | None:
        if not self._fits(len(raw), MAX_ENTRIES, "entries"):
            return None
        result = []
        for index, entry in enumerate(raw):
            self._path.append(index)
            result.append(self._value(entry))
            self._path.pop()
        return result

    def _object(self, raw: Mapping[Any, Any]) -> dict[str, Plain] | None:
        if not self._fits(len(raw), MAX_KEYS, "keys"):
            return None
        for key in raw.repeated if isinstance(raw, _Repeating) else ():
            self._record_fault(FaultCode.INVALID_FORMAT, "each key once", "it more than once", key=key)
        result = {}
        for key, entry in raw.items():
            if not isinstance(key, str):
                self._record_fault(FaultCode.INVALID_TYPE, "a text as key", shown(key), key=shown(key))
                continue
            self._pay(len(key))
            self._path.append(str(key))
            if _storable(key):
                result[str(key)] = self._value(entry)
            else:
                expected = "a key without NUL characters and without half surrogate pairs"
                self._record_fault(FaultCode.INVALID_FORMAT, expected, shown(key))
            self._path.pop()
        return result

    def _fits(self, size: int, limit: int, words: str) -> bool:
        if len(self._path) >= MAX_DEPTH:
            raise Malformed([*self.faults, _too_deep(self._where())])
        if size > limit:
            self._record_fault(FaultCode.LIMIT_EXCEEDED, f"at most {limit} {words}", f"{size} {words}")
        return size <= limit

    def _pay(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _TooLarge

    def _where(self) -> Path:
        return tuple(self._path)

    def _record_fault(self, code: FaultCode, expected: str, given: str, *, key: str | None = None) -> Plain:
        """Record a fault of the current value, or of one of its keys, and return null in its place."""
        self.total += 1
        if len(self.faults) < MAX_FAULTS:
            path = self._where() if key is None else (*self._where(), key)
            self.faults.append(fault(code, path, expected, given))
        return None


_RANGE = "a number within ±1.8e308"
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def _too_deep(path: Path) -> Fault:
    expected = f"at most {MAX_DEPTH} levels of objects and lists"
    return fault(FaultCode.LIMIT_EXCEEDED, path[:8], expected, "more")


def _too_large(max_bytes: int, given: str) -> Fault:
    return fault(FaultCode.LIMIT_EXCEEDED, (), f"at most {max_bytes} bytes", given)
