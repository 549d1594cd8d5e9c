"""Data sets from an `.npz` file: arrays of images and labels under the names that such files commonly have.

Images are (N, H, W), (N, H, W, C) or (N, C, H, W), whole numbers from 0 to 255 or floats from 0 to 1; labels
are whole numbers from 0, (N,) or (N, 1). Class names may be a text array `classes`.
"""

import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from processing.core.datasets.source import (
    DAMAGED,
    MOST_CLASSES,
    Images,
    Source,
    SourceRefused,
    Split,
    numbered,
    several_shapes,
)
from processing.core.types import UInt8Array, UInt16Array

#: Names of images and of labels, by split: ours, those of Keras, and those of MedMNIST.
NAMES: dict[Split, tuple[tuple[str, str], ...]] = {
    Split.TRAIN: (("images", "labels"), ("train_images", "train_labels"), ("x_train", "y_train")),
    Split.VALIDATION: (
        ("validation_images", "validation_labels"), ("val_images", "val_labels"), ("x_val", "y_val")
    ),
    Split.TEST: (("test_images", "test_labels"), ("x_test", "y_test")),
}
#: Bytes that a byte of a large array may become, and bytes of all arrays together.
MOST_RATIO, MOST_UNPACKED = 200, 8 * 2**30
#: An array of fewer bytes does no harm.
LARGE = 16 * 2**20
_BATCH = 1_024


class _Header(NamedTuple):
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def source(path: Path) -> Source:
    """Return the images of a file.

    Raises:
        SourceRefused: it is no such file, or its arrays do not fit together.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive)
            headers = {name: _header(archive, name) for name in archive.namelist()}
        return _source(path, {name.removesuffix(".npy"): each for name, each in headers.items()})
    except (*DAMAGED, NotImplementedError, RuntimeError) as error:  # the last two: packed in an unknown way
        raise SourceRefused([f"{path.name} is no readable .npz file: {error}."]) from error


def _check_sizes(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    total = sum(each.file_size for each in entries)
    if total > MOST_UNPACKED:
        raise SourceRefused([
            f"Expected at most {MOST_UNPACKED >> 30} GiB of arrays, got {total / 2**30:.1f} GiB."
        ])
    large = [each for each in entries if each.file_size > LARGE]
    bombs = [each.filename for each in large if each.file_size > MOST_RATIO * each.compress_size]
    if bombs:
        raise SourceRefused([f"{bombs[0]} unpacks to more than {MOST_RATIO:,} times its size."])


def _header(archive: zipfile.ZipFile, name: str) -> _Header:
    with archive.open(name) as entry:
        version = np.lib.format.read_magic(entry)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read:
            raise ValueError(f"{name} has the format {version}")
        shape, _, dtype = read[version](entry)
    return _Header(shape, dtype)


def _read(path: Path, name: str) -> Any:
    """Return an array. Raises SourceRefused where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays[name]
    except DAMAGED as error:
        raise SourceRefused([f"{name} in {path.name} cannot be read: {error}."]) from error


def _source(path: Path, headers: dict[str, _Header]) -> Source:
    faults: list[str] = []
    pairs = {
        split: pair for split, known in NAMES.items() for pair in known if not headers.keys().isdisjoint(pair)
    }
    if Split.TRAIN not in pairs:
        expected = " or ".join(f"{images} and {labels}" for images, labels in NAMES[Split.TRAIN])
        given = ", ".join(sorted(headers)[:8]) or "none"
        raise SourceRefused([f"Expected the arrays {expected}, got {given}."])
    labels: dict[Split, UInt16Array] = {}
    for split, (images_name, labels_name) in pairs.items():
        found = list(_pair_faults(headers, images_name, labels_name))
        faults += found
        if not found:
            labels[split] = _read(path, labels_name).reshape(-1)
            faults += _label_faults(labels_name, labels[split])
    if faults:
        raise SourceRefused(faults)
    shapes = {_layout(headers[name].shape)[1] for name, _ in pairs.values()}
    if len(shapes) > 1:
        faults.append(several_shapes(shapes))
    classes = _classes(path, headers, labels, faults)
    if faults:
        raise SourceRefused(faults)
    splits = {
        split: Images(labels[split].astype(np.uint16), partial(_batches, path, name))
        for split, (name, _) in pairs.items()
    }
    return Source(shapes.pop(), classes, splits, f"the file {path.name}")


def _pair_faults(headers: dict[str, _Header], images: str, labels: str) -> Iterator[str]:
    absent = [name for name in (images, labels) if name not in headers]
    if absent:
        yield f"Expected the array {absent[0]} beside {labels if absent[0] == images else images}."
        return
    shape, dtype = headers[images]
    if dtype.kind not in "uif":
        yield f"Expected numbers in {images}, got {dtype}."
    if 0 in shape:
        yield f"Expected images in {images}, got none: its shape is {shape}."
    elif len(shape) not in (3, 4):
        yield f"Expected {images} of the shape (N, H, W), (N, H, W, C) or (N, C, H, W), got {shape}."
    label_shape, label_dtype = headers[labels]
    if label_dtype.kind not in "ui":
        yield f"Expected whole numbers in {labels}, got {label_dtype}."
    if label_shape not in ((shape[0],), (shape[0], 1)):
        yield f"Expected {labels} of the shape ({shape[0]},), one for each image, got {label_shape}."


def _label_faults(name: str, labels: Any) -> Iterator[str]:
    if len(labels) and not 0 <= labels.min() <= labels.max() < MOST_CLASSES:
        yield f"Expected {name} from 0 to {MOST_CLASSES - 1}, got {labels.min()} to {labels.max()}."


def _classes(
    path: Path, headers: dict[str, _Header], labels: dict[Split, UInt16Array], faults: list[str]
) -> tuple[str, ...]:
    """Return the names of the classes: of `classes`, else the numbers up to the highest label."""
    if "classes" not in headers:
        return numbered(labels)
    if headers["classes"].dtype.kind != "U" or len(headers["classes"].shape) != 1:
        faults.append("Expected a text array classes, of one dimension.")
        return ()
    return tuple(map(str, _read(path, "classes")))


def _layout(shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, int, int]]:
    """Return the order in which axes become (N, C, H, W), and (C, H, W)."""
    if len(shape) == 3:
        return (0, 1, 2), (1, shape[1], shape[2])
    if shape[3] in (1, 3):
        return (0, 3, 1, 2), (shape[3], shape[1], shape[2])
    return (0, 1, 2, 3), (shape[1], shape[2], shape[3])


def _batches(path: Path, name: str) -> Iterator[UInt8Array]:
    images = _read(path, name)
    order, shape = _layout(images.shape)
    for first in range(0, len(images), _BATCH):
        batch = images[first : first + _BATCH]
        yield _bytes(name, batch).transpose(order).reshape(len(batch), *shape)


def _bytes(name: str, batch: Any) -> UInt8Array:
    if batch.dtype == np.uint8:
        return np.asarray(batch)
    if batch.dtype.kind == "f":
        if not np.isfinite(batch).all():
            raise SourceRefused([f"Expected finite numbers in {name}, got NaN or infinity."])
        if batch.min() < 0 or batch.max() > 1:
            raise SourceRefused([
                f"Expected floats from 0 to 1 in {name}, got {batch.min():g} to {batch.max():g}."
            ])
        return np.asarray(np.rint(batch * 255), np.uint8)
    if batch.min() < 0 or batch.max() > 255:
        raise SourceRefused([
            f"Expected numbers from 0 to 255 in {name}, got {batch.min()} to {batch.max()}."
        ])
    return np.asarray(batch, np.uint8)
