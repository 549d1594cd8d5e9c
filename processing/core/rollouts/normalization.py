"""What a network sees where its observations are normalised: how far each is from the mean of what was seen before.

What was seen grows with the generations, so that an agent's network is whole only together with that of its own.
"""

from typing import NamedTuple

import numpy as np

from processing.core.types import Float32Array

#: Normalised observations are cut off here, in standard deviations.
MOST_DEVIATIONS = np.float32(10)


class Normalization(NamedTuple):
    """Of I observations; each becomes (observation - mean) * scale, cut off at ±MOST_DEVIATIONS."""

    mean: Float32Array  # (I,)
    scale: Float32Array  # (I,) reciprocal standard deviations

    def of(self, seen: Float32Array) -> Float32Array:
        """What the network gets for what was seen, (..., I)."""
        found: Float32Array = np.clip((seen - self.mean) * self.scale, -MOST_DEVIATIONS, MOST_DEVIATIONS)
        return found


def pack(normalization: Normalization | None) -> bytes:
    """The stored form: mean and scale in little-endian float32; empty where observations are seen as they are."""
    return b"" if normalization is None else b"".join(each.astype("<f4").tobytes() for each in normalization)


def unpack(data: bytes) -> Normalization | None:
    """The normalisation that `pack` stored."""
    return Normalization(*np.split(np.frombuffer(data, "<f4"), 2)) if data else None
