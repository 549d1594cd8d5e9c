"""What errors of environments say."""

MOST_CHARACTERS, MOST_CHARACTERS_OF_A_REASON = 200, 300


def error_text(error: BaseException) -> str:
    """What an error says, as any database takes it; its name where it cannot even be told."""
    try:
        said = str(error)
    except BaseException:
        said = ""
    return stored(f"{type(error).__name__}: {said}" if said else type(error).__name__)[:MOST_CHARACTERS]


def cut(text: str) -> str:
    """A text of bounded length, as any database takes it."""
    return stored(text)[:MOST_CHARACTERS_OF_A_REASON]


def stored(text: str) -> str:
    """A text as any database takes it."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
