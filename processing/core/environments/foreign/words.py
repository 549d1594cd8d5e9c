"""What errors of environments say."""

MOST_CHARACTERS = 200


def words_of(error: BaseException) -> str:
    """What an error says, as any database takes it; its name where it cannot even be told."""
    try:
        said = str(error)
    except BaseException:
        said = ""
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:MOST_CHARACTERS]
