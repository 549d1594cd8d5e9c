"""Shares of the workers' time, and the order in which steps have their turns."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

ACTIVE = ("QUEUED", "RUNNING", "PAUSING", "CANCELLING")
#: SQL of PostgreSQL and SQLite, as the ORM has no joins in an UPDATE, and would look up each row by itself.
SHARES = (
    """
    INSERT INTO database_share (user_id, charged_seconds, has_work)
    SELECT DISTINCT w.submitted_by_id, 0.0, FALSE FROM database_workitem w
    JOIN database_instance i ON i.work_item_id = w.id WHERE w.submitted_by_id IS NOT NULL""",
    """
    INSERT INTO database_share (work_item_id, charged_seconds, has_work)
    SELECT DISTINCT w.id, 0.0, FALSE FROM database_workitem w
    JOIN database_instance i ON i.work_item_id = w.id WHERE w.submitted_by_id IS NULL""",
    """
    INSERT INTO database_share (parent_id, work_item_id, charged_seconds, has_work)
    SELECT DISTINCT s.id, w.id, 0.0, FALSE FROM database_workitem w
    JOIN database_instance i ON i.work_item_id = w.id
    JOIN database_share s ON s.user_id = w.submitted_by_id""",
    """
    INSERT INTO database_share (parent_id, work_item_id, charged_seconds, has_work)
    SELECT id, work_item_id, 0.0, FALSE FROM database_share WHERE work_item_id IS NOT NULL AND parent_id IS NULL""",
    """
    UPDATE database_instance SET share_id = s.id FROM database_share AS s
    WHERE s.work_item_id = database_instance.work_item_id AND s.parent_id IS NOT NULL""",
    """
    UPDATE database_replay SET share_id = i.share_id FROM database_instance AS i
    WHERE i.id = database_replay.instance_id""",
)
WORK = (
    f"""
    UPDATE database_share SET has_work = TRUE WHERE id IN (
        SELECT share_id FROM database_instance WHERE state IN {ACTIVE}
        UNION SELECT share_id FROM database_replay WHERE state = 'WAITING')""",
    """
    UPDATE database_share SET has_work = TRUE WHERE id IN (
        SELECT parent_id FROM database_share WHERE has_work)""",
)


def give_shares(apps: Any, schema_editor: Any) -> None:
    """Give each run and each replay its share; nobody was charged anything so far."""
    for statement in SHARES:
        schema_editor.execute(statement)
    _give_replays(apps)
    active = apps.get_model("database", "Instance").objects.filter(state__in=ACTIVE)
    for priority in sorted(set(active.order_by().values_list("priority", flat=True).distinct())):
        active.filter(priority=priority).update(
            turn_order=models.F("updated_at") - timedelta(seconds=10 * priority)
        )
    for statement in WORK:
        schema_editor.execute(statement)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # before the columns are altered


def _give_replays(apps: Any) -> None:
    """Give the replays that wait, of which there are 200 at most, to the users who asked for them."""
    share, replay = (apps.get_model("database", name).objects for name in ("Share", "Replay"))
    asked = replay.filter(state="WAITING", requested_by__isnull=False).select_related("instance")
    for each in asked.defer("result", "film"):
        submitter, _ = share.get_or_create(parent=None, user_id=each.requested_by_id)
        part, _ = share.get_or_create(parent=submitter, work_item_id=each.instance.work_item_id)
        replay.filter(pk=each.pk).update(share=part)


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
                        fields=["has_work", "charged_seconds", "id"],
                        condition=models.Q(parent__isnull=True), name="share_next_submitter",
                    ),
                    models.Index(
                        fields=["parent", "has_work", "charged_seconds", "id"], name="share_next_work_item"
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
                fields=["share", "turn_order", "id"],
                condition=models.Q(claimed_by="", state__in=ACTIVE)
                & (models.Q(pending_slices__isnull=True) | models.Q(pending_slices=0) | models.Q(state="QUEUED")),
                name="instance_next",
            ),
        ),
        migrations.AddIndex(
            "instance",
            models.Index(
                fields=["share", "turn_order", "id"],
                condition=models.Q(claimed_by="", state__in=("RUNNING", "CANCELLING"), pending_slices__gt=0),
                name="instance_in_slices",
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
