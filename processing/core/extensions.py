"""Modules of operators that add problems, genome kinds, judges, strategies and kinds of work to the tables.

The environment variable EXTENSION_MODULES names them, separated by commas. They are imported before the
tables are read: `kinds.py` does so at its end, and child processes when they start.
"""

import importlib
import os
import traceback
from pathlib import Path

from processing.core.errors import Misregistered

VARIABLE = "EXTENSION_MODULES"
#: Characters of an error's text that are told.
MOST_CHARACTERS = 300


class BadExtension(Misregistered):
    """A module that EXTENSION_MODULES names cannot be imported; the message is a sentence for its operator.

    The cause is the module's own error.
    """


def load() -> None:
    """Import the modules that EXTENSION_MODULES names, each once in a process.

    Raises:
        BadExtension: a module cannot be imported.
    """
    for name in names():
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:
            raise BadExtension(f"{VARIABLE}: {_trouble(name, error)}.") from error


def names() -> tuple[str, ...]:
    """Return the names of the modules, in their order."""
    return tuple(filter(None, (name.strip() for name in os.environ.get(VARIABLE, "").split(","))))


def blamed(error: BaseException) -> str | None:
    """Return a sentence for an error that code of an extension module raised; None for any other error."""
    for name in names():
        if place := _place(name, error):
            return f"The module {name} raised {_line(error)} ({place})."
    return None


def _trouble(name: str, error: BaseException) -> str:
    """Return why a module cannot be imported, in one line, and where in the module."""
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        return f"there is no module {name!r} on Python's path"
    place = _place(name, error)
    return f"{name} cannot be imported: {_line(error)}{place and f' ({place})'}"


def _line(error: BaseException) -> str:
    """Return the type and the text of an error in one line, without a full stop."""
    line = " ".join("".join(traceback.format_exception_only(error)[-1:]).split())
    return line[:MOST_CHARACTERS].rstrip(".")


def _place(name: str, error: BaseException) -> str:
    """Return the last file and line of the module, or of its package, on the way to the error.

    As in `valley.py:12`; empty where there is none.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    package = name.partition(".")[0]
    own = [
        f"{Path(frame.f_code.co_filename).name}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == package
    ]
    return own[-1] if own else ""
