"""Replays of episodes in Gymnasium environments: each is evaluated again in a process of its own."""

from processing.core.environments.foreign.environment import Foreign
from processing.core.errors import Refused
from processing.core.judges.replays import Replays
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.rollouts.normalization import Normalization
from processing.core.steppers.recording import Recording, record
from processing.core.types import Beat, Trajectory, no_beat


class ForeignReplays(Replays):
    """Replays of episodes in one Gymnasium environment."""

    def __init__(self, environment: Foreign, genome: NetworkKind, setup: bytes) -> None:
        self.environment, self.genome, self._setup = environment, genome, setup

    @property
    def episodes(self) -> int:
        """Number of episodes of each agent."""
        return self.environment.episodes

    @property
    def is_recorded(self) -> bool:
        """True: episodes are recorded by `record`."""
        return True

    @property
    def elsewhere(self) -> str:
        """The sentence for people on where episodes are replayed."""
        return (
            f"Episodes in {self.environment.parameters.id} are replayed by workers, in processes of their "
            "own."
        )

    def refusal(self, genome: bytes) -> str:
        """The sentence on where episodes are replayed."""
        return self.elsewhere

    def episode(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0
    ) -> Trajectory:
        """Refuse, as episodes are replayed in processes of their own. Raises Refused."""
        raise Refused(self.elsewhere)

    def record(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0,
        normalization: Normalization | None, pictures: bool, beat: Beat = no_beat,
    ) -> Recording:
        """Evaluate an agent's episode again in a separate process, and record it; see `Replays.record`."""
        self.check_episode(episode)
        return record(
            self._setup, self.environment, self.genome, self.genome.unpack(genome), seed=seed,
            generation=generation, agent=agent, episode=episode, normalization=normalization,
            pictures=pictures, beat=beat,
        )
