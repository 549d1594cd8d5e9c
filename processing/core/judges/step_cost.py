"""The cost of agents that act step by step, from rough speeds of one machine."""

import math

from processing.core.judges.judge import Cost

#: Environment steps per second of one machine, slow and fast, for a network of REFERENCE_WEIGHTS weights.
STEPS_PER_SECOND = (2e6, 30e6)
REFERENCE_WEIGHTS = 350
#: Steps of a short episode: in most tasks those of some early agents end at once. Those of others last to the
#: limit, and one such episode outweighs many short ones where the limit is high: the low estimate takes the
#: geometric mean of the two.
SHORT_EPISODE_STEPS = 10
#: Bytes of an agent's results and addresses for each episode.
EPISODE_BYTES = 64


def cost_of_steps(
    *, weights: int, episodes: int, max_steps: int, speed: tuple[float, float] | None = None,
    further_bytes: int = 0, least_steps: int = 0
) -> Cost:
    """Return the cost of an agent.

    Args:
        weights: of its network.
        episodes, max_steps: number of its episodes, and their step limit.
        speed: steps per second of the environment alone, slow and fast; None where it is compiled.
        further_bytes: memory of an agent besides its genome and its episodes.
        least_steps: of an episode, where that is known.
    """
    short = max(least_steps, math.sqrt(min(max_steps, SHORT_EPISODE_STEPS) * max_steps))
    slow, fast = (
        rate * REFERENCE_WEIGHTS / max(weights, REFERENCE_WEIGHTS) for rate in STEPS_PER_SECOND
    )
    if speed is not None:
        slow, fast = 1 / (1 / slow + 1 / speed[0]), 1 / (1 / fast + 1 / speed[1])
    return Cost(
        steps=episodes * max_steps, seconds_low=episodes * short / fast,
        seconds_high=episodes * max_steps / slow, memory_bytes=EPISODE_BYTES * episodes + further_bytes,
        basis=_basis(weights, speed),
    )


def _basis(weights: int, speed: tuple[float, float] | None) -> str:
    """Describe the assumptions of the estimated time, as text."""
    if speed is not None:
        return f"{speed[0]:,.0f} to {speed[1]:,.0f} steps a second in an environment that is not compiled"
    return (
        f"{STEPS_PER_SECOND[0] / 1e6:g} to {STEPS_PER_SECOND[1] / 1e6:g} million steps a second for a "
        f"network of {REFERENCE_WEIGHTS} weights, scaled to {weights}"
    )
