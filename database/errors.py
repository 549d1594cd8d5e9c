"""Errors of the archive."""

from django.db import InterfaceError, OperationalError

#: What is raised where the database does not answer; the second is no `DatabaseError` to Django.
NO_ANSWER = (OperationalError, InterfaceError)


class NotFound(Exception):
    """There is nothing under that number."""


class Conflict(Exception):
    """The row is not in a state that allows this."""


class TooMany(Exception):
    """So many of these wait already that no more are taken for now."""


class Fenced(Exception):
    """Somebody else holds the step now: discard the work quietly."""
