"""JSON values from what a strategy, a judge or a library reports."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def finite(value: Any, text: Callable[[str], str] = str) -> Any:
    """Return a value as JSON that every database holds: null for numbers that are not finite.

    Args:
        value: None, numbers, texts, and mappings, lists, tuples and arrays of these.
        text: applied to every text, names included.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {text(str(name)): finite(entry, text) for name, entry in value.items()}
    return [finite(entry, text) for entry in value] if isinstance(value, list | tuple) else value
