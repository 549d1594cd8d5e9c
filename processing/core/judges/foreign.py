"""Agents are scored by the returns of episodes in a Gymnasium environment, which runs in separate processes.

Observations may be normalised by the moments of the observations of closed generations; see
`observation_moments.py`.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from processing.core.environments.foreign.environment import Foreign
from processing.core.errors import Refused
from processing.core.genomes import GENOMES
from processing.core.judges.aggregate import Score, fitness_of, score_of
from processing.core.judges.second_evaluations import difference
from processing.core.packed import pack_values
from processing.core.rollouts import observation_moments
from processing.core.rollouts.normalization import Normalization
from processing.core.steppers.pool import EpisodeResult, Task, pool
from processing.core.steppers.recording import Recording, record
from processing.core.steppers.repeats import Repeats
from processing.core.types import (
    Evaluations,
    Failure,
    Float64Array,
    Genomes,
    Population,
    Purpose,
    Remark,
    RemarkKind,
    State,
)

#: Number of consecutive episodes that time out after which the evaluation is refused.
MOST_HANGS = 16
#: Failures caused by the machine: a second evaluation with one of these is not compared with the first.
OF_THE_MACHINE = (Failure.WORKER_LOST, Failure.OUT_OF_MEMORY)


class ForeignEpisodes:
    """The judge `foreign`: networks of one genome kind act in one Gymnasium environment."""

    #: Whether `evaluate` takes `beat` and calls it while it waits, so that callers need not split a
    #: generation for that.
    beats = True

    def __init__(self, environment: Foreign, genome_kind: Any) -> None:
        self.environment, self.genome_kind = environment, genome_kind
        self.is_random = True
        self.is_sampled = environment.actions == "choice" and genome_kind.parameters.output == "softmax"
        self._threads = 1
        self._beat: Callable[[], object] = _nothing
        self._failures: list[Failure] | None = None  # a list within `attended`
        name = next(name for name, kind in GENOMES.items() if kind is type(genome_kind))
        self._setup = json.dumps({
            "genome": name, "network": genome_kind.parameters.model_dump(mode="json"),
            "environment": environment.parameters.model_dump(mode="json"), "facts": environment.facts,
        }).encode()

    @contextmanager
    def attended(self, *, threads: int, beat: Callable[[], object]) -> Iterator[list[Failure]]:
        """Set the defaults of all evaluations within this context, and collect the failures of their agents.

        Args:
            threads: number of processes, where `evaluate` is given none.
            beat: called again and again during an evaluation, where `evaluate` is given none.
        Yields:
            A list to which each evaluation within the context adds the failures of its agents, and
            WORKER_LOST where a process died by itself.
        """
        self._threads, self._beat, self._failures = threads, beat, []
        try:
            yield self._failures
        finally:
            self._threads, self._beat, self._failures = 1, _nothing, None

    def renew(self, run: int, resumed: int) -> None:
        """Replace the processes if the run was resumed, so that they import a repaired environment.

        Args:
            run: number of the run.
            resumed: a number that rises each time the run is resumed.
        """
        pool().renew(run, resumed)

    @property
    def is_normalised(self) -> bool:
        """Whether observations are normalised."""
        return bool(self.environment.parameters.normalize_observations)

    def begin(self) -> State:
        """The state before generation 0: the moments of no observations, or nothing without normalisation."""
        return observation_moments.nothing(self.environment.inputs) if self.is_normalised else {}

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, *, seed: int, generation: int
    ) -> tuple[State, Float64Array]:
        """Close a generation.

        Returns:
            The state, with the moments of the generation's observations pooled into it; and the scores that
            the strategy is given in place of the fitness, (N,) float64: here the fitness itself.
        """
        if not self.is_normalised or evaluations.behaviours is None:
            return state, evaluations.fitness
        failed = evaluations.failures != Failure.NONE
        pooled = observation_moments.pooled(state, evaluations.behaviours, failed, beat=self._beat)
        return pooled, evaluations.fitness

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int | None = None, purpose: Purpose = Purpose.EPISODE,
        state: State | None = None, beat: Callable[[], object] | None = None, seconds: float = math.inf,
        twice: Sequence[int] = (),
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes` in separate processes.

        Arguments that are not listed here are those of `Episodes.evaluate`. Episodes have the addresses of
        those of compiled environments. An environment is reset with that address as its seed, reduced to a
        whole number below 2^31 - 1. An agent has the failure of its first episode that failed.

        Args:
            threads: number of processes; that of `attended` where None.
            beat: called again and again while the processes work; that of `attended` where None.
            state: the judge's state when the generation began; its moments normalise the observations.
            seconds: time limit, in seconds. After it no more episodes begin, and the evaluations are those of
                the first agents only, at least one.
            twice: agents, counted from `first`, that are evaluated a second time in another process. The
                first evaluation counts; a remark describes a difference. See `second_evaluations.py`.
        Returns:
            The evaluations of the first N agents; N = last - first unless the time was up.
        Raises:
            Refused: MOST_HANGS episodes timed out in a row.
            Broken: the processes cannot work.
            Transient: the processes cannot work at the moment.
        """
        last = self.genome_kind.count(genomes) if last is None else last
        episodes = self.environment.episodes
        head = {"seed": seed, "generation": generation, "purpose": int(purpose)}
        normalization = self.normalization(state or {})
        normal = {} if normalization is None else normalization._asdict()

        again = [agent * episodes + episode for agent in twice for episode in range(episodes)]
        repeats = Repeats((last - first) * episodes, tuple(reversed(again)))

        def packed(numbers: list[int]) -> bytes:
            rollouts = [repeats.first_of(number) for number in numbers]
            agents = sorted({first + rollout // episodes for rollout in rollouts})
            places = {agent: place for place, agent in enumerate(agents)}
            addresses = [
                [
                    number, places[first + rollout // episodes], origin + first + rollout // episodes,
                    rollout % episodes
                ]
                for number, rollout in zip(numbers, rollouts, strict=True)
            ]
            taken = self.genome_kind.take(genomes, np.array(agents, np.int32))
            return pack_values(
                head | {"rollouts": addresses}, {"genomes": taken} | normal, self.genome_kind,
                genomes="genomes"
            )

        task = Task(
            range((last - first) * episodes), self._setup, packed, processes=threads or self._threads,
            timeout_seconds=self.environment.parameters.timeout_seconds, least=episodes, seconds=seconds,
            again=repeats.again,
        )
        with closing(pool().evaluate(task, beat=beat or self._beat)) as ended:
            found = self._evaluations(ended, repeats, last - first, score_of(self.environment, purpose))
        if self._failures is not None:
            died = any(each.what == RemarkKind.PROCESS_DIED for each in found.remarks)
            self._failures += [Failure(int(one)) for one in found.failures if one]
            self._failures += [Failure.WORKER_LOST] if died else []
        return found

    def normalization(self, state: State) -> Normalization | None:
        """The normalisation in a generation that begins with this state; None before any observations."""
        return observation_moments.normalization(state) if state.get("observations") else None

    def record(
        self, genomes: Genomes, *, seed: int, generation: int, agent: int, episode: int,
        normalization: Normalization | None, pictures: bool, beat: Callable[[], object],
    ) -> Recording:
        """Evaluate one episode of an agent again and record it; see `recording.record`.

        Args:
            genomes: the agent's genome alone.
            normalization: the one that its generation used.
            pictures: whether the episode is drawn.
            beat: called again and again while this waits.
        Raises:
            Broken: the processes cannot work.
            Transient: the processes cannot work at the moment.
        """
        return record(
            self._setup, self.environment, self.genome_kind, genomes, seed=seed, generation=generation,
            agent=agent, episode=episode, normalization=normalization, pictures=pictures, beat=beat,
        )

    def _evaluations(
        self, ended: Iterator[EpisodeResult], repeats: Repeats, number: int, score: Score
    ) -> Evaluations:
        """Collect results of episodes, in any order, into the evaluations of up to `number` agents."""
        episodes = self.environment.episodes
        twice = {rollout // episodes for rollout in repeats.again}
        seconds: dict[int, EpisodeResult] = {}
        tally = _Tally(number, self.environment.inputs if self.is_normalised else None, score)
        waiting: dict[int, list[EpisodeResult]] = {}
        firsts: dict[int, list[EpisodeResult]] = {}
        for one in self._unless_all_hang(ended, repeats):
            if repeats.is_second(one.rollout):
                if one.failure not in OF_THE_MACHINE:
                    seconds[repeats.first_of(one.rollout)] = one
                continue
            rollouts = waiting.setdefault(one.rollout // episodes, [])
            rollouts.append(one)
            if len(rollouts) == episodes:
                rollouts = sorted(waiting.pop(one.rollout // episodes), key=lambda each: each.rollout)
                tally.count(one.rollout // episodes, rollouts)
                if one.rollout // episodes in twice:
                    firsts[one.rollout // episodes] = rollouts
        for agent in sorted(firsts):
            if (sentence := difference(firsts[agent], seconds)) is not None:
                tally.remark(agent, RemarkKind.DIFFERENCE, sentence)
        return tally.evaluations()

    def _unless_all_hang(self, ended: Iterator[EpisodeResult], repeats: Repeats) -> Iterator[EpisodeResult]:
        hangs = 0
        for one in ended:
            if repeats.is_second(one.rollout):
                yield one
                continue
            hangs = hangs + 1 if one.failure == Failure.TIMEOUT else 0
            if hangs == MOST_HANGS:
                parameters = self.environment.parameters
                raise Refused(
                    f"{parameters.id} did not answer within {parameters.timeout_seconds:g} s, {hangs} times "
                    "in a row. Mend the environment, or raise `environment.timeout_seconds`."
                )
            yield one


class _Tally:
    """Results of up to `number` agents, added one by one; `inputs` is None without normalisation."""

    def __init__(self, number: int, inputs: int | None, score: Score) -> None:
        self.score = score
        self.fitness, self.steps = np.zeros(number), np.zeros(number, np.int32)
        self.failures = np.zeros(number, np.uint8)
        self.reasons: dict[int, str] = {}
        self.behaviours = None if inputs is None else np.zeros((number, 2 * inputs + 1), np.float32)
        self.counted = 0
        self.remarks: dict[str, Remark] = {}  # the first agent's, of each kind

    def count(self, agent: int, rollouts: list[EpisodeResult]) -> None:
        """Add an agent, from the results of all its episodes in order."""
        self.counted += 1
        for one in rollouts:
            self.steps[agent] += one.steps
            for what, sentence in one.remarks:
                self.remark(agent, what, sentence)
            if one.failure != Failure.NONE and not self.failures[agent]:
                self.failures[agent] = one.failure
                self.reasons[agent] = one.reason or ""
        self.fitness[agent] = fitness_of(np.array([[one.total for one in rollouts]]), self.score)[0]
        if not self.failures[agent] and not math.isfinite(self.fitness[agent]):
            self.failures[agent] = Failure.NON_FINITE_FITNESS
            self.reasons[agent] = f"Its environment gave it rewards whose sum is {self.fitness[agent]:g}."
        if self.behaviours is not None and not self.failures[agent]:
            self.behaviours[agent] = observation_moments.moments(
                np.sum([one.sums for one in rollouts], axis=0)
            )

    def remark(self, agent: int, what: str, sentence: str) -> None:
        """Keep a remark of this kind, if the agent is the first one with such a remark."""
        if what not in self.remarks or agent < self.remarks[what].agent:
            self.remarks[what] = Remark(agent, what, sentence)

    def evaluations(self) -> Evaluations:
        """The evaluations of the agents that were added, which are the first ones."""
        last = self.counted
        fitness, failures = self.fitness[:last], self.failures[:last]
        return Evaluations(
            fitness=np.where(failures == Failure.NONE, fitness, np.nan), steps=self.steps[:last],
            failures=failures, behaviours=None if self.behaviours is None else self.behaviours[:last],
            reasons=tuple((agent, self.reasons[agent]) for agent in sorted(self.reasons)),
            remarks=tuple(self.remarks[what] for what in sorted(self.remarks)),
        )


def _nothing() -> None:
    """The default of `beat`: it does nothing."""
