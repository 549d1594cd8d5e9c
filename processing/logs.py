"""Context of log records: the run and generation under way, the request, the worker; and formats of the log.

`mlbackend.settings` names the filter and the formatter, so that nothing here needs Django.
"""

import json
import logging
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

FIELDS = ("instance", "generation", "correlation_id", "worker")

_context: ContextVar[dict[str, Any]] = ContextVar("context", default={})  # noqa: B039 - replaced, never changed


def set_context(**fields: Any) -> None:
    """Set fields of the log context of this thread or task; None removes a field."""
    _context.set({name: value for name, value in {**_context.get(), **fields}.items() if value is not None})


class ContextFilter(logging.Filter):
    """A filter that gives every record the context fields that it lacks; a field without a value is None."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the context to the record; every record passes."""
        known = {"worker": os.environ.get("WORKER_NAME"), **_context.get()}
        own = getattr(record, "correlation_id", None)
        request = known.get("correlation_id")
        record.request_id = request if own not in (None, request) else None
        for name in FIELDS:
            if getattr(record, name, None) is None:
                setattr(record, name, known.get(name))
        return True


def printable(text: str) -> str:
    """Escape control and format characters, line ends too: a terminal would obey some of them."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class Lines(logging.Formatter):
    """Formats lines for people; control characters in them are written as escapes."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line, without a traceback."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """Return the traceback; its line ends stay line ends."""
        return "\n".join(map(printable, super().formatException(ei).splitlines()))


class JsonLines(logging.Formatter):
    """Formats a record as a JSON object on one line, with the context fields that have a value."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname, "logger": record.name, "message": record.getMessage(),
        }
        known = ((name, getattr(record, name, None)) for name in (*FIELDS, "request_id"))
        document |= {name: value for name, value in known if value is not None}
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False, default=str)
