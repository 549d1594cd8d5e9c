"""Input types: keys to find objects by, filters, orders, and the inputs of mutations."""

import re
from typing import Any

import graphene
from graphql import GraphQLError

from api.graphql.types.enums import (
    AgentOrderField,
    AgentOrigin,
    AgentState,
    AlgorithmKind,
    Direction,
    InstanceOrderField,
    InstanceOutcome,
    InstanceState,
    OrderDirection,
    WorkItemOrderField,
)
from api.graphql.types.scalars import JSON, DateTime
from api.ids import own_numbers, read_id
from database.selectors import AgentFilter as Agents
from database.selectors import InstanceFilter as Instances
from database.selectors import WorkItemFilter as WorkItems

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _texts(description: str) -> Any:
    return graphene.List(graphene.NonNull(graphene.String), description=description)


def _direction() -> Any:
    return graphene.InputField(
        OrderDirection, required=True, default_value=Direction.DESC, description="Which end comes first."
    )


class InstanceBy(graphene.InputObjectType):
    """How to find a run: exactly one of these."""

    id = graphene.ID(description="Its global ID.")
    number = graphene.Int(description="The number shown on the pages and by the command line.")


class WorkItemSpecInput(graphene.InputObjectType):
    """A work item, in exactly one of these forms."""

    document = JSON(
        description="The JSON document (snake_case keys), as in the files of the example library."
    )


class SubmitWorkItemInput(graphene.InputObjectType):
    """What to run."""

    spec = graphene.InputField(WorkItemSpecInput, required=True, description="The work item.")
    idempotency_key = graphene.String(
        description="Chosen by the client, 1 to 200 characters. Repeating it with the same work item, also "
        "after an answer that got lost, returns the first result instead of a second work item."
    )
    start = graphene.Boolean(default_value=True, description="False stores the runs as PAUSED.")
    strict = graphene.Boolean(default_value=False, description="Refuse when there are warnings.")


class InstanceInput(graphene.InputObjectType):
    """Which run."""

    id = graphene.ID(required=True, description="Its global ID.")


class CancelInstanceInput(graphene.InputObjectType):
    """Which run, and how it ends."""

    id = graphene.ID(required=True, description="Its global ID.")
    immediately = graphene.Boolean(
        default_value=True, description="False finishes and keeps the generation under way."
    )


class StopRulesInput(graphene.InputObjectType):
    """New stop rules, as in the group `stop` of a document; those that are left out stay."""

    max_generations = graphene.Int(description="Generations after which the run ends, in all.")
    max_seconds = graphene.Float(description="Seconds of computing after which it ends, in all; null: never.")
    fitness = graphene.Float(description="It ends when its champion has this fitness; null: never.")
    stagnation_generations = graphene.Int(
        description="It ends after so many generations without a better champion; null: never."
    )
    solved = graphene.Boolean(description="Whether it ends when an agent meets the task's own criterion.")


class ExtendInstanceInput(graphene.InputObjectType):
    """Which run, and how far it is to go on."""

    id = graphene.ID(required=True, description="Its global ID.")
    stop = graphene.InputField(StopRulesInput, required=True, description="Its new stop rules.")


class RequestReplayInput(graphene.InputObjectType):
    """Which episode is to be seen again."""

    agent = graphene.ID(required=True, description="Global ID of the agent.")
    episode = graphene.Int(default_value=0, description="Number of the episode, from 0.")
    frames = graphene.Boolean(
        default_value=True,
        description="Whether pictures of its steps are wanted, where its environment draws them."
    )


class DeleteNodeInput(graphene.InputObjectType):
    """What to delete."""

    id = graphene.ID(required=True, description="Global ID of a run or a work item.")


class WorkItemFilter(graphene.InputObjectType):
    """Which work items; what is left out does not count."""

    kinds = graphene.List(graphene.NonNull(AlgorithmKind), description="Of one of these kinds.")
    labels = _texts("With all of these labels.")
    search = graphene.String(description="With this text in the name or the description.")
    spec_hash = graphene.String(description="Repeats of one experiment.")


class WorkItemOrder(graphene.InputObjectType):
    """How work items are ordered."""

    field = graphene.InputField(WorkItemOrderField, required=True, description="What they are ordered by.")
    direction = _direction()


class InstanceFilter(graphene.InputObjectType):
    """Which runs; what is left out does not count."""

    states = graphene.List(graphene.NonNull(InstanceState), description="In one of these states.")
    outcomes = graphene.List(
        graphene.NonNull(InstanceOutcome),
        description="Ended in one of these ways; runs that go on are left out then.",
    )
    kinds = graphene.List(graphene.NonNull(AlgorithmKind), description="Of one of these kinds.")
    labels = _texts("With all of these labels.")
    search = graphene.String(description="With this text in the name or the description.")
    work_item_id = graphene.ID(description="Of this work item.")
    created_after = DateTime(description="Created after this instant.")
    created_before = DateTime(description="Created before this instant.")


class InstanceOrder(graphene.InputObjectType):
    """How runs are ordered."""

    field = graphene.InputField(InstanceOrderField, required=True, description="What they are ordered by.")
    direction = _direction()


class AgentFilter(graphene.InputObjectType):
    """Which agents; what is left out does not count."""

    states = graphene.List(graphene.NonNull(AgentState), description="In one of these states.")
    origins = graphene.List(
        graphene.NonNull(AgentOrigin), description="That came to be in one of these ways."
    )
    champions_only = graphene.Boolean(description="Only the best of each generation.")
    species_id = graphene.ID(description="Of this species, which must be one of the run.")
    minimum_fitness = graphene.Float(description="With at least this fitness.")
    maximum_fitness = graphene.Float(description="With at most this fitness.")
    generation_from = graphene.Int(description="Of this generation or later ones.")
    generation_to = graphene.Int(description="Of this generation or earlier ones.")


class AgentOrder(graphene.InputObjectType):
    """How agents are ordered."""

    field = graphene.InputField(AgentOrderField, required=True, description="What they are ordered by.")
    direction = _direction()


def work_item_filter(given: Any) -> WorkItems | None:
    """The filter of work items as selectors take it."""
    if given is None:
        return None
    return WorkItems(
        kinds=_values(given.get("kinds")), labels=_clean(given.get("labels")),
        search=_text(given.get("search")), spec_hash=_text(given.get("spec_hash")),
    )


def instance_filter(given: Any, work_item_id: int | None = None) -> Instances | None:
    """The filter of runs as selectors take it, narrowed to one work item where that is given."""
    given = given or {}
    if work_item_id is None and given.get("work_item_id") is not None:
        work_item_id = read_id(given["work_item_id"], "WorkItem").numbers[0]
    return Instances(
        states=_values(given.get("states")), outcomes=_values(given.get("outcomes")),
        kinds=_values(given.get("kinds")), labels=_clean(given.get("labels")),
        search=_text(given.get("search")), work_item_id=work_item_id,
        created_after=given.get("created_after"), created_before=given.get("created_before"),
    )


def agent_filter(given: Any, instance_id: int, generation: int | None = None) -> Agents:
    """The filter of agents of this run as selectors take it, narrowed to one generation where that is given.
    """
    given = given or {}
    wanted = _values(given.get("states"))
    return Agents(
        champions_only=bool(given.get("champions_only")), failed=_failed(wanted),
        operators=_values(given.get("origins")), species=_species(given.get("species_id"), instance_id),
        minimum_fitness=given.get("minimum_fitness"), maximum_fitness=given.get("maximum_fitness"),
        generation_from=given.get("generation_from") if generation is None else generation,
        generation_to=given.get("generation_to") if generation is None else generation,
    )


def ordered(given: Any, keys: Any, default: Any, descending: bool) -> dict[str, Any]:
    """Order and direction as selectors take them."""
    if given is None:
        return {"order": default, "descending": descending}
    return {"order": keys(given["field"].value), "descending": given["direction"] == Direction.DESC}


def _species(text: str | None, instance_id: int) -> int | None:
    """The number of a species of this run. Raises BadId, and GraphQLError where it is one of another run."""
    if text is None:
        return None
    return own_numbers("speciesId", read_id(text, "Species"), instance_id)[1]


def _values(members: Any) -> tuple[Any, ...]:
    """The values of members of an enumeration."""
    return tuple(each.value for each in members or ())


def _failed(states: tuple[str, ...]) -> bool | None:
    """Whether agents of these states have failed; None where both kinds are asked for. Only finished ones are
    stored.
    """
    kinds = {state == "FAILED" for state in states if state in ("FAILED", "EVALUATED")}
    return kinds.pop() if len(kinds) == 1 else None


def _clean(texts: Any) -> tuple[str, ...]:
    return tuple(map(_text, texts or ()))


def _text(text: str | None) -> str:
    """A text that the database can compare. Raises GraphQLError where it cannot."""
    if text and _UNSTORABLE.search(text):
        message = "expected a text without NUL characters and half surrogate pairs"
        raise GraphQLError(message, extensions={"code": "INVALID_FORMAT"})
    return text or ""
