"""Texts of errors raised by environments, bounded and safe to store in any database."""

from processing.core.value_text import storable

MOST_CHARACTERS = 200


def error_text(error: BaseException) -> str:
    """Return type and message of an error; only the type where `str(error)` raises or is empty.

    The text is safe to store and has at most MOST_CHARACTERS characters.
    """
    try:
        message = str(error)
    except BaseException:
        message = ""
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return storable(text)[:MOST_CHARACTERS]
