"""The example work items as pages show them, each with a picture and a summary."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString

from api.pictures import maze_svg, network_svg
from api.wording import strategy_words
from formatting.canonical import canonical
from formatting.parse import parse
from processing.core.kinds import kind_of

FOLDER = settings.ROOT / "examples"

#: Examples whose names begin with one of these come first, in this order: from easy ones to long ones.
ORDER = (
    "maze-5x5", "maze-four-rooms", "maze-20x20", "maze-", "xor", "double-pole", "cartpole", "acrobot",
    "frozenlake", "mountaincar", "cnn", "lunarlander",
)


@dataclass(frozen=True, slots=True)
class Card:
    """An example, ready for display."""

    slug: str
    title: str
    description: str
    line: str  # its first sentence
    facts: str
    picture: SafeString
    document: str


@cache
def cards() -> tuple[Card, ...]:
    """All examples, in the order of `ORDER`; those that it does not name come last."""
    texts = {
        path.stem: path.read_text()
        for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json")
    }
    return tuple(_card(slug, texts[slug]) for slug in sorted(texts, key=_place))


def _place(slug: str) -> tuple[int, str]:
    return next((place for place, start in enumerate(ORDER) if slug.startswith(start)), len(ORDER)), slug


def document_of(slug: str) -> str | None:
    """The text of an example; None where there is none of that name."""
    return next((card.document for card in cards() if card.slug == slug), None)


def _card(slug: str, text: str) -> Card:
    spec: dict[str, Any] = canonical(parse(text))
    kind = kind_of(spec)
    problem, values = kind.problem_in(spec)
    facts = (
        f"{problem.label(values)}, {strategy_words(spec)} with "
        f"{spec['strategy']['population_size']} agents, up to {spec['stop']['max_generations']} generations"
    )
    rows = problem.map_of(values)
    picture = network_svg(kind.genome_kind.is_grown) if rows is None else maze_svg(rows)
    description = spec["description"]
    return Card(slug, spec["name"], description, _first_sentence(description), facts, picture, text)


def _first_sentence(text: str) -> str:
    return f"{text.partition('. ')[0].removesuffix('.')}."
