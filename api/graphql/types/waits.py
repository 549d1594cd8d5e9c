"""Why a run has no turn yet, and its place among what waits."""

from typing import Any

import graphene

from api.graphql.types.enums import WaitSituation
from api.graphql.types.node import maybe, one
from api.graphql.types.scalars import DateTime
from api.wording import wait_words
from database import selectors


class WaitPlace(graphene.ObjectType):
    """How many come first, of how many; 1000 stands for so many or more."""

    before = one(graphene.Int, "How many come first.")
    of = one(graphene.Int, "How many there are, this one included.")


class WaitQueue(graphene.ObjectType):
    """The place of a run's next step among all that can be claimed.

    Next is the submitter that is charged least, of its work items the one that is charged least, and of that
    one's steps the one of the highest priority, to which waiting adds 1 every ten seconds. Turns under way
    are counted as if they ended now.
    """

    submitters = one(WaitPlace, "Its submitter among those that have a step.")
    work_items = one(WaitPlace, "Its work item among those of its submitter that have a step.")
    steps = one(WaitPlace, "Its next step among the runs, slices and replays of its work item.")
    least_submitter_seconds = maybe(
        graphene.Float, "What the submitter is charged that is charged least, of all with work."
    )
    least_work_item_seconds = maybe(
        graphene.Float, "What the work item is charged that is charged least, of its submitter's with work."
    )


class Wait(graphene.ObjectType):
    """What a run waits for."""

    situation = one(WaitSituation, "What it waits for.")
    message = one(graphene.String, "The same for people, in a sentence or two.")
    queue = maybe(WaitQueue, "Its place among what waits; null unless a step of it can be claimed.")
    submitter_seconds = one(
        graphene.Float,
        "What its submitter is charged: seconds of turns, those under way included, each divided by "
        "4 ** (priority / 100) of its run. Who comes new begins with the least of those that workers serve."
    )
    work_item_seconds = one(graphene.Float, "What its work item is charged, likewise.")
    priority = one(graphene.Int, "Its priority.")
    present_priority = maybe(graphene.Float, "With what it gained by waiting; null unless it waits.")
    waited_seconds = maybe(graphene.Float, "Since its last turn or generation; null unless it waits.")
    retry_at = maybe(DateTime, "When it is tried again after a failed try; null unless in BACK_OFF.")
    reason = maybe(graphene.String, "Why the last try failed; null where that is not known.")
    workers = one(graphene.Int, "Workers that are online.")
    able_workers = one(graphene.Int, "Of these, those whose numeric profile lets them take it.")

    @staticmethod
    def resolve_message(wait: selectors.Wait, info: Any) -> str:
        return wait_words(wait)
