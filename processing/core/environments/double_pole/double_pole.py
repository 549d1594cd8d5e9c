"""Balance two poles of unequal length on a cart that moves along a track, with or without seeing how fast things move.

Observation, with velocities: 6 float32, x / 4.8 m, ẋ / 2, θ1 / 0.52 rad, θ̇1 / 2, θ2 / 0.52, θ̇2 / 2; without: the places
and angles alone. The bias that the published networks see is the genome's. Action: one command from -1 to 1, a force of so
many times 10 N on the cart for 0.02 s; an output from 0 to 1 is (output - 0.5) * 20 N. Terminates: when the cart is
beyond 2.4 m, or a pole beyond 36 degrees. Truncates: after `max_steps`. Start: all 0 but θ1 = 0.07 rad, always.
Return, with velocities: the number of steps. Without, t steps balanced of up to 1,000: 0.1 t / 1000, and where t >= 100,
0.9 * 0.75 / the sum of |x| + |ẋ| + |θ1| + |θ̇1| over the last 100 of them, which rewards standing still.

Solved, with velocities: 100,000 steps. Without: the champion of a species whose turn it is (`criterion.candidate`) balances
100,000 steps, and from at least 200 of 625 other starts 1,000 steps.

Source: Stanley and Miikkulainen 2002, section 4.3, and its authors' code.
"""

from itertools import product
from typing import Any, Literal

import numpy as np

from processing.core.criterion import Solution
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
from processing.core.rollouts.actions import fill_commands
from processing.core.types import Evaluations, Float32Array, Population, State

#: Steps that are asked for: of a champion, and from each of the other starts; and how many of these must succeed.
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
        None, meaning="Steps after which an episode is cut off; null for 100,000 with velocities, 1,000 without.",
        unit="steps", ge=1, le=1_000_000,
    )


class DoublePole:
    """Two poles of unequal length, balanced on a cart.

    Networks see where the cart is and how the poles lean; with velocities also how fast that changes. Their one output pushes
    the cart, by up to 10 N either way. It ends when a pole leans beyond 36 degrees, or the cart is beyond 2.4 m. Every step
    is paid with velocities; without, few movements are, and a network needs a memory.

    Other starts than the task's own make a trial of it: life n begins at start n, and returns its steps.
    """

    Parameters = DoublePoleParameters
    outputs, integers, bits, episodes = 1, 0, 0, 1
    actions = "commands"
    is_random = has_common_episodes = False
    judge = "episodes"
    plain_seconds = (2.5e-4, 1.2e-6)  # a step in plain Python takes so long, and for each weight

    def __init__(self, parameters: DoublePoleParameters) -> None:
        self.parameters = parameters
        self.inputs = 6 if parameters.velocities else 3
        self.max_steps = parameters.max_steps or (LONG_STEPS if parameters.velocities else SHORT_STEPS)
        self.starts: Float32Array = np.array([START], np.float32)
        self.is_damped = not parameters.velocities

    @property
    def criterion(self) -> Any:
        """Who has solved the task; None where lives are too short to show it."""
        if not self.parameters.velocities:
            return Generalising(self.parameters)
        return Lasting() if self.max_steps >= LONG_STEPS else None

    def best_possible(self) -> float | None:
        """All steps; None without velocities, where there is always less movement."""
        return None if self.is_damped else float(self.max_steps)

    def input_labels(self) -> tuple[str, ...]:
        """What each input says, for people."""
        names = ("cart", "cart velocity", "long pole", "long pole velocity", "short pole", "short pole velocity")
        return names if self.parameters.velocities else names[::2]

    @staticmethod
    def output_labels() -> tuple[str, ...]:
        """What the command does, for people."""
        return ("push",)

    @property
    def scene(self) -> Scene:
        """How it is drawn."""
        place = 2 if self.parameters.velocities else 1  # of an angle, behind the number before it
        poles = tuple((place * (1 + pole), 0.52, length) for pole, length in enumerate((1.0, 0.1)))
        return cart(track=2.4, position=(0, 4.8), poles=poles)

    @property
    def world(self) -> World:
        """The task in the form that kernels take."""
        return World(
            starts=self.starts.reshape(-1), number=len(self.starts), limit=self.max_steps,
            sees_rates=self.parameters.velocities, is_damped=self.is_damped,
        )

    @property
    def floats(self) -> int:
        """Rows of real numbers in a lane's state."""
        return ROWS + (KEPT if self.is_damped else 0)

    #: The slots of `rollout` that this environment fills.
    @property
    def parts(self) -> dict[str, object]:
        return {
            "fill_start": fill_start, "fill_observation": fill_observation, "fill_actions": fill_commands,
            "fill_step": fill_step, **numbers(np.float32),
        }


class Lasting:
    """With velocities: whoever balances for 100,000 steps."""

    def winner(
        self, plan: Any, population: Population, evaluations: Evaluations, *,
        candidate: int | None, seed: int, generation: int, state: State,
    ) -> Solution:
        """The first such agent."""
        found = np.flatnonzero(evaluations.steps >= LONG_STEPS)
        return Solution(int(found[0]) if len(found) else None)


class Generalising:
    """Without velocities: a candidate that balances for 100,000 steps, and for 1,000 from enough other starts."""

    def __init__(self, parameters: DoublePoleParameters) -> None:
        self.parameters = parameters

    def winner(
        self, plan: Any, population: Population, evaluations: Evaluations, *,
        candidate: int | None, seed: int, generation: int, state: State,
    ) -> Solution:
        """The candidate, if it passes both tests."""
        if candidate is None or self.balanced(plan, population, candidate, np.array([START], np.float32), LONG_STEPS) < 1:
            return Solution(None)
        is_general = self.balanced(plan, population, candidate, starts(), SHORT_STEPS) >= REQUIRED_STARTS
        return Solution(candidate if is_general else None)

    def balanced(self, plan: Any, population: Population, agent: int, begun: Float32Array, steps: int) -> int:
        """From how many starts, (S, 4), an agent balances for so many steps: it lives to see one more."""
        trial = DoublePole(self.parameters.model_copy(update={"max_steps": steps + 1}))
        trial.starts, trial.is_damped = begun, False
        copies = plan.genome.take(population.genomes, np.full(len(begun), agent, np.int32))
        lived = type(plan.judge)(trial, plan.genome).evaluate(copies, seed=0, generation=0)
        return int(np.count_nonzero(lived.steps > steps))


def starts() -> Float32Array:
    """The 625 starts of the test, (625, 4): x, ẋ, θ1 and θ̇1 at 5 shares of what each may be."""
    grid = [[share * scale - scale / 2 for share in SHARES] for scale in SCALES]
    return np.array(list(product(*grid)), np.float32)
