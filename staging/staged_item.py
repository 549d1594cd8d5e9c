"""The staged item: a work item checked, complete, and ready to run. Data only, so that any process can take it up.

It is stored as jsonpickle text under a signature. `jsonpickle.decode` can run code, so a text is decoded only if this
server signed it and every tag in it is on a list.
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
    """What the workers are given: everything that a run needs, and nothing that must be looked up."""

    spec: dict[str, Any]  # the canonical document, JSON values
    spec_hash: str
    kind: str
    seeds: tuple[int, ...]  # one per replicate
    record: str  # "all" or "champions"
    estimate: CostEstimate  # for one replicate
    warnings: tuple[Fault, ...]  # accepted, but probably not meant
    slice_size: int | None = None  # agents evaluated by one task; None where whoever opens a generation evaluates it
    facts: dict[str, Any] | None = None  # JSON values: what was looked up of the environment; None where nothing had to be


def dump(item: StagedItem, key: bytes) -> str:
    """The item as jsonpickle JSON behind its signature: 64 hexadecimal digits, a colon, the JSON text."""
    text = jsonpickle.encode(item, make_refs=False, keys=True)
    _check_tags(text)
    return f"{_signature(text, key)}:{text}"


def load(text: str, key: bytes) -> StagedItem:
    """Read back what `dump` wrote with the same key.

    Raises:
        Broken: the text was changed, was signed with another key, or holds anything but a staged item.
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
    """Every key of the JSON values that jsonpickle may take for an instruction, with its value."""
    waiting = [plain]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        if isinstance(value, dict):
            yield from ((key, entry) for key, entry in value.items() if key.startswith(("py/", "json://")))
            waiting.extend(value.values())
