"""On PostgreSQL: tables whose rows come and go with every generation are vacuumed soon, not after a fifth of them is dead."""

from django.db import migrations

TABLES = ("database_checkpoint", "database_checkpointpart", "database_slice")
SETTINGS = {"autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_threshold": 500, "autovacuum_vacuum_cost_delay": 0}


def tune(apps, editor):
    """Vacuum these tables, and where their large values lie, early and without pauses."""
    _alter(editor, "SET", [f"{place}{name} = {value}" for place in ("", "toast.") for name, value in SETTINGS.items()])


def untune(apps, editor):
    """As the server does by default."""
    _alter(editor, "RESET", [f"{place}{name}" for place in ("", "toast.") for name in SETTINGS])


def _alter(editor, verb, settings):
    if editor.connection.vendor == "postgresql":
        for table in TABLES:
            editor.execute(f"ALTER TABLE {table} {verb} ({', '.join(settings)})")


class Migration(migrations.Migration):

    dependencies = [("database", "0005_troubles")]
    operations = [migrations.RunPython(tune, untune)]
