"""Tell the highest fitness of a run and that of its champion apart; filled in for runs that exist, from their generations."""

from typing import Any

import numpy as np
from django.db import migrations, models
from django.db.models import Min
from django.db.models.functions import Substr

FITNESS_BYTES = 8  # of an agent in the packed scalars, which begin with this column


def fill(apps: Any, schema_editor: Any) -> None:
    """What earlier versions did not write: both follow from what is kept of every agent."""
    instances, generations = (apps.get_model("database", name).objects for name in ("Instance", "Generation"))
    places = instances.exclude(champion_index=None).values_list("pk", "best_fitness", "champion_generation", "champion_index")
    for key, best, number, index in list(places):
        own = generations.filter(instance=key)
        cut = Substr("scalars", FITNESS_BYTES * index + 1, FITNESS_BYTES, output_field=models.BinaryField())
        fitness = own.filter(number=number).values_list(cut, flat=True).first()
        instances.filter(pk=key).update(
            best_generation=own.filter(best=best).aggregate(first=Min("number"))["first"],
            champion_fitness=None if fitness is None else float(np.frombuffer(fitness, "<f8")[0]),
        )


class Migration(migrations.Migration):
    """Two columns, and what they hold."""

    dependencies = [("database", "0009_revived_generation")]

    operations = [
        migrations.AddField("instance", "best_generation", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField("instance", "champion_fitness", models.FloatField(blank=True, null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
