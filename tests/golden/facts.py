"""What some short runs come to: digests, and what is written and drawn of their champions. `python -m` prints
it as JSON.
"""

import hashlib
import json
from typing import Any

import numpy as np

from processing.core.drawings.svg import svg_of
from processing.core.exports.export import ExportFormat, exported, facts_of
from processing.core.search.plan import Plan
from processing.core.types import Genomes, Trajectory
from processing.core.views import view_of
from tests.core.searches import example, run
from tests.golden.test_digests import FEW, GOLDEN, GOLDEN_WORLDS, SEED, STRATEGIES, WORLDS

#: A dense network in a maze, a growing one on a table, and one whose units add up many links, in an
#: environment of curves.
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "maze-5x5": ("maze-5x5", {"strategy": STRATEGIES["genetic"], "stop": {"max_generations": 6}}),
    "xor-neat": ("xor-neat", {"strategy": STRATEGIES["neat, growing fast"], "stop": {"max_generations": 6}}),
    "acrobot": (
        WORLDS["acrobot, three passes of curves"][0],
        WORLDS["acrobot, three passes of curves"][1] | {"stop": {"max_generations": FEW}},
    ),
}
DIGESTS = {
    "maze-5x5": GOLDEN["maze-5x5", "genetic"], "xor-neat": GOLDEN["xor-neat", "neat, growing fast"],
    "acrobot": GOLDEN_WORLDS["acrobot, three passes of curves"],
}


def facts() -> dict[str, dict[str, str]]:
    """For each run its digest, and what its champion's replay, activity, drawing and file are; long ones as
    hashes.
    """
    return {name: _of_run(example(document, **changes)) for name, (document, changes) in RUNS.items()}


def _of_run(plan: Plan) -> dict[str, str]:
    *_, last = run(plan, seed=SEED)
    assert last.champion is not None
    genomes = plan.genome.take(last.population.genomes, np.array([last.champion], np.int32))
    way = plan.judge.replays.episode(
        plan.genome.pack(genomes), seed=SEED, generation=last.number, agent=last.champion
    )
    about = facts_of(plan.problem, plan.genome, name="champion", fitness=None)
    return {
        "digest": last.checkpoint.digest[:16], "total": repr(way.total), "rewards": _hash(repr(way.rewards)),
        "activity": _hash(repr([column.tolist() for column in _activity(plan, genomes, way)])),
        "drawing": _hash(svg_of(view_of(plan.genome).drawing(plan.problem, plan.genome, genomes))),
        "file": _hash(exported(plan.genome, genomes, about, ExportFormat.JSON).decode()),
    }


def _activity(plan: Plan, genomes: Genomes, way: Trajectory) -> list[Any]:
    return view_of(plan.genome).activity(plan.genome, genomes, way.observations, restarts=False)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


if __name__ == "__main__":
    print(json.dumps(facts()))
