"""Checkpoints in parts of a megabyte, which PostgreSQL keeps uncompressed; agents' rows without a foreign key's cost."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import BinaryField
from django.db.models.functions import Length, Substr

PART_BYTES = 1 << 20
BLOBS = ("state", "genomes")  # by the kind of their parts
#: What is written once, or already random: compressing it would cost time and win nothing.
UNCOMPRESSED = (("checkpointpart", "data"), ("generation", "scalars"), ("agent", "genome"), ("slice", "population"))


def cut(apps, editor):
    """Every stored checkpoint becomes parts, one part in memory at a time."""
    Checkpoint, Part = apps.get_model("database", "Checkpoint"), apps.get_model("database", "CheckpointPart")
    Generation = apps.get_model("database", "Generation")
    lengths = {name + "_bytes": Length(name) for name in BLOBS}
    for row in list(Checkpoint.objects.annotate(**lengths).values("pk", "instance_id", "generation", *lengths)):
        whole = Checkpoint.objects.filter(pk=row["pk"])
        for kind, name in enumerate(BLOBS):
            for number in range(-(-row[name + "_bytes"] // PART_BYTES)):
                piece = Substr(name, number * PART_BYTES + 1, PART_BYTES, output_field=BinaryField())
                data = bytes(whole.annotate(piece=piece).values_list("piece", flat=True).get())
                Part.objects.create(checkpoint_id=row["pk"], kind=kind, number=number, data=data)
        size = Generation.objects.filter(instance=row["instance_id"], number=row["generation"]).values_list("size", flat=True)
        whole.update(genome_bytes=row["genomes_bytes"] // max(1, size.first() or 1))
    _settle(editor)


def join(apps, editor):
    """Every checkpoint is whole again, one in memory at a time."""
    Checkpoint, Part = apps.get_model("database", "Checkpoint"), apps.get_model("database", "CheckpointPart")
    for pk in list(Checkpoint.objects.values_list("pk", flat=True)):
        parts = Part.objects.filter(checkpoint=pk).order_by("number")
        Checkpoint.objects.filter(pk=pk).update(**{
            name: b"".join(bytes(part) for part in parts.filter(kind=kind).values_list("data", flat=True))
            for kind, name in enumerate(BLOBS)
        })
    _settle(editor)


def store_uncompressed(apps, editor):
    """PostgreSQL keeps these beside their rows as they are, and cuts pieces out of them without reading the whole."""
    _store(editor, "EXTERNAL")


def store_compressed(apps, editor):
    """As it was."""
    _store(editor, "EXTENDED")


def _store(editor, how):
    if editor.connection.vendor == "postgresql":
        for table, column in UNCOMPRESSED:
            editor.execute(f'ALTER TABLE database_{table} ALTER COLUMN "{column}" SET STORAGE {how}')


def _settle(editor):
    """Tables may be altered after rows were written in the same transaction."""
    if editor.connection.vendor == "postgresql":
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ("database", "0003_database_clock"),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckpointPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.PositiveSmallIntegerField(choices=[(0, "State"), (1, "Genomes")])),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                ("checkpoint", models.ForeignKey(
                    db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="database.checkpoint",
                )),
            ],
            options={"ordering": ("checkpoint", "kind", "number")},
        ),
        migrations.AddConstraint(
            model_name="checkpointpart",
            constraint=models.UniqueConstraint(fields=("checkpoint", "kind", "number"), name="checkpoint_part_once"),
        ),
        migrations.AddField(
            model_name="checkpoint", name="genome_bytes", field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(model_name="checkpoint", name="state", field=models.BinaryField(default=b"")),
        migrations.AlterField(model_name="checkpoint", name="genomes", field=models.BinaryField(default=b"")),
        migrations.RunPython(store_uncompressed, store_compressed),
        migrations.RunPython(cut, join),
        migrations.RemoveField(model_name="checkpoint", name="state"),
        migrations.RemoveField(model_name="checkpoint", name="genomes"),
        migrations.AlterField(
            model_name="agent", name="instance",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="agent_rows",
                to="database.instance",
            ),
        ),
    ]
