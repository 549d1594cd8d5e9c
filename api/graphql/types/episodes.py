"""Episodes, replayed from genome and address when a query asks for them."""

from functools import cached_property
from typing import Any

import graphene

from api.graphql.loaders import Context
from api.graphql.types.node import many, maybe, one
from api.graphql.types.scalars import JSON, BigInt
from database.selectors import AgentRecord
from processing.core import types
from processing.core.json_values import finite


class Trajectory(graphene.ObjectType):
    """An agent's way through an episode of T steps."""

    actions = one(
        JSON, "What it did in each step: T choices, or T lists of numbers, from -1 to 1 or in the units of "
        "the actions."
    )
    rewards = many(graphene.Float, "What it earned in each step.")
    observations = graphene.List(
        graphene.NonNull(graphene.List(graphene.Float)),
        description="What it saw before each step, T lists of numbers, before they are normalised; null "
        "where they are too many to be kept, and within them where a number is not finite.",
    )
    positions = graphene.List(
        graphene.NonNull(graphene.List(graphene.NonNull(graphene.Int))),
        description="[row, column] before each step and after the last, where agents walk on a grid; else "
        "empty.",
    )

    @staticmethod
    def resolve_observations(trajectory: types.Trajectory, info: Any) -> list[list[float | None]] | None:
        """What it saw before each step. Raises Refused where one request asks for too many numbers."""
        info.context.budgets.observations.spend(
            sum(len(observation) for observation in trajectory.observations)
        )
        if len(trajectory.observations) < trajectory.steps:
            return None
        return [finite(observation) for observation in trajectory.observations]


class Episode(graphene.ObjectType):
    """One episode in an environment."""

    index = one(graphene.Int, "Number of the episode, from 0.")
    seed = one(BigInt, "Seed of the run; with generation, agent and episode it addresses every draw.")
    return_ = one(graphene.Float, "Sum of the rewards of these steps.", name="return")
    steps = one(graphene.Int, "Steps that are replayed, at most 1,000.")
    terminated = one(graphene.Boolean, "Whether the environment ended it.")
    truncated = one(graphene.Boolean, "Whether the step limit ended it.")
    is_cut = one(
        graphene.Boolean,
        "Whether it went on after these steps: of a long episode the first are replayed, so neither of the "
        "two above holds.",
    )
    trajectory = maybe(Trajectory, "The way, replayed from genome and seed.")

    @staticmethod
    def resolve_return_(root: "Replay | KeptEpisode", info: Any) -> float:
        return root.trajectory.total

    @staticmethod
    def resolve_steps(root: "Replay | KeptEpisode", info: Any) -> int:
        return root.trajectory.steps

    @staticmethod
    def resolve_terminated(root: "Replay | KeptEpisode", info: Any) -> bool:
        return root.trajectory.terminated

    @staticmethod
    def resolve_truncated(root: "Replay | KeptEpisode", info: Any) -> bool:
        return root.trajectory.truncated

    @staticmethod
    def resolve_is_cut(root: "Replay | KeptEpisode", info: Any) -> bool:
        return root.trajectory.is_cut

    @staticmethod
    def resolve_trajectory(root: "Replay | KeptEpisode", info: Any) -> types.Trajectory:
        return root.trajectory


class KeptEpisode:
    """An episode that a worker has replayed."""

    def __init__(self, trajectory: types.Trajectory, *, index: int, seed: int) -> None:
        self.trajectory, self.index, self.seed = trajectory, index, seed


class Replay:
    """An episode that is replayed when one of its fields is first resolved."""

    def __init__(self, context: Context, genome: bytes, agent: AgentRecord, *, index: int) -> None:
        self.index, self.seed = index, context.instance(agent.instance_id).seed
        self._context, self._plan = context, context.plan(agent.instance_id)
        self._genome, self._agent = genome, agent

    @cached_property
    def trajectory(self) -> types.Trajectory:
        """The replayed trajectory. Raises Refused where one request replays too much."""
        self._context.budgets.replays.spend(self._plan.judge.replays.seconds(self._agent.steps, self._genome))
        return self._plan.judge.replays.episode(
            self._genome, seed=self.seed, generation=self._agent.generation, agent=self._agent.index,
            episode=self.index
        )
