"""The database record of a closed generation."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from database import packing
from database.services import NewGeneration, NewSnapshot
from processing.core.search import checkpoint as checkpoints
from processing.core.search.generation import GenerationResult
from processing.run import Run


def record_of(run: Run, closed: GenerationResult, *, seconds: float, started_at: datetime) -> NewGeneration:
    """Return the generation's record: all scalars, the checkpoint, and genomes by the record policy."""
    population, evaluations = closed.population, closed.evaluations
    scalars = packing.Scalars(
        fitness=evaluations.fitness, steps=evaluations.steps,
        species=np.full(len(population), -1, np.int32) if closed.species is None else closed.species,
        mothers=population.mothers, fathers=population.fathers, ages=population.ages,
        operators=population.operators, failures=evaluations.failures,
    )
    packed = packing.pack(
        scalars, evaluations.reasons, scores=closed.scores, father_ages=population.father_ages,
        metrics=evaluations.metrics, metric_names=evaluations.metric_names,
    )
    curves = evaluations.curves
    return NewGeneration(
        number=closed.number, statistics=closed.statistics,
        scalars=packed,
        digest=closed.checkpoint.digest, champion_index=closed.champion, started_at=started_at,
        seconds=seconds, environment_steps=int(evaluations.steps.sum(dtype=np.int64)),
        state=checkpoints.pack(closed.checkpoint, run.plan.genome), genomes=closed.genomes,
        fitness=evaluations.fitness, kept=_kept(run, closed),
        best_fitness=closed.checkpoint.best_fitness, improved=closed.is_improved,
        normalization=closed.normalization, figures=dict(closed.figures) if closed.figures else None,
        curves=None if curves is None else packing.pack_curves(curves, evaluations.curve_names),
        species=None if closed.species is None
        else tuple(NewSnapshot(**each._asdict()) for each in closed.snapshots),
    )


def _kept(run: Run, closed: GenerationResult) -> NDArray[np.int32] | None:
    """Return the indices of the agents that get rows, (K,) int32; None for all of them."""
    if run.staged.record == "all":
        return None
    return np.array([] if closed.champion is None else [closed.champion], np.int32)
