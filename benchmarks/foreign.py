"""Environments of packages that the server does not need: MiniGrid, and Atari from memory and from pictures.

They are installed into a virtual environment of their own, with the packages that the bare core needs;
searches run in it. Each runs twice, with one process and with two, and both must end with the same digest.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Absent, interpreter
from benchmarks.timing import Line

ROOT = Path(__file__).parents[1]
SEED = 1
MODULES = "minigrid,ale_py"

#: A game's picture as 4 x 42 x 42 = 7,056 numbers.
PICTURES = [
    {"type": "grayscale"}, {"type": "resize", "shape": [42, 42]}, {"type": "frame_stack", "stack_size": 4}
]


def _document(kind: str, strategy: dict[str, Any], generations: int, **environment: Any) -> dict[str, Any]:
    return {
        "version": 1, "kind": kind, "name": environment["id"], "seed": SEED,
        "environment": {"type": "gymnasium", **environment},
        "network": {} if kind == "neat" else {"hidden": [8]}, "strategy": strategy,
        "stop": {"max_generations": generations},
    }


_GENETIC = {"type": "genetic", "population_size": 6}
#: Steps of a game; each takes four frames.
_GAME = {"id": "ALE/Pong-v5", "max_steps": 50}
DOCUMENTS = {
    "MiniGrid, Empty-8x8, by NEAT": _document("neat", {"population_size": 50}, 4, id="MiniGrid-Empty-8x8-v0"),
    "Atari, Pong, from its memory": _document(
        "weight_evolution", _GENETIC, 2, **_GAME, kwargs={"obs_type": "ram"}
    ),
    "Atari, Pong, from pictures of 42 x 42": _document(
        "weight_evolution", _GENETIC, 2, **_GAME, wrappers=PICTURES
    ),
}


def measure() -> Iterator[Line]:
    """Yield one line for every case, or one line with `skipped` where the packages cannot be installed."""
    try:
        python = interpreter("foreign")
    except Absent as error:
        yield {"case": "foreign", "skipped": str(error)}
        return
    done = subprocess.run(
        [str(python), "-m", "benchmarks.foreign"], cwd=ROOT,
        env=os.environ | {"ENVIRONMENT_MODULES": MODULES},
        stdout=subprocess.PIPE, text=True, check=True,
    )
    yield from map(json.loads, done.stdout.splitlines())


def _searched(case: str, document: dict[str, Any]) -> Line:
    """Run a search with one process and with two.

    Returns:
        Its figures, and whether both have the same digests.
    """
    from benchmarks.searches import closed_generations, staged_plan

    found = []
    for processes in (1, 2):
        item, plan = staged_plan(document, modules=MODULES.split(","))
        started = time.perf_counter()
        searched = closed_generations(plan, seed=SEED, threads=processes)
        closed = list(islice(searched, document["stop"]["max_generations"]))
        found.append((closed, time.perf_counter() - started))
    (one, seconds), (other, fewer_seconds) = found
    steps = sum(int(each.evaluations.steps.sum()) for each in one)
    digests = [[each.checkpoint.digest for each in closed] for closed in (one, other)]
    best = [round(float(each.evaluations.fitness[each.champion]), 3) for each in (one[0], one[-1])]
    return {
        "case": case, "met": digests[0] == digests[1], "inputs": plan.problem.inputs,
        "generations": len(one), "agents": plan.population_size, "best_first": best[0], "best_last": best[1],
        "failed": sum(int((each.evaluations.failures > 0).sum()) for each in one), "steps": steps,
        "steps_per_second": round(steps / seconds), "steps_per_second_of_two": round(steps / fewer_seconds),
        "warnings": [str(warning.message) for warning in item.warnings],
    }


if __name__ == "__main__":
    for name, one in DOCUMENTS.items():
        print(json.dumps(_searched(name, one)), flush=True)
