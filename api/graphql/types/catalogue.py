"""What this server can run, printed from its tables: environments, strategies, genomes, and examples to start from."""

from collections.abc import Mapping
from typing import Any

import graphene

from api.graphql.types.enums import AlgorithmKind, EnvironmentType
from api.graphql.types.node import many, maybe, one
from api.graphql.types.problems import CostEstimate
from api.graphql.types.scalars import JSON
from formatting.schema import parameter_table
from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.kinds import KINDS
from processing.core.strategies import STRATEGIES


class Parameter(graphene.ObjectType):
    """A parameter, as the document, its JSON Schema and the documentation have it."""

    name = one(graphene.String, "Its key in the document.")
    type = one(graphene.String, "What kind of value it takes.")
    default = one(graphene.String, "Its default as JSON; empty where it is required.")
    range = one(graphene.String, "Which values it takes; empty where any.")
    unit = one(graphene.String, "What one of it is; empty where it has no dimension.")
    meaning = one(graphene.String, "What it does.")
    source = one(graphene.String, "Where the rule or the default comes from; may be empty.")


class CatalogueEntry(graphene.ObjectType):
    """Something that a work item can name."""

    name = one(graphene.String, "Its name in documents.")
    description = one(graphene.String, "What it is.")
    parameters = many(Parameter, "What can be set.")


class KindEntry(graphene.ObjectType):
    """A kind of work: what varies, and how it moves."""

    kind = one(AlgorithmKind, "The kind.")
    genome = one(graphene.String, "What varies.")
    strategies = many(graphene.String, "How it may move; the first is the default.")


class Catalogue(graphene.ObjectType):
    """Everything that a work item can name."""

    kinds = many(KindEntry, "Kinds of work.")
    strategies = many(CatalogueEntry, "How genomes move.")
    genomes = many(CatalogueEntry, "What varies.")
    environments = many(CatalogueEntry, "What agents act in.")


class Maze(graphene.ObjectType):
    """The map of a grid world."""

    rows = many(graphene.String, "One string per row: '.' open, 'S' start, 'G' goal, '#' obstacle.")
    start = many(graphene.Int, "Row and column of the start, from 0.")
    shortest_path = maybe(graphene.Int, "Steps to the nearest goal; null when none can be reached.")


class Environment(graphene.ObjectType):
    """What agents act in."""

    type = one(EnvironmentType, "Its kind.")
    name = one(graphene.String, "Its name in documents.")
    description = one(graphene.String, "What is observed, done, paid, and when an episode ends.")
    observation_space = one(JSON, "What an agent sees: its shape and type.")
    action_space = one(JSON, "What it can do: the number of actions.")
    max_steps = maybe(graphene.Int, "Steps after which an episode is cut off; null outside a run.")
    episodes = maybe(graphene.Int, "Episodes per agent; null outside a run.")
    reward_threshold = maybe(graphene.Float, "The most that an episode can return, where that is known.")
    renderable = one(graphene.Boolean, "Whether episodes can be drawn here.")
    maze = maybe(Maze, "The map, in a run.")
    parameters = many(Parameter, "What can be set.")


class Example(graphene.ObjectType):
    """A work item to start from."""

    slug = one(graphene.String, "Its file's name, without the ending.")
    title = one(graphene.String, "Its name.")
    description = one(graphene.String, "What it shows.")
    kind = one(AlgorithmKind, "What is evolved.")
    spec = one(JSON, "Its document; submit it as it is, or changed.")
    estimate = one(CostEstimate, "What it will cost.")


def catalogue() -> dict[str, Any]:
    """Everything in the tables."""
    return {
        "kinds": [
            {"kind": name, "genome": kind.genome, "strategies": kind.strategies}
            for name, kind in KINDS.items()
        ],
        "strategies": _entries(STRATEGIES), "genomes": _entries(GENOMES), "environments": _entries(ENVIRONMENTS),
    }


def _entries(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "description": _text(entry.Parameters), "parameters": parameter_table(entry.Parameters)}
        for name, entry in table.items()
    ]


def environments(search: str | None) -> list[dict[str, Any]]:
    """The environments with this text in their names."""
    return [_environment(name) for name in ENVIRONMENTS if (search or "").casefold() in name.casefold()]


def environment_of(plan: Any) -> dict[str, Any]:
    """The environment of a run."""
    world = plan.environment
    maze = None
    if hasattr(world, "rows"):
        maze = {"rows": world.rows, "start": world.start, "shortest_path": world.shortest_path()}
    return _environment(world.parameters.type) | {
        "max_steps": world.max_steps, "episodes": world.episodes, "reward_threshold": world.best_possible(), "maze": maze,
    }


def _environment(name: str) -> dict[str, Any]:
    kind: Any = ENVIRONMENTS[name]
    return {
        "type": name, "name": name, "description": _text(kind), "renderable": True,
        "observation_space": {"shape": [kind.inputs], "type": "float32"}, "action_space": {"size": kind.outputs},
        "parameters": parameter_table(kind.Parameters),
    }


def _text(thing: Any) -> str:
    return " ".join((thing.__doc__ or "").split())
