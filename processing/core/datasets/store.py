"""The data sets of a machine: those that lie in the repository, and one folder for each that was added."""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from processing.core.datasets import array_file, idx_files, image_folder, shapes
from processing.core.datasets.manifest import Manifest
from processing.core.datasets.prepared import Prepared, prepare
from processing.core.datasets.shapes import ShapesParameters
from processing.core.datasets.source import MOST_SIDE, Progress, Source, SourceRefused
from processing.core.errors import Broken

#: Prepared data sets that every installation has.
SHIPPED = Path(__file__).parent / "shipped"
#: The name under which images are made by a program, both as a data set and as a source.
MADE = "shapes"
#: Sources that may be named by a word, where a package of Debian has put them, and that package.
INSTALLED = {"fashion-mnist": (Path("/usr/share/datasets/fashion-mnist"), "dataset-fashion-mnist")}
#: A folder that is being filled, and the process that fills it.
_PARTIAL = re.compile(r"\.partial-(\d+)-[0-9a-f]+")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
MOST_NAME = 40


class Wanted(NamedTuple):
    """What images are made of a source; None: as they are there, or as `shapes` are by default."""

    size: int | None = None  # pixels on a side: images of a folder are scaled, `shapes` are drawn so
    number: int | None = None  # of `shapes`
    seed: int | None = None  # of `shapes`


class Store:
    """The data sets that this machine has; its own are in `folder`, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def here(cls) -> Self:
        """Return that of this machine; the environment variable DATASETS_FOLDER names its folder."""
        return cls(Path(os.environ.get("DATASETS_FOLDER") or "var/datasets"))

    def names(self) -> list[str]:
        """Return the names of all data sets, in order."""
        own = [each.name for each in _entries(self.folder) if _NAME.fullmatch(each.name)]
        return sorted({*own, *(each.name for each in _entries(SHIPPED)), MADE})

    def open(self, name: str) -> Prepared:
        """Map a data set into memory. The one that a program draws is drawn now, where it is not yet there.

        Raises:
            KeyError: there is none of this name.
            Broken: it is not complete, or was prepared by another version of this program.
        """
        return Prepared.open(self.folder_of(name))

    def manifest(self, name: str) -> Manifest:
        """Return what a data set says of itself. Raises as `open`."""
        return self.open(name).manifest

    def add(
        self, name: str, source: str, *, licence: str = "", wanted: Wanted | None = None, progress: Progress
    ) -> Manifest:
        """Prepare a data set, completely or not at all.

        Args:
            source: a folder of images or of IDX files, an `.npz` file, a name in `INSTALLED`, or `MADE`.
            licence: a sentence for people.
            wanted: what images are made of the source.
        Raises:
            SourceRefused: the name is in use or malformed, or no data set can be made from the source.
        """
        wanted = wanted or Wanted()
        if faults := [*self._name_faults(name), *_option_faults(source, wanted)]:
            raise SourceRefused(faults)
        found = _source(source, wanted, progress)
        return self._add(name, found, licence=licence, progress=progress)

    def remove(self, name: str) -> None:
        """Delete a data set. Raises KeyError where none of this name was added."""
        if not _NAME.fullmatch(name) or not (self.folder / name).is_dir():
            raise KeyError(name)
        going = self.folder / f".partial-{os.getpid()}-{secrets.token_hex(4)}"
        (self.folder / name).rename(going)
        shutil.rmtree(going)

    def folder_of(self, name: str) -> Path:
        """Return the folder of a data set; one that a program draws is drawn first.

        Raises:
            KeyError: there is none of this name.
        """
        for folder in (SHIPPED / name, self.folder / name) if _NAME.fullmatch(name) else ():
            if folder.is_dir():
                return folder
        if name != MADE:
            raise KeyError(name)
        with contextlib.suppress(SourceRefused):  # another process was faster
            self._add(name, shapes.source(ShapesParameters()), licence="", progress=lambda *_: None)
        return self.folder / name

    def folder_with(self, sha256: str, *, likely: str) -> Path | None:
        """Return the folder of the data set with this SHA-256, whatever its name; None where there is none.

        Args:
            likely: the name that is looked at first.
        """
        for name in dict.fromkeys((likely, *self.names())):
            try:
                folder = self.folder_of(name)
                if Manifest.read(folder).sha256 == sha256:
                    return folder
            except (KeyError, Broken, OSError):
                continue
        return None

    def _name_faults(self, name: str) -> Iterator[str]:
        if len(name) > MOST_NAME or not _NAME.fullmatch(name):
            expected = f"at most {MOST_NAME} small letters, digits and single hyphens"
            yield f"Expected a name of {expected}, got {name[:60]!r}."
        elif (SHIPPED / name).is_dir() or name == MADE:
            yield f"{name} is the name of a data set that every installation has; choose another."
        elif (self.folder / name).exists():
            yield f"{name} is in use; choose another name, or remove that data set first."

    def _add(self, name: str, source: Source, *, licence: str, progress: Progress) -> Manifest:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clean()
        partial = self.folder / f".partial-{os.getpid()}-{secrets.token_hex(4)}"
        partial.mkdir()
        try:
            if shutil.disk_usage(partial).free < 2 * source.size:
                raise SourceRefused([f"Expected {2 * source.size / 2**20:,.0f} MiB of free disk space."])
            manifest = prepare(source, partial, licence=licence, progress=progress)
            try:
                partial.rename(self.folder / name)
            except OSError as error:
                raise SourceRefused([f"{name} was added by another process meanwhile."]) from error
            return manifest
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _clean(self) -> None:
        """Delete what processes left that died while they added a data set."""
        for each in _entries(self.folder):
            found = _PARTIAL.fullmatch(each.name)
            if found and not _is_alive(int(found[1])):
                shutil.rmtree(each, ignore_errors=True)


def _option_faults(given: str, wanted: Wanted) -> Iterator[str]:
    """Yield the options that have no effect on a source, or cannot be followed."""
    if given == MADE:
        return
    for name in ("number", "seed"):
        if getattr(wanted, name) is not None:
            yield f"Expected no {name}, which counts for {MADE} alone."
    if wanted.size is None:
        return
    if not 1 <= wanted.size <= MOST_SIDE:
        yield f"Expected a size from 1 to {MOST_SIDE}, got {wanted.size}."
    path = Path(given)
    if path.is_dir() and not idx_files.is_source(path):
        return
    yield f"Expected no size, which counts for folders of images and {MADE} alone."


def _source(given: str, wanted: Wanted, progress: Progress) -> Source:
    if given == MADE:
        known = {name: value for name, value in wanted._asdict().items() if value is not None}
        return shapes.source(ShapesParameters(**known))
    path = Path(given)
    if given in INSTALLED and not path.exists():
        path, package = INSTALLED[given]
        if not path.is_dir():
            raise SourceRefused([
                f"{given} is not installed: install Debian's package {package}, or give its folder."
            ])
    if path.is_file() and path.suffix == ".npz":
        return array_file.source(path)
    if path.is_dir() and idx_files.is_source(path):
        return idx_files.source(path)
    if path.is_dir() and image_folder.is_source(path):
        return image_folder.source(path, side=wanted.size, progress=progress)
    raise SourceRefused([
        f"Expected a folder of images or of IDX files, an .npz file, {', '.join(INSTALLED)} or {MADE}; "
        f"got {given[:200]!r}{', which does not exist' if not path.exists() else ''}."
    ])


def _entries(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_dir()]
    except FileNotFoundError:
        return []


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
