"""Runs that were extended have stop rules of their own; runs that are being deleted are marked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("database", "0013_turns")]

    operations = [
        migrations.AddField("instance", "stop", models.JSONField(blank=True, null=True)),
        migrations.AddField("instance", "is_being_deleted", models.BooleanField(default=False)),
    ]
