"""Values of documents as text that is short and can be encoded, for messages; and text that can be stored."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from processing.core.number_text import counted

MAX_SHOWN = 60
#: Characters of a text of an environment or a judge that are stored.
MOST_STORED = 300


def shown(value: Any) -> str:
    """Return a text for any value that is at most about a line long and can be encoded in UTF-8."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        length = f" ({len(value)} characters)" if len(value) > MAX_SHOWN else ""
        return encodable(json.dumps(cut(value), ensure_ascii=False)) + length
    if isinstance(value, int):
        digits = int(value.bit_length() * math.log10(2)) + 1
        return str(value) if digits <= 25 else f"a whole number of about {digits} digits"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity"
    if isinstance(value, Mapping):
        return "an empty object" if not value else f"an object of {counted(len(value), 'key')}"
    if isinstance(value, Sequence):
        return "an empty list" if not value else f"a list of {counted(len(value), 'entry', 'entries')}"
    return f"a value of type {type(value).__name__}"


def listed(words: Sequence[str], last: str = "or") -> str:
    """Join texts as in `a, b or c`; `last` is the last conjunction."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def with_article(noun: str) -> str:
    """Return the noun with its indefinite article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def cut(text: str) -> str:
    """Return the text, at most MAX_SHOWN characters long."""
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def encodable(text: str) -> str:
    """Escape unpaired surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def storable(text: str) -> str:
    """Return a text that any database stores: valid UTF-8 without NUL, at most MOST_STORED characters."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:MOST_STORED]
