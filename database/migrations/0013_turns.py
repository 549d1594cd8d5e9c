"""Shares of the workers' time, and the order in which steps have their turns."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

ACTIVE = ("QUEUED", "RUNNING", "PAUSING", "CANCELLING")
#: Rows that one statement writes.
BATCH = 1_000


def give_shares(apps: Any, schema_editor: Any) -> None:
    """Give each run and each replay its share; nobody was charged anything so far."""
    share, work_item, instance, replay = (
        apps.get_model("database", name) for name in ("Share", "WorkItem", "Instance", "Replay")
    )
    users = {
        user: share.objects.create(user_id=user)
        for user in work_item.objects.exclude(submitted_by=None).order_by()
        .values_list("submitted_by", flat=True).distinct()
    }
    with_runs = work_item.objects.filter(instances__isnull=False).order_by("pk").distinct()
    owners = list(with_runs.values_list("pk", "submitted_by"))
    for first in range(0, len(owners), BATCH):
        some = owners[first : first + BATCH]
        new = share.objects.bulk_create(share(work_item_id=item) for item, user in some if user is None)
        parents = {each.work_item_id: each for each in new}
        share.objects.bulk_create(
            share(work_item_id=item, parent=users[user] if user else parents[item]) for item, user in some
        )
    own = share.objects.filter(parent__isnull=False, work_item=models.OuterRef("work_item")).values("pk")[:1]
    instance.objects.update(share=models.Subquery(own))
    of_run = share.objects.filter(
        parent__isnull=False, work_item__instances=models.OuterRef("instance")
    ).values("pk")[:1]
    replay.objects.update(share=models.Subquery(of_run))
    active = instance.objects.filter(state__in=ACTIVE)
    for priority in active.order_by().values_list("priority", flat=True).distinct():
        active.filter(priority=priority).update(
            turn_order=models.F("updated_at") - timedelta(seconds=10 * priority)
        )
    at_work = models.Q(instances__state__in=ACTIVE) | models.Q(replays__state="WAITING")
    parts = share.objects.filter(at_work, parent__isnull=False)
    share.objects.filter(pk__in=list(parts.values_list("parent", flat=True))).update(has_work=True)
    share.objects.filter(pk__in=list(parts.values_list("pk", flat=True))).update(has_work=True)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # before the columns are altered


def _share_of(related_name: str, **options: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        "database.share", on_delete=django.db.models.deletion.CASCADE, related_name=related_name, **options
    )


class Migration(migrations.Migration):
    dependencies = [
        ("database", "0012_curves_and_figures"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)
    ]

    operations = [
        migrations.CreateModel(
            name="Share",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charged_seconds", models.FloatField(default=0.0)),
                ("has_work", models.BooleanField(default=False)),
                ("parent", _share_of("parts", db_index=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="shares",
                        to="database.workitem",
                    ),
                ),
            ],
            options={
                "ordering": ("charged_seconds", "pk"),
                "indexes": [
                    models.Index(
                        fields=["charged_seconds", "id"],
                        condition=models.Q(parent__isnull=True, has_work=True), name="share_next_submitter",
                    ),
                    models.Index(
                        fields=["parent", "charged_seconds", "id"], condition=models.Q(has_work=True),
                        name="share_next_work_item",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("parent", "work_item"), name="share_once"),
                    models.UniqueConstraint(
                        fields=("user",), condition=models.Q(parent__isnull=True), name="share_of_user_once"
                    ),
                    models.UniqueConstraint(
                        fields=("work_item",), condition=models.Q(parent__isnull=True),
                        name="share_without_user_once",
                    ),
                ],
            },
        ),
        *(
            migrations.AddField(name, "claimed_at", models.DateTimeField(blank=True, null=True))
            for name in ("instance", "slice", "replay")
        ),
        *(
            migrations.AddField(name, "turn_order", models.DateTimeField(db_default=Now()))
            for name in ("instance", "replay")
        ),
        *(
            migrations.AddField(name, "share", _share_of(f"{name}s", null=True))
            for name in ("instance", "replay")
        ),
        migrations.RunPython(give_shares, migrations.RunPython.noop),
        *(
            migrations.AlterField(name, "share", _share_of(f"{name}s")) for name in ("instance", "replay")
        ),
        migrations.AddIndex(
            "instance",
            models.Index(
                fields=["share", "turn_order", "id"], condition=models.Q(claimed_by="", state__in=ACTIVE),
                name="instance_next",
            ),
        ),
        migrations.AddIndex(
            "replay",
            models.Index(
                fields=["share", "turn_order", "id"], condition=models.Q(claimed_by="", state="WAITING"),
                name="replay_next",
            ),
        ),
        migrations.AddIndex(
            "slice",
            models.Index(
                fields=["instance", "first"], condition=models.Q(claimed_by="", results__isnull=True),
                name="slice_next",
            ),
        ),
        migrations.AddIndex(
            "slice",
            models.Index(
                fields=["lease_until"], condition=~models.Q(claimed_by="") & models.Q(results__isnull=True),
                name="slice_held",
            ),
        ),
    ]
