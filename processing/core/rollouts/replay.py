"""Replay of one episode in plain Python, by the same parts and so with the same bits as in kernels.

It needs no compiler, and works for any compiled environment and any genome kind.
"""

from typing import Any

import numpy as np

from processing.core.kernels.build import plain
from processing.core.kernels.lanes import LANES
from processing.core.kernels.scalar_lane import FIRST_LANE
from processing.core.rng import agent_key
from processing.core.rollouts.kernel import KernelInputs, Rollouts, Workspace, rollouts_of, workspace
from processing.core.types import Genomes, Purpose, Trajectory

#: Of an episode, so many steps are shown; those after them are neither replayed nor recorded.
MOST_STEPS = 1_000
_SLOTS = ("fill_start", "fill_observation", "fill_actions", "fill_step", "fill_memory", "fill_outputs")


def replay_episode(
    environment: Any, genome_kind: Any, genomes: Genomes, agent: int, *,
    seed: int, generation: int, episode: int = 0, purpose: Purpose = Purpose.EPISODE, sampled: bool,
    most_steps: int | None = None,
) -> Trajectory:
    """Evaluate one episode of one agent and return its trajectory.

    Args:
        environment: a compiled environment.
        genome_kind: the kind of the genome.
        genomes: the agent's genome, alone, as its kind unpacks it.
        agent: its index in its generation.
        seed, generation, episode, purpose: with `agent`, the address of the draws.
        sampled: whether actions are drawn from the outputs.
        most_steps: the largest number of steps to replay; the whole episode where None.
    """
    rollout = _Replay(environment, genome_kind, genomes)
    rollouts = rollouts_of(
        environment, genome_kind, seed=seed, generation=generation, purpose=purpose, first=0, last=1,
        origin=agent, sampled=sampled,
    )
    with np.errstate(all="ignore"):
        return rollout.replay_episode(rollouts, episode, rollouts.limit if most_steps is None else most_steps)


class _Replay:
    """A rollout in lane 0; the other lanes are empty."""

    def __init__(self, environment: Any, genome_kind: Any, genomes: Genomes) -> None:
        self.environment, self.world = environment, environment.world
        self.prepared: KernelInputs = genome_kind.prepared(genomes)
        self.work: Workspace = workspace(environment, self.prepared)
        has_units_in_lanes = genome_kind.has_units_in_lanes
        parts = environment.parts | genome_kind.parts
        bindings = parts if has_units_in_lanes else parts | FIRST_LANE
        self.fill = {name.removeprefix("fill_"): plain(parts[name], bindings) for name in _SLOTS}

    def replay_episode(self, rollouts: Rollouts, episode: int, most_steps: int) -> Trajectory:
        """Return the trajectory of the episode, or of its first `most_steps` steps."""
        work, position = self.work, self.environment.position
        self._begin(rollouts, episode)
        actions: list[Any] = []
        rewards: list[float] = []
        positions, observations = [position(work.integers)], []
        total = 0.0
        while not work.over[0] and len(actions) < min(rollouts.limit, most_steps):
            self.fill["observation"](self.world, work)
            observations.append(work.scratch[: self.environment.inputs * LANES : LANES].astype(np.float64))
            self._step(rollouts, len(actions))
            actions.append(self._action())
            rewards.append(float(work.returns[0]))
            total += rewards[-1]
            positions.append(position(work.integers))
        over, is_cut = bool(work.over[0]), len(actions) < rollouts.limit
        return Trajectory(
            actions=actions, rewards=rewards, positions=[each for each in positions if each is not None],
            observations=observations, total=total,
            steps=len(actions), terminated=over, truncated=not over and not is_cut,
            is_cut=not over and is_cut,
        )

    def _begin(self, rollouts: Rollouts, episode: int) -> None:
        work = self.work
        for lane in range(LANES):
            self.fill["start"](self.world, work, lane, np.uint64(0))
        work.alive[0], work.owner[0] = 1, episode
        work.keys[0] = agent_key(rollouts.policy, rollouts.origin, episode)
        self.fill["start"](
            self.world, work, 0,
            agent_key(rollouts.starts, 0 if rollouts.common else rollouts.origin, episode)
        )
        self.fill["memory"](self.prepared.genomes, self.prepared.network, work, 0, 0)

    def _step(self, rollouts: Rollouts, clock: int) -> None:
        """Make one step; afterwards work.returns holds the reward of this step only."""
        y = self.fill["outputs"](self.prepared.genomes, self.prepared.network, self.work)
        self.fill["actions"](self.work, rollouts, y, clock)
        self.work.returns[0] = 0.0
        self.fill["step"](self.world, self.work, clock)

    def _action(self) -> int | list[float]:
        if self.environment.actions == "choice":
            return int(self.work.actions[0])
        commands: list[float] = self.work.commands[::LANES].tolist()
        return commands
