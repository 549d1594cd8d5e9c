"""What a data set is made from: labelled images by split, and the limits on them."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from processing.core.errors import Refused
from processing.core.types import UInt8Array, UInt16Array

#: What reading a damaged file raises: by gzip, zip archives, arrays and the operating system.
DAMAGED = (OSError, EOFError, ValueError, struct.error, zipfile.BadZipFile, zlib.error)
#: Channels, rows and columns of an image.
Shape: TypeAlias = tuple[int, int, int]
#: Is called with the part of the work that is done, from 0 to 1, and a word for what is being done.
Progress: TypeAlias = Callable[[float, str], None]

MOST_SIDE, MOST_CLASSES, MOST_IMAGES = 256, 1_000, 2_000_000
#: Bytes of all images of a data set as they are stored.
MOST_BYTES = 32 * 2**30
#: More faults than these are counted, not told.
MOST_FAULTS = 20


class Split(StrEnum):
    """The parts of a data set: networks are trained on one, chosen by another, and reported by the third."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class SourceRefused(Refused):
    """A source that no data set can be made from, with all that is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Args:
            faults: sentences; at least one.
        """
        more = len(faults) - MOST_FAULTS
        self.faults = (*faults[:MOST_FAULTS], *([f"And {more} more like these."] if more > 0 else []))
        super().__init__(" ".join(self.faults))


@dataclass(frozen=True, slots=True)
class Images:
    """N labelled images.

    Attributes:
        labels: (N,) uint16, places in the classes of the source.
        batches: begins to read the images, in their order, each batch (K, C, H, W) uint8. It may raise
            SourceRefused.
    """

    labels: UInt16Array
    batches: Callable[[], Iterator[UInt8Array]]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Source:
    """Images in splits, of which `train` is one.

    Attributes:
        origin: where they are from, a sentence for people.
    """

    shape: Shape
    classes: tuple[str, ...]
    splits: Mapping[Split, Images]
    origin: str

    @property
    def size(self) -> int:
        """Bytes of all images."""
        channels, rows, columns = self.shape
        return sum(map(len, self.splits.values())) * channels * rows * columns


def numbered(labels: Mapping[Split, UInt16Array]) -> tuple[str, ...]:
    """Return the names of classes that have none: their numbers, up to the highest label."""
    highest = max((int(each.max()) for each in labels.values() if len(each)), default=0)
    return tuple(map(str, range(highest + 1)))


def several_shapes(shapes: Iterable[tuple[int, ...]]) -> str:
    """Return the fault of splits whose images have different shapes."""
    return f"Expected images of one shape in every split, got {' and '.join(map(str, sorted(shapes)))}."


def check(source: Source) -> None:
    """Check that a data set can be made from a source.

    Raises:
        SourceRefused: it cannot; the faults are those of shape, number and classes.
    """
    if faults := [*_shape_faults(source), *_class_faults(source)]:
        raise SourceRefused(faults)


def _shape_faults(source: Source) -> Iterator[str]:
    channels, rows, columns = source.shape
    if channels not in (1, 3):
        yield f"Expected images with 1 channel or 3, got {channels}."
    if not 1 <= min(rows, columns) <= max(rows, columns) <= MOST_SIDE:
        yield f"Expected images of at most {MOST_SIDE} x {MOST_SIDE} pixels, got {rows} x {columns}."
    if (images := sum(map(len, source.splits.values()))) > MOST_IMAGES:
        yield f"Expected at most {MOST_IMAGES:,} images, got {images:,}."
    if source.size > MOST_BYTES:
        yield f"Expected at most {MOST_BYTES >> 30} GiB of images, got {source.size / 2**30:.1f} GiB."


def _class_faults(source: Source) -> Iterator[str]:
    number = len(source.classes)
    if not 2 <= number <= MOST_CLASSES:
        yield f"Expected 2 to {MOST_CLASSES:,} classes, got {number:,}."
        return
    if Split.TRAIN not in source.splits:
        yield "Expected images to train on, got none."
    for split, images in source.splits.items():
        present = {int(label) for label in set(images.labels.tolist())}
        if unknown := sorted(label for label in present if label >= number):
            yield f"Expected labels below {number:,} in {split}, got {unknown[0]}."
        if absent := [name for label, name in enumerate(source.classes) if label not in present]:
            which = ", ".join(absent[:3]) + (f" and {len(absent) - 3} more" if len(absent) > 3 else "")
            yield f"Expected images of every class in {split}, got none of {which}."
