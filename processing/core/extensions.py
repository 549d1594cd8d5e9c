"""Modules of operators that add problems, genome kinds, judges, strategies and kinds of work to the tables.

The environment variable EXTENSION_MODULES names them, separated by commas. They are imported before the
tables are read: `kinds.py` does so at its end, and child processes when they start.
"""

import importlib
import os

VARIABLE = "EXTENSION_MODULES"


def load() -> None:
    """Import the modules that EXTENSION_MODULES names, each once in a process.

    Raises:
        ImportError: a module cannot be imported; the message names the variable and the module.
    """
    for name in names():
        try:
            importlib.import_module(name)
        except Exception as error:
            raise ImportError(f"{VARIABLE}: {name} cannot be imported: {error!r}") from error


def names() -> tuple[str, ...]:
    """Return the names of the modules, in their order."""
    return tuple(filter(None, (name.strip() for name in os.environ.get(VARIABLE, "").split(","))))
