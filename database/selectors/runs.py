"""Work items and their instances."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce

from database.models import Instance, InstanceState, WorkItem
from database.outcomes import with_outcome
from database.selectors.paging import (
    Cursor,
    Key,
    Page,
    instant_key,
    number_key,
    page_of,
    span_key,
    text_key,
    whole_key,
)


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Conditions on instances; None and empty values do not filter."""

    states: Sequence[str] = ()
    outcomes: Sequence[str] = ()
    kinds: Sequence[str] = ()
    labels: Sequence[str] = ()  # all of them
    search: str = ""  # in the name or the description
    work_item_id: int | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkItemFilter:
    """Conditions on work items; None and empty values do not filter."""

    kinds: Sequence[str] = ()
    labels: Sequence[str] = ()  # all of them
    search: str = ""  # in the name or the description
    spec_hash: str = ""


class InstanceOrder(StrEnum):
    """Sort key of instances; those without a value come last."""

    CREATED_AT = "CREATED_AT"
    STARTED_AT = "STARTED_AT"
    NAME = "NAME"
    BEST_FITNESS = "BEST_FITNESS"
    DURATION = "DURATION"


class WorkItemOrder(StrEnum):
    """Sort key of work items."""

    CREATED_AT = "CREATED_AT"
    NAME = "NAME"


@dataclass(frozen=True, slots=True)
class ActiveCounts:
    """Numbers of queued and of running runs."""

    queued: int
    running: int  # including PAUSING and CANCELLING


_INSTANCE_KEYS: dict[InstanceOrder, Key] = {
    InstanceOrder.CREATED_AT: whole_key("pk"),  # keys are assigned in the order of creation
    InstanceOrder.STARTED_AT: instant_key("started_at"),
    InstanceOrder.NAME: text_key("work_item__name"),
    InstanceOrder.BEST_FITNESS: number_key("best_fitness"),
    InstanceOrder.DURATION: span_key("duration"),
}
_WORK_ITEM_KEYS: dict[WorkItemOrder, Key] = {
    WorkItemOrder.CREATED_AT: whole_key("pk"),
    WorkItemOrder.NAME: text_key("name"),
}


def instance(instance_id: int) -> Instance | None:
    """Return the run with its work item; None where there is none."""
    return _instances().filter(pk=instance_id).first()


def instances_at(instance_ids: Iterable[int]) -> dict[int, Instance]:
    """Return the runs that exist under these numbers, with their work items."""
    return {each.pk: each for each in _instances().filter(pk__in=set(instance_ids))}


def instances(
    *, filter: InstanceFilter | None = None, order: InstanceOrder = InstanceOrder.CREATED_AT,
    descending: bool = True, first: int = 20, after: Cursor | None = None,
) -> Page[Instance]:
    """Return runs with their work items, by default the newest first."""
    rows = _instances().filter(_instance_conditions(filter))
    if order == InstanceOrder.DURATION:
        span = Coalesce(F("ended_at"), F("updated_at")) - F("started_at")
        rows = rows.annotate(duration=ExpressionWrapper(span, output_field=DurationField()))
    return page_of(rows, _INSTANCE_KEYS[order], descending=descending, first=first, after=after)


def count_instances(filter: InstanceFilter | None = None) -> int:
    """Count the runs that match the filter."""
    return Instance.objects.filter(_instance_conditions(filter)).count()


def work_item(work_item_id: int) -> WorkItem | None:
    """Return the work item of this number; None where there is none."""
    return _work_items().filter(pk=work_item_id).first()


class _Bytes(Func):
    """The length of a text in bytes, without reading it, on PostgreSQL; in characters on SQLite."""

    function = "LENGTH"
    output_field = BigIntegerField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        """OCTET_LENGTH, which the database knows without unpacking the text."""
        return self.as_sql(compiler, connection, function="OCTET_LENGTH")


def staged_bytes_at(work_item_ids: Iterable[int]) -> dict[int, int]:
    """Return the length of the staged text of these work items, with one statement that reads no text."""
    rows = WorkItem.objects.filter(pk__in=set(work_item_ids)).annotate(bytes=_Bytes("staged"))
    return dict(rows.values_list("pk", "bytes"))


def staged_at(work_item_ids: Iterable[int]) -> dict[int, str]:
    """Return the staged text of these work items, which all other reads defer."""
    return dict(WorkItem.objects.filter(pk__in=set(work_item_ids)).values_list("pk", "staged"))


def work_items(
    *, filter: WorkItemFilter | None = None, order: WorkItemOrder = WorkItemOrder.CREATED_AT,
    descending: bool = True, first: int = 20, after: Cursor | None = None,
) -> Page[WorkItem]:
    """Return work items, by default the newest first."""
    rows = _work_items().filter(_work_item_conditions(filter))
    return page_of(rows, _WORK_ITEM_KEYS[order], descending=descending, first=first, after=after)


def count_work_items(filter: WorkItemFilter | None = None) -> int:
    """Count the work items that match the filter."""
    return WorkItem.objects.filter(_work_item_conditions(filter)).count()


def active_counts() -> ActiveCounts:
    """Count the queued and the running runs."""
    at_work = (InstanceState.RUNNING, InstanceState.PAUSING, InstanceState.CANCELLING)
    counts = Instance.objects.aggregate(
        queued=Count("pk", filter=Q(state=InstanceState.QUEUED)),
        running=Count("pk", filter=Q(state__in=at_work))
    )
    return ActiveCounts(**counts)


def _instances() -> QuerySet[Instance]:
    return Instance.objects.select_related("work_item__submitted_by").defer("work_item__staged")


def _work_items() -> QuerySet[WorkItem]:
    return WorkItem.objects.select_related("submitted_by").defer("staged")


def _instance_conditions(filter: InstanceFilter | None) -> Q:
    if filter is None:
        return Q()
    conditions = _described(filter, "work_item__")
    if filter.states:
        conditions &= Q(state__in=filter.states)
    if filter.outcomes:
        conditions &= with_outcome(filter.outcomes)
    if filter.work_item_id is not None:
        conditions &= Q(work_item=filter.work_item_id)
    if filter.created_after is not None:
        conditions &= Q(created_at__gt=filter.created_after)
    if filter.created_before is not None:
        conditions &= Q(created_at__lt=filter.created_before)
    return conditions


def _work_item_conditions(filter: WorkItemFilter | None) -> Q:
    if filter is None:
        return Q()
    return _described(filter, "") & (Q(spec_hash=filter.spec_hash) if filter.spec_hash else Q())


def _described(filter: InstanceFilter | WorkItemFilter, path: str) -> Q:
    """Return the conditions on the work item that both filters have; `path` leads from the row to it."""
    conditions = Q()
    if filter.kinds:
        conditions &= Q(**{f"{path}kind__in": filter.kinds})
    if filter.search:
        conditions &= Q(**{f"{path}name__icontains": filter.search}) | Q(
            **{f"{path}description__icontains": filter.search}
        )
    for label in filter.labels:
        conditions &= Q(_HasLabel(F(f"{path}labels"), Value(label)))
    return conditions


class _HasLabel(Func):
    """Whether a JSON list of strings contains one."""

    output_field = BooleanField()
    conditional = True

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "EXISTS (SELECT 1 FROM JSON_EACH(%(expressions)s))"
        return super().as_sql(
            compiler, connection, template=template, arg_joiner=") WHERE value = (", **context
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(%(expressions)s)"
        return super().as_sql(compiler, connection, template=template, arg_joiner=" ? ", **context)
