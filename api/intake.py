"""Intake of work items: a document is parsed, staged and stored with its runs.

All interfaces use this one path.
"""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from api.datasets import DatasetsOfServer
from database import services
from database.errors import Conflict
from database.models import Instance, WorkItem
from formatting.faults import Fault, Faulty, Malformed, shown
from formatting.parse import parse
from processing import dispatch
from processing.core.environments.foreign.lookup import Lookup
from processing.core.errors import Refused
from processing.core.limits import Limits
from staging.estimate import CostEstimate
from staging.stage import further_faults, stage
from staging.staged_item import StagedItem, dump

MOST_KEY_CHARACTERS = 200


class BadKey(Refused):
    """The idempotency key is empty, too long, or cannot be printed."""


class KeyTaken(Conflict):
    """Another work item, or another `start`, was accepted under this idempotency key."""


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted work item with its runs."""

    work_item: WorkItem
    instances: list[Instance]
    estimate: CostEstimate  # for one replicate
    warnings: tuple[Fault, ...]


def check(raw: bytes | str | Mapping[str, Any], *, seed: int | None = None) -> StagedItem:
    """Parse and stage a document; nothing is stored.

    Args:
        raw: the document as JSON text, or parsed.
        seed: replaces the document's.
    Raises:
        Faulty: with every fault.
    """
    limits = Limits(**settings.LIMITS)
    try:
        work_item = parse(raw, max_bytes=limits.max_document_bytes)
    except Malformed as malformed:
        if malformed.sound is None:
            raise
        further = further_faults(malformed.sound, limits, known=known_environments())
        raise malformed.joined(further) from None
    if seed is not None:
        work_item = work_item.model_copy(update={"seed": seed})
    return stage(work_item, limits, workers=settings.NUMBER_OF_WORKERS, known=known_environments())


@cache
def known_environments() -> Lookup:
    """What this server knows: Gymnasium's environments, those of ENVIRONMENT_MODULES, and data sets."""
    return Lookup(
        settings.DATA_FOLDER / "environments", settings.ENVIRONMENT_MODULES, DatasetsOfServer()
    )


def submit(
    raw: bytes | str | Mapping[str, Any],
    owner: User | AnonymousUser | None,
    *,
    start: bool = True,
    strict: bool = False,
    announce: bool = True,
    seed: int | None = None,
    idempotency_key: str | None = None,
) -> Submission:
    """Store a work item with its runs, and wake a worker.

    Where the owner used the key before, the work item stored then is returned, and nothing is stored.

    Args:
        raw: the document as JSON text, or parsed.
        owner: the user who sends it; None or anonymous where nobody is logged in.
        start: False stores the runs as PAUSED.
        strict: refuse where there are warnings.
        announce: False wakes no worker; the caller runs the work item.
        seed: replaces the document's.
        idempotency_key: chosen by the owner; a repetition with the same document stores nothing.
    Raises:
        Faulty: with every fault.
        BadKey: the key is empty, too long, or cannot be printed.
        KeyTaken: another document was accepted under the key.
        OperationalError, InterfaceError: the database does not answer. A repetition with the same
            key returns the work item if it was stored, and else stores it.
    """
    known = owner if isinstance(owner, User) else None
    key = _stored_key(idempotency_key, known)
    staged = check(raw, seed=seed)
    if strict and staged.warnings:
        raise Faulty(staged.warnings)
    work_item, instances = _accepted(key, staged, known, start=start, announce=announce)
    return Submission(work_item, instances, staged.estimate, staged.warnings)


def _stored_key(given: str | None, owner: User | None) -> str:
    """The owner's key as it is stored, or one that no owner can choose. Raises BadKey."""
    if given is None:
        return f"drawn:{secrets.token_hex(16)}"
    if not 1 <= len(given) <= MOST_KEY_CHARACTERS or not given.isprintable():
        raise BadKey(
            f"idempotencyKey: expected 1 to {MOST_KEY_CHARACTERS} printable characters, got {shown(given)}"
        )
    return f"{owner.pk if owner else 0}:{given}"


def _accepted(
    key: str, staged: StagedItem, owner: User | None, *, start: bool, announce: bool
) -> tuple[WorkItem, list[Instance]]:
    """Return what is stored under the key, by this call or by an earlier one of the same content.

    A commit whose answer was lost may have happened, so the row is looked up over a new connection.
    """
    found = services.work_item_of_key(key)
    if found is None:
        try:
            return _stored(key, staged, owner, start=start, announce=announce)
        except (IntegrityError, OperationalError, InterfaceError) as error:
            if not isinstance(error, IntegrityError):
                connection.close()
            found = services.work_item_of_key(key)
            if found is None:
                raise
    if not _means_the_same(found[0].spec, staged.spec) or services.was_started(found[0]) != start:
        raise KeyTaken(
            "idempotencyKey: another work item, or another `start`, was sent under this key; choose a new "
            "key."
        )
    return found


def _means_the_same(stored: dict[str, Any], spec: dict[str, Any]) -> bool:
    """Whether a stored document means the same as this one; newer keys take their present defaults."""
    if stored == spec:
        return True
    try:
        return check(stored).spec == spec
    except Faulty:
        return False


def _stored(
    key: str, staged: StagedItem, owner: User | None, *, start: bool, announce: bool
) -> tuple[WorkItem, list[Instance]]:
    """Store a new work item with its runs in one transaction."""
    fields = {
        "name": staged.spec["name"], "description": staged.spec["description"], "kind": staged.kind,
        "labels": staged.spec["labels"], "spec": staged.spec, "spec_hash": staged.spec_hash,
        "staged": dump(staged, settings.SECRET_KEY.encode()), "priority": staged.spec["priority"],
        "warnings": [asdict(warning) for warning in staged.warnings], "idempotency_key": key,
    }
    with transaction.atomic():
        work_item, instances = services.create_work_item(
            fields=fields, seeds=staged.seeds, owner=owner, started=start
        )
        if start and announce:
            transaction.on_commit(dispatch.wake)
    return work_item, instances
