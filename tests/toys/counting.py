"""The toy judge: right bits are counted in child processes, with some noise, metrics and curves."""

import json
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, cast

import numpy as np

from processing.core import rng
from processing.core.concern import Asked, Concern, Part
from processing.core.errors import Broken
from processing.core.evaluations import joined_results
from processing.core.judges.judge import Cost, Judge, Setting
from processing.core.judges.replays import NoReplays
from processing.core.parameters import Parameters, parameter
from processing.core.problem import Problem
from processing.core.types import Beat, Evaluations, Failure, Genomes, Purpose, State, no_beat
from tests.toys.bits import Bits
from tests.toys.guess import Guess, GuessParameters

CHILD = Path(__file__).with_name("child.py")
#: Agents that one child process scores.
AGENTS_A_CHILD = 32
METRICS = ("ones", "right_bits")
#: Child processes that may be killed before an evaluation is given up.
KILLS = 5
SECONDS_A_BEAT = 0.25


class CountingParameters(Parameters):
    """How bits are counted."""

    noise: float = parameter(0.25, meaning="Largest error of a count.", unit="bits", ge=0.0, le=10.0)
    epochs: int = parameter(3, meaning="Parts in which bits are counted.", unit="epochs", ge=1, le=100)


COUNTING = Setting(CountingParameters, CountingParameters(), "How bits are counted.")


class Counting(Judge[Guess, Bits]):
    """The judge `counting`. A guess without a single one fails."""

    settings = {"counting": COUNTING}

    def __init__(self, problem: Guess, genome: Bits, parameters: CountingParameters) -> None:
        self.problem, self.genome, self.parameters = problem, genome, parameters

    @classmethod
    def of(cls, problem: Guess, genome: Bits, settings: Mapping[str, Parameters]) -> "Counting":
        return Counting(problem, genome, COUNTING.read(settings["counting"]))

    @property
    def is_random(self) -> bool:
        return self.parameters.noise > 0

    def cost(self) -> Cost:
        """A toy needs 10 to 100 ms for each agent."""
        epochs, metrics = self.parameters.epochs, len(METRICS)
        return Cost(
            epochs, 0.01, 0.1, 100, "10 to 100 ms for each guess", stored_bytes=8 * metrics + 4 * epochs
        )

    @property
    def replays(self) -> NoReplays:
        return NoReplays("A guess has no steps: there is nothing to replay.")

    @classmethod
    def faults(
        cls, settings: Mapping[str, Parameters | None], problem: type[Problem], asked: Asked
    ) -> list[Concern]:
        """Return a fault where there are more epochs than bits."""
        counting, guess = COUNTING.sound_part(settings["counting"]), cast(GuessParameters, asked.problem)
        if counting is None:
            return []
        length, epochs = len(guess.secret), counting.epochs
        if epochs <= length:
            return []
        expected = f"at most {length}, as many as there are bits"
        return [Concern(("counting", "epochs"), expected, str(epochs), part=Part.WHOLE)]

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Beat | None = None, population: int | None = None,
    ) -> Evaluations:
        last = self.genome.count(genomes) if last is None else last
        noise = self._noise({} if state is None else state)

        def scored(start: int) -> Evaluations:
            end = min(start + AGENTS_A_CHILD, last)
            keys = rng.keys(seed, purpose, generation, np.arange(origin + start, origin + end))
            return self._scored(genomes[start:end], rng.uniforms(keys, 1)[:, 0].tolist(), noise)

        found: list[Evaluations] = []
        is_over = False
        starts = deque(range(first, last, AGENTS_A_CHILD))
        with ThreadPoolExecutor(threads) as pool:
            while starts and not (found and is_over):
                together = [pool.submit(scored, starts.popleft()) for _ in range(min(threads, len(starts)))]
                while wait(together, SECONDS_A_BEAT).not_done:
                    is_over = (beat or no_beat)() or is_over
                is_over = (beat or no_beat)() or is_over
                found += [each.result() for each in together]
        return joined_results(found)

    def _noise(self, state: State) -> float:
        """The largest error of a count."""
        return self.parameters.noise

    def _scored(self, genomes: Any, draws: list[float], noise: float) -> Evaluations:
        """The evaluations of a few guesses, by a child process."""
        asked = {
            "secret": self.problem.parameters.secret, "guesses": genomes.tolist(), "draws": draws,
            "noise": noise, "epochs": self.parameters.epochs,
        }
        rows = json.loads(_answer(json.dumps(asked)))
        failed = [row["fitness"] is None for row in rows]
        width = max(len(row["curve"]) for row in rows)
        return Evaluations(
            fitness=np.array([np.nan if row["fitness"] is None else row["fitness"] for row in rows]),
            steps=np.array([len(row["curve"]) for row in rows], np.int32),
            failures=np.where(failed, Failure.ENVIRONMENT_ERROR, Failure.NONE).astype(np.uint8),
            reasons=tuple(
                (place, "A guess of nothing is none.") for place, is_bad in enumerate(failed) if is_bad
            ),
            metrics=np.array([row["metrics"] for row in rows], np.float64),
            metric_names=METRICS,
            curves=np.array(
                [row["curve"] + [np.nan] * (width - len(row["curve"])) for row in rows], np.float32
            )[:, :, None],
            curve_names=("right_bits",),
        )


def _answer(asked: str) -> str:
    """What a child process prints; one that is killed is replaced."""
    for _ in range(KILLS):
        done = subprocess.run(
            [sys.executable, str(CHILD)], input=asked, capture_output=True, text=True, check=False
        )
        if done.returncode >= 0:
            done.check_returncode()
            return done.stdout
    raise Broken("counting: child processes are killed again and again")
