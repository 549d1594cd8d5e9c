"""Workers, which take the steps of runs."""

from typing import Any

import graphene

from api.graphql.types.node import many, maybe, one
from api.graphql.types.scalars import BigInt, DateTime
from database import selectors
from database.selectors import WorkerRecord

#: Workers that were seen within this many seconds are listed.
LAST_MINUTES = 300.0


class Worker(graphene.ObjectType):
    """A worker: a process and its children that take steps of runs."""

    name = one(graphene.String, "Its name among the workers.")
    online = one(graphene.Boolean, "Whether it was seen within half a minute.")
    queues = many(graphene.String, "Where it takes its messages from.")
    trains_on = many(graphene.String, "The data sets that it can train networks on; none where it cannot.")
    activity = maybe(graphene.String, "The steps that it works on; null where it waits for one.")
    host = one(graphene.String, "The machine that it runs on.")
    threads = one(graphene.Int, "Cores on which each of its processes evaluates.")
    numeric_profile = one(
        graphene.String, "Name of its numeric profile; it takes only runs that began under the same."
    )
    evaluations_per_minute = maybe(graphene.Float, "Agents that it evaluated a minute, since it started.")
    generations = one(BigInt, "Generations that it completed since it started.")
    evaluations = one(BigInt, "Agents that it evaluated since it started.")
    started_at = one(DateTime, "When it started.")
    last_seen_at = one(DateTime, "When it last made itself known, which it does every few seconds.")


def workers() -> list[dict[str, Any]]:
    """The fields of all workers seen within LAST_MINUTES, which is in seconds."""
    return [_worker(each) for each in selectors.workers(seen_seconds=LAST_MINUTES)]


def _worker(found: WorkerRecord) -> dict[str, Any]:
    row = found.row
    minutes = (row.seen_at - row.started_at).total_seconds() / 60
    return {
        "name": row.name, "online": found.is_online, "queues": row.queues,
        "trains_on": sorted(row.datasets),
        "activity": found.activity, "host": row.host, "threads": row.threads, "numeric_profile": row.profile,
        "generations": row.generations, "evaluations": row.evaluations,
        "evaluations_per_minute": row.evaluations / minutes if minutes > 0 else None,
        "started_at": row.started_at, "last_seen_at": row.seen_at,
    }
