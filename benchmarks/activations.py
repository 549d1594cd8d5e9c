"""Activations of many networks on the same samples: LANES samples of one network side by side, in float32."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import Any, NamedTuple

import numpy as np

from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import LANES, load, put, store
from processing.core.kernels.roles import kernel
from processing.core.rollouts.kernel import fill_memory, fill_outputs, workspace
from processing.core.types import Float32Array


class NoEnvironment(NamedTuple):
    """Sizes of an environment that has no state in a workspace."""

    outputs: int
    integers: int = 0
    floats: int = 0
    bits: int = 0


class Batch:
    """All networks of a population, and samples (S, inputs); S is a multiple of LANES."""

    def __init__(self, kind: Any, genomes: Any, samples: Float32Array) -> None:
        self.kind, self.size, self.samples = kind, kind.count(genomes), len(samples)
        self.prepared, self.kernel = kind.prepared(genomes), compiled(
            fill_answers, kind.special_parts or kind.parts
        )
        self.work = workspace(NoEnvironment(kind.outputs), self.prepared)
        self.columns = np.ascontiguousarray(samples.T, np.float32).reshape(-1)
        self.found = np.zeros((self.size, kind.outputs, self.samples), np.float32)

    def answers(self) -> Float32Array:
        """Return the outputs of each network, (N, outputs, S) float32; every call returns the same array."""
        self.kernel(
            self.prepared.genomes, self.prepared.network, self.work, self.size, self.columns, self.samples,
            self.kind.inputs, self.kind.outputs, self.found.reshape(-1),
        )
        return self.found


@kernel
def fill_answers(genomes, network, work, agents, samples, number, inputs, outputs, found):
    """Fill `found` (agents, outputs, number) from `samples` (inputs, number), both flattened."""
    for agent in range(agents):
        for lane in range(LANES):
            put(work.alive, lane, 1)
            put(work.agents, lane, agent)
            fill_memory(genomes, network, work, agent, lane)
        for begin in range(0, number, LANES):
            for i in range(inputs):
                store(work.scratch, i * LANES, load(samples, i * number + begin))
            y = fill_outputs(genomes, network, work)
            for k in range(outputs):
                store(found, (agent * outputs + k) * number + begin, load(work.scratch, y + k * LANES))
