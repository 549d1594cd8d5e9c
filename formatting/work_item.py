"""The work item, an immutable request: one strict and complete model for each kind.

The models are made from `processing.core.kinds.KINDS`, with the parameters of the problems, genome kinds,
strategies and judges that a kind names.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Literal, Union

from pydantic import ConfigDict, Field, TypeAdapter, create_model

from processing.core.judges.judge import Setting
from processing.core.kinds import KINDS, Kind
from processing.core.parameters import Parameters, parameter
from processing.core.search.stop import StopParameters

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
        "the server decide. Larger slices are used where a generation would have more than 1,000.",
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
    priority: int = parameter(
        0,
        meaning="Share of the workers' time: a run of priority 100 gets 4 times, one of -100 a quarter of "
        "that of one of 0.",
        ge=-100, le=100,
    )
    stop: StopParameters = parameter(meaning="When a run ends: by the first rule that is met.")
    record: RecordParameters = parameter(RecordParameters(), meaning="What is kept of a run.")
    execution: ExecutionParameters = parameter(
        ExecutionParameters(), meaning="How a run is worked on; changes nothing of what comes out."
    )


def model_for(name: str, kind: Kind) -> type[WorkItem]:
    """Return the model of the work items of a kind.

    Args:
        name: the kind's name in documents, as `weight_evolution`; its model is called `WeightEvolution`.
    """
    genome = kind.genome_kind.Parameters
    fields: dict[str, Any] = {
        "kind": (Literal[name], parameter(meaning=kind.summary)),
        kind.problem_key: (_problems(kind), parameter(meaning=kind.problem_meaning)),
        kind.genome_key: (genome, parameter(_default(genome), meaning=kind.genome_meaning)),
        "strategy": (
            _one_of(kind.strategy_model(each) for each in kind.strategies),
            parameter(_default_strategy(kind), meaning="How a generation follows from the last."),
        ),
        **{key: (_optional(each), parameter(each.default, meaning=each.meaning))
           for key, each in kind.settings.items()},
    }
    return create_model(
        name.title().replace("_", ""), __base__=WorkItem, __doc__=kind.description or kind.summary,
        __module__=__name__, **fields,
    )


def _problems(kind: Kind) -> Any:
    return _one_of(each.Parameters for each in kind.problems.values())


def _default(model: type[Parameters]) -> Any:
    """Return the parameters without any given value; where some are required, so is the group."""
    is_required = any(field.is_required() for field in model.model_fields.values())
    return ... if is_required else model()


def _default_strategy(kind: Kind) -> Parameters:
    name = kind.strategies[0]
    return kind.strategy_model(name).model_validate({"type": name})


def _optional(setting: Setting) -> Any:
    return setting.model | None if setting.default is None else setting.model


def _one_of(models: Iterable[type[Parameters]], *, by: str = "type") -> Any:
    """Return the union of several models with the key `by` as discriminator."""
    members = tuple(models)
    return Annotated[Union[members], Field(discriminator=by)] if len(members) > 1 else members[0]  # noqa: UP007


WORK_ITEMS: dict[str, type[WorkItem]] = {name: model_for(name, kind) for name, kind in KINDS.items()}

#: Validates a work item of any kind.
ADAPTER: TypeAdapter[WorkItem] = TypeAdapter(_one_of(WORK_ITEMS.values(), by="kind"))
