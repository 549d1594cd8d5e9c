"""What a prepared data set says of itself: a JSON file beside its arrays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from processing.core.datasets.source import Shape, Split
from processing.core.errors import Broken

#: The version of the preparation; another one may make other files of the same source.
VERSION = 1
FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Files:
    """The two files of a split.

    Attributes:
        counts: images of each class.
        sums, squares: of each channel, the sum of all its values and that of their squares.
        images, labels: SHA-256 of the arrays' values, in hexadecimal digits.
    """

    counts: tuple[int, ...]
    sums: tuple[int, ...]
    squares: tuple[int, ...]
    images: str
    labels: str

    def __len__(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A prepared data set.

    Attributes:
        origin, licence: for people; empty where nothing is known.
    """

    shape: Shape
    classes: tuple[str, ...]
    splits: Mapping[Split, Files]
    origin: str = ""
    licence: str = ""

    @property
    def sha256(self) -> str:
        """SHA-256 of all that results depend on, in hexadecimal digits: of neither name nor origin."""
        values = self.values()
        content = {key: values[key] for key in ("version", "shape", "classes", "splits")}
        return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write the file into a folder."""
        values = self.values() | {"sha256": self.sha256}
        (folder / FILE).write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file of a folder.

        Raises:
            Broken: it is not a manifest of this version, or was changed since it was written.
        """
        try:
            values = json.loads((folder / FILE).read_bytes())
            if values["version"] != VERSION:
                raise Broken(f"{folder.name} was prepared by another version of this program; add it again")
            channels, rows, columns = map(int, values["shape"])
            found = cls(
                (channels, rows, columns), tuple(map(str, values["classes"])),
                {
                    Split(name): Files(
                        counts=_numbers(each["counts"]), sums=_numbers(each["sums"]),
                        squares=_numbers(each["squares"]), images=each["images"], labels=each["labels"],
                    ) for name, each in values["splits"].items()
                },
                values["origin"], values["licence"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Broken(f"{folder.name} is no prepared data set: {error}") from error
        if found.sha256 != values["sha256"]:
            raise Broken(f"the manifest of {folder.name} was changed after it was written")
        return found

    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "version": VERSION, "shape": list(self.shape), "classes": list(self.classes),
            "splits": {
                str(split): {
                    "counts": list(each.counts), "sums": list(each.sums), "squares": list(each.squares),
                    "images": each.images, "labels": each.labels,
                } for split, each in self.splits.items()
            },
            "origin": self.origin, "licence": self.licence,
        }


def _numbers(values: list[Any]) -> tuple[int, ...]:
    return tuple(map(int, values))
