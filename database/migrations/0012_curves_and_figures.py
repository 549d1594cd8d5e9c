"""Curves of agents, and what a strategy says of a generation; PostgreSQL keeps curves as they are, so that pieces can be cut out."""

from django.db import migrations, models


def store_uncompressed(apps, editor):
    """Curves are kept beside their rows as they are."""
    if editor.connection.vendor == "postgresql":
        editor.execute('ALTER TABLE database_generation ALTER COLUMN "curves" SET STORAGE EXTERNAL')


class Migration(migrations.Migration):

    dependencies = [
        ('database', '0011_replays'),
    ]

    operations = [
        migrations.AddField(model_name='generation', name='curves', field=models.BinaryField(null=True)),
        migrations.AddField(model_name='generation', name='figures', field=models.JSONField(null=True)),
        migrations.RunPython(store_uncompressed, migrations.RunPython.noop),
    ]
