"""Agents are scored by the returns of episodes in a Gymnasium environment, which runs in separate processes.

Observations may be normalised by the moments of the observations of closed generations; see
`observation_moments.py`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Self

import numpy as np

from processing.core.criterion import Closing
from processing.core.environments.foreign.environment import Foreign
from processing.core.errors import Refused
from processing.core.genomes import GENOMES
from processing.core.judges import second_evaluations
from processing.core.judges.aggregate import Score, fitness_of, score_of
from processing.core.judges.foreign_remarks import REMARKS
from processing.core.judges.foreign_replays import ForeignReplays
from processing.core.judges.judge import Cost, Judge
from processing.core.judges.second_evaluations import difference
from processing.core.judges.step_cost import cost_of_steps
from processing.core.packed import pack_values
from processing.core.parameters import Parameters
from processing.core.rollouts import observation_moments
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.rollouts.normalization import Normalization
from processing.core.steppers.pool import EpisodeResult, Task, pool
from processing.core.steppers.repeats import Repeats
from processing.core.types import (
    Beat,
    Evaluations,
    Failure,
    Float64Array,
    Genomes,
    Population,
    Purpose,
    Remark,
    RemarkKind,
    State,
    no_beat,
)

#: Number of consecutive episodes that time out after which the evaluation is refused.
MOST_HANGS = 16
#: Failures caused by the machine: a second evaluation with one of these is not compared with the first.
OF_THE_MACHINE = (Failure.WORKER_LOST, Failure.OUT_OF_MEMORY)


#: Measured bytes per input and agent of the sums and moments of observations, and of their pooling.
OBSERVED_BYTES = 72


class ForeignEpisodes(Judge[Foreign, NetworkKind]):
    """The judge `foreign`: networks of one genome kind act in one Gymnasium environment."""

    remarks = REMARKS
    compiles = True  # child processes compile the networks

    def __init__(self, environment: Foreign, genome: NetworkKind) -> None:
        self.problem, self.genome = environment, genome
        self._hangs = 0  # episodes that timed out in a row, in whatever turns of this process
        name = next(name for name, kind in GENOMES.items() if kind is type(genome))
        self._setup = json.dumps({
            "genome": name, "network": genome.parameters.model_dump(mode="json"),
            "environment": environment.parameters.model_dump(mode="json"), "facts": environment.facts,
        }).encode()

    @classmethod
    def of(
        cls, problem: Foreign, genome: NetworkKind, settings: Mapping[str, Parameters]
    ) -> Self:
        """Return the judge; it has no settings."""
        return cls(problem, genome)

    def renew(self, run: int, resumed: int) -> None:
        """Replace the processes if the run was resumed, so that they import a repaired environment."""
        pool().renew(run, resumed)

    @property
    def episodes(self) -> int:
        """Number of episodes of each agent."""
        return self.problem.episodes

    @property
    def is_random(self) -> bool:
        """True, as nothing says that an environment is not."""
        return True

    @property
    def is_normalised(self) -> bool:
        """Whether observations are normalised."""
        return self.problem.parameters.normalize_observations

    @property
    def has_state(self) -> bool:
        """Whether it keeps the moments of observations."""
        return self.is_normalised

    def cost(self) -> Cost:
        """Return the cost of an agent's episodes, mostly that of stepping the environment."""
        return cost_of_steps(
            weights=self.genome.number_of_weights, episodes=self.problem.episodes,
            max_steps=self.problem.max_steps, speed=self.problem.steps_per_second,
            further_bytes=OBSERVED_BYTES * self.problem.inputs if self.is_normalised else 0,
        )

    def begin(self) -> State:
        """The state before generation 0: the moments of no observations, or nothing without normalisation."""
        return observation_moments.nothing(self.problem.inputs) if self.is_normalised else {}

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, closing: Closing
    ) -> tuple[State, Float64Array]:
        """Close a generation.

        Returns:
            The state, with the moments of the generation's observations pooled into it; and the scores that
            the strategy is given in place of the fitness, (N,) float64: here the fitness itself.
        """
        if not self.is_normalised or evaluations.behaviours is None:
            return state, evaluations.fitness
        failed = evaluations.failures != Failure.NONE
        pooled = observation_moments.pooled(state, evaluations.behaviours, failed, beat=closing.beat)
        return pooled, evaluations.fitness

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Beat | None = None, population: int | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes` in separate processes; see `Judge.evaluate`.

        Episodes have the addresses of those of compiled environments. An environment is reset with that
        address as its seed, reduced to a whole number below 2^31 - 1. An agent has the failure of its first
        episode that failed. Of agents that are evaluated twice the first evaluation counts; a remark
        describes a difference. See `second_evaluations.py`.

        Args:
            threads: number of processes.
            state: its moments normalise the observations.
        Raises:
            Refused: MOST_HANGS episodes timed out in a row.
        """
        last = self.genome.count(genomes) if last is None else last
        episodes = self.problem.episodes
        head = {"seed": seed, "generation": generation, "purpose": int(purpose)}
        normalization = self.normalization(state or {})
        normal = {} if normalization is None else normalization._asdict()

        twice = [] if population is None else second_evaluations.chosen(
            seed=seed, generation=generation, origin=origin + first, number=last - first,
            population=population
        )
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
            taken = self.genome.take(genomes, np.array(agents, np.int32))
            return pack_values(
                head | {"rollouts": addresses}, {"genomes": taken} | normal, self.genome,
                genomes="genomes"
            )

        task = Task(
            range((last - first) * episodes), self._setup, packed, processes=threads,
            timeout_seconds=self.problem.parameters.timeout_seconds, least=episodes,
            again=repeats.again,
        )
        with closing(pool().evaluate(task, beat=beat or no_beat)) as ended:
            return self._evaluations(ended, repeats, last - first, score_of(self.problem, purpose))

    def normalization(self, state: State) -> Normalization | None:
        """The normalisation in a generation that begins with this state; None before any observations."""
        return observation_moments.normalization(state) if state.get("observations") else None

    @property
    def replays(self) -> ForeignReplays:
        """Episodes are replayed in processes of their own."""
        return ForeignReplays(self.problem, self.genome, self._setup)

    def _evaluations(
        self, ended: Iterator[EpisodeResult], repeats: Repeats, number: int, score: Score
    ) -> Evaluations:
        """Collect results of episodes, in any order, into the evaluations of up to `number` agents."""
        episodes = self.problem.episodes
        twice = {rollout // episodes for rollout in repeats.again}
        seconds: dict[int, EpisodeResult] = {}
        tally = _Tally(number, self.problem.inputs if self.is_normalised else None, score)
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
        for one in ended:
            if repeats.is_second(one.rollout):
                yield one
                continue
            self._hangs = self._hangs + 1 if one.failure == Failure.TIMEOUT else 0
            if self._hangs >= MOST_HANGS:
                self._hangs = 0
                parameters = self.problem.parameters
                raise Refused(
                    f"{parameters.id} did not answer within {parameters.timeout_seconds:g} s, "
                    f"{MOST_HANGS} times in a row. Mend the environment, or raise "
                    "`environment.timeout_seconds`."
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
