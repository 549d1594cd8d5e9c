"""The data set `shapes`, drawn by a program: a coloured shape on noise in each image, of any size and number.

Only integers are computed, and every draw has an address, so the same bytes are made on every machine.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.core import rng
from processing.core.datasets.source import MOST_IMAGES, MOST_SIDE, Images, Source, SourceRefused, Split
from processing.core.types import Int64Array, Purpose, UInt8Array, UInt16Array

#: Pixels on a side below which the shapes look alike.
LEAST_SIDE = 8
_BATCH = 256

#: Whether pixels belong to a shape, from their distances to its centre, right and down, and its radius.
Inside = Callable[[Int64Array, Int64Array, Int64Array], NDArray[np.bool_]]
SHAPES: dict[str, Inside] = {
    "circle": lambda x, y, r: x * x + y * y <= r * r,
    "cross": lambda x, y, r: (np.minimum(abs(x), abs(y)) <= r // 4) & (np.maximum(abs(x), abs(y)) <= r),
    "diamond": lambda x, y, r: abs(x) + abs(y) <= r,
    "ring": lambda x, y, r: (x * x + y * y <= r * r) & (4 * (x * x + y * y) >= r * r),
    "square": lambda x, y, r: np.maximum(abs(x), abs(y)) * 4 <= r * 3,
    "triangle": lambda x, y, r: (y <= r * 3 // 4) & (y >= -r) & (2 * abs(x) <= y + r),
}


class ShapesParameters(NamedTuple):
    """What images are made."""

    size: int = 16  # pixels on a side
    number: int = 3_000
    seed: int = 0


def source(parameters: ShapesParameters) -> Source:
    """Return the images.

    Raises:
        SourceRefused: the parameters are not within their ranges.
    """
    size, number, seed = parameters
    faults = [
        f"Expected {name} from {least:,} to {most:,}, got {value:,}." for name, value, least, most in (
            ("size", size, LEAST_SIDE, MOST_SIDE), ("number", number, 4 * len(SHAPES), MOST_IMAGES),
            ("seed", seed, 0, 2**53 - 1),
        ) if not least <= value <= most
    ]
    if faults:
        raise SourceRefused(faults)
    labels = (np.arange(number) % len(SHAPES)).astype(np.uint16)

    def batches() -> Iterator[UInt8Array]:
        for first in range(0, number, _BATCH):
            yield _images(size, seed, first, labels[first : first + _BATCH])

    origin = f"{number:,} images of {size} x {size} pixels, made from seed {seed}"
    return Source((3, size, size), tuple(SHAPES), {Split.TRAIN: Images(labels, batches)}, origin)


def _images(size: int, seed: int, first: int, labels: UInt16Array) -> UInt8Array:
    """Return the images with these labels, of which the first has the number `first`: (N, 3, S, S) uint8."""
    number, pixels = len(labels), 3 * size * size
    keys = rng.keys(seed, Purpose.IMAGE, 0, np.arange(first, first + number))
    drawn = rng.draws(keys, 6 + -(-pixels // 8))
    chosen = (drawn[:, :6] >> np.uint64(33)).astype(np.int64)  # 31 bits each
    radius = (size * 3 + chosen[:, 0] * (size * 2) // 2**31) // 12  # from 1/4 of the side to 5/12
    centre = radius[:, None] + chosen[:, 1:3] * (size - 2 * radius[:, None]) // 2**31
    colour = 96 + chosen[:, 3:6] * 160 // 2**31
    noise = drawn[:, 6:].astype("<u8").view(np.uint8)[:, :pixels].reshape(number, 3, size, size)
    noise = noise.astype(np.int64)
    images = noise * 96 // 256
    across = np.arange(size)
    for place, inside in enumerate(SHAPES.values()):
        mine = np.flatnonzero(labels == place)
        x = across[None, None, :] - centre[mine, 0, None, None]
        y = across[None, :, None] - centre[mine, 1, None, None]
        is_inside = inside(x, y, radius[mine, None, None])[:, None]
        shown = colour[mine, :, None, None] - 24 + noise[mine] * 48 // 256
        images[mine] = np.where(is_inside, np.clip(shown, 0, 255), images[mine])
    return images.astype(np.uint8)
