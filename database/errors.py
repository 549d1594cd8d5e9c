"""Errors of the archive."""


class NotFound(Exception):
    """There is nothing under that number."""


class Conflict(Exception):
    """The row is not in a state that allows this."""


class Fenced(Exception):
    """Somebody else holds the step now: discard the work quietly."""
