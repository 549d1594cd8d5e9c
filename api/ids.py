"""Global IDs: opaque to clients; decoded, the type's name and its numbers, e.g. `Agent:5:7:13`."""

import base64
import binascii
import re
from dataclasses import dataclass

from graphql import GraphQLError

#: How many numbers the ID of each type has.
PARTS = {"WorkItem": 1, "Instance": 1, "Generation": 2, "Agent": 3, "Event": 2, "Species": 2}

_FORM = re.compile(r"([A-Za-z]+)((?::(?:0|[1-9][0-9]{0,17}))+)")


class BadId(ValueError):
    """The text is not a global ID of this server."""


@dataclass(frozen=True, slots=True)
class GlobalId:
    """A type and the numbers that address an object of it."""

    type: str
    numbers: tuple[int, ...]


def global_id(type: str, *numbers: int) -> str:
    """The global ID of the object of this type that these numbers address."""
    return base64.urlsafe_b64encode(":".join((type, *map(str, numbers))).encode()).decode()


def read_id(text: str, *types: str) -> GlobalId:
    """Decode a global ID.

    Args:
        types: the expected types; any type where left out.
    Raises:
        BadId: the text is no ID, or one of another type.
    """
    found = _FORM.fullmatch(_plain(text))
    if found is None or len(numbers := found[2].split(":")[1:]) != PARTS.get(found[1]):
        raise BadId("expected an ID as this server gives them, got something else")
    if types and found[1] not in types:
        raise BadId(f"expected an ID of the type {' or '.join(types)}, got one of the type {found[1]}")
    return GlobalId(found[1], tuple(map(int, numbers)))


def own_numbers(argument: str, found: GlobalId, instance_id: int) -> tuple[int, ...]:
    """The numbers of an ID, whose object must be of this run.

    Raises:
        GraphQLError: it is of another run.
    """
    if found.numbers[0] != instance_id:
        message = (
            f"{argument}: expected an ID of something of run {instance_id}, got one of run {found.numbers[0]}"
        )
        raise GraphQLError(message, extensions={"code": "INCONSISTENT"})
    return found.numbers


def _plain(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii")).decode("ascii") if len(text) < 200 else ""
    except (UnicodeError, binascii.Error):
        return ""
