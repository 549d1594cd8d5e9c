"""The data sets of this machine, which the command and the API show."""

import logging
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from processing.core.datasets.prepared import Prepared
from processing.core.datasets.store import Store
from processing.core.errors import Broken

log = logging.getLogger(__name__)


def store() -> Store:
    """Return the data sets of this machine."""
    return Store(Path(settings.DATA_FOLDER) / "datasets")


def prepared() -> Iterator[Prepared]:
    """Yield the data sets that can be used, in the order of their names; others are warned of in the log."""
    known = store()
    for name in known.names():
        try:
            yield known.open(name)
        except (Broken, KeyError, OSError) as error:  # KeyError: removed meanwhile
            log.warning("the data set %s cannot be used: %s", name, error)
