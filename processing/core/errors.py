"""Errors, typed by what the caller must do."""


class Refused(Exception):
    """The request cannot be done as asked: tell the user, never retry."""


class Transient(Exception):
    """A part that should be there did not answer: retry with backoff."""


class Broken(Exception):
    """The run cannot go on: mark it failed, keep its checkpoint."""
