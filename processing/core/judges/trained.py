"""Results of trainings that a run keeps, so that a genome that comes again is not trained again.

A training depends on the genome, the data set and the settings alone, besides the run's seed; so what is kept
changes no bit. It is part of the judge's state, and of every checkpoint.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.core.training.messages import CURVES, TrainingResult
from processing.core.types import Failure, Float32Array, Float64Array, Int32Array, State, UInt8Array

#: Bytes that are kept, about; the oldest results leave first.
MOST_BYTES = 1_000_000


def nothing(genome_bytes: int, epochs: int) -> State:
    """Return the state before anything was trained."""
    return {
        "genomes": np.zeros((0, genome_bytes), np.uint8), "seconds": np.zeros(0),
        "epochs": np.zeros(0, np.int32), "best": np.zeros(0, np.int32),
        "curves": np.zeros((0, epochs, len(CURVES)), np.float32),
    }


def known(state: State, genomes: bytes) -> dict[int, TrainingResult]:
    """Return the kept results of packed genomes, by their places."""
    size = state["genomes"].shape[1]
    places = {row.tobytes(): place for place, row in enumerate(state["genomes"])}
    found = {}
    for number in range(len(genomes) // size):
        place = places.get(genomes[number * size : (number + 1) * size])
        if place is not None:
            epochs = int(state["epochs"][place])
            found[number] = TrainingResult(
                number, Failure.NONE, "", epochs=epochs, best=int(state["best"][place]),
                curves=state["curves"][place, :epochs], confusion=np.zeros((0, 0), np.int32),
                seconds=float(state["seconds"][place]),
            )
    return found


def with_further(
    state: State, genomes: UInt8Array, *, seconds: Float64Array, epochs: Int32Array, best: Int32Array,
    curves: Float32Array
) -> State:
    """Return the state with the results of further trainings, N of them, in the order of their agents.

    Args:
        genomes: (N, B) uint8.
        curves: (N, epochs, 4) float32.
    """
    kept, new = {row.tobytes() for row in state["genomes"]}, []
    for number, row in enumerate(genomes):
        if row.tobytes() not in kept:
            kept.add(row.tobytes())
            new.append(number)
    columns: dict[str, NDArray[Any]] = {
        "genomes": genomes, "seconds": seconds, "epochs": epochs, "best": best, "curves": curves,
    }
    most = max(1, MOST_BYTES // _bytes_of_one(state))
    return {
        name: np.concatenate([state[name], column[new].astype(state[name].dtype)])[-most:]
        for name, column in columns.items()
    }


def _bytes_of_one(state: State) -> int:
    return int(sum(each.dtype.itemsize * np.prod(each.shape[1:]) for each in state.values()))
