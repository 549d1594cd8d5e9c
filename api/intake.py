"""The one path behind all doors: from what somebody sent to runs that will finish."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from database import services
from database.models import Instance, WorkItem
from formatting.faults import Fault, Faulty
from formatting.parse import parse
from processing import dispatch
from staging.estimate import CostEstimate
from staging.limits import Limits
from staging.stage import stage
from staging.staged_item import StagedItem, dump


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an accepted work item."""

    work_item: WorkItem
    instances: list[Instance]
    estimate: CostEstimate  # for one replicate
    warnings: tuple[Fault, ...]


def check(raw: bytes | str | Mapping[str, Any], *, seed: int | None = None) -> StagedItem:
    """The staged item of what was sent, under another seed where one is given; nothing is stored.

    Raises:
        Faulty: with every fault.
    """
    limits = Limits(**settings.LIMITS)
    work_item = parse(raw, max_bytes=limits.max_document_bytes)
    if seed is not None:
        work_item = work_item.model_copy(update={"seed": seed})
    return stage(work_item, limits, workers=settings.NUMBER_OF_WORKERS)


def submit(
    raw: bytes | str | Mapping[str, Any],
    owner: User | AnonymousUser | None,
    *,
    start: bool = True,
    strict: bool = False,
    announce: bool = True,
    seed: int | None = None,
) -> Submission:
    """The work item and its runs are stored, and the workers are told.

    Args:
        start: False stores the runs as PAUSED.
        strict: refuse where there are warnings.
        announce: False tells no worker; the caller runs it.
        seed: instead of the document's.
    Raises:
        Faulty: with every fault.
    """
    staged = check(raw, seed=seed)
    if strict and staged.warnings:
        raise Faulty(staged.warnings)
    fields = {
        "name": staged.spec["name"], "description": staged.spec["description"], "kind": staged.kind,
        "labels": staged.spec["labels"], "spec": staged.spec, "spec_hash": staged.spec_hash,
        "staged": dump(staged, settings.SECRET_KEY.encode()), "priority": staged.spec["priority"],
        "warnings": [asdict(warning) for warning in staged.warnings],
    }
    known = owner if isinstance(owner, User) else None
    with transaction.atomic():
        work_item, instances = services.create_work_item(fields=fields, seeds=staged.seeds, owner=known, started=start)
        if start and announce:
            transaction.on_commit(partial(dispatch.advance_all, [instance.pk for instance in instances]))
    return Submission(work_item, instances, staged.estimate, staged.warnings)
