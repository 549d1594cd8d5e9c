"""The work item, an immutable request: one strict and complete model for each kind.

A new kind is one line in `processing.core.search.kinds` and one class here, named in `WORK_ITEMS`.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union

from pydantic import ConfigDict, Field, TypeAdapter

from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.judges.novelty import NoveltyParameters
from processing.core.parameters import Parameters, parameter
from processing.core.search.kinds import KINDS
from processing.core.search.stop import StopParameters
from processing.core.strategies import STRATEGIES

MAX_SEED = 2**53 - 1

#: A visible character, of which names and labels need at least one.
VISIBLE = r"[^\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff]"


class RecordScope(StrEnum):
    """Which agents are stored as rows with their genomes."""

    AUTO = "auto"
    ALL = "all"
    CHAMPIONS = "champions"


class RecordParameters(Parameters):
    """What is kept of a run, besides the numbers of every agent, which always are."""

    agents: RecordScope = parameter(
        RecordScope.AUTO,
        meaning="Whose genomes are kept: all agents', each generation's champion's, or (auto) all while they "
        "are few.",
    )


class ExecutionParameters(Parameters):
    """How a run is worked on; nothing of it changes what comes out."""

    slice_size: int | None = parameter(
        None,
        meaning="Agents that one worker evaluates at a time, so that several share a generation; null lets "
        "the server decide.",
        unit="agents", ge=1, le=1_000_000,
    )


def _allow_schema_key(schema: dict[str, Any]) -> None:
    schema["properties"]["$schema"] = {
        "type": "string", "description": "For editors; not part of the work item."
    }


class WorkItem(Parameters):
    """The parameters that every kind of work item has."""

    model_config = ConfigDict(json_schema_extra=_allow_schema_key)

    version: int = parameter(meaning="Version of this document format.", ge=1, le=1)
    kind: str = parameter(meaning="What is evolved, and how it is scored.")
    name: str = parameter(
        meaning="A name for people.", unit="characters", min_length=1, max_length=200, pattern=VISIBLE
    )
    description: str = parameter(
        "", meaning="What it is about, for people.", unit="characters", max_length=10_000
    )
    labels: tuple[Annotated[str, Field(min_length=1, max_length=50, pattern=VISIBLE)], ...] = parameter(
        (), meaning="Words to find it by.", unit="labels", max_length=20
    )
    seed: int = parameter(
        0, meaning="The same work item with the same seed gives the same result, bit for bit.", ge=0,
        le=MAX_SEED
    )
    replicates: int = parameter(
        1, meaning="How often it is run; the first run has the seed itself, the others have seeds derived "
        "from it.",
        unit="runs", ge=1, le=1_000,
    )
    priority: int = parameter(0, meaning="Runs of higher priority get their turns first.", ge=-100, le=100)
    stop: StopParameters = parameter(meaning="When a run ends: by the first rule that is met.")
    record: RecordParameters = parameter(RecordParameters(), meaning="What is kept of a run.")
    execution: ExecutionParameters = parameter(
        ExecutionParameters(), meaning="How a run is worked on; changes nothing of what comes out."
    )


def _discriminated(models: Iterable[type[Parameters]], *, by: str) -> Any:
    """Return the union of several models with the key `by` as discriminator."""
    members = tuple(models)
    return Annotated[Union[members], Field(discriminator=by)] if len(members) > 1 else members[0]  # noqa: UP007


def _one_of(table: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the union of the parameters of a table's entries with the discriminator `type`."""
    return _discriminated((table[name].Parameters for name in names), by="type")


def _default_strategy(kind: str) -> Parameters:
    name = KINDS[kind].strategies[0]
    table: Mapping[str, Any] = STRATEGIES
    model: type[Parameters] = table[name].Parameters
    return model.model_validate({"type": name})


if TYPE_CHECKING:
    Environment: TypeAlias = Parameters
    Network: TypeAlias = Parameters
    Strategy: TypeAlias = Parameters
    GrowingNetwork: TypeAlias = Parameters
    NeatStrategy: TypeAlias = Parameters
else:
    Environment = _one_of(ENVIRONMENTS, ENVIRONMENTS)
    Network = GENOMES[KINDS["weight_evolution"].genome].Parameters
    Strategy = _one_of(STRATEGIES, KINDS["weight_evolution"].strategies)
    GrowingNetwork = GENOMES[KINDS["neat"].genome].Parameters
    NeatStrategy = _one_of(STRATEGIES, KINDS["neat"].strategies)


class WeightEvolution(WorkItem):
    """The weights of a fixed network are evolved to do well in an environment."""

    kind: Literal["weight_evolution"] = parameter(meaning="The weights of a fixed network are evolved.")
    environment: Environment = parameter(meaning="What the networks act in.")
    network: Network = parameter(
        GENOMES[KINDS["weight_evolution"].genome].Parameters(),
        meaning="The network whose weights are evolved."
    )
    strategy: Strategy = parameter(
        _default_strategy("weight_evolution"), meaning="How a generation follows from the last."
    )
    novelty: NoveltyParameters | None = parameter(
        None, meaning="Select for novel behaviour, where the environment reports how agents behaved; null "
        "for fitness alone."
    )


class Neat(WorkItem):
    """Networks grow, nodes and connections and all, to do well in an environment."""

    kind: Literal["neat"] = parameter(meaning="Networks grow from small ones, and their weights with them.")
    environment: Environment = parameter(meaning="What the networks act in.")
    network: GrowingNetwork = parameter(
        GENOMES[KINDS["neat"].genome].Parameters(), meaning="What the networks start as, and may become."
    )
    strategy: NeatStrategy = parameter(
        _default_strategy("neat"), meaning="How a generation follows from the last."
    )
    novelty: NoveltyParameters | None = parameter(
        None, meaning="Select for novel behaviour, where the environment reports how agents behaved; null "
        "for fitness alone."
    )


WORK_ITEMS: dict[str, type[WorkItem]] = {"weight_evolution": WeightEvolution, "neat": Neat}

#: Validates a work item of any kind.
ADAPTER: TypeAdapter[WorkItem] = TypeAdapter(_discriminated(WORK_ITEMS.values(), by="kind"))
