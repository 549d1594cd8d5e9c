"""Ordinary work items, and their outcomes without faults."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.faults.archive import Archive, Row

ROOT = Path(__file__).resolve().parents[2]
MAZE = json.loads((ROOT / "examples" / "maze-20x20.json").read_text())["environment"]
SMALL = json.loads((ROOT / "examples" / "maze-5x5.json").read_text())["environment"]

Document = dict[str, Any]


def documents(seed: int) -> dict[str, Document]:
    """Return the kinds of work items that rows submit, by name."""
    common = {"version": 1, "kind": "weight_evolution", "seed": seed}
    short = {
        **common, "environment": SMALL, "record": {"agents": "all"}, "stop": {"max_generations": 3},
        "strategy": {"type": "genetic", "population_size": 20},
    }
    return {
        "plain": {
            **common, "environment": MAZE, "record": {"agents": "all"}, "stop": {"max_generations": 24},
            "strategy": {"type": "genetic", "population_size": 40}, "replicates": 2,
        },
        "rising": {
            **common, "environment": SMALL, "stop": {"max_generations": 20}, "priority": 10,
            "strategy": {"type": "rising_threshold", "population_size": 60},
            "record": {"agents": "champions"},
        },
        "sliced": {
            **common, "environment": SMALL, "record": {"agents": "all"}, "stop": {"max_generations": 8},
            "strategy": {"type": "genetic", "population_size": 40}, "execution": {"slice_size": 10},
        },
        "short": short, "shortest": {**short, "stop": {"max_generations": 1}},
        "longer": {**short, "stop": {"max_generations": 6}},
        "crowd": {**short, "stop": {"max_generations": 20}, "replicates": 20},
        "pieces": {**short, "execution": {"slice_size": 10}},
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """All results of a run that must be the same with and without faults."""

    instance: Row
    generations: tuple[Row, ...]
    agents: str  # fingerprint of every agent row
    number_of_agents: int


INSTANCE = (
    "seed, state, stop_reason, next_generation, evaluations, environment_steps, failed_agents, best_fitness,"
    " champion_generation, champion_index, digest"
)
GENERATION = "number, size, evaluated, failed, best, mean, champion_index, digest, scalars"


def outcome(archive: Archive, instance_id: int) -> Outcome:
    """Read the outcome of a run by plain SQL."""
    (instance,) = archive.rows(f"SELECT {INSTANCE} FROM database_instance WHERE id = %s", instance_id)
    generations = archive.rows(
        f"SELECT {GENERATION} FROM database_generation WHERE instance_id = %s ORDER BY number", instance_id
    )
    for generation in generations:
        generation["scalars"] = bytes(generation["scalars"])
    agents = archive.rows(
        'SELECT generation, "index", fitness, genome FROM database_agent WHERE instance_id = %s ORDER BY '
        'generation, "index"',
        instance_id,
    )
    fingerprint = sha256()
    for agent in agents:
        fingerprint.update(
            repr((agent["generation"], agent["index"], agent["fitness"])).encode() + bytes(agent["genome"])
        )
    return Outcome(instance, tuple(generations), fingerprint.hexdigest(), len(agents))


class Undisturbed:
    """The outcomes of runs that nothing happens to, found out when they are first asked for."""

    def __init__(self, wanted: dict[str, Document], folder: Path) -> None:
        self.wanted, self.folder = wanted, folder
        self._known: dict[str, list[Outcome]] = {}

    def outcomes(self, kinds: Iterable[str]) -> dict[str, list[Outcome]]:
        """Return the outcomes of each of these kinds of work, by replicate, from `manage.py evolve`.

        Documents that differ in slices alone have one outcome.
        """
        alike = {kind: json.dumps(whole(self.wanted[kind]), sort_keys=True) for kind in kinds}
        unknown = {text: kind for kind, text in alike.items() if text not in self._known}
        with ThreadPoolExecutor(2) as both:
            found = both.map(
                lambda kind: _evolved(self.wanted[kind], kind, self.folder / kind), unknown.values()
            )
            self._known.update(zip(unknown, found, strict=True))
        return {kind: self._known[text] for kind, text in alike.items()}


def _evolved(document: Document, name: str, folder: Path) -> list[Outcome]:
    folder.mkdir(parents=True)
    environment = {
        name: value for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "PYTHONPATH", "FAULTS_FOLDER")
    }
    environment |= {
        "DATA_FOLDER": str(folder), "REDIS_URL": "memory://", "DJANGO_SETTINGS_MODULE": "mlbackend.settings"
    }
    ran = subprocess.run(
        [sys.executable, "manage.py", "evolve", "-", "--json", "--threads", "1"], cwd=ROOT, env=environment,
        input=json.dumps(named(whole(document), name)), text=True, capture_output=True, timeout=120,
    )
    if ran.returncode:
        raise RuntimeError(f"evolve {name}: {ran.stderr[-1000:]}")
    archive = Archive(f"sqlite://{folder / 'evolution.sqlite3'}")
    found = [outcome(archive, json.loads(line)["instance"]) for line in ran.stdout.splitlines()]
    archive.close()
    return found


def named(document: Document, name: str) -> Document:
    """Return the document under another name, which changes no bit of the result."""
    return {**copy.deepcopy(document), "name": name}


def whole(document: Document) -> Document:
    """Return the document without slices, which changes no bit of the result."""
    return {key: value for key, value in document.items() if key != "execution"}
