"""Instances: the runs of a work item."""

from collections.abc import Mapping
from typing import Any

import graphene

from api.graphql.connections import PAGING, Listed, clamped, connection, page_size, read_cursor
from api.graphql.types.agents import Agent, AgentConnection, agents_listed
from api.graphql.types.catalogue import Environment, environment_of
from api.graphql.types.enums import (
    AlgorithmKind,
    EventLevel,
    EventType,
    InstanceOutcome,
    InstanceState,
    StopReason,
)
from api.graphql.types.events import EventConnection
from api.graphql.types.generations import AGENTS, Generation, GenerationConnection, GenerationStatistics
from api.graphql.types.inputs import agent_filter, ordered
from api.graphql.types.lineage import DEFAULT_DEPTH, Lineage, Tree, lineage_of
from api.graphql.types.node import Node, many, maybe, one
from api.graphql.types.scalars import JSON, BigInt, DateTime
from api.graphql.types.species import DEFAULT_SPECIES, Species
from api.graphql.types.tasks import Problem, task_of
from api.graphql.types.waits import Wait
from api.graphql.types.work_items import WorkItem, known_kind
from api.ids import global_id, own_numbers, read_id
from database import models, selectors
from database.errors import NotFound
from database.outcomes import Outcome, outcome_of, stop_of
from database.selectors import AgentFilter, AgentRecord, Progress
from database.selectors import AgentOrder as AgentKey
from processing.core.kinds import kind_of

DEFAULT_POINTS, MOST_POINTS = 500, 5_000

InstanceConnection = connection("Instance", "runs")


class InstanceProgress(graphene.ObjectType):
    """How far a run is."""

    state = one(InstanceState, "Where it stands.")
    generation = one(
        graphene.Int, "Number of the generation under way, or of the last once the run has ended; from 0."
    )
    max_generations = one(graphene.Int, "Generations after which it ends.")
    evaluated = one(
        graphene.Int, "Agents of the generation under way whose slices are done; 0 where it is not in slices."
    )
    population_size = one(graphene.Int, "Agents in each generation.")
    failed = one(BigInt, "Agents that failed, in all generations.")
    total_evaluations = one(BigInt, "Agents evaluated, in all generations.")
    evaluations_per_second = maybe(graphene.Float, "Agents a second of computing, over the last generations.")
    best_fitness = maybe(graphene.Float, "The highest fitness that any agent had so far.")
    champion_fitness = maybe(
        graphene.Float, "That of the champion; lower where only a lower one was confirmed."
    )
    mean = maybe(graphene.Float, "Mean fitness of the last generation.")
    fraction = one(graphene.Float, "0 to 1, by the stop rule nearest to ending the run.")
    estimated_end_at = maybe(
        DateTime, "At the latest, at this pace; null unless the run is going and was timed."
    )
    updated_at = one(DateTime, "When this last changed.")


class Instance(graphene.ObjectType):
    """One run of a work item under one random seed."""

    class Meta:
        interfaces = (Node,)

    number = one(graphene.Int, "Short number for people: on the pages and the command line.")
    name = one(graphene.String, "That of its work item.")
    labels = many(graphene.String, "Those of its work item.")
    work_item = one(WorkItem, "What was asked for.")
    kind = maybe(AlgorithmKind, "What is evolved, and how; null where this server no longer has the kind.")
    replicate = one(graphene.Int, "Which repeat of the work item it is, from 0.")
    seed = one(BigInt, "Its seed; that of the work item for replicate 0.")
    priority = one(graphene.Int, "Share of the workers' time: 100 gets 4 times, -100 a quarter of that of 0.")
    stop = one(
        JSON, "Its stop rules, in the keys of a document: those of the work item, or of its last extension."
    )
    is_extended = one(
        graphene.Boolean, "Whether its stop rules are no longer those of the work item."
    )
    state = one(InstanceState, "Where it stands.")
    outcome = maybe(
        InstanceOutcome, "How it ended, by its state and the reason why it stopped; null while it goes on."
    )
    stop_reason = maybe(StopReason, "Why it ended; null while it has not.")
    explain_stop = maybe(JSON, "Why it ended, in full: rule, message, what led to it, and what to change.")
    explain_wait = one(Wait, "What it waits for, and its place among all runs that wait.")
    failure_message = maybe(graphene.String, "Why it failed, fit to show to a user.")
    created_at = one(DateTime, "When it was accepted.")
    started_at = maybe(DateTime, "When a worker first took it up.")
    ended_at = maybe(DateTime, "When it ended.")
    progress = one(InstanceProgress, "How far it is.")
    problem = maybe(Problem, "What its agents are asked to do; null where the server lacks its kind.")
    environment = maybe(
        Environment, "What its agents act in; null where its problem is of another kind than environments."
    )
    best_fitness = maybe(graphene.Float, "The highest fitness that any agent had so far.")
    best_generation = maybe(graphene.Int, "The generation in which that was reached first.")
    champion_fitness = maybe(
        graphene.Float, "That of the champion; lower where only a lower one was confirmed."
    )
    champion = maybe(Agent, "The best agent so far, or the one that was confirmed to reach the goal.")
    champions = one(AgentConnection, "The best agent of each generation, in order.", **PAGING)
    generation = maybe(
        Generation, "A completed generation.",
        number=graphene.Argument(graphene.Int, required=True, description="Its number, from 0."),
    )
    generations = one(GenerationConnection, "Its completed generations, in order.", **PAGING)
    statistics = many(
        GenerationStatistics,
        "Figures for charts, thinned to `maxPoints`; the first, the last and each record are always kept.",
        from_=graphene.Argument(graphene.Int, default_value=0, name="from", description="First generation."),
        to=graphene.Argument(graphene.Int, description="Last generation."),
        max_points=graphene.Argument(
            graphene.Int, default_value=DEFAULT_POINTS, description="About how many, 2 to 5000."
        ),
    )
    agents = one(
        AgentConnection, "Every agent of the run. Filter and order before paging: runs may hold millions.",
        **AGENTS
    )
    species = graphene.List(
        graphene.NonNull(Species),
        description="Its species by number, empty before its first generation; null where the strategy has "
        "none.",
        alive=graphene.Argument(
            graphene.Boolean, description="Only those that are alive, or only those that are not."
        ),
        first=graphene.Argument(
            graphene.Int, default_value=DEFAULT_SPECIES,
            description="How many; where fewer come, there are no more."
        ),
        after=graphene.Argument(
            graphene.Int, description="Only those numbered above this, as the last of a page is."
        ),
    )
    lineage = maybe(
        Lineage, "Ancestors of an agent of this run; null before there is a champion, and where the run has "
        "no such agent yet.",
        agent_id=graphene.Argument(
            graphene.ID, description="Global ID of the agent; the champion where left out."
        ),
        max_depth=graphene.Argument(
            graphene.Int, default_value=DEFAULT_DEPTH, description="How many births back, 0 to 1000."
        ),
    )
    events = one(
        EventConnection, "What happened, in order.", **PAGING,
        after_sequence=graphene.Argument(BigInt, description="Only those numbered above this."),
        types=graphene.Argument(graphene.List(graphene.NonNull(EventType)), description="Only these."),
        minimum_level=graphene.Argument(EventLevel, description="Only those that matter as much."),
    )
    digest = one(
        graphene.String,
        "Chained digest of its last generation; empty before it. Equal digests prove equal runs."
    )
    reproducible = one(
        graphene.Boolean,
        "False where a clock or a machine decided anything, an agent that was evaluated twice had other "
        "results, or it was resumed after it had died out.",
    )
    provenance = one(
        JSON, "What reproduces this run: seed, document, digest, and the software and machine it ran on."
    )

    @staticmethod
    def resolve_id(run: models.Instance, info: Any) -> str:
        return global_id("Instance", run.pk)

    @staticmethod
    def resolve_number(run: models.Instance, info: Any) -> int:
        return run.pk

    @staticmethod
    def resolve_name(run: models.Instance, info: Any) -> str:
        return run.work_item.name

    @staticmethod
    def resolve_labels(run: models.Instance, info: Any) -> list[str]:
        return run.work_item.labels

    @staticmethod
    def resolve_kind(run: models.Instance, info: Any) -> str | None:
        return known_kind(run.work_item)

    @staticmethod
    def resolve_stop(run: models.Instance, info: Any) -> Mapping[str, Any]:
        return stop_of(run)

    @staticmethod
    def resolve_is_extended(run: models.Instance, info: Any) -> bool:
        return run.stop is not None

    @staticmethod
    def resolve_outcome(run: models.Instance, info: Any) -> Outcome | None:
        return outcome_of(run.state, run.stop_reason)

    @staticmethod
    def resolve_explain_stop(run: models.Instance, info: Any) -> Any:
        return run.stop_explanation

    @staticmethod
    def resolve_explain_wait(run: models.Instance, info: Any) -> selectors.Wait:
        found = selectors.explain_wait(run.pk)
        if found is None:
            raise NotFound(f"Run {run.pk} was deleted meanwhile.")
        return found

    @staticmethod
    def resolve_progress(run: models.Instance, info: Any) -> Progress:
        info.context.instances.keep(run.pk, run)
        return info.context.progress.get(run.pk)

    @staticmethod
    def resolve_environment(run: models.Instance, info: Any) -> dict[str, Any] | None:
        return environment_of(info.context.plan(run.pk), run.work_item.spec)

    @staticmethod
    def resolve_problem(run: models.Instance, info: Any) -> dict[str, Any]:
        return task_of(info.context.plan(run.pk), run.work_item.spec)

    @staticmethod
    def resolve_champion(run: models.Instance, info: Any) -> AgentRecord | None:
        if run.champion_generation is None or run.champion_index is None:
            return None
        return info.context.champions.get((run.pk, run.champion_generation, run.champion_index))

    @staticmethod
    def resolve_champions(run: models.Instance, info: Any, first: int, after: str | None = None) -> Listed:
        return agents_listed(
            info, run.pk, filter=AgentFilter(champions_only=True), order={}, first=first, after=after
        )

    @staticmethod
    def resolve_generation(run: models.Instance, info: Any, number: int) -> models.Generation | None:
        return info.context.generations.get((run.pk, number))

    @staticmethod
    def resolve_generations(run: models.Instance, info: Any, first: int, after: str | None = None) -> Listed:
        page = selectors.generations(run.pk, first=page_size(first), after=read_cursor(after))
        info.context.met_generations(page.items)
        return Listed(page, lambda: run.next_generation, after)

    @staticmethod
    def resolve_statistics(
        run: models.Instance, info: Any, max_points: int | None, from_: int | None = 0, to: int | None = None
    ) -> list[models.Generation]:
        points = clamped(max_points, DEFAULT_POINTS, 2, MOST_POINTS)
        return selectors.statistics(
            run.pk, first_number=max(from_ or 0, 0), last_number=to, max_points=points
        )

    @staticmethod
    def resolve_agents(
        run: models.Instance, info: Any, first: int, after: str | None = None, filter: Any = None,
        order_by: Any = None
    ) -> Listed:
        order = ordered(order_by, AgentKey, AgentKey.INDEX, False)
        return agents_listed(
            info, run.pk, filter=agent_filter(filter, run.pk), order=order, first=first, after=after
        )

    @staticmethod
    def resolve_species(
        run: models.Instance, info: Any, first: int | None, alive: bool | None = None,
        after: int | None = None
    ) -> list[models.Species] | None:
        spec = run.work_item.spec
        if not kind_of(spec).strategy_in(spec).has_species:
            return None
        found = selectors.species_of(
            run.pk, alive=alive, first=page_size(first, DEFAULT_SPECIES), after=after
        )
        info.context.met_species(found)
        return found

    @staticmethod
    def resolve_lineage(
        run: models.Instance, info: Any, max_depth: int | None, agent_id: str | None = None
    ) -> Tree | None:
        root = None if agent_id is None else own_numbers("agentId", read_id(agent_id, "Agent"), run.pk)
        return lineage_of(info, run, root, max_depth)

    @staticmethod
    def resolve_events(
        run: models.Instance, info: Any, first: int, after: str | None = None,
        after_sequence: int | None = None, types: Any = None, minimum_level: Any = None,
    ) -> Listed:
        which: dict[str, Any] = {
            "types": [each.value for each in types or ()],
            "minimum_level": minimum_level.value if minimum_level else None,
        }
        page = selectors.events(
            run.pk, first=page_size(first), after=read_cursor(after), after_sequence=after_sequence or 0,
            **which
        )
        return Listed(page, lambda: selectors.count_events(run.pk, **which), after)

    @staticmethod
    def resolve_provenance(run: models.Instance, info: Any) -> dict[str, Any]:
        return {
            "seed": run.seed, "spec": run.work_item.spec, "specHash": run.work_item.spec_hash,
            "stop": stop_of(run),
            "digest": run.digest, "reproducible": run.reproducible, "numericProfile": run.numeric_profile,
        }
