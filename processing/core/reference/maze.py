"""A reference implementation of one episode: the results that kernels must give, in plain Python and NumPy.

It shares no code with the kernels. Their tests compare with it, and processes that never compile use it to
replay an agent from its genome and its address. Float32 numbers are kept in float64 arrays; `_rounded` and
`_madd` define where and how they are rounded.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from processing.core.environments.maze.grid_world import MazeParameters
from processing.core.errors import Refused
from processing.core.genomes.dense import DenseParameters
from processing.core.types import Float32Array, Float64Array, Purpose, Trajectory

STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0), (1, 1))
SIGHTS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))

Cell = tuple[int, int]


def replay_episode(
    environment: MazeParameters, network: DenseParameters, genome: Float32Array, *,
    seed: int, generation: int, agent: int, episode: int = 0, purpose: Purpose = Purpose.EPISODE,
    most_steps: int | None = None,
) -> Trajectory:
    """Replay one episode, or its first `most_steps` steps.

    Args:
        environment: the map, rewards and step limit.
        network: the shape of the network.
        genome: (W,) float32, in the layout of the genome kind `dense`.
        seed, generation, agent, episode, purpose: the address of the draws, where actions are sampled.
        most_steps: the largest number of steps; the step limit of the environment where None.
    Raises:
        Refused: the genome's length is not that of the network.
    """
    walk, layers = Walk(environment), _layers(network, genome)
    source = Purpose.POLICY if purpose == Purpose.EPISODE else purpose
    key = _key(seed, source, generation, agent, episode)
    activation = _ACTIVATIONS[network.activation.value]
    actions: list[int] = []
    rewards: list[float] = []
    positions, observations = [walk.position], []
    total, over = 0.0, False
    last = min(environment.max_steps, environment.max_steps if most_steps is None else most_steps)
    with np.errstate(all="ignore"):
        while not over and len(actions) < last:
            x = walk.observation()
            y = _outputs(x, layers, activation)
            chance = (_mixed(key + len(actions) * 0x9E3779B97F4A7C15) >> 40) * 2.0**-24
            action = _best(y) if network.output == "argmax" else _sampled(y, chance)
            reward, over = walk.step(action)
            total += reward
            observations.append(x)
            actions.append(action)
            rewards.append(reward)
            positions.append(walk.position)
    is_cut = not over and last < environment.max_steps
    return Trajectory(
        actions=actions, rewards=rewards, positions=positions, observations=observations, total=total,
        steps=len(actions), terminated=over, truncated=not over and not is_cut, is_cut=is_cut,
    )


def goals_reached(maze: MazeParameters, trajectory: Trajectory) -> int:
    """Return how many goals were collected in an episode: the different goal cells that the agent visited."""
    return len({(row, column) for row, column in trajectory.positions if maze.rows[row][column] == "G"})


class Walk:
    """The state of one episode in a maze: the agent's position, the remaining goals, the visited cells."""

    def __init__(self, maze: MazeParameters) -> None:
        self.rows, self.rewards = maze.rows, maze.rewards
        cells = [(i, j, kind) for i, row in enumerate(maze.rows) for j, kind in enumerate(row)]
        (self.position,) = [(i, j) for i, j, kind in cells if kind == "S"]
        self.goals = {(i, j) for i, j, kind in cells if kind == "G"}
        self.visited = {self.position}
        self.seen: dict[tuple[Cell, int], Float64Array] = {}

    def kind(self, cell: Cell) -> str:
        """Return '#' for obstacles and beyond the edge, 'G' for a goal not yet collected, else '.'."""
        row, column = cell
        if (
            not (0 <= row < len(self.rows) and 0 <= column < len(self.rows[0]))
            or self.rows[row][column] == "#"
        ):
            return "#"
        return "G" if cell in self.goals else "."

    def observation(self) -> Float64Array:
        """Return the observation at the current position, with the goals that are left.

        Returns:
            (24,) float64 holding float32 numbers: for each of 8 lines of sight the number of free cells times
                0.1, the closeness of an obstacle and the closeness of a goal, 1 / distance each, 0 where the
                line ends at the other kind.
        """
        view = self.position, hash(frozenset(self.goals))
        if view not in self.seen:
            self.seen[view] = np.array([number for sight in SIGHTS for number in self._sight(*sight)])
        return self.seen[view]

    def _sight(self, down: int, right: int) -> tuple[float, float, float]:
        row, column = self.position
        distance = 1
        while (kind := self.kind((row + down * distance, column + right * distance))) == ".":
            distance += 1
        space = float(np.float32(0.1) * np.float32(distance - 1))
        near = float(np.float32(1) / np.float32(distance))
        return (space, 0.0, near) if kind == "G" else (space, near, 0.0)

    def step(self, action: int) -> tuple[float, bool]:
        """Make a move; return its reward and whether it terminates the episode.

        Args:
            action: 0..8, an index of `STEPS`.
        """
        down, right = STEPS[action]
        to = self.position[0] + down, self.position[1] + right
        kind = self.kind(to)
        if kind == "#":
            return 0.0, True
        self.position = to
        if to in self.visited:
            return self.rewards.revisit, False
        self.visited.add(to)
        if kind == ".":
            return self.rewards.open, False
        self.goals = self.goals - {to}
        return self.rewards.goal, not self.goals


Layer = tuple[Float64Array, Float64Array]


def _layers(network: DenseParameters, genome: Float32Array) -> list[Layer]:
    sizes, found, at = (24, *network.hidden, 9), [], 0
    values = np.asarray(genome, np.float64)
    wanted = sum((before + network.bias) * after for before, after in pairwise(sizes))
    if wanted != len(values):
        raise Refused(f"genome: expected {wanted} weights, got {len(values)}")
    for before, after in pairwise(sizes):
        weights = values[at : at + before * after].reshape(before, after)
        at += before * after
        found.append((weights, values[at : at + after] if network.bias else np.zeros(after)))
        at += after if network.bias else 0
    return found


def _outputs(
    x: Float64Array, layers: list[Layer], activation: Callable[[Float64Array], Float64Array]
) -> Float64Array:
    for number, (weights, biases) in enumerate(layers):
        x = _sums(x, weights, biases)
        if number < len(layers) - 1:
            x = activation(x)
    return x


def _sums(x: Float64Array, weights: Float64Array, biases: Float64Array) -> Float64Array:
    """Bias plus x[i] * weights[i], i = 0, 1, ..., each sum rounded once to float32; all units at once."""
    products = x[:, None] * weights  # exact: 24 + 24 bits
    totals = np.empty_like(products)
    y = biases
    for product, total in zip(products, totals, strict=True):
        np.add(product, y, out=total)
        y = total.astype(np.float32).astype(np.float64)
    if not _needs_care(totals):
        return y
    y = biases
    for value, row in zip(x, weights, strict=True):
        y = _madd(value, row, y)
    return y


def _needs_care(totals: Float64Array) -> bool:
    """Whether rounding any of these float64 sums to float32 could differ from rounding the exact sum once.

    It can where the float64 lies halfway between two float32, and where the float32 is subnormal.
    """
    halfway = (totals.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    return bool((halfway | (np.abs(totals) < 2.0**-125)).any())


def _madd(a: Float64Array | float, b: Float64Array | float, c: Float64Array | float) -> Float64Array:
    """a * b + c rounded once to float32; where double rounding could matter, the first rounds to odd."""
    product = np.multiply(a, b)
    total = np.atleast_1d(np.add(product, c))
    if not _needs_care(total):
        return total.astype(np.float32).astype(np.float64)
    high = total - product
    error = (product - (total - high)) + (c - high)
    toward = np.where(error > 0, np.inf, -np.inf)
    exact = (error == 0) | ~np.isfinite(total) | (total.view(np.int64) & 1 == 1)
    return np.where(exact, total, np.nextafter(total, toward)).astype(np.float32).astype(np.float64)


def _rounded(x: Float64Array) -> Float64Array:
    """The values rounded to float32; after + - * / of float32 in float64 this equals a single rounding."""
    return x.astype(np.float32).astype(np.float64)


def _constant(number: float) -> float:
    return float(np.float32(number))


def _horner(x: Float64Array, coefficients: tuple[float, ...]) -> Float64Array:
    result: Float64Array | float = _constant(coefficients[0])
    for coefficient in coefficients[1:]:
        result = _madd(x, result, _constant(coefficient))
    return np.asarray(result)


_TANH_TOP = (
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
    1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
)
_TANH_BOTTOM = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
_EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
_SIN = (2.608918327634109e-06, -0.0001981110680823599, 0.008333088094451775, -0.16666660459903315)


def _tanh(x: Float64Array) -> Float64Array:
    clip = _constant(7.90531110763549805)
    x = np.where(x > clip, clip, np.where(x < -clip, -clip, x))
    square = _rounded(x * x)
    top = _rounded(x * _horner(square, _TANH_TOP))
    return _rounded(top / _horner(square, _TANH_BOTTOM))


def _exp(x: Float64Array) -> Float64Array:
    x = np.where(x > 88.0, 88.0, np.where(x > -87.0, x, -87.0))
    n = _whole(_madd(x, _constant(1.44269504088896341), 12582912.0))
    rest = _madd(n, -_constant(-2.12194440e-4), _madd(n, -0.693359375, x))
    tail = _madd(_horner(rest, _EXP), _rounded(rest * rest), rest)
    return _rounded(_rounded(tail + 1.0) * np.exp2(n))


def _whole(shifted: Float64Array) -> Float64Array:
    """The rounded integer, from a number to which 1.5 * 2^23 was added."""
    return _rounded(shifted - 12582912.0)


def _sigmoid(x: Float64Array) -> Float64Array:
    return _rounded(1.0 / _rounded(1.0 + _exp(-x)))


def _selu(x: Float64Array) -> Float64Array:
    negative = _rounded(_constant(1.6732632423543772) * _rounded(_exp(x) - 1.0))
    return _rounded(_constant(1.0507009873554805) * np.where(x > 0, x, negative))


def _gelu(x: Float64Array) -> Float64Array:
    cube = _madd(_rounded(_constant(0.044715) * _rounded(x * x)), x, x)
    inner = _rounded(_constant(0.7978845608028654) * cube)
    return np.where(x < -5.5, 0.0, _rounded(_rounded(0.5 * x) * _rounded(1.0 + _tanh(inner))))


def _sin(x: Float64Array) -> Float64Array:
    x = np.where(_rounded(x * x) > 2.0**40, 0.0, x)
    pi = _constant(np.pi)
    n = _whole(_madd(x, _constant(1 / np.pi), 12582912.0))
    rest = _madd(n, -_constant(np.pi - pi), _madd(n, -pi, x))
    square = _rounded(rest * rest)
    value = _madd(_rounded(square * _horner(square, _SIN)), rest, rest)
    odd = _rounded(n - _rounded(2.0 * _whole(_madd(n, 0.5, 12582912.0))))
    return np.where(odd * odd > 0.5, -value, value)


_ACTIVATIONS: dict[str, Callable[[Float64Array], Float64Array]] = {
    "identity": lambda x: x,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "leaky_relu": lambda x: np.where(x > 0, x, _rounded(_constant(0.01) * x)),
    "sigmoid": _sigmoid, "tanh": _tanh, "selu": _selu, "gelu": _gelu, "sin": _sin,
}


def _best(y: Float64Array) -> int:
    action = 0
    top, *others = y.tolist()
    for number, value in enumerate(others, 1):
        if value > top:
            action, top = number, value
    return action


def _sampled(y: Float64Array, chance: float) -> int:
    top = y.tolist()[_best(y)]
    weights = _exp(_rounded(y - top)).tolist()
    total = 0.0
    for weight in weights:
        total = _constant(total + weight)
    bar, reached, action = _constant(chance * total), 0.0, 0
    for weight in weights[:-1]:
        reached = _constant(reached + weight)
        action += not reached > bar
    return action


def _mixed(z: int) -> int:
    """Return the splitmix64 finaliser of a 64-bit number (Steele, Lea and Flood 2014)."""
    z %= 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def _key(seed: int, purpose: int, generation: int, agent: int, episode: int) -> int:
    """The key of an address: its components are hashed in, one after the other."""
    golden, odd, even = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
    key = _mixed(seed + golden)
    for place, factor in ((purpose, odd), (generation, even), (agent, odd), (episode, even)):
        key = _mixed(key ^ (place * factor + golden) % 2**64)
    return key
