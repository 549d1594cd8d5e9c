"""A prepared data set: a manifest and two arrays for each split, which processes map into memory.

Images are (N, C, H, W) uint8 in `train-images.npy`, labels (N,) uint16 in `train-labels.npy`, and so on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np

from processing.core.datasets.manifest import Files, Manifest
from processing.core.datasets.source import Images, Progress, Shape, Source, SourceRefused, Split, check
from processing.core.datasets.splitting import put_aside
from processing.core.errors import Broken
from processing.core.types import Int64Array, UInt8Array, UInt16Array

#: The part of the images that is put aside for testing where the source does not say which.
TEST_FRACTION = 0.15
#: Images of a class from which some can be put aside for testing, and again for validation.
LEAST_OF_A_CLASS = 4
_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared data set, mapped into memory.

    Attributes:
        images: by split, (N, C, H, W) uint8; labels: (N,) uint16. Neither can be written to.
    """

    name: str
    manifest: Manifest
    images: dict[Split, UInt8Array]
    labels: dict[Split, UInt16Array]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map the data set in a folder into memory.

        Raises:
            Broken: it is not complete, or of another version.
        """
        manifest = Manifest.read(folder)
        images, labels = {}, {}
        for split, files in manifest.splits.items():
            images[split] = _mapped(folder / _file(split, "images"), (len(files), *manifest.shape), np.uint8)
            labels[split] = _mapped(folder / _file(split, "labels"), (len(files),), np.uint16)
        return cls(folder.name, manifest, images, labels)

    def is_intact(self) -> bool:
        """Whether all its arrays are those that were written; this reads them all."""
        return all(
            (_sha256(self.images[split]), _sha256(self.labels[split])) == (files.images, files.labels)
            for split, files in self.manifest.splits.items()
        )


def prepare(source: Source, folder: Path, *, licence: str = "", progress: Progress) -> Manifest:
    """Write a prepared data set into an empty folder.

    Without a test split TEST_FRACTION of the images are put aside, see `splitting.py`.

    Raises:
        SourceRefused: no data set can be made from the source.
    """
    check(source)
    needs_test = Split.TEST not in source.splits
    if needs_test:
        _check_enough(source)
    hashes, done = np.zeros((len(source.splits[Split.TRAIN]), 32), np.uint8), 0
    total = sum(map(len, source.splits.values()))
    for split, images in source.splits.items():
        np.save(folder / _file(split, "labels"), images.labels, allow_pickle=False)
        kept = _new(folder / _file(split, "images"), (len(images), *source.shape))
        place = 0
        for batch in images.batches():
            kept[place : place + len(batch)] = batch
            if needs_test and split == Split.TRAIN:
                hashes[place : place + len(batch)] = [_hash_of(image) for image in batch]
            place, done = place + len(batch), done + len(batch)
            progress(0.9 * done / total, "reading images")
        if place != len(images):
            raise Broken(f"a source of {len(images)} images gave {place}")
        kept.flush()
    if needs_test:
        _put_aside(folder, source.shape, source.splits[Split.TRAIN], hashes)
    progress(0.95, "computing SHA-256")
    splits = [split for split in Split if split in source.splits or (needs_test and split == Split.TEST)]
    manifest = Manifest(
        source.shape, source.classes, {split: _files(folder, split, len(source.classes)) for split in splits},
        source.origin, licence,
    )
    manifest.write(folder)
    progress(1.0, "done")
    return manifest


def _check_enough(source: Source) -> None:
    counts = np.bincount(source.splits[Split.TRAIN].labels, minlength=len(source.classes))
    lacking = np.flatnonzero(counts < LEAST_OF_A_CLASS)
    few = [f"{source.classes[label]} has {counts[label]}" for label in lacking]
    if few:
        raise SourceRefused([
            f"Expected at least {LEAST_OF_A_CLASS} images of each class, as some are put aside for testing: "
            f"{'; '.join(few[:3])}."
        ])


def _put_aside(folder: Path, shape: Shape, images: Images, hashes: UInt8Array) -> None:
    """Move some of the training images into a test split."""
    number = max(round(TEST_FRACTION * len(images)), len(np.unique(images.labels)))
    chosen = put_aside(images.labels, hashes, number)
    everything = folder / "everything.npy"
    (folder / _file(Split.TRAIN, "images")).rename(everything)
    source = np.load(everything, mmap_mode="r", allow_pickle=False)
    left = np.setdiff1d(np.arange(len(images)), chosen)
    for split, indices in ((Split.TRAIN, left), (Split.TEST, chosen)):
        np.save(folder / _file(split, "labels"), images.labels[indices], allow_pickle=False)
        kept = _new(folder / _file(split, "images"), (len(indices), *shape))
        for begin, some in _chunks(indices, shape):
            kept[begin : begin + len(some)] = source[some]
        kept.flush()
    everything.unlink()


def _chunks(indices: Int64Array, shape: Shape) -> Iterator[tuple[int, Int64Array]]:
    step = max(1, _CHUNK_BYTES // (shape[0] * shape[1] * shape[2]))
    for begin in range(0, len(indices), step):
        yield begin, indices[begin : begin + step]


def _files(folder: Path, split: Split, classes: int) -> Files:
    labels = np.load(folder / _file(split, "labels"), allow_pickle=False)
    images = np.load(folder / _file(split, "images"), mmap_mode="r", allow_pickle=False)
    totals = np.zeros((2, images.shape[1]), np.uint64)
    for _, some in _chunks(np.arange(len(images)), (images.shape[1], images.shape[2], images.shape[3])):
        values = images[some].astype(np.uint64)
        totals += [values.sum(axis=(0, 2, 3)), (values * values).sum(axis=(0, 2, 3))]
    return Files(
        counts=tuple(np.bincount(labels, minlength=classes).tolist()), sums=tuple(totals[0].tolist()),
        squares=tuple(totals[1].tolist()), images=_sha256(images), labels=_sha256(labels),
    )


def _file(split: Split, what: str) -> str:
    return f"{split}-{what}.npy"


def _new(path: Path, shape: tuple[int, ...]) -> Any:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _mapped(path: Path, shape: tuple[int, ...], dtype: Any) -> Any:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Broken(f"{path.parent.name}: {path.name} cannot be read: {error}") from error
    if found.shape != shape or found.dtype != dtype:
        raise Broken(f"{path.parent.name}: {path.name} holds {found.shape} {found.dtype}, not {shape}")
    return found


def _hash_of(image: UInt8Array) -> UInt8Array:
    return np.frombuffer(sha256(image.tobytes()).digest(), np.uint8)


def _sha256(array: Any) -> str:
    """Return the SHA-256 of an array's values; not of its file, whose opening is NumPy's."""
    digest, step = sha256(), max(1, _CHUNK_BYTES // (array.nbytes // len(array)))
    for first in range(0, len(array), step):
        digest.update(array[first : first + step].astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
