"""Balance two poles of unequal length on a cart on a track, with or without velocities as inputs.

Observation, with velocities: 6 float32, x / 4.8 m, ẋ / 2, θ1 / 0.52 rad, θ̇1 / 2, θ2 / 0.52, θ̇2 / 2;
without: only the position and the angles. The bias input of the published networks is part of the genome
here. Action: one command from -1 to 1, a force of 10 N times the command on the cart for 0.02 s; an output
from 0 to 1 is (output - 0.5) * 20 N. Terminates: when the cart is beyond 2.4 m, or a pole beyond 36 degrees.
Truncates: after `max_steps`. Start: always 0 except θ1 = 0.07 rad. Return, with velocities: the number of
steps. Without, for t balanced steps of at most 1,000: 0.1 t / 1000, plus, where t >= 100, 0.9 * 0.75 / the
sum of |x| + |ẋ| + |θ1| + |θ̇1| over the last 100 of them, which penalises oscillation.

Solved, with velocities: 100,000 balanced steps. Without: the tested champion of a species
(`criterion.candidate`) balances for 100,000 steps, and for 1,000 steps from at least 200 of 625 other starts.

Source: Stanley and Miikkulainen 2002, section 4.3, and its authors' code.
"""

from itertools import product
from typing import Literal

import numpy as np

from processing.core.concern import Asked, Concern
from processing.core.criterion import Closing, Confirming, ConfirmingInEpisodes, Criterion, Solution
from processing.core.environments.acting_checks import acting_warnings
from processing.core.environments.double_pole.poles import (
    KEPT,
    ROWS,
    World,
    fill_observation,
    fill_start,
    fill_step,
    numbers,
)
from processing.core.environments.scenes import Scene, cart
from processing.core.parameters import Parameters, parameter
from processing.core.problem import CompiledEnvironment, Facts, Values, View
from processing.core.rollouts.actions import fill_commands
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import Beat, Evaluations, Float32Array, Population, no_beat

#: Steps required of a champion, and from each of the other starts; and how many of these starts must succeed.
LONG_STEPS, SHORT_STEPS, REQUIRED_STARTS = 100_000, 1_000, 200

START = (0.0, 0.0, 0.07, 0.0)
SCALES = (4.32, 2.7, 0.12566304, 0.30019504)  # m, m/s, rad, rad/s
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


class DoublePoleParameters(Parameters):
    """Two poles on a cart."""

    type: Literal["double_pole"] = parameter(meaning="Two poles of unequal length, balanced on a cart.")
    velocities: bool = parameter(
        True, meaning="Whether the network sees how fast cart and poles move; without, it needs a memory.",
        source="Stanley and Miikkulainen 2002, section 4.3",
    )
    max_steps: int | None = parameter(
        None,
        meaning="Steps after which an episode is cut off; null for 100,000 with velocities, 1,000 without.",
        unit="steps", ge=1, le=1_000_000,
    )


class DoublePole(CompiledEnvironment[DoublePoleParameters]):
    """Two poles of unequal length, balanced on a cart.

    Networks see where the cart is and how the poles lean; with velocities also how fast that changes. Their
    one output pushes the cart, by up to 10 N either way. It ends when a pole leans beyond 36 degrees, or the
    cart is beyond 2.4 m. Every step is paid with velocities; without, few movements are, and a network needs
    a memory.

    Other starts than the task's own make a trial of it: episode n begins at start n, and returns its steps.
    """

    Parameters = DoublePoleParameters
    view = View.SIGNALS
    outputs, integers, bits, episodes = 1, 0, 0, 1
    actions = "commands"
    is_random = has_common_episodes = False
    judge = "episodes"
    plain_seconds = (2.5e-4, 1.2e-6)  # seconds in plain Python for each step, and in addition for each weight

    def __init__(self, parameters: DoublePoleParameters) -> None:
        self.parameters = parameters
        self.inputs = 6 if parameters.velocities else 3
        self.max_steps = parameters.max_steps or (LONG_STEPS if parameters.velocities else SHORT_STEPS)
        self.starts: Float32Array = np.array([START], np.float32)
        self.is_damped = not parameters.velocities

    @classmethod
    def of(cls, parameters: DoublePoleParameters, facts: Facts | None) -> "DoublePole":
        """Return the two poles; nothing is looked up."""
        return DoublePole(parameters)

    @classmethod
    def label(cls, values: Values) -> str:
        """Return whether networks see velocities, in words."""
        return f"double pole with{'' if values['velocities'] else 'out'} velocities"

    @property
    def criterion(self) -> Criterion | None:
        """The criterion of a solution; None where episodes are too short for one."""
        if not self.parameters.velocities:
            return Generalising(self.parameters)
        return Lasting() if self.max_steps >= LONG_STEPS else None

    def warnings(self, asked: Asked, genome: NetworkKind) -> list[Concern]:
        """Warn of outputs that are drawn, where the environment takes numbers."""
        return acting_warnings(self, genome)

    def best_possible(self) -> float | None:
        """Return the largest number of steps; None without velocities, where the return has no bound."""
        return None if self.is_damped else float(self.max_steps)

    def input_labels(self) -> tuple[str, ...]:
        """Return the name of each input for display."""
        names = (
            "cart", "cart velocity", "long pole", "long pole velocity", "short pole", "short pole velocity"
        )
        return names if self.parameters.velocities else names[::2]

    @staticmethod
    def output_labels() -> tuple[str, ...]:
        """Return the name of the output for display."""
        return ("push",)

    @property
    def scene(self) -> Scene:
        """The scene that pages draw."""
        place = 2 if self.parameters.velocities else 1  # distance between the indices of positions and angles
        poles = tuple((place * (1 + pole), 0.52, length) for pole, length in enumerate((1.0, 0.1)))
        return cart(track=2.4, position=(0, 4.8), poles=poles)

    @property
    def world(self) -> World:
        """The arrays that kernels read."""
        return World(
            starts=self.starts.reshape(-1), number=len(self.starts), limit=self.max_steps,
            sees_rates=self.parameters.velocities, is_damped=self.is_damped,
        )

    @property
    def floats(self) -> int:
        """Rows of floats in a lane's state."""
        return ROWS + (KEPT if self.is_damped else 0)

    @property
    def parts(self) -> dict[str, object]:
        """The slots of `rollouts/kernel.py` that this environment fills, and constants of the equations."""
        return {
            "fill_start": fill_start, "fill_observation": fill_observation, "fill_actions": fill_commands,
            "fill_step": fill_step, **numbers(np.float32),
        }


class Lasting(Criterion[Confirming]):
    """The criterion with velocities: an agent balances the poles for 100,000 steps."""

    def winner(
        self, judge: Confirming, population: Population, evaluations: Evaluations, *, candidate: int | None,
        closing: Closing,
    ) -> Solution:
        """Return the first agent that does, or None."""
        found = np.flatnonzero(evaluations.steps >= LONG_STEPS)
        return Solution(int(found[0]) if len(found) else None)


class Generalising(Criterion[ConfirmingInEpisodes]):
    """The criterion without velocities: 100,000 balanced steps, and 1,000 from enough other starts."""

    def __init__(self, parameters: DoublePoleParameters) -> None:
        self.parameters = parameters

    def winner(
        self, judge: ConfirmingInEpisodes, population: Population, evaluations: Evaluations, *,
        candidate: int | None, closing: Closing,
    ) -> Solution:
        """Return the candidate if it passes both tests, else None."""
        if (
            candidate is None
            or self.balanced(
                judge, population, candidate, np.array([START], np.float32), LONG_STEPS, closing.beat
            ) < 1
        ):
            return Solution(None)
        number = self.balanced(judge, population, candidate, starts(), SHORT_STEPS, closing.beat)
        return Solution(candidate if number >= REQUIRED_STARTS else None)

    def balanced(
        self, judge: ConfirmingInEpisodes, population: Population, agent: int, from_starts: Float32Array,
        steps: int, beat: Beat = no_beat,
    ) -> int:
        """Return from how many starts an agent balances the poles for so many steps.

        Args:
            population: the agent's generation.
            agent: its index.
            from_starts: (S, 4) float32 starts: x (m), ẋ (m/s), θ1 (rad), θ̇1 (rad/s).
            steps: steps required; the episode must go on for one more.
            beat: called again and again; it never answers that the turn is over.
        """
        trial = DoublePole(self.parameters.model_copy(update={"max_steps": steps + 1}))
        trial.starts, trial.is_damped = from_starts, False
        copies = judge.copies(population.genomes, agent, len(from_starts))
        evaluated = judge.evaluate_in(trial, copies, beat=beat)
        return int(np.count_nonzero(evaluated.steps > steps))


def starts() -> Float32Array:
    """Return the 625 starts of the generalisation test: x, ẋ, θ1 and θ̇1 at 5 shares of the range of each.

    Returns:
        (625, 4) float32: m, m/s, rad, rad/s.
    Source: Stanley and Miikkulainen 2002, section 4.3.
    """
    grid = [[share * scale - scale / 2 for share in SHARES] for scale in SCALES]
    return np.array(list(product(*grid)), np.float32)
