"""What each record of the log is about: the run and generation under way, the request, the worker.

`mlbackend.settings` names the filter and the formatter, so that nothing here needs Django.
"""

import json
import logging
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

FIELDS = ("instance", "generation", "correlation_id", "worker")

_about: ContextVar[dict[str, Any]] = ContextVar("about", default={})  # noqa: B039 - replaced, never changed


def note(**fields: Any) -> None:
    """From now on records of this thread are about these; None where they no longer are."""
    _about.set({name: value for name, value in {**_about.get(), **fields}.items() if value is not None})


class About(logging.Filter):
    """Gives every record the fields that it does not bring itself; None where they are not known."""

    def filter(self, record: logging.LogRecord) -> bool:
        """All pass."""
        known = {"worker": os.environ.get("WORKER_NAME"), **_about.get()}
        brought = getattr(record, "correlation_id", None)
        request = known.get("correlation_id")
        record.request_id = request if brought not in (None, request) else None
        for name in FIELDS:
            if getattr(record, name, None) is None:
                setattr(record, name, known.get(name))
        return True


def printable(text: str) -> str:
    """The text with escapes for control and format characters, line ends too: a terminal obeys some, and shows none."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class Lines(logging.Formatter):
    """Lines for people, in which nothing that somebody else wrote is obeyed by a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, before a traceback."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """The traceback, whose lines stay apart."""
        return "\n".join(map(printable, super().formatException(ei).splitlines()))


class JsonLines(logging.Formatter):
    """One JSON object a line: what every record has, and what is known of it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname, "logger": record.name, "message": record.getMessage(),
        }
        known = ((name, getattr(record, name, None)) for name in (*FIELDS, "request_id"))
        told |= {name: value for name, value in known if value is not None}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)
