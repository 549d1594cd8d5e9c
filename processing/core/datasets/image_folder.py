"""Data sets from a folder with one folder of images for each class, or with one of these for each split.

Images are read by Pillow. Transparency is dropped; images are grey where all are.
"""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from processing.core.datasets.source import (
    DAMAGED,
    MOST_FAULTS,
    MOST_IMAGES,
    Images,
    Progress,
    Shape,
    Source,
    SourceRefused,
    Split,
)
from processing.core.types import UInt8Array, UInt16Array

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
#: Files that systems leave in folders.
IGNORED = ("desktop.ini", "thumbs.db")
#: Pixels and bytes of one file.
MOST_PIXELS, MOST_FILE_BYTES = 64_000_000, 64 * 2**20
#: What Pillow raises for files that are damaged, or no images.
UNREADABLE = (*DAMAGED, SyntaxError, ArithmeticError)
_GREY = ("1", "I;16", "L", "LA")
_BATCH = 64


class _Found(NamedTuple):
    """An image file, and its class."""

    path: Path
    label: int


class _Seen(NamedTuple):
    """What the headers of all files say."""

    sizes: dict[tuple[int, int], Path]  # rows and columns, and the first file that has them
    is_grey: bool


def is_source(folder: Path) -> bool:
    """Whether the folder has folders."""
    return any(each.is_dir() for each in folder.iterdir() if not each.name.startswith("."))


def source(folder: Path, *, side: int | None = None, progress: Progress) -> Source:
    """Return the images of a folder.

    Args:
        side: images are scaled to so many pixels on a side; without, all must have one size.
    Raises:
        SourceRefused: a file is no image, is too large, or is a link; or images have several sizes.
    """
    parts = _splits(folder)
    classes = tuple(sorted({name for part in parts.values() for name in part}))
    faults: list[str] = []
    found: dict[Split, list[_Found]] = {}
    for split, part in parts.items():
        found[split] = [
            _Found(path, classes.index(name))
            for name, inner in sorted(part.items()) for path in _files(inner, faults)
        ]
    every = [each.path for files in found.values() for each in files]
    if len(every) > MOST_IMAGES:
        faults.append(f"Expected at most {MOST_IMAGES:,} images, got {len(every):,}.")
    if not every and not faults:
        faults.append(f"Expected images in the folders of {folder.name}, got none.")
    if faults:
        raise SourceRefused(faults)
    seen = _seen(folder, every, faults, is_scaled=side is not None, progress=progress)
    if faults:
        raise SourceRefused(faults)
    rows, columns = next(iter(seen.sizes)) if side is None else (side, side)
    shape = (1 if seen.is_grey else 3, rows, columns)
    splits = {split: _images(folder, files, shape) for split, files in found.items()}
    return Source(shape, classes, splits, f"the folder {folder.name}")


def _splits(folder: Path) -> dict[Split, dict[str, Path]]:
    """Return the folders of classes by name, by split; without folders for splits, all are for training."""
    inner = _folders(folder)
    if Split.TRAIN not in inner:
        return {Split.TRAIN: inner}
    unknown = sorted(inner.keys() - {str(split) for split in Split})
    if unknown:
        raise SourceRefused([f"Expected only {', '.join(Split)} beside {Split.TRAIN}, got {unknown[0]}."])
    return {split: _folders(inner[split]) for split in Split if split in inner}


def _folders(folder: Path) -> dict[str, Path]:
    found, faults = {}, []
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.name.startswith(".") or entry.name.lower() in IGNORED:
            continue
        if entry.is_symlink():
            faults.append(f"Expected no links, got {entry.name}.")
        elif not entry.is_dir():
            faults.append(f"Expected a folder for each class, got the file {entry.name}.")
        else:
            found[entry.name] = Path(entry.path)
    if faults:
        raise SourceRefused(faults)
    return found


def _files(folder: Path, faults: list[str]) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        where = f"{folder.name}/{entry.name}"
        if entry.name.startswith(".") or entry.name.lower() in IGNORED:
            continue
        if entry.is_symlink():
            faults.append(f"Expected no links, got {where}.")
        elif not entry.is_file() or not entry.name.lower().endswith(ENDINGS):
            faults.append(f"Expected images ({', '.join(each[1:] for each in ENDINGS)}), got {where}.")
        elif entry.stat().st_size > MOST_FILE_BYTES:
            faults.append(f"Expected files of at most {MOST_FILE_BYTES >> 20} MiB, got {where}.")
        else:
            yield Path(entry.path)


def _seen(
    folder: Path, files: list[Path], faults: list[str], *, is_scaled: bool, progress: Progress
) -> _Seen:
    """Read the headers of all files, and add what is wrong with them to the faults."""
    sizes: dict[tuple[int, int], Path] = {}
    is_grey = True
    for number, path in enumerate(files):
        where = path.relative_to(folder)
        try:
            with _opened(path) as image:
                width, height = image.size
                is_grey = is_grey and image.mode in _GREY
        except UNREADABLE as error:
            faults.append(f"{where} is no readable image: {error}.")
            continue
        if width * height > MOST_PIXELS:
            most = MOST_PIXELS // 1_000_000
            faults.append(f"Expected at most {most} million pixels, got {width} x {height} in {where}.")
        sizes.setdefault((height, width), path)
        if number % 1_000 == 0:
            progress(0.0, "looking at files")
    if len(sizes) > 1 and not is_scaled:
        (one, first), (other, second) = list(sizes.items())[:2]
        faults.append(
            f"Expected images of one size, got {one[1]} x {one[0]} in {first.relative_to(folder)} and "
            f"{other[1]} x {other[0]} in {second.relative_to(folder)}; --size scales them all."
        )
    return _Seen(sizes, is_grey)


def _images(folder: Path, files: list[_Found], shape: Shape) -> Images:
    labels: UInt16Array = np.array([each.label for each in files], np.uint16)

    def batches() -> Iterator[UInt8Array]:
        faults: list[str] = []
        for first in range(0, len(files), _BATCH):
            batch = np.zeros((min(_BATCH, len(files) - first), *shape), np.uint8)
            for place, (path, _) in enumerate(files[first : first + _BATCH]):
                try:
                    batch[place] = _pixels(path, shape)
                except UNREADABLE as error:
                    faults.append(f"{path.relative_to(folder)} cannot be read: {error}.")
            if len(faults) > MOST_FAULTS:
                break
            yield batch
        if faults:
            raise SourceRefused(faults)

    return Images(labels, batches)


def _pixels(path: Path, shape: Shape) -> UInt8Array:
    """Return an image as (C, H, W) uint8."""
    channels, rows, columns = shape
    with _opened(path) as image:
        deep = image.mode == "I;16"
        wanted = image if deep else image.convert("L" if channels == 1 else "RGB")
        if deep:
            wanted = image.point(lambda value: value / 256).convert("L")
        if wanted.size != (columns, rows):
            wanted = wanted.resize((columns, rows))
        pixels: UInt8Array = np.asarray(wanted, np.uint8).reshape(rows, columns, channels)
    return pixels.transpose(2, 0, 1)


def _opened(path: Path) -> Any:
    """Open an image without reading its pixels. Raises ValueError where it has more than Pillow reads."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(path)
    except Image.DecompressionBombError as error:
        raise ValueError("it has too many pixels") from error
