"""Normalisation of observations by the mean and standard deviation of earlier observations.

The statistics change with every generation, so that an agent's network is complete only with those of its own
generation.
"""

from typing import NamedTuple

import numpy as np

from processing.core.types import Float32Array

#: Normalised observations are clipped here, in standard deviations.
MOST_DEVIATIONS = np.float32(10)


class Normalization(NamedTuple):
    """Statistics of I inputs.

    An observation becomes (observation - mean) * scale, clipped at ±MOST_DEVIATIONS.
    """

    mean: Float32Array  # (I,)
    scale: Float32Array  # (I,) reciprocal standard deviations

    def of(self, seen: Float32Array) -> Float32Array:
        """Return the inputs of the network for these observations.

        Args:
            seen: (..., I) float32 observations.
        Returns:
            (..., I) float32 in [-10, 10], in standard deviations.
        """
        found: Float32Array = np.clip((seen - self.mean) * self.scale, -MOST_DEVIATIONS, MOST_DEVIATIONS)
        return found


def pack(normalization: Normalization | None) -> bytes:
    """Return the stored form: mean, then scale, as little-endian float32; 8 * I bytes.

    It is empty for None, where observations are not normalised.
    """
    return b"" if normalization is None else b"".join(each.astype("<f4").tobytes() for each in normalization)


def unpack(data: bytes) -> Normalization | None:
    """Return the normalisation that `pack` stored; None for no bytes."""
    return Normalization(*np.split(np.frombuffer(data, "<f4"), 2)) if data else None
