"""The C yardstick, compiled for this machine."""

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from processing.core.environments.grid_world import GridWorld
from processing.core.types import Float32Array, Float64Array, Int32Array

SOURCE = Path(__file__).parent / "yardsticks" / "grid_world.c"
COMPILE = ("cc", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC")


class Yardstick:
    """Lives of 24-10-9 tanh networks on one map, in C.

    Args:
        folder: where the library is put.
        groups: how many groups of 16 lanes it advances side by side.
    Raises:
        CalledProcessError: there is no C compiler, or it fails.
    """

    def __init__(self, folder: Path, maze: GridWorld, *, groups: int) -> None:
        self.world, self.max_steps, self.groups = maze.world, maze.max_steps, groups
        library = folder / f"grid_world_{groups}.so"
        wide = ("-mprefer-vector-width=512",) if "avx512f" in _processor_flags() else ()
        subprocess.run([*COMPILE, *wide, f"-DGROUPS={groups}", str(SOURCE), "-o", str(library)], check=True)
        self.rollout = ctypes.CDLL(str(library)).rollout

    def evaluate(self, genomes: Float32Array) -> tuple[Float64Array, Int32Array]:
        """Fitness and steps of every agent."""
        world, number = self.world, len(genomes)
        fitness, steps, ticket = np.zeros(number), np.zeros(number, np.int32), np.zeros(1, np.int64)
        numbers = (world.start, world.goals, world.words, world.cells.size, self.max_steps)
        arrays = world.cells, world.goal_of, world.moves, world.views, world.rewards
        self.rollout(
            _address(genomes), ctypes.c_int64(number), *(_address(array) for array in arrays),
            *map(ctypes.c_int64, numbers), *(_address(array) for array in (ticket, fitness, steps)),
        )
        return fitness, steps


def _address(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _processor_flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
