"""GraphQL enumerations, made from the tables and classes that define them."""

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Any

import graphene

from api.access import Permission as AccessPermission
from database.models import EventLevel as Level
from database.models import EventType as TypeOfEvent
from database.models import InstanceState as State
from database.outcomes import Outcome
from database.selectors import AgentOrder, InstanceOrder, Situation, WorkItemOrder
from formatting.faults import FaultCode
from formatting.work_item import WORK_ITEMS
from processing.core.drawings.drawing import NetworkLevel as Level_
from processing.core.exports.export import ExportFormat as Format
from processing.core.genomes.graph_genes import NodeRole as Role
from processing.core.kinds import KINDS, PROBLEMS
from processing.core.problem import View
from processing.core.types import Failure, Operator
from processing.core.types import StopReason as Reason


class Direction(StrEnum):
    """Which end comes first."""

    ASC = "ASC"
    DESC = "DESC"


def _from(source: type[Enum], name: str, description: str, words: Mapping[str, str] | None = None) -> Any:
    """The GraphQL enumeration of a Python one."""
    return graphene.Enum.from_enum(source, name=name, description=_described(description, words or {}))


def _described(description: str, words: Mapping[str, str]) -> Callable[[Any], str]:
    def describe(member: Any) -> str:
        return description if member is None else words.get(member.name) or _sentence(member.name)

    return describe


def _sentence(name: str) -> str:
    return name.replace("_", " ").capitalize() + "."


def _summary(thing: Any) -> str:
    """The first paragraph of its docstring, in one line."""
    return " ".join((thing.__doc__ or "").split("\n\n")[0].split())


AlgorithmKind = graphene.Enum(
    "AlgorithmKind", [(name.upper(), name) for name in KINDS],
    description=lambda kind: "What is evolved, and how."
    if kind is None else _summary(WORK_ITEMS[kind.value]),
)
EnvironmentType = graphene.Enum(
    "EnvironmentType", [(name.upper(), name) for name in PROBLEMS["environment"]],
    description=lambda kind: "What agents act in."
    if kind is None else PROBLEMS["environment"][kind.value].meaning(),
)
ProblemView = _from(View, "ProblemView", "How pages show what an agent did.", {
    "MAP": "Its way over a map.", "TABLE": "Its answers, row by row.",
    "SIGNALS": "What it observed and did, step by step.",
    "CURVES": "The curves that its judge reports; there are no steps.",
})
InstanceState = _from(State, "InstanceState", "Where a run stands.", {
    "QUEUED": "Waits for a worker.",
    "RUNNING": "Workers advance it.",
    "PAUSING": "A pause was asked for; agents that are being evaluated may be finished first.",
    "PAUSED": "Waits until it is resumed.",
    "CANCELLING": "A cancel was asked for; the generation under way is finished first.",
    "CANCELLED": "Ended by somebody. Final.",
    "SUCCEEDED": "A stop rule was met. It may be extended. What came of it is the outcome.",
    "FAILED": "An error ended it, or all agents of its last generation failed; it may be resumed.",
})
InstanceOutcome = _from(Outcome, "InstanceOutcome", "How a run ended.", {
    "SOLVED": "It reached what its work item asks for.",
    "LIMIT_REACHED": "Generations, time, or patience with the champion were used up: "
    "the natural end where the work item has no aim, else the aim was not reached.",
    "THRESHOLD_MISSED": "The rising threshold was missed too often: "
    "the natural end of `rising_threshold` where the work item has no aim, else the aim was not reached.",
    "DIED_OUT": "No agent of its last generation has a fitness, whichever rule ended it; "
    "it may be resumed once the cause is mended.",
    "FAILED": "An error ended it; it may be resumed.",
    "CANCELLED": "Somebody ended it.",
})
WaitSituation = _from(Situation, "WaitSituation", "What a run waits for.", {
    "ENDED": "Nothing; it has ended.",
    "PAUSED": "That it is resumed.",
    "IN_TURN": "Nothing; a worker holds it or one of its slices.",
    "NO_WORKER": "A worker; none was seen within half a minute.",
    "OTHER_PROFILE": "A worker of its numeric profile; those that are online have others.",
    "NO_TRAINER": "A worker that can train and has its data set; none is online.",
    "BACK_OFF": "The next try, after one that failed.",
    "WAITS": "Its turn.",
})
StopReason = _from(Reason, "StopReason", "Why a run ended.", {
    "FITNESS_REACHED": "The champion reached the fitness asked for.",
    "GENERATION_LIMIT": "The last generation allowed was completed.",
    "STAGNATION": "The champion did not improve for as many generations as allowed.",
    "EXTINCTION": "No agent of the last generation has a fitness.",
    "THRESHOLD_MISSED": "The rising fitness threshold was missed too often.",
    "TIME_LIMIT": "The time allowed was used up.",
    "CANCELLED": "Somebody cancelled it.",
    "ERROR": "Something failed.",
})
ReplayState = graphene.Enum(
    "ReplayState", [(name, name) for name in ("WAITING", "RUNNING", "DONE", "FAILED")],
    description=_described("Where a replay stands.", {
        "WAITING": "Waits for a worker.", "RUNNING": "A worker replays the episode.",
        "DONE": "What came of it is kept.",
        "FAILED": "No worker could do it, for a reason; it may be asked for again.",
    }),
)
AgentState = graphene.Enum(
    "AgentState", [(name, name) for name in ("PENDING", "EVALUATING", "EVALUATED", "FAILED")],
    description=_described("What became of an agent.", {
        "PENDING": "Waits to be evaluated.", "EVALUATING": "Is being evaluated.",
        "EVALUATED": "Has a fitness.", "FAILED": "Has none, for a reason.",
    }),
)
AgentOrigin = _from(Operator, "AgentOrigin", "How a genome came to be.", {
    "INITIAL": "Drawn at random.",
    "ELITE": "An unchanged copy of its parent.",
    "CROSSOVER": "Two parents crossed.",
    "MUTATION": "One parent, changed.",
    "CROSSOVER_MUTATION": "Two parents crossed, then changed.",
    "SAMPLED": "Drawn from a distribution that the search moves.",
    "IMPORTED": "Taken over from elsewhere.",
})
#: Why an agent has no fitness, by the name of the failure.
FAILURES = {
    "NON_FINITE_FITNESS": "Its fitness was infinite, or no number at all.",
    "TIMEOUT": "Its environment did not answer in the time allowed.",
    "ENVIRONMENT_ERROR": "Its environment failed; the warnings among the run's events say how.",
    "WORKER_LOST": "Its worker was lost.",
    "OUT_OF_MEMORY": "Its environment ran out of memory.",
    "INVALID_ARCHITECTURE": "Its genome is no network.",
    "ERROR": "Something failed.",
}
FailureReason = graphene.Enum(
    "FailureReason", [(each.name, each.value) for each in Failure if each],
    description=_described("Why an agent has no fitness.", FAILURES),
)
NodeRole = _from(Role, "NodeRole", "Where a node stands in its network.")
NetworkLevel = _from(Level_, "NetworkLevel", "What one node of a drawing is.", {
    "NEURON": "One node per neuron.", "LAYER": "One node per layer.",
})
ExportFormat = _from(Format, "ExportFormat", "What a network is written in.", {
    "ONNX": "A model of standard operators, for onnxruntime and others.",
    "JSON": "Nodes and links, which a few lines of any language can evaluate.",
})
EventLevel = _from(Level, "EventLevel", "How much an event matters.")
EventType = _from(TypeOfEvent, "EventType", "What happened.")
Permission = _from(AccessPermission, "Permission", "What somebody may do.", {
    "VIEW": "Look at everything.", "SUBMIT": "Send work items.", "OPERATE": "Pause, resume and cancel runs.",
    "ADMINISTER": "Delete, and use the admin.",
})
UserErrorCode = _from(FaultCode, "UserErrorCode", "What kind of problem it is.")
OrderDirection = _from(Direction, "OrderDirection", "Which end comes first.", {
    "ASC": "The smallest, or earliest.", "DESC": "The largest, or latest.",
})
InstanceOrderField = _from(
    InstanceOrder, "InstanceOrderField", "What runs are ordered by; those without a value come last."
)
WorkItemOrderField = _from(WorkItemOrder, "WorkItemOrderField", "What work items are ordered by.")
AgentOrderField = _from(AgentOrder, "AgentOrderField", "What agents are ordered by.", {
    "INDEX": "Generation, then place in it.", "FITNESS": "Fitness; those without come last.",
})
