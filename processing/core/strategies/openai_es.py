"""Evolution strategies: a mean follows the gradient that is estimated from mirrored samples around it.

A generation consists of pairs mean + sigma * noise, mean - sigma * noise. Where its size is odd, the last
agent is the mean itself and does not contribute to the gradient. The fitness counts only by its rank, from
-0.5 for the worst to 0.5 for the best. Ties share the mean of their ranks, so that a plateau has no gradient;
failed agents share the worst ranks. With the utilities u of a pair:
    gradient = sum over P pairs of (u+ - u-) * noise / (2 P sigma) - decay * mean
in the order of the pairs, in float64. Noise w of pair p is draw w of (seed, MUTATION, generation, p); the
first mean is agent 0 of (seed, INITIAL, generation 0). `tell` derives the noise from the genomes: half their
difference.

Source: Salimans et al. 2017, "Evolution Strategies as a Scalable Alternative to Reinforcement Learning",
algorithm 2 and section 2.1; Kingma and Ba 2015, "Adam", algorithm 1.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from enum import StrEnum
from typing import Literal, Self

import numpy as np

from processing.core import rng
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import madd
from processing.core.kernels.pieces import ranges
from processing.core.kernels.roles import kernel
from processing.core.parameters import StrategyParameters, parameter
from processing.core.rng import agent_key, normal_part
from processing.core.strategies.strategy import Strategy
from processing.core.types import (
    NO_PARENT,
    Float32Array,
    Float64Array,
    GenomeKind,
    Operator,
    Population,
    Purpose,
    State,
    StopReason,
    VectorKind,
    Verdict,
)

_SECOND, _TINY = 0.999, 1e-8  # Adam's beta 2 and epsilon
#: The mean is clipped here, far beyond any weight that still changes an action, so that it stays finite.
_LARGEST = 1e30
#: Weights that are drawn, or counted, in the first piece of work.
FIRST_WEIGHTS = 5_000_000


class Optimizer(StrEnum):
    """How the mean follows the gradient."""

    ADAM = "adam"
    SGD = "sgd"


class OpenaiEsParameters(StrategyParameters):
    """Evolution strategies with mirrored samples, ranks and Adam."""

    change_sizes = ("sigma",)

    type: Literal["openai_es"] = parameter(
        meaning="Evolution strategies with mirrored samples, ranks and Adam."
    )
    population_size: int = parameter(
        256, meaning="Agents in each generation, in pairs; an odd one is the mean itself.", unit="agents",
        ge=2, le=1_000_000_000
    )
    sigma: float = parameter(
        0.5, meaning="Standard deviation of the noise added to a weight.", gt=0.0, le=1_000.0,
        source="Salimans et al. 2017, algorithm 1; 0.02 there",
    )
    learning_rate: float = parameter(
        0.1, meaning="How far the mean moves: with Adam, about so much in each weight and generation.",
        gt=0.0, le=1_000.0,
    )
    optimizer: Optimizer = parameter(
        Optimizer.ADAM, meaning="How the mean follows the gradient: Adam, or plain ascent with momentum."
    )
    momentum: float = parameter(
        0.9, meaning="How much of the last generations' direction is kept.", ge=0.0, lt=1.0,
        source="Kingma and Ba 2015, beta 1",
    )
    decay: float = parameter(
        0.005, meaning="How strongly weights are drawn to 0 (L2).", ge=0.0, le=1.0,
        source="Salimans et al. 2017, section 2.1",
    )


class OpenaiEs(Strategy[OpenaiEsParameters, VectorKind]):
    """The strategy `openai_es`.

    Its state: `mean` (W,) float32, None before generation 0 is closed; `first` and `second` (W,) float64, the
    decaying averages of the gradient and of its square; `first_left` and `second_left`, the products of their
    decays so far.
    """

    Parameters = OpenaiEsParameters
    label = "OpenAI ES"

    def __init__(self, parameters: OpenaiEsParameters, genome: VectorKind) -> None:
        self.parameters, self.genome = parameters, genome
        self.population_size = parameters.population_size

    @classmethod
    def of(cls, parameters: OpenaiEsParameters, genome: VectorKind) -> Self:
        """Return the strategy of these parameters."""
        return cls(parameters, genome)

    @classmethod
    def takes(cls, genome: type[GenomeKind]) -> bool:
        """Whether genomes of the kind are rows of float32."""
        return genome.is_vector

    def begin(self) -> State:
        """The state before generation 0."""
        return {"mean": None}

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """Draw mirrored pairs around the mean."""
        mean, size = state["mean"], self.population_size
        if mean is None:
            mean = self.genome.random(1, seed=seed, generation=0)[0]
        genomes = np.empty((size, len(mean)), np.float32)
        key = np.uint64(rng.derive_prefix(seed, Purpose.MUTATION, generation))
        for first, last in ranges(-(-size // 2), at_first=FIRST_WEIGHTS // max(1, len(mean))):
            with np.errstate(over="ignore"):
                compiled(fill_pairs)(mean, np.float32(self.parameters.sigma), key, genomes, first, last)
        no_parents = np.full(size, NO_PARENT, np.int32)
        return Population(
            genomes=genomes, operators=np.full(size, Operator.SAMPLED, np.uint8), mothers=no_parents,
            fathers=no_parents, ages=np.zeros(size, np.uint16),
        )

    def tell(
        self, state: State, population: Population, fitness: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        """Move the mean by the fitness, (N,), NaN for failed agents; if all failed, the search dies out."""
        if np.isnan(fitness).all():
            return state, Verdict(stop=StopReason.EXTINCTION)
        genomes, pairs = np.require(population.genomes, np.float32, ["C"]), len(fitness) // 2
        mean = state["mean"]
        if mean is None:
            mean = genomes[0] + (genomes[1] - genomes[0]) * np.float32(0.5)
            state = {
                "first": np.zeros(len(mean)), "second": np.zeros(len(mean)), "first_left": 1.0,
                "second_left": 1.0
            }
        better = utilities(fitness[: 2 * pairs])
        gradient, above = np.zeros(len(mean)), better[::2] - better[1::2]
        for first, last in ranges(pairs, at_first=FIRST_WEIGHTS // max(1, len(mean))):
            compiled(fill_slope)(genomes, above, gradient, first, last)
        gradient = gradient / (4 * pairs * self.parameters.sigma**2)
        gradient = gradient - self.parameters.decay * mean.astype(np.float64)
        return self._moved(state, mean, gradient), Verdict()

    def _moved(self, state: State, mean: Float32Array, gradient: Float64Array) -> State:
        """The state after one step of the optimizer."""
        kept = self.parameters.momentum
        first = kept * state["first"] + (1 - kept) * gradient
        second = _SECOND * state["second"] + (1 - _SECOND) * (gradient * gradient)
        first_left, second_left = kept * state["first_left"], _SECOND * state["second_left"]
        step = first
        if self.parameters.optimizer == Optimizer.ADAM:
            step = first / (1 - first_left) / (np.sqrt(second / (1 - second_left)) + _TINY)
        moved = np.clip(mean + self.parameters.learning_rate * step, -_LARGEST, _LARGEST)
        return {
            "mean": moved.astype(np.float32), "first": first, "second": second,
            "first_left": first_left, "second_left": second_left,
        }


def utilities(fitness: Float64Array) -> Float64Array:
    """Return centred ranks, from -0.5 for the worst to 0.5 for the best.

    Ties share the mean of their ranks, as do failed agents, which are the worst.

    Args:
        fitness: (N,) float64, NaN where an agent failed; N > 1.
    Returns:
        (N,) float64 in [-0.5, 0.5].
    Source: Salimans et al. 2017, section 2.1.
    """
    _, places, counts = np.unique(
        np.where(np.isnan(fitness), -np.inf, fitness), return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    shared: Float64Array = ((2 * last - counts - 1) / 2 / (len(fitness) - 1) - 0.5)[places]
    return shared


@kernel
def fill_pairs(mean, sigma, key, genomes, first, last):
    """Fill genomes 2p and 2p + 1 with the mean ± sigma times noise p, and an odd last one with the mean.

    Only pairs first <= p < last are filled.

    Args:
        mean: (W,) float32; sigma: float32.
        key: key prefix of (seed, MUTATION, generation).
        genomes: (N, W) float32.
    """
    size = genomes.shape[0]
    for pair in range(first, min(last, size // 2)):
        own = agent_key(key, pair, 0)
        for w in range(mean.size):
            noise = normal_part(own, w)
            genomes[2 * pair, w] = madd(sigma, noise, mean[w])
            genomes[2 * pair + 1, w] = madd(-sigma, noise, mean[w])
    if size % 2 == 1 and last > size // 2:
        for w in range(mean.size):
            genomes[size - 1, w] = mean[w]


@kernel
def fill_slope(genomes, better, slope, first, last):
    """Add to `slope` the difference of each of the pairs first..last-1 times that of its utilities, in order.

    Args:
        genomes: (N, W) float32, N >= 2 P.
        better: (P,) float64, utility of the first genome of each pair minus that of the second.
        slope: (W,) float64.
    """
    for pair in range(first, last):
        for w in range(slope.size):
            slope[w] += better[pair] * (
                np.float64(genomes[2 * pair, w]) - np.float64(genomes[2 * pair + 1, w])
            )
