"""The mutations: each checks a permission, makes one call, and shapes the answer."""

from collections.abc import Callable
from typing import Any

import graphene

from api import intake, replays
from api.access import Permission, may, name_of
from api.graphql.queries import DOCUMENT
from api.graphql.types.inputs import (
    CancelInstanceInput,
    DeleteNodeInput,
    ExtendInstanceInput,
    InstanceInput,
    RequestReplayInput,
    SubmitWorkItemInput,
)
from api.graphql.types.node import many, maybe, one
from api.graphql.types.problems import CostEstimate, Problem, UserError, in_camel_case, problems_of
from api.graphql.types.replays import EpisodeReplay
from api.graphql.types.runs import Instance
from api.graphql.types.work_items import WorkItem
from api.ids import BadId, GlobalId, read_id
from database import selectors, services
from database.errors import Conflict, NotFound, TooMany
from formatting.faults import FaultCode, Faulty
from processing import states
from processing.core.errors import Refused
from processing.extension import extend

_DENIED = "You may not do this. Log in as somebody who may."


class MutationPayload(graphene.Interface):
    """What every mutation answers."""

    user_errors = many(UserError, "Problems with the input; empty on success.")


class SubmitWorkItemPayload(graphene.ObjectType):
    """What became of a submission."""

    class Meta:
        interfaces = (MutationPayload,)

    warnings = many(UserError, "Accepted, but probably not meant.")
    work_item = maybe(WorkItem, "The work item; null when it was refused.")
    instances = many(Instance, "Its runs, one per replicate.")
    estimate = maybe(CostEstimate, "What one replicate will cost.")


class InstancePayload(graphene.ObjectType):
    """What became of a run."""

    class Meta:
        interfaces = (MutationPayload,)

    instance = maybe(Instance, "The run; null when nothing was done.")


class DeleteNodePayload(graphene.ObjectType):
    """What was deleted."""

    class Meta:
        interfaces = (MutationPayload,)

    deleted_id = maybe(graphene.ID, "Global ID of what is gone; null when nothing is.")


class RequestReplayPayload(graphene.ObjectType):
    """What became of a wish to see an episode again."""

    class Meta:
        interfaces = (MutationPayload,)

    replay = maybe(EpisodeReplay, "Where its replay stands; null when it was refused.")


def _input(kind: Any) -> Any:
    return graphene.Argument(kind, required=True, description="What it needs to know.")


class Mutation(graphene.ObjectType):
    """What can be done."""

    submit_work_item = one(
        SubmitWorkItemPayload, "Stores a work item and queues its runs.", input=_input(SubmitWorkItemInput)
    )
    pause_instance = one(
        InstancePayload, "Begins no further agent; those that are evaluated are kept.",
        input=_input(InstanceInput)
    )
    resume_instance = one(
        InstancePayload,
        "Continues a paused run, or a failed one as a new attempt, from its last completed generation. "
        "One that died out goes on from its last parents, and is not reproducible. "
        "Refused where no generation is left.",
        input=_input(InstanceInput),
    )
    extend_instance = one(
        InstancePayload,
        "Continues a run that ended by a limit or an aim, under other stop rules, to the bits of a run that "
        "had asked for them at once. Refused where such a run would have ended before.",
        input=_input(ExtendInstanceInput),
    )
    cancel_instance = one(
        InstancePayload, "Ends a run; its completed generations are kept.", input=_input(CancelInstanceInput)
    )
    delete_node = one(
        DeleteNodePayload,
        "Deletes a run or a work item with everything below it. Refused while a run is active.",
        input=_input(DeleteNodeInput),
    )

    request_replay = one(
        RequestReplayPayload,
        "Has a worker replay an episode that runs in a child process, unless that was done; the same "
        "request again answers where it stands.", input=_input(RequestReplayInput),
    )

    @staticmethod
    def resolve_submit_work_item(root: None, info: Any, input: Any) -> dict[str, Any]:
        request = info.context.request
        if not may(request, Permission.SUBMIT):
            return _refused(_problem(FaultCode.PERMISSION_DENIED, _DENIED), warnings=[], instances=[])
        try:
            done = intake.submit(
                input["spec"]["document"], request.user, start=input["start"] is not False,
                strict=bool(input["strict"]), idempotency_key=input.get("idempotency_key"),
            )
        except Faulty as faulty:
            return _refused(*problems_of(faulty.faults, *DOCUMENT), warnings=[], instances=[])
        except (intake.BadKey, intake.KeyTaken) as error:
            code = FaultCode.CONFLICT if isinstance(error, intake.KeyTaken) else FaultCode.INVALID_FORMAT
            return _refused(_problem(code, str(error), "idempotencyKey"), warnings=[], instances=[])
        found = selectors.instances_at(each.pk for each in done.instances)
        instances = [found[each.pk] for each in done.instances]
        info.context.met(instances)
        return {
            "user_errors": [], "warnings": problems_of(done.warnings, *DOCUMENT), "work_item": done.work_item,
            "instances": instances, "estimate": done.estimate,
        }

    @staticmethod
    def resolve_pause_instance(root: None, info: Any, input: Any) -> dict[str, Any]:
        return _operated(info, input, states.pause)

    @staticmethod
    def resolve_resume_instance(root: None, info: Any, input: Any) -> dict[str, Any]:
        return _operated(info, input, states.resume)

    @staticmethod
    def resolve_extend_instance(root: None, info: Any, input: Any) -> dict[str, Any]:
        by = name_of(info.context.request.user)
        try:
            return _operated(info, input, lambda number: extend(number, input["stop"], by=by))
        except Faulty as faulty:
            return _refused(*problems_of(map(in_camel_case, faulty.faults)))

    @staticmethod
    def resolve_cancel_instance(root: None, info: Any, input: Any) -> dict[str, Any]:
        return _operated(
            info, input, lambda number: states.cancel(number, immediately=input["immediately"] is not False)
        )

    @staticmethod
    def resolve_delete_node(root: None, info: Any, input: Any) -> dict[str, Any]:
        def delete(found: GlobalId) -> None:
            if found.type == "Instance":
                services.delete_instance(instance_id=found.numbers[0])
            else:
                services.delete_work_item(work_item_id=found.numbers[0])

        problem = _tried(info, input, Permission.ADMINISTER, delete, "Instance", "WorkItem")
        return _refused(problem) if problem else {"user_errors": [], "deleted_id": input["id"]}


    @staticmethod
    def resolve_request_replay(root: None, info: Any, input: Any) -> dict[str, Any]:
        request = info.context.request
        if not may(request, Permission.SUBMIT):
            return _refused(_problem(FaultCode.PERMISSION_DENIED, _DENIED))
        try:
            run, generation, index = read_id(input["agent"], "Agent").numbers
            agent = selectors.agent(run, generation, index)
            if agent is None:
                raise NotFound("There is no such agent.")
            episode = input["episode"] or 0
            replays.request(agent, episode=episode, pictures=input["frames"] is not False, user=request.user)
        except BadId as error:
            return _refused(_problem(FaultCode.INVALID_FORMAT, f"agent: {error}", "agent"))
        except NotFound as error:
            return _refused(_problem(FaultCode.NOT_FOUND, str(error), "agent"))
        except TooMany as error:
            return _refused(_problem(FaultCode.LIMIT_EXCEEDED, str(error)))
        except Refused as error:
            place = "episode" if str(error).startswith("episode:") else "agent"
            code = FaultCode.OUT_OF_RANGE if place == "episode" else FaultCode.WRONG_STATE
            return _refused(_problem(code, str(error), place))
        return {"user_errors": [], "replay": selectors.replay(run, generation, index, episode)}


def _operated(info: Any, input: Any, action: Callable[[int], object]) -> dict[str, Any]:
    """The payload after an action on a run."""
    problem = _tried(info, input, Permission.OPERATE, lambda found: action(found.numbers[0]), "Instance")
    if problem:
        return _refused(problem)
    instance = selectors.instance(*read_id(input["id"]).numbers)
    info.context.met([instance] if instance else [])
    return {"user_errors": [], "instance": instance}


def _tried(
    info: Any, input: Any, permission: Permission, action: Callable[[GlobalId], object], *types: str
) -> Problem | None:
    """Apply an action to the object of an ID; return the problem where it is refused."""
    if not may(info.context.request, permission):
        return _problem(FaultCode.PERMISSION_DENIED, _DENIED)
    try:
        action(read_id(input["id"], *types))
    except BadId as error:
        return _problem(FaultCode.INVALID_FORMAT, f"id: {error}", "id")
    except NotFound as error:
        return _problem(FaultCode.NOT_FOUND, str(error), "id")
    except Conflict as error:
        return _problem(FaultCode.WRONG_STATE, str(error), "id")
    return None


def _problem(code: FaultCode, message: str, *path: str) -> Problem:
    return Problem(code, message, list(path))


def _refused(*problems: Problem, **empty: Any) -> dict[str, Any]:
    return {"user_errors": list(problems), **empty}
