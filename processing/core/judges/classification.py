"""Networks are trained on the images of a data set, and scored by others.

Fitness is the validation accuracy after the epoch that counts, less a penalty for parameters. Training
happens in processes of `core/training`; this module knows nothing of PyTorch.
"""

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, Self

import numpy as np

from processing.core import rng
from processing.core.concern import Asked, Concern
from processing.core.criterion import Closing
from processing.core.datasets.classification import ImageClassification
from processing.core.datasets.store import Store
from processing.core.errors import Transient
from processing.core.evaluations import joined_results
from processing.core.genomes.cnn.kind import Cnn
from processing.core.genomes.cnn.network import GENES
from processing.core.genomes.cnn.sizes import most_multiply_adds, multiply_adds_of
from processing.core.judges import trained
from processing.core.judges.judge import Cost, Judge, Setting
from processing.core.parameters import Parameters
from processing.core.training.messages import CURVES, Job, Setup, TrainingResult
from processing.core.training.parameters import (
    FitnessParameters,
    TrainingParameters,
    early_stopping_concerns,
)
from processing.core.training.pool import pool
from processing.core.types import (
    Beat,
    Evaluations,
    Failure,
    Float64Array,
    Genomes,
    Int32Array,
    Population,
    Purpose,
    State,
    UInt8Array,
    no_beat,
)

#: Further numbers of each agent; the first four are those of the epoch that counts.
METRICS = (
    "validation_accuracy", "validation_loss", "train_accuracy", "train_loss", "best_epoch", "parameters",
    "multiply_adds",
)
#: Seconds of an image in an epoch besides its multiply-adds: least and most.
IMAGE_SECONDS = (1.5e-5, 6e-5)
#: Multiply-adds of an image in training, as a multiple of those of a forward pass, and how many a core does
#: in a second in small layers.
PASSES, SPEED = 3, 2e9
#: A training without a batch for so long has failed, besides this multiple of a batch's time.
SILENCE_SECONDS, SLOWEST = 60.0, 20
_BITS = 48


class Classification(Judge[ImageClassification, Cnn]):
    """The judge `classification`. Its state are the results that `trained.py` keeps."""

    settings = {
        "training": Setting(TrainingParameters, TrainingParameters(), "How networks are trained."),
        "fitness": Setting(FitnessParameters, FitnessParameters(), "How networks are scored."),
    }
    trains = True
    trade_off = ("parameters", "validation_accuracy")

    def __init__(
        self, problem: ImageClassification, genome: Cnn, training: TrainingParameters,
        fitness: FitnessParameters
    ) -> None:
        self.problem, self.genome, self.training, self.fitness = problem, genome, training, fitness

    @classmethod
    def of(cls, problem: ImageClassification, genome: Cnn, settings: Mapping[str, Parameters]) -> Self:
        """Return the judge of a data set and of convolutional networks."""
        training, fitness = (cls.settings[key].read(settings[key]) for key in ("training", "fitness"))
        return cls(problem, genome, training, fitness)

    @property
    def has_state(self) -> bool:
        """True: results are kept."""
        return True

    def begin(self) -> State:
        """The state before generation 0: no results."""
        return trained.nothing(GENES.itemsize, self.training.epochs)

    def cost(self) -> Cost:
        """Return the cost of a training: of the smallest network, and of the largest."""
        images = self.training.epochs * self.problem.train
        most = most_multiply_adds(self.genome.parameters, self.genome.image, self.genome.classes)
        low, high = IMAGE_SECONDS
        return Cost(
            steps=self.training.epochs, seconds_low=images * low,
            seconds_high=images * (high + PASSES * most / SPEED), memory_bytes=0,
            basis="measured on one core of an ordinary processor", unit="epochs", factors="training.epochs",
            stored_bytes=8 * len(METRICS) + 4 * len(CURVES) * self.training.epochs,
            multiply_adds=most * images,
        )

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Beat | None = None, population: int | None = None,
    ) -> Evaluations:
        """Train agents first..last-1 of `genomes`; see `Judge.evaluate`.

        A result depends on the genome and the seed alone, not on the address: equal genomes are trained once,
        and not at all where the state has their result. The costliest are begun first.

        Args:
            threads: networks that are trained at a time.
        """
        mine = genomes[first:last]
        originals = self.originals(mine)
        found = self.known(mine, state or {})
        wanted = [each for each in self.by_cost(mine) if originals[each] == each and each not in found]
        if wanted:
            with closing(self.evaluate_each(
                (mine[each : each + 1] for each in wanted), seed=seed, processes=threads, beat=beat
            )) as ended:
                found |= {wanted[place]: each for place, each in ended}
        agents = [each for each in range(len(mine)) if originals[each] in found]
        result = joined_results([
            found[each] if each in found else self.as_known(found[originals[each]]) for each in agents
        ])
        return result if len(agents) == len(mine) else replace(result, agents=np.array(agents, np.int32))

    def evaluate_each(
        self, agents: Iterator[Genomes], *, seed: int, processes: int, beat: Beat | None = None
    ) -> Generator[tuple[int, Evaluations]]:
        """Train networks as they come; see `Judge.evaluate_each`."""
        taken: list[Genomes] = []

        def jobs() -> Iterator[Job]:
            for genome in agents:
                taken.append(genome)
                packed = self.genome.pack(genome)
                yield Job(
                    len(taken) - 1, packed, self.seed_of(seed, packed), self._patience(genome)
                )

        with closing(
            pool().train(jobs(), self._setup(), processes=processes, beat=beat or no_beat)
        ) as results:
            for result in results:
                yield result.number, self._evaluations(result, taken[result.number])

    def seed_of(self, seed: int, genome: bytes) -> int:
        """Return the seed of a training, from 0 to 2^53 - 1: equal ones for equal genomes of a run."""
        settings = json.dumps(
            [self.problem.facts["sha256"], *self._settings().values()], sort_keys=True
        ).encode()
        digest = int.from_bytes(hashlib.sha256(settings + b"\n" + genome).digest())
        parts = (digest >> _BITS * place & (1 << _BITS) - 1 for place in range(3))
        return rng.derive(seed, Purpose.TRAINING, *parts) >> 11

    def originals(self, genomes: Genomes) -> Int32Array:
        """Return for each agent the first one with the same genome."""
        firsts: dict[bytes, int] = {}
        return np.array(
            [firsts.setdefault(genome.tobytes(), place) for place, genome in enumerate(genomes)], np.int32
        )

    def by_cost(self, genomes: Genomes) -> list[int]:
        """Return the agents in the order in which they are begun: those that take longest first."""
        costs = [
            multiply_adds_of(each, self.genome.image, self.genome.classes)
            for each in self.genome.networks(genomes)
        ]
        return sorted(range(len(costs)), key=lambda place: -costs[place])

    def known(self, genomes: Genomes, state: State) -> dict[int, Evaluations]:
        """Return the evaluations that the state has."""
        if not state:
            return {}
        found = trained.known(state, self.genome.pack(genomes))
        return {
            place: self.as_known(self._evaluations(each, genomes[place : place + 1]))
            for place, each in found.items()
        }

    def as_known(self, evaluations: Evaluations) -> Evaluations:
        """Return the evaluations of agents that were not trained, as an equal one was."""
        return replace(
            evaluations, known=np.ones(len(evaluations), np.uint8), confusions=None, trained_by=()
        )

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, closing: Closing
    ) -> tuple[State, Float64Array]:
        """Keep the results of a generation."""
        done = np.flatnonzero(evaluations.failures == Failure.NONE)
        metrics, curves, seconds = evaluations.metrics, evaluations.curves, evaluations.seconds
        if not len(done) or metrics is None or curves is None or seconds is None:
            return state, evaluations.fitness
        genomes: UInt8Array = np.frombuffer(self.genome.pack(population.genomes), np.uint8)
        epochs = self.training.epochs
        padded = np.full((len(done), epochs, len(CURVES)), np.nan, np.float32)
        padded[:, : curves.shape[1]] = curves[done]
        return trained.with_further(
            state, genomes.reshape(len(population), -1)[done], seconds=seconds[done],
            epochs=evaluations.steps[done], curves=padded,
            best=metrics[done, METRICS.index("best_epoch")].astype(np.int32) - 1,
        ), evaluations.fitness

    def figures(self, evaluations: Evaluations, champion: int | None) -> dict[str, Any]:
        """Say how many agents were not trained as their results were known, and of the champion's answers.

        `confusion` counts validation images by class and by the class that the champion predicts; it is
        absent where the champion was not trained in this generation, and of many classes.
        """
        found: dict[str, Any] = {}
        if evaluations.known is not None and evaluations.seconds is not None:
            is_known = evaluations.known.astype(bool)
            found["known_agents"] = int(is_known.sum())
            found["seconds_saved"] = round(float(np.nansum(evaluations.seconds[is_known])), 3)
        confusions = evaluations.confusions
        if confusions is not None and champion is not None and confusions[champion].any():
            found["confusion"] = confusions[champion].tolist()
        return found

    def warnings(self, asked: Asked, *, has_threshold: bool) -> list[Concern]:
        """Warn of early stopping that never happens."""
        return [
            each._replace(path=("training", *each.path)) for each in early_stopping_concerns(self.training)
        ]

    def _settings(self) -> dict[str, Any]:
        """Return what trainings of this run depend on, besides the data set itself."""
        dataset = self.problem.parameters
        return {
            "train_limit": dataset.train_limit, "validation_fraction": dataset.validation_fraction,
            "augment": dataset.augment.value, "epochs": self.training.epochs,
            "early_stopping_epochs": self.training.early_stopping_epochs,
        }

    def _setup(self) -> Setup:
        """Return what the children need. Raises Transient where this machine lacks the data set."""
        name, sha256 = self.problem.parameters.name, self.problem.facts["sha256"]
        folder = Store.here().folder_with(sha256, likely=name)
        if folder is None:
            raise Transient(f"The data set {name} is not on this machine.")
        return Setup(folder=str(folder), sha256=sha256, **self._settings())

    def _patience(self, genome: Genomes) -> float:
        """Return the seconds without a batch after which a training has failed."""
        (network,) = self.genome.networks(genome)
        batch = network.batch_size * multiply_adds_of(network, self.genome.image, self.genome.classes)
        return SILENCE_SECONDS + SLOWEST * PASSES * batch / SPEED

    def _evaluations(self, result: TrainingResult, genome: Genomes) -> Evaluations:
        """Return the evaluation of one agent, (1, …) each, from the result of its training."""
        (network,) = self.genome.networks(genome)
        parameters = self.genome.parameters_of(network)
        is_done = result.failure == Failure.NONE
        curves = np.full((1, self.training.epochs, len(CURVES)), np.nan, np.float32)
        curves[0, : result.epochs] = result.curves
        best = result.curves[result.best].astype(np.float64) if is_done else np.full(len(CURVES), np.nan)
        at_best = dict(zip(CURVES, best.tolist(), strict=True))
        numbers = at_best | {
            "best_epoch": result.best + 1 if is_done else np.nan, "parameters": parameters,
            "multiply_adds": multiply_adds_of(network, self.genome.image, self.genome.classes),
        }
        classes = self.genome.classes
        confusion = result.confusion if len(result.confusion) else None
        penalty = self.fitness.parameter_penalty * parameters / self.genome.parameters.max_parameters
        fitness = at_best["validation_accuracy"] - penalty  # NaN where the training failed
        return Evaluations(
            fitness=np.array([fitness]), steps=np.array([result.epochs], np.int32),
            failures=np.array([result.failure], np.uint8),
            reasons=((0, result.reason),) if result.reason else (),
            metrics=np.array([[numbers.get(name, np.nan) for name in METRICS]]), metric_names=METRICS,
            curves=curves, curve_names=CURVES, seconds=np.array([result.seconds]),
            known=np.zeros(1, np.uint8), trained_by=(result.trained_by,) if result.trained_by else (),
            confusions=None if confusion is None else confusion.reshape(1, classes, classes),
        )
