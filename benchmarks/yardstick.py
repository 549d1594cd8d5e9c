"""The C yardsticks, compiled for this machine and called through ctypes."""

import ctypes
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from processing.core.environments.maze.grid_world import GridWorld
from processing.core.rollouts.kernel import Rollouts
from processing.core.types import Float32Array, Float64Array, Int32Array

SOURCES = Path(__file__).parent / "yardsticks"
COMPILE = ("cc", "-O3", "-march=native", "-shared", "-fPIC")


class Yardstick:
    """Rollouts of 24-10-9 tanh networks on one map, in C.

    Args:
        folder: where the library is put.
        groups: number of groups of 16 lanes that it advances side by side.
    Raises:
        CalledProcessError: there is no C compiler, or it fails.
    """

    def __init__(self, folder: Path, maze: GridWorld, *, groups: int) -> None:
        self.world, self.max_steps, self.groups = maze.world, maze.max_steps, groups
        self.rollout = _library(
            folder / f"grid_world_{groups}.so", "grid_world.c", "fast", {"GROUPS": groups}
        ).rollout

    def evaluate(self, genomes: Float32Array) -> tuple[Float64Array, Int32Array]:
        """Return fitness and steps of every agent, (N,) each."""
        world, number = self.world, len(genomes)
        fitness, steps, ticket = np.zeros(number), np.zeros(number, np.int32), np.zeros(1, np.int64)
        numbers = (world.start, world.goals, world.words, world.cells.size, self.max_steps)
        arrays = world.cells, world.goal_of, world.moves, world.views, world.rewards
        self.rollout(
            _address(genomes), ctypes.c_int64(number), *(_address(array) for array in arrays),
            *map(ctypes.c_int64, numbers), *(_address(array) for array in (ticket, fitness, steps)),
        )
        return fitness, steps


class RolloutsYardstick:
    """Rollouts in one environment with one kind of network, in C; one episode of each agent.

    Args:
        folder: where the library is put.
        name: name of the library.
        macros: macros that `yardsticks/rollouts.c` is compiled with.
        common: whether all agents have the same start.
    Raises:
        CalledProcessError: there is no C compiler, or it fails.
    """

    def __init__(self, folder: Path, name: str, macros: Mapping[str, Any], *, common: bool) -> None:
        self.name = name
        self.rollout = _library(
            folder / f"{name}.so", "rollouts.c", "off", {**macros, "COMMON": int(common)}
        ).rollout

    def evaluate(self, genomes: Any, rollouts: Rollouts) -> tuple[Float64Array, Int32Array]:
        """Compute returns and steps of every agent, (N,) each.

        Args:
            genomes: a ctypes structure, `Genomes` of the network's header.
            rollouts: the rollouts as the engine gets them.
        """
        returns, steps = np.zeros(rollouts.number), np.zeros(rollouts.number, np.int32)
        ticket = np.zeros(1, np.int64)
        self.rollout(
            ctypes.byref(genomes), ctypes.c_int64(rollouts.number), ctypes.c_uint64(int(rollouts.starts)),
            ctypes.c_int64(rollouts.limit), _address(ticket), _address(returns), _address(steps),
        )
        return returns, steps


class DenseGenomes(ctypes.Structure):
    """The structure `Genomes` of dense.h."""

    _fields_ = [("weights", ctypes.c_void_p)]


class GraphGenomes(ctypes.Structure):
    """The structure `Genomes` of graph.h."""

    _fields_ = [
        *(
            (name, ctypes.c_void_p)
            for name in ("starts", "links", "sources", "weights", "direct", "present", "offsets")
        ),
        ("positions", ctypes.c_int64),
    ]


def dense_genomes(genomes: Float32Array) -> DenseGenomes:
    """Return a C view of genomes (N, W); the array must outlive it."""
    return DenseGenomes(genomes.ctypes.data)


def graph_genomes(prepared: Any) -> GraphGenomes:
    """Return a C view of decoded graphs; their arrays must outlive it."""
    programs, network = prepared.genomes, prepared.network
    arrays = (
        programs.starts, programs.links, programs.sources, programs.weights, programs.direct,
        programs.present, network.offsets,
    )
    return GraphGenomes(*(array.ctypes.data for array in arrays), network.positions)


def _library(path: Path, source: str, contraction: str, macros: Mapping[str, Any]) -> ctypes.CDLL:
    wide = ("-mprefer-vector-width=512",) if "avx512f" in _processor_flags() else ()
    given = (f"-D{name}={value}" for name, value in macros.items())
    subprocess.run(
        [*COMPILE, f"-ffp-contract={contraction}", *wide, *given, str(SOURCES / source), "-o", str(path)],
        check=True
    )
    return ctypes.CDLL(str(path))


def _address(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _processor_flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
