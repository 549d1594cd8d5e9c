"""How evaluations of agents are shown again: the protocol `Replays`, and replays in plain Python.

Episodes of foreign environments are replayed in processes of their own: see `foreign_replays.py`.
"""

from typing import Protocol

from processing.core.errors import Refused
from processing.core.problem import CompiledEnvironment
from processing.core.reference import REFERENCES
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.rollouts.normalization import Normalization
from processing.core.rollouts.replay import MOST_STEPS, replay_episode
from processing.core.steppers.recording import Recording
from processing.core.types import Beat, Trajectory, no_beat

#: A replay has at most this many steps, and only as many as take this long.
MOST_REPLAY_STEPS, MOST_REPLAY_SECONDS = MOST_STEPS, 2.0
#: Seconds that each weight of a dense network adds to a step of a reference.
_REFERENCE_WEIGHT_SECONDS = 3e-8


class Replays(Protocol):
    """How evaluations of one search are shown again.

    Attributes:
        episodes: number of episodes of each agent.
        is_recorded: whether episodes are replayed in separate processes, by `record` instead of `episode`.
        elsewhere: the sentence for people on where episodes are replayed, if `is_recorded`.
    """

    @property
    def episodes(self) -> int:
        """Number of episodes of each agent."""
        return 1

    @property
    def is_recorded(self) -> bool:
        """Whether episodes are replayed in separate processes, by `record` instead of `episode`."""
        return False

    @property
    def elsewhere(self) -> str:
        """The sentence for people on where episodes are replayed, if `is_recorded`."""
        return ""

    def refusal(self, genome: bytes) -> str | None:
        """Return a sentence on why episodes of this packed genome are not replayed here; None if they are."""
        ...

    def seconds(self, steps: int, genome: bytes) -> float:
        """Estimate the longest time, in seconds, of a replay of an episode of an agent of `steps` steps."""
        return 0.0

    def episode(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0
    ) -> Trajectory:
        """Replay an episode from a packed genome and its address; of a long episode, the first steps.

        Raises:
            Refused: episodes are not replayed in this process.
        """
        ...

    def record(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0,
        normalization: Normalization | None, pictures: bool, beat: Beat = no_beat,
    ) -> Recording:
        """Evaluate an agent's episode again in a separate process, and record it.

        Args:
            genome: packed.
            normalization: the normalisation of observations in its generation.
            pictures: whether the episode is drawn.
            beat: called again and again while this waits.
        Raises:
            Refused: agents have no such episode, or their episodes need no separate process.
            Broken: no process can work; Transient: none can at the moment.
        """
        raise Refused("Episodes in this environment are replayed at once: nobody needs to ask for them.")

    def check_episode(self, episode: int) -> None:
        """Check that agents have an episode of this number.

        Raises:
            Refused: they have none.
        """
        if not 0 <= episode < self.episodes:
            raise Refused(f"episode: expected {_range(self.episodes)}, got {episode}")


class NoReplays(Replays):
    """Replays of a search whose evaluations have no steps."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def refusal(self, genome: bytes) -> str:
        """The sentence on why nothing is replayed."""
        return self.sentence

    def episode(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0
    ) -> Trajectory:
        """Refuse with the sentence, as there are no steps. Raises Refused."""
        raise Refused(self.sentence)


class PlainReplays(Replays):
    """Replays in plain Python of episodes in a compiled environment.

    Where there is a reference for the environment and the genome kind, it replays: it is easier to read.
    """

    def __init__(self, environment: CompiledEnvironment, genome: NetworkKind, *, is_sampled: bool) -> None:
        self.environment, self.genome, self.is_sampled = environment, genome, is_sampled
        self.reference = REFERENCES.get((type(environment), type(genome)))

    @property
    def episodes(self) -> int:
        """Number of episodes of each agent."""
        return self.environment.episodes

    def refusal(self, genome: bytes) -> str | None:
        """The sentence that a step takes too long; None where one does not."""
        if self.most_steps(genome) >= 1:
            return None
        seconds = self.step_seconds(genome)
        return f"A step of so large a network takes about {seconds:,.0f} seconds here: it is not replayed."

    def most_steps(self, genome: bytes) -> int:
        """The most steps that are replayed, by the time that a step takes."""
        longest, seconds = self.environment.max_steps, self.step_seconds(genome)
        return min(MOST_REPLAY_STEPS, longest, int(MOST_REPLAY_SECONDS / seconds))

    def seconds(self, steps: int, genome: bytes) -> float:
        """Estimate the longest time, in seconds, of a replay of an episode of an agent of `steps` steps."""
        return min(steps, self.most_steps(genome)) * self.step_seconds(genome)

    def step_seconds(self, genome: bytes) -> float:
        """The estimated seconds of a step: those of the environment, and those of the network's weights."""
        step, weight = self.environment.plain_seconds
        if self.reference is not None:
            weight = _REFERENCE_WEIGHT_SECONDS
        return step + weight * weights_of(self.genome, genome)

    def episode(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0
    ) -> Trajectory:
        """Replay an episode from a packed genome and its address; of a long episode, the first steps."""
        genomes, most = self.genome.unpack(genome), self.most_steps(genome)
        if self.reference is not None:
            return self.reference(
                self.environment.parameters, self.genome.parameters, genomes[0],
                seed=seed, generation=generation, agent=agent, episode=episode, most_steps=most,
            )
        return replay_episode(
            self.environment, self.genome, genomes, agent,
            seed=seed, generation=generation, episode=episode, sampled=self.is_sampled, most_steps=most,
        )


def weights_of(kind: NetworkKind, genome: bytes) -> int:
    """Return how many weights a step of a packed genome's network reads, those of every pass counted."""
    return len(genome) // kind.bytes_per_weight * max(1, kind.passes)


def _range(episodes: int) -> str:
    return "0, as its agents have one episode" if episodes == 1 else f"a number from 0 to {episodes - 1}"
