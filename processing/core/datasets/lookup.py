"""What staging looks up of data sets, as `DatasetLookup` of `problem.py`."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from processing.core.datasets.manifest import VERSION, Manifest
from processing.core.datasets.store import Store
from processing.core.errors import Broken
from processing.core.problem import Facts

NOBODY = (
    "Neither this installation nor any worker seen within a minute has PyTorch; `make setup-train` "
    "installs it."
)


class DatasetsHere:
    """The data sets of this machine, and whether it can train."""

    @property
    def store(self) -> Store:
        """The data sets that are looked up: those of this machine, as its environment variables are now."""
        return Store.here()

    def names(self) -> Sequence[str]:
        """Return the names of all data sets."""
        return self.store.names()

    def facts(self, name: str) -> Facts | None:
        """Return the facts of a data set; None where there is none that can be used."""
        try:
            return facts_of(name, self.store.manifest(name))
        except (KeyError, Broken, OSError):
            return None

    def why_nobody_trains(self) -> str | None:
        """Return why no network can be trained, a sentence; None where one can be."""
        return None if can_train() else NOBODY


def can_train() -> bool:
    """Whether PyTorch is installed here; it is not imported."""
    return find_spec("torch") is not None


def facts_of(name: str, manifest: Manifest) -> dict[str, Any]:
    """Return what a run depends on of its data set; JSON values."""
    values: Mapping[str, Any] = manifest.values()
    counts = {split: each["counts"] for split, each in values["splits"].items()}
    return {
        "name": name, "sha256": manifest.sha256, "version": VERSION, "shape": values["shape"],
        "classes": values["classes"], "counts": counts,
    }
