"""The words of the field: no private ones in names and docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("processing", "staging", "formatting", "database", "api", "mlbackend")

#: Private words, and what is said instead.
INSTEAD = {
    "life": "episode or rollout", "lives": "episodes or rollouts", "lived": "evaluated or replayed",
    "wholes": "integers", "reals": "floats", "forgetful": "stateless", "wire": "messages",
    "hear": "receive", "hears": "receives", "heard": "received", "unheard": "a returned value",
    "told": "a noun that says what it is", "tells": "says or returns",
    "whence": "from where", "grief": "an error", "workshop": "task execution", "laboratory": "numerical core",
}
#: A strategy is asked for genomes and told their fitness: only there is the verb a term.
ASK_AND_TELL = ("processing/core/strategies/", "processing/core/search/", "processing/core/types.py")


def sources() -> list[Path]:
    """Every Python file of the product but migrations, which are never changed."""
    return [
        path for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts
    ]


def words_in(path: Path) -> Iterator[tuple[int, str]]:
    """The words of all names and docstrings, each with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        line = getattr(node, "lineno", 1)
        for attribute in ("id", "attr", "arg", "name", "asname"):
            name = getattr(node, attribute, None)
            if isinstance(name, str):
                yield from (
                    (line, word) for word in re.findall("[a-z]+", re.sub("([A-Z])", r"_\1", name).lower())
                )
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (
                (line, word) for word in re.findall("[a-z]+", (ast.get_docstring(node) or "").lower())
            )


@pytest.mark.parametrize("room", ROOMS)
def test_names_and_docstrings_have_no_private_words(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word!r}, say {INSTEAD[word]}"
        for path in sources() if path.relative_to(ROOT).parts[0] == room
        for line, word in words_in(path) if word in INSTEAD
    ]
    assert found == []


def test_only_strategies_are_told() -> None:
    found = {
        str(path.relative_to(ROOT)) for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if "tell" in (getattr(node, "attr", None), getattr(node, "name", None), getattr(node, "id", None))
    }
    assert [path for path in found if not path.startswith(ASK_AND_TELL)] == []
