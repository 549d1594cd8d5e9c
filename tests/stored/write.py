"""Writes runs that are half done, and what becomes of them undisturbed: `python -m tests.stored.write NAME`.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

#: Staged items are signed with it.
SECRET_KEY = "the key of rows that are kept with the tests"
EXAMPLES = Path(__file__).parents[2] / "examples"
SINE = [0.0, 0.79, 1.57, 2.36, 3.14, 3.93, 4.71, 5.5, 6.28]
HEIGHTS = [0.0, 0.71, 1.0, 0.71, 0.0, -0.71, -1.0, -0.71, 0.0]
FEW_ROWS = {"agents": "champions"}
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]


def _table(inputs: list[Any], targets: list[Any], **others: Any) -> dict[str, Any]:
    return {"type": "table", "inputs": inputs, "targets": targets, **others}


#: Changes of examples, and how many generations are done when the rows are written.
RUNS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "maze, rising threshold": ("maze-5x5", 3, {
        "record": {"agents": "all"},
        "strategy": {"type": "rising_threshold", "population_size": 40},
        "stop": {"max_generations": 9, "fitness": 5.5},
    }),
    "maze, said to be solved": ("maze-5x5", 2, {
        "strategy": {"type": "genetic", "population_size": 30},
        "stop": {"max_generations": 6, "solved": True},
    }),
    "maze, actions drawn, several episodes": ("maze-5x5", 2, {
        "environment": {"type": "maze", "rows": ["S..", ".#.", "..G"], "max_steps": 12, "episodes": 3},
        "network": {"hidden": [4], "output": "softmax"},
        "strategy": {"type": "genetic", "population_size": 30},
        "stop": {"max_generations": 5, "fitness": 3.2},
    }),
    "maze, novelty": ("maze-four-rooms", 2, {
        "novelty": {"k": 5, "weight": 0.7}, "strategy": {"type": "genetic", "population_size": 40},
        "stop": {"max_generations": 5},
    }),
    "maze, in slices": ("maze-5x5", 2, {
        "strategy": {"type": "genetic", "population_size": 30}, "execution": {"slice_size": 10},
        "stop": {"max_generations": 5},
    }),
    "XOR": ("xor-neat", 3, {
        "replicates": 1, "seed": 3, "strategy": {"type": "neat", "population_size": 150},
        "stop": {"max_generations": 60, "solved": True},
    }),
    "XOR of -1 and 1": ("xor-neat", 2, {
        "replicates": 1,
        "environment": _table([[2 * a - 1, 2 * b - 1] for a, b in XOR], [[-1], [1], [1], [-1]]),
        "network": {"output_activation": "tanh"}, "strategy": {"type": "neat", "population_size": 60},
        "stop": {"max_generations": 12, "solved": True},
    }),
    "sine by squared errors": ("xor-neat", 2, {
        "replicates": 1,
        "environment": _table(
            [[x] for x in SINE], [[y] for y in HEIGHTS], fitness="negative_mean_squared_error"
        ),
        "network": {"activations": ["tanh"], "output_activation": "identity"},
        "strategy": {"type": "neat", "population_size": 60}, "stop": {"max_generations": 60, "solved": True},
    }),
    "a table by fixed networks": ("maze-5x5", 2, {
        "environment": _table(XOR, [[0, 1], [1, 0], [1, 0], [0, 1]], fitness="negative_mean_absolute_error"),
        "network": {"hidden": [4], "activation": "tanh"},
        "strategy": {"type": "openai_es", "population_size": 40},
        "stop": {"max_generations": 8, "solved": True},
    }),
    "CartPole": ("cartpole-neat", 1, {
        "replicates": 1, "strategy": {"type": "neat", "population_size": 40},
        "stop": {"max_generations": 4, "solved": True},
    }),
    "double pole": ("double-pole-neat", 2, {
        "replicates": 1, "environment": {"type": "double_pole", "max_steps": 2_000},
        "strategy": {"type": "neat", "population_size": 60}, "stop": {"max_generations": 5, "solved": True},
    }),
    "FrozenLake, in processes": ("frozenlake-weights", 1, {
        "strategy": {"type": "genetic", "population_size": 20},
        "stop": {"max_generations": 4, "solved": True},
    }),
    "all agents failed": ("xor-neat", 9, {
        "replicates": 1, "environment": {"type": "gymnasium", "id": "cases/ArrayReward-v0"},
        "strategy": {"type": "neat", "population_size": 10}, "stop": {"max_generations": 3},
    }),
}


def main(name: str) -> None:
    """Evolve all of them twice: as far as they are kept, and to their end."""
    os.environ |= {
        "SECRET_KEY": SECRET_KEY, "ENVIRONMENT_MODULES": "tests.cases.environments", "REDIS_URL": "memory://",
        "DATA_FOLDER": tempfile.mkdtemp(), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "mlbackend.settings",
    }
    import django

    django.setup()
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    from api import intake
    from database.models import WorkItem
    from processing import runner
    from tests import ready
    from tests.stored import rows

    call_command("migrate", verbosity=0)

    def begun(run: str, generations: int) -> Any:
        example, _, changes = RUNS[run]
        document = json.loads(
            (EXAMPLES / f"{example}.json").read_text()
        ) | {"record": FEW_ROWS} | changes | {"name": run}
        instance = intake.submit(document, None, announce=False).instances[0]
        while instance.state not in ("SUCCEEDED", "FAILED") and instance.next_generation < generations:
            for number in ready.slices(instance.pk):
                runner.work_slice(number, threads=1)
            runner.work_shift(instance.pk, seconds=0.0, threads=1)
            instance.refresh_from_db()
        return instance

    ends = {}
    for run in RUNS:
        instance = begun(run, 10**9)
        ends[run] = {
            "state": instance.state, "stop_reason": instance.stop_reason,
            "generations": instance.next_generation, "digest": instance.digest,
            "best_fitness": instance.best_fitness,
            "champion": [instance.champion_generation, instance.champion_index],
        }
        print(run, ends[run])
    WorkItem.objects.all().delete()
    for run, (_, generations, _) in RUNS.items():
        instance = begun(run, generations)
        if "execution" in RUNS[run][2]:  # one slice of the next generation is done, the others are not begun
            runner.work_shift(instance.pk, seconds=0.0, threads=1)
            runner.work_slice(ready.slices(instance.pk)[0], threads=1)
    done = [each for app, each in MigrationRecorder(connection).applied_migrations() if app == "database"]
    rows.write(
        name, {"migration": max(done), "secret_key": SECRET_KEY, "ends": ends, "rows": rows.dumped(apps)}
    )


if __name__ == "__main__":
    main(sys.argv[1])
