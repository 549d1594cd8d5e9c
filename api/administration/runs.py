"""Admin pages of work items, runs and what belongs to them. Runs can be paused, resumed and cancelled."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Count, F, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from api.administration.read_only import (
    Counted,
    GenerationFilter,
    OutcomeFilter,
    ReadOnlyAdmin,
    RunFilter,
    link,
)
from database.errors import Conflict, NotFound
from database.models import (
    PACKED,
    Checkpoint,
    CheckpointPart,
    Event,
    Generation,
    Instance,
    Replay,
    Share,
    Slice,
    Species,
    SpeciesSnapshot,
    Worker,
    WorkItem,
)
from database.outcomes import has_aim, outcome_of, outcome_words
from processing import states

admin.site.unregister(Group)


@admin.register(WorkItem)
class WorkItemAdmin(ReadOnlyAdmin):
    """Work items, with the number of their runs."""

    list_display = ("id", "name", "kind", "priority", "runs", "submitted_by", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("name", "description", "spec_hash")

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Leave out the staged text, which only workers read."""
        return ["staged"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkItem]:
        """Defer the staged text, and count the runs."""
        return super().get_queryset(request).defer("staged").annotate(number_of_runs=Count("instances"))

    @admin.display(description="runs")
    def runs(self, item: Any) -> str:
        """The number of runs, as a link to them."""
        url = reverse("admin:database_instance_changelist")
        return format_html('<a href="{}?work_item__id__exact={}">{}</a>', url, item.pk, item.number_of_runs)


@admin.register(Instance)
class InstanceAdmin(ReadOnlyAdmin):
    """Runs, with actions that pause, resume and cancel them."""

    list_display = (
        "id", "item", "state", "outcome", "stop_reason", "next_generation", "best_fitness",
        "champion_fitness", "evaluations", "seed", "claimed_by", "created_at", "page",
    )
    list_filter = ("state", OutcomeFilter, "stop_reason", "work_item__kind", "reproducible")
    search_fields = ("work_item__name", "digest", "=id")
    list_select_related = ("work_item",)
    readonly_fields = ("outcome",)
    actions = ("pause", "resume", "cancel")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Instance]:
        """Defer the long texts of the work items, and annotate their stop rules."""
        rows = super().get_queryset(request).defer("work_item__staged", "work_item__spec")
        return rows.annotate(asked_stop=F("work_item__spec__stop"))

    @admin.display(description="outcome", ordering="stop_reason", empty_value="–")
    def outcome(self, instance: Any) -> str | None:
        """Its outcome in words, as the dashboard shows it."""
        found = outcome_of(instance.state, instance.stop_reason)
        aim = has_aim(instance.stop or instance.asked_stop)
        return None if found is None else outcome_words(found, aim=aim).capitalize()

    @admin.display(description="work item", ordering="work_item__name")
    def item(self, instance: Instance) -> str:
        """A link to the work item."""
        return link("workitem", instance.work_item_id, instance.work_item.name)

    @admin.display(description="page")
    def page(self, instance: Instance) -> str:
        """A link to the run's page in the dashboard."""
        return format_html('<a href="/runs/{}">look</a>', instance.pk)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Every member of staff may operate runs."""
        return bool(request.user.is_staff)

    @admin.action(description="Pause the selected runs", permissions=["operate"])
    def pause(self, request: HttpRequest, instances: QuerySet[Instance]) -> None:
        self._apply(request, instances, states.pause, "paused")

    @admin.action(description="Resume the selected runs", permissions=["operate"])
    def resume(self, request: HttpRequest, instances: QuerySet[Instance]) -> None:
        self._apply(request, instances, states.resume, "resumed")

    @admin.action(description="Cancel the selected runs", permissions=["operate"])
    def cancel(self, request: HttpRequest, instances: QuerySet[Instance]) -> None:
        self._apply(request, instances, states.cancel, "cancelled")

    def _apply(
        self, request: HttpRequest, instances: QuerySet[Instance], verb: Callable[[int], Any], done: str
    ) -> None:
        """Apply `verb` to each run, and show for each that refuses it why."""
        changed = 0
        for number in instances.order_by("pk").values_list("pk", flat=True):
            try:
                verb(number)
                changed += 1
            except (Conflict, NotFound) as error:
                self.message_user(request, str(error), messages.WARNING)
        if changed:
            self.message_user(request, f"{changed} {done}.", messages.SUCCESS)


@admin.register(Share)
class ShareAdmin(ReadOnlyAdmin):
    """What submitters and their work items were charged; next is the least charged one that has work."""

    list_display = ("__str__", "submitter", "item", "charged_seconds", "has_work")
    list_filter = ("has_work", ("parent", admin.EmptyFieldListFilter))
    list_select_related = ("user", "work_item", "parent__user")
    paginator = Counted

    def get_queryset(self, request: HttpRequest) -> QuerySet[Share]:
        """Defer the long texts of the work items."""
        return super().get_queryset(request).defer("work_item__staged", "work_item__spec")

    @admin.display(description="submitter")
    def submitter(self, share: Share) -> str:
        """The user whose share it is, or is a part of; empty where nobody was logged in."""
        return str((share.parent or share).user or "")

    @admin.display(description="work item")
    def item(self, share: Share) -> str | None:
        """A link to the work item; None for the share of a user."""
        work_item = share.work_item
        return None if work_item is None else link("workitem", work_item.pk, work_item.name)


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """Generations, without their packed columns."""

    list_display = (
        "run", "number", "size", "failed", "best", "mean", "best_so_far", "threshold", "viable",
        "species_count", "diversity", "seconds", "completed_at",
    )
    list_display_links = ("number",)
    list_filter = (RunFilter,)

    @admin.display(description="run", ordering="instance")
    def run(self, generation: Generation) -> str:
        """A link to the run."""
        return link("instance", generation.instance_id, generation.instance_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        """Defer the packed columns."""
        return super().get_queryset(request).defer(*PACKED)


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """Checkpoints, from which runs can continue."""

    list_display = ("__str__", "instance_id", "generation", "genome_bytes")


@admin.register(CheckpointPart)
class CheckpointPartAdmin(ReadOnlyAdmin):
    """Chunks of checkpoints, at most a megabyte each."""

    list_display = ("__str__", "run", "generation", "kind", "number")
    list_filter = ("kind",)
    list_select_related = ("checkpoint",)

    @admin.display(description="run", ordering="checkpoint__instance")
    def run(self, chunk: CheckpointPart) -> str:
        """A link to the run."""
        return link("instance", chunk.checkpoint.instance_id, chunk.checkpoint.instance_id)

    @admin.display(description="generation", ordering="checkpoint__generation")
    def generation(self, chunk: CheckpointPart) -> int:
        """The generation after which the checkpoint was written."""
        return chunk.checkpoint.generation

    def get_queryset(self, request: HttpRequest) -> QuerySet[CheckpointPart]:
        """Defer the bytes of the chunks."""
        return super().get_queryset(request).defer("data")


@admin.register(Species)
class SpeciesAdmin(ReadOnlyAdmin):
    """Species, each over all its generations."""

    list_display = (
        "__str__", "run", "number", "born_in", "extinct_in", "size", "best_fitness",
        "generations_since_improvement",
    )
    list_filter = (("extinct_in", admin.EmptyFieldListFilter), RunFilter)

    @admin.display(description="run", ordering="instance")
    def run(self, species: Species) -> str:
        """A link to the run."""
        return link("instance", species.instance_id, species.instance_id)


@admin.register(SpeciesSnapshot)
class SpeciesSnapshotAdmin(ReadOnlyAdmin):
    """Snapshots of species, one for each generation."""

    list_display = (
        "__str__", "run", "generation", "number", "size", "best_fitness", "mean_fitness", "adjusted_fitness",
        "generations_since_improvement", "offspring",
    )
    list_filter = (RunFilter, GenerationFilter)
    paginator = Counted

    @admin.display(description="run", ordering="instance")
    def run(self, snapshot: SpeciesSnapshot) -> str:
        """A link to the run."""
        return link("instance", snapshot.instance_id, snapshot.instance_id)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events of runs."""

    list_display = ("instance_id", "sequence", "type", "level", "message", "created_at")
    list_filter = ("type", "level", RunFilter)
    search_fields = ("message",)


@admin.register(Slice)
class SliceAdmin(ReadOnlyAdmin):
    """Slices: agents that are being evaluated, or wait for it."""

    list_display = ("__str__", "claimed_by", "lease_until", "attempts", "crashes", "opened_at")
    list_filter = (RunFilter,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Slice]:
        """Defer the packed agents and their results."""
        return super().get_queryset(request).defer("population", "results")


@admin.register(Replay)
class ReplayAdmin(ReadOnlyAdmin):
    """Requested replays of episodes."""

    list_display = (
        "__str__", "state", "with_pictures", "requested_by", "requested_at", "claimed_by", "attempts",
        "failure"
    )
    list_filter = ("state", RunFilter)
    list_select_related = ("requested_by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Replay]:
        """Defer the recordings and pictures."""
        return super().get_queryset(request).defer("result", "film")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Workers, and counts of their work."""

    ordering = ("name",)
    list_display = (
        "name", "host", "threads", "profile", "queues", "seen_at", "claims", "commits", "fenced", "failed",
        "lost", "generations", "evaluations",
    )
    list_filter = ("profile", "host")
    search_fields = ("name", "host")
