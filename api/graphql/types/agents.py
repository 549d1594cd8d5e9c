"""Agents: genomes and the results of their evaluation."""

from typing import Any

import graphene

from api.exports import formats_at
from api.graphql.connections import PAGING, Listed, connection, page_size, read_cursor
from api.graphql.types.enums import FAILURES, AgentOrigin, AgentState, FailureReason
from api.graphql.types.episodes import Episode, KeptEpisode, Replay
from api.graphql.types.exports import Export, exports_of
from api.graphql.types.genomes import Genome, UnpackedGenome, unpacked_at
from api.graphql.types.node import Node, many, maybe, one
from api.graphql.types.replays import EpisodeReplay, episode_of
from api.graphql.types.species import Species
from api.ids import global_id
from database import models, selectors
from database.errors import genome_not_kept
from database.models import Generation, Instance
from database.selectors import AgentRecord
from processing.core.json_values import finite
from processing.core.types import Failure, Operator

#: Episodes that are replayed where the query sets no number.
DEFAULT_EPISODES = 1

AgentConnection = connection("Agent", "agents")

_UNKEPT = genome_not_kept("Its genome")


class AgentFailure(graphene.ObjectType):
    """Why an agent has no fitness."""

    reason = one(FailureReason, "What happened.")
    message = one(graphene.String, "The same for people.")


class Metric(graphene.ObjectType):
    """A further number of an agent's evaluation, which selection does not use."""

    name = one(graphene.String, "What it measures.")
    value = maybe(graphene.Float, "The number; null where there is none, and where it is not finite.")


class Curve(graphene.ObjectType):
    """A number of an agent over the epochs of its evaluation, such as the loss of its training."""

    name = one(graphene.String, "What it measures.")
    values = graphene.Field(
        graphene.NonNull(graphene.List(graphene.Float)),
        description="One for each epoch, from the first to the agent's last; null where it is not finite.",
    )


class Agent(graphene.ObjectType):
    """One individual of a generation: a genome and what became of it."""

    class Meta:
        interfaces = (Node,)

    index = one(graphene.Int, "Position within the generation, from 0.")
    name = one(graphene.String, "E.g. `42-7-13`: run, generation, index.")
    instance = one("api.graphql.types.runs.Instance", "Its run.")
    generation = one("api.graphql.types.generations.Generation", "Its generation.")
    state = one(AgentState, "What became of it.")
    fitness = maybe(
        graphene.Float, "What selection uses, unless it is `score`; higher is better; null when it failed."
    )
    score = maybe(
        graphene.Float,
        "What selection uses in place of the fitness, where the judge of the run gives it such scores; null "
        "where it does not, and when the agent failed.",
    )
    novelty = maybe(
        graphene.Float,
        "`score`, where the work item asks for novelty, mixed with fitness where `novelty.weight` says so; "
        "null where it does not ask.",
    )
    rank = maybe(graphene.Int, "1 is the best of the generation, ties by index; null when it failed.")
    steps = one(graphene.Int, "Steps of its evaluation: in environments, those of all its episodes.")
    metrics = graphene.List(
        graphene.NonNull(Metric),
        description="Further numbers of its evaluation; null where its generation has none.",
    )
    curves = graphene.List(
        graphene.NonNull(Curve),
        description="Its numbers over the epochs of its evaluation; empty where it has none, null where no "
        "agent of its generation has any.",
    )
    is_champion = one(graphene.Boolean, "Whether it is the best of its generation.")
    is_viable = maybe(graphene.Boolean, "Whether it reached the threshold; null where there is none.")
    origin = one(AgentOrigin, "How its genome came to be.")
    operator = one(graphene.String, "The same in words.")
    parents = graphene.List(
        lambda: Agent, required=True, description="Zero, one or two; null where nothing of a parent is kept."
    )
    offspring = one(AgentConnection, "Agents of later generations of which it is a parent.", **PAGING)
    genome = maybe(
        Genome, "What it inherited and passes on; null where neither its row nor a checkpoint keeps it."
    )
    episodes = many(
        Episode,
        "Its episodes, replayed, as far as they can be shown; `episodesMissing` says why others are not.",
        first=graphene.Argument(
            graphene.Int, default_value=DEFAULT_EPISODES, description="How many, from episode 0 on."
        ),
    )
    episodes_missing = maybe(
        graphene.String, "Why some of its episodes are not in `episodes`; null where all can be had there.",
    )
    replays = many(
        EpisodeReplay,
        "Its episodes that somebody asked to see again, with `requestReplay`; in child processes only.",
    )
    species = maybe(Species, "Its species; null where the strategy has none.")
    exports = many(
        Export,
        "Its network as files to download; empty where its genome is not kept, or not by what its "
        "observations were normalised.",
    )
    failure = maybe(AgentFailure, "Why it has no fitness.")

    @staticmethod
    def resolve_id(agent: AgentRecord, info: Any) -> str:
        return global_id("Agent", agent.instance_id, agent.generation, agent.index)

    @staticmethod
    def resolve_name(agent: AgentRecord, info: Any) -> str:
        return agent.name

    @staticmethod
    def resolve_instance(agent: AgentRecord, info: Any) -> Instance:
        return info.context.instance(agent.instance_id)

    @staticmethod
    def resolve_generation(agent: AgentRecord, info: Any) -> Generation:
        return info.context.generations.get((agent.instance_id, agent.generation))

    @staticmethod
    def resolve_novelty(agent: AgentRecord, info: Any) -> float | None:
        if agent.score is None:
            return None
        is_asked_for = info.context.instance(agent.instance_id).work_item.spec.get("novelty") is not None
        return agent.score if is_asked_for else None

    @staticmethod
    def resolve_metrics(agent: AgentRecord, info: Any) -> list[dict[str, Any]] | None:
        if agent.metrics is None:
            return None
        return [{"name": name, "value": finite(value)} for name, value in agent.metrics.items()]

    @staticmethod
    def resolve_curves(agent: AgentRecord, info: Any) -> list[dict[str, Any]] | None:
        found = info.context.curves.get((agent.instance_id, agent.generation, agent.index))
        if found is None:
            return None
        return [{"name": name, "values": finite(values)} for name, values in found.items()]

    @staticmethod
    def resolve_origin(agent: AgentRecord, info: Any) -> int:
        return agent.operator

    @staticmethod
    def resolve_operator(agent: AgentRecord, info: Any) -> str:
        return Operator(agent.operator).name.lower().replace("_", ", then ")

    @staticmethod
    def resolve_parents(agent: AgentRecord, info: Any) -> list[AgentRecord | None]:
        """Its distinct parents: one where the same agent is mother and father."""
        return [
            info.context.parents.get((agent.instance_id, *parent)) for parent in dict.fromkeys(agent.parents)
        ]

    @staticmethod
    def resolve_offspring(agent: AgentRecord, info: Any, first: int, after: str | None = None) -> Listed:
        page = selectors.offspring(
            agent.instance_id, agent.generation, agent.index, first=page_size(first), after=read_cursor(after)
        )
        info.context.met_agents(page.items)
        return Listed(page, lambda: None, after)

    @staticmethod
    def resolve_genome(agent: AgentRecord, info: Any) -> UnpackedGenome | None:
        return unpacked_at(info.context, (agent.instance_id, agent.generation, agent.index))

    @staticmethod
    def resolve_episodes(agent: AgentRecord, info: Any, first: int) -> "list[Replay] | list[KeptEpisode]":
        """Its first episodes: recorded ones where they run in child processes, else replayed ones."""
        packed = info.context.genomes.get((agent.instance_id, agent.generation, agent.index))
        plan = info.context.plan(agent.instance_id)
        if plan.judge.replays.is_recorded:
            return Agent._kept_episodes(agent, info, first)
        if packed is None or plan.judge.replays.refusal(packed) is not None:
            return []
        count = min(page_size(first, DEFAULT_EPISODES), plan.judge.episodes)
        return [Replay(info.context, packed, agent, index=index) for index in range(count)]

    @staticmethod
    def _kept_episodes(agent: AgentRecord, info: Any, first: int) -> list[KeptEpisode]:
        count = page_size(first, DEFAULT_EPISODES)
        kept = (
            episode_of(info.context, each)
            for each in Agent.resolve_replays(agent, info) if each.episode < count
        )
        return [each for each in kept if each is not None]

    @staticmethod
    def resolve_episodes_missing(agent: AgentRecord, info: Any) -> str | None:
        address = agent.instance_id, agent.generation, agent.index
        plan = info.context.plan(agent.instance_id)
        if plan.judge.replays.is_recorded:
            done = sum(
                bool(getattr(each, "result_bytes", None)) for each in Agent.resolve_replays(agent, info)
            )
            return (
                None if done >= plan.judge.episodes
                else plan.judge.replays.elsewhere + " Ask for one with `requestReplay`."
            )
        packed = info.context.genomes.get(address)
        return _UNKEPT if packed is None else plan.judge.replays.refusal(packed)

    @staticmethod
    def resolve_replays(agent: AgentRecord, info: Any) -> list[models.Replay]:
        return info.context.replays.get((agent.instance_id, agent.generation, agent.index)) or []

    @staticmethod
    def resolve_species(agent: AgentRecord, info: Any) -> models.Species | None:
        return None if agent.species is None else info.context.species.get((agent.instance_id, agent.species))

    @staticmethod
    def resolve_exports(agent: AgentRecord, info: Any) -> list[dict[str, Any]]:
        context, address = info.context, (agent.instance_id, agent.generation, agent.index)
        formats = formats_at(
            context.plan(agent.instance_id), genome_bytes=context.genome_bytes.get(address),
            is_normalization_kept=bool(context.normalizations.get(address[:2])),
        )
        return exports_of(Agent.resolve_id(agent, info), formats)

    @staticmethod
    def resolve_failure(agent: AgentRecord, info: Any) -> dict[str, Any] | None:
        if not agent.failure:
            return None
        return {"reason": agent.failure, "message": agent.reason or FAILURES[Failure(agent.failure).name]}


def agents_listed(
    info: Any, instance_id: int, *, filter: Any, order: dict[str, Any], first: int | None, after: str | None
) -> Listed:
    """A page of agents of a run."""
    page = selectors.agents(
        instance_id, filter=filter, **order, first=page_size(first), after=read_cursor(after)
    )
    info.context.met_agents(page.items)
    return Listed(page, lambda: selectors.count_agents(instance_id, filter), after)
