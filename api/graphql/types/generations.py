"""Generations and their statistics."""

from typing import Any

import graphene

from api.graphql.connections import PAGING, Listed, connection, page_size
from api.graphql.types.agents import Agent, AgentConnection, agents_listed
from api.graphql.types.inputs import AgentFilter, AgentOrder, agent_filter, ordered
from api.graphql.types.node import Node, maybe, one
from api.graphql.types.scalars import JSON, DateTime
from api.graphql.types.species import DEFAULT_SPECIES, SpeciesSnapshot
from api.ids import global_id
from database import models
from database.selectors import AgentOrder as AgentKey
from database.selectors import AgentRecord

GenerationConnection = connection("Generation", "generations")

AGENTS = {
    **PAGING,
    "filter": graphene.Argument(AgentFilter, description="Which agents."),
    "order_by": graphene.Argument(
        AgentOrder, description="Their order; by generation and index where left out."
    ),
}


class GenerationStatistics(graphene.ObjectType):
    """Figures of a generation.

    Those of fitness leave out failed agents, and are null where no agent was evaluated.
    """

    generation = one(graphene.Int, "Number of the generation, from 0.")
    size = one(graphene.Int, "Agents.")
    evaluated = one(graphene.Int, "Agents that have a fitness.")
    failed = one(graphene.Int, "Agents that have none.")
    best = maybe(graphene.Float, "The highest fitness.")
    mean = maybe(graphene.Float, "The mean fitness.")
    median = maybe(graphene.Float, "The median fitness.")
    lower_quartile = maybe(graphene.Float, "A quarter of the agents have at most this fitness.")
    upper_quartile = maybe(graphene.Float, "A quarter of the agents have at least this fitness.")
    worst = maybe(graphene.Float, "The lowest fitness.")
    standard_deviation = maybe(graphene.Float, "Standard deviation of the fitness.")
    best_so_far = maybe(graphene.Float, "Best fitness of the run up to this generation.")
    diversity = maybe(graphene.Float, "How far the genomes spread; the measure depends on the kind.")
    mean_complexity = maybe(graphene.Float, "Mean number of weights, or of trainable parameters.")
    species_count = maybe(graphene.Int, "Species; null where there are none.")
    threshold = maybe(
        graphene.Float,
        "The rising threshold, where the strategy uses one; of novelty, where that is looked for."
    )
    viable = maybe(graphene.Int, "Agents that reached it.")
    seconds = maybe(graphene.Float, "Seconds of computing.")

    @staticmethod
    def resolve_generation(row: models.Generation, info: Any) -> int:
        return row.number


class Novelty(graphene.ObjectType):
    """How novel agents were to their generation and the archive; mixed with fitness as `Agent.novelty` is."""

    mean = maybe(graphene.Float, "The mean of those that did not fail; null where all did.")
    largest = maybe(graphene.Float, "The largest; null where all failed.")
    archive_size = one(graphene.Int, "Behaviours in the archive after the generation.")


class Generation(graphene.ObjectType):
    """A completed generation."""

    class Meta:
        interfaces = (Node,)

    number = one(graphene.Int, "From 0.")
    instance = one("api.graphql.types.runs.Instance", "Its run.")
    statistics = one(GenerationStatistics, "Its figures.")
    novelty = maybe(Novelty, "How novel its agents were; null where novelty is not looked for.")
    scores = maybe(
        JSON, "What the judge says of the scores of its agents, by name; null where they are the fitness."
    )
    figures = maybe(
        JSON, "What the strategy says of it, by name, such as its step size; null where it says nothing."
    )
    champion = maybe(Agent, "Its best agent; null where all failed.")
    agents = one(AgentConnection, "Its agents.", **AGENTS)
    species = graphene.List(
        graphene.NonNull(SpeciesSnapshot),
        description="Its species by number; null where the strategy has none. `statistics.speciesCount` says "
        "how many there are.",
        first=graphene.Argument(graphene.Int, default_value=DEFAULT_SPECIES, description="How many."),
        after=graphene.Argument(graphene.Int, description="Only those numbered above this."),
    )
    digest = one(
        graphene.String,
        "SHA-256 of genomes, evaluations and the digest before: equal digests prove equal runs."
    )
    started_at = one(DateTime, "When it was begun.")
    completed_at = maybe(DateTime, "When it was stored.")
    has_checkpoint = one(graphene.Boolean, "Whether all its genomes and the strategy's state are kept.")

    @staticmethod
    def resolve_id(row: models.Generation, info: Any) -> str:
        return global_id("Generation", row.instance_id, row.number)

    @staticmethod
    def resolve_instance(row: models.Generation, info: Any) -> models.Instance:
        return info.context.instance(row.instance_id)

    @staticmethod
    def resolve_statistics(row: models.Generation, info: Any) -> models.Generation:
        return row

    @staticmethod
    def resolve_novelty(row: models.Generation, info: Any) -> dict[str, Any] | None:
        if info.context.instance(row.instance_id).work_item.spec.get("novelty") is None:
            return None
        facts = info.context.generation_facts.get((row.instance_id, row.number)) or {}
        if "archive_size" not in facts:
            return None
        return {
            "mean": facts["mean_novelty"], "largest": facts["largest_novelty"],
            "archive_size": facts["archive_size"]
        }

    @staticmethod
    def resolve_scores(row: models.Generation, info: Any) -> dict[str, Any] | None:
        return info.context.generation_facts.get((row.instance_id, row.number)) or None

    @staticmethod
    def resolve_champion(row: models.Generation, info: Any) -> AgentRecord | None:
        if row.champion_index is None:
            return None
        return info.context.champions.get((row.instance_id, row.number, row.champion_index))

    @staticmethod
    def resolve_agents(
        row: models.Generation, info: Any, first: int, after: str | None = None, filter: Any = None,
        order_by: Any = None
    ) -> Listed:
        return agents_listed(
            info, row.instance_id, filter=agent_filter(filter, row.instance_id, row.number), first=first,
            after=after, order=ordered(order_by, AgentKey, AgentKey.INDEX, False),
        )

    @staticmethod
    def resolve_species(
        row: models.Generation, info: Any, first: int | None, after: int | None = None
    ) -> list[models.SpeciesSnapshot] | None:
        size = page_size(first, DEFAULT_SPECIES)
        return None if row.species_count is None else info.context.species_in(row, first=size, after=after)

    @staticmethod
    def resolve_has_checkpoint(row: models.Generation, info: Any) -> bool:
        return bool(info.context.checkpoints.get((row.instance_id, row.number)))
