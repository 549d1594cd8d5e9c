"""The data sets of this machine, which the command and the API show."""

import logging
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from database import selectors
from database.errors import NO_ANSWER
from processing.core.datasets.contact_sheet import contact_sheet
from processing.core.datasets.lookup import DatasetsHere
from processing.core.datasets.prepared import Prepared
from processing.core.datasets.store import Store
from processing.core.errors import Broken
from processing.core.problem import Facts

#: Classes above which pages count them, instead of naming them.
MOST_CLASSES = 12

#: Pictures of data sets that a process keeps, by SHA-256.
MOST_SHEETS = 32
_sheets: dict[str, str] = {}

log = logging.getLogger(__name__)


def store() -> Store:
    """Return the data sets of this machine."""
    return Store.here()


class DatasetsOfServer(DatasetsHere):
    """The data sets of this machine, and those that workers hold who can train and were seen lately."""

    def names(self) -> Sequence[str]:
        """Return the names of all data sets."""
        return sorted({*super().names(), *(name for datasets in _of_workers() for name in datasets)})

    def facts(self, name: str) -> Facts | None:
        """Return the facts of a data set; those of this machine's where both have one of this name."""
        found = super().facts(name)
        if found is None:
            found = next((datasets[name] for datasets in _of_workers() if name in datasets), None)
        return found

    def why_nobody_trains(self) -> str | None:
        """Return why no network can be trained, a sentence; None where one can be."""
        sentence = super().why_nobody_trains()
        return None if sentence is not None and _of_workers() else sentence


def _of_workers() -> list[dict[str, Facts]]:
    """Return the data sets of workers; none where the database does not answer, or is not there yet."""
    try:
        return selectors.datasets_of_workers()
    except NO_ANSWER:
        return []


def card(name: str) -> dict[str, Any] | None:
    """Return what pages show of a data set; None where nothing is known of it now."""
    try:
        data = store().open(name)
    except (Broken, KeyError, OSError):
        return None
    manifest = data.manifest
    channels, rows, columns = manifest.shape
    return {
        "name": name, "origin": manifest.origin, "licence": manifest.licence, "sha256": manifest.sha256,
        "images": f"{columns} × {rows} pixels, {'grey' if channels == 1 else 'in colour'}",
        "classes": ", ".join(manifest.classes) if len(manifest.classes) <= MOST_CLASSES
        else f"{len(manifest.classes)} classes",
        "splits": [(split.value, len(files)) for split, files in manifest.splits.items()],
        "sheet": sheet_url(data),
    }


def sheet_url(data: Prepared) -> str:
    """Return a picture with some images of each class, as a data URL of a PNG."""
    sha256 = data.manifest.sha256
    if sha256 not in _sheets:
        if len(_sheets) >= MOST_SHEETS:
            del _sheets[next(iter(_sheets))]
        _sheets[sha256] = "data:image/png;base64," + b64encode(contact_sheet(data)).decode()
    return _sheets[sha256]


def prepared() -> Iterator[Prepared]:
    """Yield the data sets that can be used, in the order of their names; others are warned of in the log."""
    known = store()
    for name in known.names():
        try:
            yield known.open(name)
        except (Broken, KeyError, OSError) as error:  # KeyError: removed meanwhile
            log.warning("the data set %s cannot be used: %s", name, error)
