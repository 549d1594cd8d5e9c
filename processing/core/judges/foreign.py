"""Agents are scored by the return of whole episodes in an environment that runs in processes of its own.

Observations may be normalised by what was seen in closed generations: the judge's state has the number, the mean and the
variance of all observations so far. They come with the evaluations of each agent and are added up when a generation is
closed, correctly rounded, so that no order matters.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from processing.core.environments.foreign.environment import Foreign
from processing.core.genomes import GENOMES
from processing.core.judges.children import Ended, children
from processing.core.packed import pack_values
from processing.core.types import (
    Evaluations,
    Failure,
    Float32Array,
    Float64Array,
    Genomes,
    Population,
    Purpose,
    State,
)

#: Added to variances, so that what never varies is not blown up.
EPSILON = 1e-8


class ForeignEpisodes:
    """The judge `foreign`: a genome kind's networks in an environment of Gymnasium."""

    #: Whether `evaluate` takes a `beat` that it calls while it waits, so that nobody need cut generations for that.
    beats = True

    def __init__(self, environment: Foreign, genome_kind: Any) -> None:
        self.environment, self.genome_kind = environment, genome_kind
        self.is_random = True
        self.is_sampled = environment.actions == "choice" and genome_kind.parameters.output == "softmax"
        self._threads = 1
        self._beat: Callable[[], object] = _nothing
        name = next(name for name, kind in GENOMES.items() if kind is type(genome_kind))
        self._setup = json.dumps({
            "genome": name, "network": genome_kind.parameters.model_dump(mode="json"),
            "environment": environment.parameters.model_dump(mode="json"), "facts": environment.facts,
        }).encode()

    @contextmanager
    def attended(self, *, threads: int, beat: Callable[[], object]) -> Iterator[None]:
        """Within this, an evaluation that does not say otherwise uses so many processes, and beats."""
        self._threads, self._beat = threads, beat
        try:
            yield
        finally:
            self._threads, self._beat = 1, _nothing

    @property
    def is_normalised(self) -> bool:
        """Whether observations are."""
        return bool(self.environment.parameters.normalize_observations)

    def begin(self) -> State:
        """What is remembered between generations: what was seen."""
        if not self.is_normalised:
            return {}
        nothing = np.zeros(self.environment.inputs)
        return {"observations": 0, "mean": nothing, "variance": nothing}

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, *, seed: int, generation: int
    ) -> tuple[State, Float64Array]:
        """What was seen up to this generation, and the scores that its strategy sees, (N,): the fitness."""
        if not self.is_normalised or evaluations.behaviours is None:
            return state, evaluations.fitness
        steps = np.where(evaluations.failures == Failure.NONE, evaluations.steps, 0).tolist()
        weights = [state["observations"], *steps]
        means, variances = np.split(evaluations.behaviours.astype(np.float64), 2, axis=1)
        mean, variance = _pooled(weights, np.vstack([state["mean"], means]), np.vstack([state["variance"], variances]))
        return {"observations": sum(weights), "mean": mean, "variance": variance}, evaluations.fitness

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None, origin: int = 0,
        threads: int | None = None, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Callable[[], object] | None = None,
    ) -> Evaluations:
        """The evaluations of agents first..last-1; as in `Episodes`, with `threads` processes.

        Episodes are addressed as those of compiled environments; the seed that an environment is reset with is that
        address, as a whole number below 2^31 - 1. An agent fails with the first of its episodes that does.

        Args:
            threads, beat: as `attended` says where None; beat is called again and again while the processes are at work.
        """
        last = self.genome_kind.count(genomes) if last is None else last
        episodes = self.environment.episodes
        head = {"seed": seed, "generation": generation, "purpose": int(purpose)}
        normal = self._normal(state)

        def packed(lives: list[int]) -> bytes:
            agents = sorted({first + life // episodes for life in lives})
            places = {agent: place for place, agent in enumerate(agents)}
            told = [
                [life, places[first + life // episodes], origin + first + life // episodes, life % episodes] for life in lives
            ]
            taken = self.genome_kind.take(genomes, np.array(agents, np.int32))
            return pack_values(head | {"lives": told}, {"genomes": taken} | normal, self.genome_kind, genomes="genomes")

        lives = range((last - first) * episodes)
        ended = children(threads or self._threads).live(
            lives, self._setup, packed, seconds=self.environment.parameters.timeout_seconds, beat=beat or self._beat
        )
        return self._evaluations(sorted(ended, key=lambda one: one.life), last - first)

    def _normal(self, state: State | None) -> dict[str, Float32Array]:
        """Mean and reciprocal standard deviation of what was seen; none before anything was."""
        if not self.is_normalised or state is None or not state["observations"]:
            return {}
        return {
            "mean": state["mean"].astype(np.float32),
            "scale": (1 / np.sqrt(state["variance"] + EPSILON)).astype(np.float32),
        }

    def _evaluations(self, ended: list[Ended], number: int) -> Evaluations:
        """What became of the agents, from what became of their lives in order."""
        episodes = self.environment.episodes
        fitness, steps = np.zeros(number), np.zeros(number, np.int32)
        failures = np.zeros(number, np.uint8)
        sums = np.zeros((number, 2 * self.environment.inputs if self.is_normalised else 0))
        reasons: dict[int, str] = {}
        for one in ended:
            agent = one.life // episodes
            fitness[agent] += one.total
            steps[agent] += one.steps
            if one.failure != Failure.NONE:
                failures[agent] = failures[agent] or one.failure
                reasons.setdefault(agent, one.reason or "")
            elif self.is_normalised:
                sums[agent] += one.sums
        fitness /= episodes
        failures[(failures == Failure.NONE) & ~np.isfinite(fitness)] = Failure.NON_FINITE_FITNESS
        return Evaluations(
            fitness=np.where(failures == Failure.NONE, fitness, np.nan), steps=steps, failures=failures,
            behaviours=_moments(sums, steps) if self.is_normalised else None, reasons=tuple(reasons.items()),
        )


def _nothing() -> None:
    """Nobody waits for a sign of progress."""


def _moments(sums: Float64Array, steps: Any) -> Float32Array:
    """Mean and variance of what each agent saw, (N, 2 I), from its sums, (N, 2 I); 0 where that is not finite."""
    means, squares = np.split(sums / np.maximum(steps, 1)[:, None], 2, axis=1)
    variances = np.maximum(squares - means * means, 0)
    found = np.hstack([means, variances]).astype(np.float32)
    return np.where(np.isfinite(found).all(axis=1, keepdims=True), found, np.float32(0))


def _pooled(weights: list[int], means: Float64Array, variances: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Mean and variance, (I,), of all from those of groups, (G, I), of so many observations each.

    Source: the law of total variance.
    """
    number = max(sum(weights), 1)
    scale = np.array(weights, np.float64)[:, None]
    mean = np.array([math.fsum(column) for column in (scale * means).T.tolist()]) / number
    spread = scale * (variances + (means - mean) ** 2)
    return mean, np.array([math.fsum(column) for column in spread.T.tolist()]) / number
