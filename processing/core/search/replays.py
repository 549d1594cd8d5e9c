"""Replays of episodes for people, in plain Python where possible, otherwise in a separate process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from processing.core.environments.foreign.environment import Foreign
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.environments.table import Table
from processing.core.errors import Refused
from processing.core.genomes.dense import Dense
from processing.core.judges.foreign import ForeignEpisodes
from processing.core.judges.table import Tables
from processing.core.reference.maze import replay_episode as replay_by_reference
from processing.core.rollouts.normalization import Normalization
from processing.core.rollouts.replay import MOST_STEPS, replay_episode
from processing.core.steppers.recording import Recording
from processing.core.types import Trajectory

#: A replay has at most this many steps, and only as many as take this long.
MOST_REPLAY_STEPS, MOST_REPLAY_SECONDS = MOST_STEPS, 2.0
#: Seconds that each weight of a dense network adds to a step of the maze's reference.
_REFERENCE_WEIGHT_SECONDS = 3e-8


def nothing() -> None:
    """The default of `beat`: it does nothing."""


@dataclass(frozen=True)
class Replays:
    """How episodes of one search are replayed."""

    environment: Any
    genome: Any
    judge: Any

    def refusal(self, genome: bytes) -> str | None:
        """Return a sentence on why episodes of this packed genome are not replayed here; None if they are."""
        if isinstance(self.environment, Foreign):
            return self.elsewhere
        seconds = self._step_seconds(genome)
        if isinstance(self.environment, Table) and self.environment.rows * seconds > MOST_REPLAY_SECONDS:
            return (
                f"To answer the {self.environment.rows:,} rows again would take about "
                f"{self.environment.rows * seconds:,.0f} seconds, and what takes up to "
                f"{MOST_REPLAY_SECONDS:g} is shown."
            )
        if self.most_steps(genome) < 1:
            return (
                f"A step of so large a network takes about {seconds:,.0f} seconds here: it is not replayed."
            )
        return None

    def most_steps(self, genome: bytes) -> int:
        """The most steps that are replayed, by the time that a step takes; of a table, all rows."""
        if isinstance(self.environment, Table):
            return self.environment.rows
        longest: int = self.environment.max_steps
        return min(MOST_REPLAY_STEPS, longest, int(MOST_REPLAY_SECONDS / self._step_seconds(genome)))

    def seconds(self, steps: int, genome: bytes) -> float:
        """Estimate the longest time, in seconds, of a replay of an episode of an agent of `steps` steps."""
        return min(steps, self.most_steps(genome)) * self._step_seconds(genome)

    def _step_seconds(self, genome: bytes) -> float:
        """The estimated seconds of a step: those of the environment, and those of the network's weights."""
        step, weight = self.environment.plain_seconds
        if self._has_reference:
            weight = _REFERENCE_WEIGHT_SECONDS
        weights = len(genome) // self.genome.bytes_per_weight * max(1, getattr(self.genome, "passes", 1))
        return float(step + weight * weights)

    @property
    def _has_reference(self) -> bool:
        return isinstance(self.environment, GridWorld) and isinstance(self.genome, Dense)

    @property
    def elsewhere(self) -> str:
        """The sentence for people on where episodes are replayed, if `is_recorded`."""
        return (
            f"Episodes in {self.environment.parameters.id} are replayed by workers, in processes of their "
            "own."
        )

    def episode(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0
    ) -> Trajectory:
        """Replay an episode from a packed genome and its address; of a long episode, the first steps.

        A dense network in a maze is replayed by the reference, which is easier to read.

        Raises:
            Refused: the environment runs only in processes of the workers.
        """
        if isinstance(self.environment, Foreign):
            raise Refused(self.elsewhere)
        genomes, most = self.genome.unpack(genome), self.most_steps(genome)
        if self._has_reference:
            return replay_by_reference(
                self.environment.parameters, self.genome.parameters, genomes[0],
                seed=seed, generation=generation, agent=agent, episode=episode, most_steps=most,
            )
        if isinstance(self.environment, Table):
            return Tables(self.environment, self.genome).replay_rows(genomes)
        return replay_episode(
            self.environment, self.genome, genomes, agent,
            seed=seed, generation=generation, episode=episode, sampled=self.judge.is_sampled, most_steps=most,
        )

    @property
    def is_recorded(self) -> bool:
        """Whether episodes are replayed in separate processes, by `record` instead of `episode`."""
        return isinstance(self.environment, Foreign)

    def check_episode(self, episode: int) -> None:
        """Check that agents have an episode of this number.

        Raises:
            Refused: they have none.
        """
        if not 0 <= episode < self.environment.episodes:
            raise Refused(f"episode: expected {_range(self.environment.episodes)}, got {episode}")

    def record(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0,
        normalization: Normalization | None, pictures: bool, beat: Callable[[], object] = nothing,
    ) -> Recording:
        """Evaluate an agent's episode again in a separate process, and record it.

        Args:
            genome: packed.
            normalization: the normalisation of observations in its generation.
            pictures: whether the episode is drawn.
            beat: called again and again while this waits.
        Raises:
            Refused: agents have no such episode, or their episodes need no separate process.
            Broken: no process can work.
            Transient: no process can work at the moment.
        """
        if not isinstance(self.judge, ForeignEpisodes):
            raise Refused("Episodes in this environment are replayed at once: nobody needs to ask for them.")
        self.check_episode(episode)
        return self.judge.record(
            self.genome.unpack(genome), seed=seed, generation=generation, agent=agent, episode=episode,
            normalization=normalization, pictures=pictures, beat=beat,
        )


def _range(episodes: int) -> str:
    return "0, as its agents have one episode" if episodes == 1 else f"a number from 0 to {episodes - 1}"
