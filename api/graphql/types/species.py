"""Species, and their snapshots in each generation."""

from typing import Any

import graphene

from api.graphql.connections import clamped
from api.graphql.types.node import Node, many, maybe, one
from api.ids import global_id
from database import models
from database.selectors import AgentRecord

DEFAULT_SPECIES, DEFAULT_POINTS, MOST_POINTS = 100, 500, 2_000


class SpeciesSnapshot(graphene.ObjectType):
    """A species in one generation."""

    species = one(lambda: Species, "The species.")
    generation = one(graphene.Int, "Number of the generation, from 0.")
    size = one(graphene.Int, "Its agents, those that failed too.")
    best_fitness = maybe(graphene.Float, "The highest fitness; null where all failed.")
    mean_fitness = maybe(graphene.Float, "The mean fitness of those that did not fail.")
    adjusted_fitness = maybe(
        graphene.Float,
        "The sum of its agents' shared fitness, by which offspring are given out; of novelty, where that is "
        "looked for. Where any fitness is negative, the generation's lowest is taken from all first; where "
        "nothing is left to share, each agent counts the same, and this is how many there are. Null where "
        "all failed.",
    )
    generations_since_improvement = one(graphene.Int, "Generations since its best fitness last rose.")
    offspring = maybe(graphene.Int, "Agents of the next generation that it brings forth.")
    champion = maybe(
        "api.graphql.types.agents.Agent", "Its best agent in this generation; null where all failed."
    )

    @staticmethod
    def resolve_species(row: models.SpeciesSnapshot, info: Any) -> models.Species | None:
        return info.context.species.get((row.instance_id, row.number))

    @staticmethod
    def resolve_champion(row: models.SpeciesSnapshot, info: Any) -> AgentRecord | None:
        if row.champion_index is None:
            return None
        return info.context.champions.get((row.instance_id, row.generation, row.champion_index))


class Species(graphene.ObjectType):
    """A species from its first to its last generation."""

    class Meta:
        interfaces = (Node,)

    number = one(graphene.Int, "Its number within the run, from 0.")
    instance = one("api.graphql.types.runs.Instance", "Its run.")
    born_in = one(graphene.Int, "The first generation with it.")
    extinct_in = maybe(graphene.Int, "The first generation without it; null while it is alive.")
    size = one(graphene.Int, "Its agents when it was last seen.")
    best_fitness = maybe(
        graphene.Float, "The highest fitness that its agents had; null where all its agents failed."
    )
    generations_since_improvement = one(
        graphene.Int, "Generations since its best fitness last rose, when it was last seen."
    )
    champion = maybe("api.graphql.types.agents.Agent", "The first agent that reached its best fitness.")
    history = many(
        SpeciesSnapshot,
        "What it was in its generations, thinned to `maxPoints`; the first and the last are always kept.",
        max_points=graphene.Argument(
            graphene.Int, default_value=DEFAULT_POINTS, description="About how many, 2 to 2000."
        ),
    )

    @staticmethod
    def resolve_id(row: models.Species, info: Any) -> str:
        return global_id("Species", row.instance_id, row.number)

    @staticmethod
    def resolve_instance(row: models.Species, info: Any) -> models.Instance:
        return info.context.instance(row.instance_id)

    @staticmethod
    def resolve_champion(row: models.Species, info: Any) -> AgentRecord | None:
        if row.champion_generation is None or row.champion_index is None:
            return None
        return info.context.champions.get((row.instance_id, row.champion_generation, row.champion_index))

    @staticmethod
    def resolve_history(
        row: models.Species, info: Any, max_points: int | None
    ) -> list[models.SpeciesSnapshot]:
        return info.context.history(row, clamped(max_points, DEFAULT_POINTS, 2, MOST_POINTS))
