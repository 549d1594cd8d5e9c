"""Error answers of exceptions, from one table.

A bug shows the number of its log record, never a stack trace.
"""

import logging
import secrets
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse

from api.ids import BadId
from database.errors import Conflict, Fenced, NotFound, TooMany
from database.selectors import BadCursor
from processing.core import extensions
from processing.core.errors import Broken, Misregistered, Refused, Transient, Unregistered

log = logging.getLogger(__name__)

#: Code and HTTP status of each class and its subclasses; the nearest ancestor counts.
ANSWERS: dict[type[BaseException], tuple[str, int]] = {
    Refused: ("REFUSED", 422),
    NotFound: ("NOT_FOUND", 404),
    Conflict: ("WRONG_STATE", 409),
    Fenced: ("CONFLICT", 409),
    TooMany: ("LIMIT_EXCEEDED", 429),
    BadCursor: ("INVALID_FORMAT", 400),
    BadId: ("INVALID_FORMAT", 400),
    Transient: ("UNAVAILABLE", 503),
    Unregistered: ("UNREGISTERED", 409),
    Broken: ("BROKEN", 500),
    Misregistered: ("BROKEN", 500),
    PermissionDenied: ("PERMISSION_DENIED", 403),
    Http404: ("NOT_FOUND", 404),
    RequestDataTooBig: ("LIMIT_EXCEEDED", 413),
    SuspiciousOperation: ("INVALID_FORMAT", 400),
    OperationalError: ("UNAVAILABLE", 503),
    InterfaceError: ("UNAVAILABLE", 503),
}
INTERNAL = ("INTERNAL", 500)
#: Value of the header Retry-After in every answer of status 503.
RETRY_AFTER_SECONDS = 2

#: Messages of exceptions that have none.
_WORDS: dict[type[Exception], str] = {
    PermissionDenied: "You may not do this. Log in as somebody who may.",
    Http404: "There is nothing here.",
}
#: Messages that replace an exception's own, which is for operators.
_OWN_WORDS: dict[type[Exception], str] = {
    RequestDataTooBig: "The request is too large.",
    SuspiciousOperation: "The request cannot be understood.",
    OperationalError: "The database does not answer. Try again in a moment.",
    InterfaceError: "The database does not answer. Try again in a moment.",
}
#: Classes of driver errors that mean that another transaction held the row for too long.
BUSY = ("LockNotAvailable", "QueryCanceled")
_BUSY_WORDS = "A worker is writing what you asked for. Try again in a moment."
_BUG = "Something went wrong here; it is not your fault."


@dataclass(frozen=True, slots=True)
class Answer:
    """The error answer to a client."""

    code: str
    status: int
    message: str
    correlation_id: str | None = None  # number of the log record; None where nothing is logged


def answer_of(error: BaseException) -> Answer:
    """The error answer to an exception. One of status 500 or more is logged under a random number."""
    code, status = code_and_status(type(error))
    message = _message_of(_OWN_WORDS, error) or str(error) or _message_of(_WORDS, error) or _BUG
    if status < 500:
        return Answer(code, status, message)
    if type(error.__cause__).__name__ in BUSY:
        message = _BUSY_WORDS
    number = secrets.token_hex(6)
    log.error("trouble %s", number, exc_info=error, extra={"correlation_id": number})
    if code == "INTERNAL":
        message = extensions.blamed(error) or _BUG
    return Answer(code, status, message, number)


def code_and_status(kind: type[BaseException]) -> tuple[str, int]:
    """Code and status for a class of exceptions."""
    return next((ANSWERS[each] for each in kind.__mro__ if each in ANSWERS), INTERNAL)


def _message_of(messages: dict[type[Exception], str], error: BaseException) -> str:
    return next((text for kind, text in messages.items() if isinstance(error, kind)), "")


def with_advice(response: HttpResponse) -> HttpResponse:
    """Return the response, with the header Retry-After where its status is 503."""
    if response.status_code == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def as_json(*answers: Answer) -> dict[str, object]:
    """The JSON body with these error answers."""
    return {"errors": [{"message": each.message, "extensions": extensions_of(each)} for each in answers]}


def extensions_of(answer: Answer) -> dict[str, str]:
    """The `extensions` of an error: its code, and its correlation ID where it has one."""
    number = {} if answer.correlation_id is None else {"correlationId": answer.correlation_id}
    return {"code": answer.code, **number}
