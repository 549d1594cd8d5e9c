"""Data sets from IDX files, the format of MNIST and Fashion-MNIST: a folder with two files for each split.

A file is four bytes (0, 0, 8 for unsigned bytes, the number of dimensions), each dimension as four bytes,
highest first, and then the numbers. It may be compressed by gzip. (LeCun, Cortes and Burges, "The MNIST
database".)
"""

import gzip
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from processing.core.datasets.source import (
    DAMAGED,
    MOST_IMAGES,
    Images,
    Source,
    SourceRefused,
    Split,
    numbered,
    several_shapes,
)
from processing.core.types import UInt8Array, UInt16Array

#: How the names of files begin, by split.
PREFIXES = {Split.TRAIN: "train", Split.VALIDATION: "validation", Split.TEST: "t10k"}
#: The endings of file names, of images and of labels.
ENDINGS = {
    "images": ("-images-idx3-ubyte", "-images.idx3-ubyte"),
    "labels": ("-labels-idx1-ubyte", "-labels.idx1-ubyte"),
}
#: Class names where the files are those of a known data set, by a word in the folder's name.
CLASSES = {
    "fashion": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot",
    ),
}
_UNSIGNED_BYTES = 8
_BATCH = 1_024


class _Array(NamedTuple):
    """The opening of a file."""

    path: Path
    shape: tuple[int, ...]


def is_source(folder: Path) -> bool:
    """Whether the folder has such files to train on."""
    return _found(folder, Split.TRAIN, "images") is not None


def source(folder: Path) -> Source:
    """Return the images of a folder.

    Raises:
        SourceRefused: its files are truncated, or do not fit together.
    """
    faults: list[str] = []
    images: dict[Split, _Array] = {}
    labels: dict[Split, UInt16Array] = {}
    for split in Split:
        paths = [_found(folder, split, what) for what in ENDINGS]
        if not any(paths):
            continue
        try:
            images[split], labels[split] = _pair(split, paths)
        except DAMAGED as error:
            faults.append(f"The files of {split} in {folder.name} cannot be read: {error}.")
    shapes = {each.shape[1:] for each in images.values()}
    if len(shapes) > 1:
        faults.append(several_shapes(shapes))
    if faults:
        raise SourceRefused(faults)
    (rows, columns), classes = shapes.pop(), numbered(labels)
    known = (each for word, each in CLASSES.items() if word in folder.name and len(each) == len(classes))
    splits = {
        split: Images(labels[split], partial(_images, array)) for split, array in images.items()
    }
    return Source((1, rows, columns), next(known, classes), splits, f"IDX files in {folder.name}")


def _found(folder: Path, split: Split, what: str) -> Path | None:
    names = [f"{PREFIXES[split]}{ending}{packed}" for ending in ENDINGS[what] for packed in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _pair(split: Split, paths: list[Path | None]) -> tuple[_Array, UInt16Array]:
    images_path, labels_path = paths
    if images_path is None or labels_path is None:
        there = images_path or labels_path
        raise ValueError(f"expected images and labels, got {there.name if there else 'neither'} alone")
    images, labels = _opened(images_path, dimensions=3), _opened(labels_path, dimensions=1)
    if images.shape[0] != labels.shape[0]:
        raise ValueError(f"expected as many labels as images, got {labels.shape[0]} and {images.shape[0]}")
    if not 1 <= images.shape[0] <= MOST_IMAGES:
        raise ValueError(f"expected 1 to {MOST_IMAGES:,} images, got {images.shape[0]:,}")
    (read,) = _batches(labels, labels.shape[0])
    return images, read.reshape(-1).astype(np.uint16)


def _opened(path: Path, *, dimensions: int) -> _Array:
    with _file(path) as file:
        zero, kind, found = struct.unpack(">HBB", file.read(4))
        if (zero, kind, found) != (0, _UNSIGNED_BYTES, dimensions):
            raise ValueError(f"{path.name} is no IDX file of unsigned bytes with {dimensions} dimensions")
        return _Array(path, struct.unpack(f">{dimensions}I", file.read(4 * dimensions)))


def _images(array: _Array) -> Iterator[UInt8Array]:
    """Yield the images of a file. Raises SourceRefused where it is damaged."""
    try:
        yield from _batches(array)
    except DAMAGED as error:
        raise SourceRefused([f"{array.path.name} cannot be read: {error}."]) from error


def _batches(array: _Array, size: int = _BATCH) -> Iterator[UInt8Array]:
    number, *inner = array.shape
    each = int(np.prod(inner, dtype=np.int64))
    with _file(array.path) as file:
        file.read(4 + 4 * len(array.shape))
        for first in range(0, number, size):
            count = min(size, number - first)
            data = file.read(count * each)
            if len(data) < count * each:
                raise SourceRefused([f"{array.path.name} is truncated: expected {number:,} entries."])
            yield np.frombuffer(data, np.uint8).reshape(count, *([1, *inner] if inner else [1]))
        if file.read(1):
            raise SourceRefused([f"{array.path.name} holds more than its {number:,} entries."])


def _file(path: Path) -> Any:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")
