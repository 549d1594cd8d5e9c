"""Rows as a file of JSON: what was in the database when an earlier commit had left runs half done.

`python -m tests.stored.write NAME` writes a file with the code as it is; a test brings it into a database of
the same migration, migrates that to the newest one, and goes on.
"""

import base64
import json
import lzma
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

FOLDER = Path(__file__).parent
#: In the order in which rows may be written.
MODELS = (
    "WorkItem", "Share", "Instance", "Slice", "Generation", "Agent", "Species", "SpeciesSnapshot",
    "Checkpoint", "CheckpointPart", "Event",
)


def path_of(name: str) -> Path:
    """Where the rows of this name are."""
    return FOLDER / f"{name}.json.xz"


def dumped(apps: Any) -> dict[str, list[dict[str, Any]]]:
    """All rows of all models, by the model's name, as JSON values."""
    return {
        name: [
            {field.attname: _plain(getattr(row, field.attname)) for field in row._meta.concrete_fields}
            for row in apps.get_model("database", name).objects.order_by("pk")
        ]
        for name in MODELS
    }


def write(name: str, content: Mapping[str, Any]) -> None:
    """Keep this."""
    path_of(name).write_bytes(lzma.compress(json.dumps(content, sort_keys=True).encode(), preset=9))


def read(name: str) -> dict[str, Any]:
    """What was written."""
    content: dict[str, Any] = json.loads(lzma.decompress(path_of(name).read_bytes()))
    return content


def restore(content: Mapping[str, Any]) -> None:
    """Empty tables of the migration that the rows were written under, the rows, and then the newest
    migration.
    """
    migrate(content["migration"])
    apps = MigrationExecutor(connection).loader.project_state([("database", content["migration"])]).apps
    found = [apps.get_model("database", name) for name in MODELS if name in content["rows"]]
    for model in found:
        fields = {field.attname: field for field in model._meta.concrete_fields}
        rows = content["rows"][model._meta.object_name]
        model.objects.bulk_create([
            model(**{name: _value(fields[name], value) for name, value in row.items()}) for row in rows
        ])
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), found):
            cursor.execute(statement)
    migrate_to_newest()


def migrate_to_newest() -> None:
    """The database as the code expects it."""
    migrate(
        next(
            name for app, name in MigrationExecutor(connection).loader.graph.leaf_nodes() if app == "database"
        )
    )


def migrate(name: str) -> None:
    """Go to this migration, forwards or backwards."""
    MigrationExecutor(connection).migrate([("database", name)])


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _value(field: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(field, models.BinaryField):
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if isinstance(field, models.DateTimeField) else value
