"""The staged item: a checked and complete work item, as plain data that any process can run.

It is stored as jsonpickle text under a signature. `jsonpickle.decode` can run code, so a text is decoded only
if this server signed it and every tag in it is on a list.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonpickle

from formatting.faults import Fault
from processing.core.errors import Broken
from staging.estimate import CostEstimate

_ALLOWED_CLASSES = frozenset({
    "staging.staged_item.StagedItem", "staging.estimate.CostEstimate", "formatting.faults.Fault",
})
_ALLOWED_TAGS = frozenset({"py/object", "py/state", "py/tuple"})
_PURPOSE = b"staged item\0"


@dataclass(frozen=True)
class StagedItem:
    """The input of workers: everything that a run needs, without further lookups."""

    spec: dict[str, Any]  # the canonical document, JSON values
    spec_hash: str
    kind: str
    seeds: tuple[int, ...]  # one per replicate
    record: str  # "all" or "champions"
    estimate: CostEstimate  # for one replicate
    warnings: tuple[Fault, ...]  # accepted, but probably not intended
    slice_size: int | None = None  # agents in a slice; None where one worker evaluates each generation
    # JSON values looked up of the environment; None where no lookup was needed
    facts: dict[str, Any] | None = None


def dump(item: StagedItem, key: bytes) -> str:
    """Return the signature (64 hexadecimal digits), a colon, and the item as jsonpickle's JSON text."""
    text = jsonpickle.encode(item, make_refs=False, keys=True)
    _check_tags(text)
    return f"{_signature(text, key)}:{text}"


def load(text: str, key: bytes) -> StagedItem:
    """Read a staged item that `dump` wrote with the same key.

    Raises:
        Broken: the text was changed, was signed with another key, or is not a staged item.
    """
    signature, _, pickled = text.partition(":")
    if not hmac.compare_digest(_bytes(signature), _bytes(_signature(pickled, key))):
        raise Broken("staged item: expected the signature of this server, got another one")
    _check_tags(pickled)
    item = jsonpickle.decode(pickled, keys=True, on_missing="error")
    if not isinstance(item, StagedItem):
        raise Broken(f"staged item: expected a staged item, got a {type(item).__name__}")
    return item


def _signature(text: str, key: bytes) -> str:
    return hmac.new(key, _PURPOSE + _bytes(text), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _check_tags(text: str) -> None:
    """Refuse every tag and class that is not listed, and any tag at all inside the user's own document."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken("staged item: expected JSON") from error
    for tag, value in _tags(plain):
        known = tag in _ALLOWED_TAGS and (tag != "py/object" or str(value) in _ALLOWED_CLASSES)
        if not known:
            raise Broken(f"staged item: expected only known tags, got {tag} {value!r:.80}")
    spec = plain.get("spec") if isinstance(plain, dict) else None
    if any(True for _ in _tags(spec)):
        raise Broken("staged item: expected a document without tags")


def _tags(plain: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key of the JSON values that jsonpickle may interpret as a tag, with its value."""
    waiting = [plain]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        if isinstance(value, dict):
            yield from ((key, entry) for key, entry in value.items() if key.startswith(("py/", "json://")))
            waiting.extend(value.values())
