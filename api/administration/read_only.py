"""The base of all admin pages: nothing can be edited, and no list reads a whole table."""

from datetime import datetime
from functools import cache
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import AutoField, BinaryField, DateTimeField, FloatField, IntegerField, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from api.wording import shown
from database.models import Generation, Instance
from database.outcomes import Outcome, with_outcome

#: Runs and generations that filters offer, and rows that a list counts and shows at most.
MOST_RUNS, MOST_GENERATIONS, MOST_ROWS = 30, 30, 10_000


#: Integer fields that identify or order something; unlike counts, they are shown without separators.
ORDINALS = frozenset({
    "seed", "number", "generation", "index", "replicate", "sequence", "first", "last", "token", "epoch",
    "priority", "born_in", "extinct_in", "next_generation", "best_generation", "champion_generation",
    "champion_index", "event_sequence",
})


class ReadOnlyAdmin(ModelAdmin):
    """A model that can be viewed and not changed."""

    list_per_page = 50
    ordering: tuple[str, ...] = ("-id",)  # every table has an index for that
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Runs are deleted through the API, which knows when they may be."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Every member of staff may view rows."""
        return bool(request.user.is_staff)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Every member of staff sees the list of models."""
        return bool(request.user.is_staff)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns of the list, with numbers and times formatted."""
        return [_column(self.model, name) for name in super().get_list_display(request)]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """The fields of a row, with numbers and times formatted."""
        return [_column(self.model, name) for name in super().get_fields(request, obj)]

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Leave out binary fields, which are not readable."""
        return [field.name for field in self.model._meta.fields if isinstance(field, BinaryField)]


@cache
def _column(model: type[Model], name: Any) -> Any:
    """A function that formats the number or time of a field; for any other field, its name."""
    field = next((each for each in model._meta.fields if each.name == name), None)
    is_figure = (
        isinstance(field, IntegerField | FloatField) and not isinstance(field, AutoField)
        and not field.choices
    )
    if field is None or not (isinstance(field, DateTimeField) or (is_figure and name not in ORDINALS)):
        return name
    words = shown if is_figure else _instant

    def formatted(row: Any) -> str | None:
        value = getattr(row, name)
        return None if value is None else words(value)

    formatted.__name__ = name
    return admin.display(description=field.verbose_name, ordering=name)(formatted)


def _instant(moment: datetime) -> str:
    """A time as HTML, which `times.js` converts to the reader's time zone."""
    return format_html('<time datetime="{}">{} UTC</time>', moment.isoformat(), f"{moment:%Y-%m-%d %H:%M:%S}")


def link(name: str, key: int, text: object) -> str:
    """A link to the admin page of a row."""
    url = reverse(f"admin:database_{name}_change", args=(key,))
    return format_html('<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>', url, text)


class RunFilter(admin.SimpleListFilter):
    """Filters by one of the newest runs.

    The choices come from the table of runs, not from the filtered rows.
    """

    title, parameter_name = "run", "run"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The newest runs, and the chosen one."""
        newest = Instance.objects.order_by("-pk").values_list("pk", "work_item__name")[:MOST_RUNS]
        found = [(str(key), f"{key} {name}") for key, name in newest]
        chosen = self.value()
        return found if chosen is None or chosen in dict(found) else [*found, (chosen, chosen)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = number(self.value())
        return rows if chosen is None else rows.filter(instance=chosen)


class OutcomeFilter(admin.SimpleListFilter):
    """Filters runs by their outcome."""

    title, parameter_name = "outcome", "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each.value, each.label.capitalize()) for each in Outcome]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return rows.filter(with_outcome([chosen])) if chosen in Outcome.values else rows


class GenerationFilter(admin.SimpleListFilter):
    """Filters by one of the last generations of the chosen run."""

    title, parameter_name = "generation", "of_generation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The last generations of the chosen run, and the chosen one; none where no run is chosen."""
        run = number(request.GET.get(RunFilter.parameter_name))
        last = Generation.objects.filter(instance=run or 0).order_by("-number").values_list(
            "number", flat=True
        )
        found = [(str(number), str(number)) for number in last[:MOST_GENERATIONS]]
        chosen = self.value()
        return found if chosen is None or chosen in dict(found) else [*found, (chosen, chosen)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = number(self.value())
        return rows if chosen is None else rows.filter(generation=chosen)


class Counted(Paginator):  # type: ignore[type-arg]
    """Pages of at most MOST_ROWS rows in all: counting more would read a whole table."""

    @cached_property
    def count(self) -> int:
        """Number of rows, MOST_ROWS at most."""
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_ROWS].count())


def number(text: str | None) -> int | None:
    """The whole number in a query string; None where it is none that a row can have."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
