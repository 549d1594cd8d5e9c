"""The example cards: ready-made work items, each with its picture and what it asks for."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString

from api.dashboard.pictures import maze_svg, network_svg
from api.dashboard.words import environment_words, strategy_words
from formatting.canonical import canonical
from formatting.parse import parse

FOLDER = settings.ROOT / "examples"


@dataclass(frozen=True, slots=True)
class Card:
    """An example, fit to show."""

    slug: str
    title: str
    description: str
    facts: str
    picture: SafeString
    document: str


@cache
def cards() -> tuple[Card, ...]:
    """All examples, the one with the smallest map first."""
    texts = {path.stem: path.read_text() for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json")}
    found = [_card(slug, text) for slug, text in sorted(texts.items())]
    return tuple(sorted(found, key=lambda card: len(card.document)))


def document_of(slug: str) -> str | None:
    """The text of an example; None where there is none of that name."""
    return next((card.document for card in cards() if card.slug == slug), None)


def _card(slug: str, text: str) -> Card:
    spec: dict[str, Any] = canonical(parse(text))
    facts = (
        f"{environment_words(spec['environment'])}, {strategy_words(spec)} with {spec['strategy']['population_size']} agents, "
        f"up to {spec['stop']['max_generations']} generations"
    )
    rows = spec["environment"].get("rows")
    picture = maze_svg(rows) if spec["environment"]["type"] == "maze" else network_svg(spec["kind"] == "neat")
    return Card(slug, spec["name"], spec["description"], facts, picture, text)
