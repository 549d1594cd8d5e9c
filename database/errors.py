"""Errors of the database layer."""

from django.db import InterfaceError, OperationalError

#: Raised when the database does not answer; Django does not count InterfaceError as a `DatabaseError`.
NO_ANSWER = (OperationalError, InterfaceError)


class NotFound(Exception):
    """No row has this number."""


class Conflict(Exception):
    """The row is not in a state that allows this."""


class TooMany(Exception):
    """Too many of these are waiting already; no more are accepted for now."""


class Fenced(Exception):
    """Another worker holds the step now; the caller discards its work without an error."""


def genome_not_kept(agent: str) -> str:
    """Write that an agent's genome is not stored, and why that can be.

    Args:
        agent: what the sentence begins with, as "Its genome" or "The genome of agent 42-7-13".
    """
    return f"{agent} is not kept: the run records champions only, or it was pruned."
