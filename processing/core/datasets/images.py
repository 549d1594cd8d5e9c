"""Which images networks are trained on and chosen by, and batches of them. It knows nothing of PyTorch.

Both are drawn by the SHA-256 of the data set, never by a run's seed, so that runs can be compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from processing.core import rng
from processing.core.datasets.parameters import Augment
from processing.core.datasets.prepared import Prepared
from processing.core.datasets.source import Split
from processing.core.datasets.splitting import put_aside
from processing.core.types import Float32Array, Int64Array, Purpose, UInt8Array, UInt16Array

#: The part of the training images that networks are chosen by where nothing says how many.
VALIDATION_FRACTION = 0.15
#: Augmented images are shifted by up to this part of their side, in each direction.
MOST_SHIFT = 1 / 8


class Division(StrEnum):
    """What images are drawn for."""

    VALIDATION = "validation"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Images:
    """Images of a data set, by their places in one of its splits.

    Attributes:
        images: (N, C, H, W) uint8, mapped into memory.
        labels: (N,) uint16.
        places: (M,) int64, those that belong to it.
    """

    images: UInt8Array
    labels: UInt16Array
    places: Int64Array

    def __len__(self) -> int:
        return len(self.places)

    def batch(self, chosen: Int64Array) -> tuple[UInt8Array, UInt16Array]:
        """Return images and labels; `chosen` counts from 0 within these images."""
        places = self.places[chosen]
        return self.images[places], self.labels[places]


def number_of_images(
    counts: Mapping[Split, int], validation_fraction: float | None, train_limit: int | None, classes: int
) -> tuple[int, int]:
    """Return how many images networks are trained on and chosen by, from the sizes of the splits."""
    train, validation = counts[Split.TRAIN], counts.get(Split.VALIDATION, 0)
    if not validation:
        validation = max(round((validation_fraction or VALIDATION_FRACTION) * train), classes)
        train -= validation
    return min(train, train_limit or train), validation


def divided(
    data: Prepared, *, validation_fraction: float | None, train_limit: int | None
) -> tuple[Images, Images]:
    """Return the images that networks are trained on, and those that they are chosen by.

    Without a validation split some of the training images are put aside, so that each class has the same
    share; and likewise those that are used where `train_limit` is below their number.
    """
    images, labels = data.images[Split.TRAIN], data.labels[Split.TRAIN]
    counts = {split: len(each) for split, each in data.labels.items()}
    train, validation = number_of_images(
        counts, validation_fraction, train_limit, len(data.manifest.classes)
    )
    places = np.arange(len(labels))
    if Split.VALIDATION in data.images:
        chosen_by = data.images[Split.VALIDATION], data.labels[Split.VALIDATION]
        others = Images(*chosen_by, np.arange(validation))
    else:
        aside = _drawn(data, Division.VALIDATION, places, validation)
        others, places = Images(images, labels, aside), np.setdiff1d(places, aside)
    if train < len(places):
        places = _drawn(data, Division.LIMIT, places, train)
    return Images(images, labels, places), others


def _drawn(data: Prepared, why: Division, places: Int64Array, number: int) -> Int64Array:
    """Return some of these places of the training split, ascending, with the same share of each class."""
    seed = int(data.manifest.sha256[:13], 16)
    keys = rng.keys(seed, Purpose.DIVISION, list(Division).index(why), places)
    hashes = rng.draws(keys, 1).astype(">u8").view(np.uint8).reshape(len(places), 8)
    return places[put_aside(data.labels[Split.TRAIN][places], hashes, number)]


def normalization_of(data: Prepared) -> tuple[Float32Array, Float32Array]:
    """Return mean and reciprocal standard deviation of each channel of the training split, (C, 1, 1) each."""
    files = data.manifest.splits[Split.TRAIN]
    pixels = len(files) * data.manifest.shape[1] * data.manifest.shape[2]
    means = np.array([total / pixels for total in files.sums])
    squares = np.array([total / pixels for total in files.squares])
    deviations = np.sqrt(np.maximum(squares - means * means, 1.0))
    return (
        means.astype(np.float32).reshape(-1, 1, 1), (1 / deviations).astype(np.float32).reshape(-1, 1, 1)
    )


def order(seed: int, epoch: int, number: int) -> Int64Array:
    """Return the order in which an epoch sees so many images."""
    keys = rng.keys(seed, Purpose.TRAINING, epoch, np.arange(number))
    return np.argsort(rng.draws(keys, 1)[:, 0], kind="stable")


def batches(places: Int64Array, size: int) -> Iterator[Int64Array]:
    """Cut places into batches; a last one of a single image is left out, as its values have no spread."""
    for first in range(0, len(places), size):
        batch = places[first : first + size]
        if len(batch) > 1 or len(places) == 1:
            yield batch


def augmented(images: UInt8Array, augment: Augment, seed: int, epoch: int, places: Int64Array) -> UInt8Array:
    """Return the images, each shifted, and perhaps mirrored, by draws of its own.

    Args:
        images: (N, C, H, W) uint8; pixels that come in at an edge repeat the edge.
        places: (N,) int64, with `seed` and `epoch` the addresses of the draws.
    """
    if augment == Augment.NONE:
        return images
    rows, columns = images.shape[2:]
    drawn = rng.draws(rng.keys(seed, Purpose.AUGMENTATION, epoch, places), 3)
    by_row, by_column = (
        _within((drawn[:, each] >> np.uint64(33)).astype(np.int64), max(1, int(MOST_SHIFT * side)))
        for each, side in ((0, rows), (1, columns))
    )
    row = np.clip(np.arange(rows) + by_row[:, None], 0, rows - 1)
    column = np.clip(np.arange(columns) + by_column[:, None], 0, columns - 1)
    if augment == Augment.SHIFT_AND_FLIP:
        is_mirrored = (drawn[:, 2] >> np.uint64(63)).astype(bool)
        column = np.where(is_mirrored[:, None], column[:, ::-1], column)
    each = np.arange(len(images))
    found: UInt8Array = images[
        each[:, None, None, None], np.arange(images.shape[1])[None, :, None, None],
        row[:, None, :, None], column[:, None, None, :]
    ]
    return found


def _within(drawn: Int64Array, most: int) -> Int64Array:
    """Return shifts from -most to most, from 31 random bits each."""
    return drawn * (2 * most + 1) // 2**31 - most
