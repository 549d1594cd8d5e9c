"""Texts of errors raised by environments, bounded and safe to store in any database."""

MOST_CHARACTERS, MOST_CHARACTERS_OF_A_REASON = 200, 300


def error_text(error: BaseException) -> str:
    """Return type and message of an error; only the type where `str(error)` raises or is empty.

    The text is safe to store and has at most MOST_CHARACTERS characters.
    """
    try:
        message = str(error)
    except BaseException:
        message = ""
    return stored(f"{type(error).__name__}: {message}" if message else type(error).__name__)[:MOST_CHARACTERS]


def cut(text: str) -> str:
    """Return a storable text of at most MOST_CHARACTERS_OF_A_REASON characters."""
    return stored(text)[:MOST_CHARACTERS_OF_A_REASON]


def stored(text: str) -> str:
    """Return a text that any database stores: valid UTF-8 without NUL characters."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
