"""Counter-based random numbers: draw n of an address is a hash of the address and n.

An address is (seed, purpose, generation, agent, episode). There is no state and no order, so that any worker
can compute any draw. An address becomes a 64-bit *key* by rounds of the splitmix64 finaliser; draw n of a key
is the finaliser of key + n times the golden ratio. The scalar functions whose names end in `_part` run inside
compiled kernels; their counterparts on Python integers and on NumPy arrays give the same bits.

Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators" (splitmix64).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from processing.core.kernels.roles import formula

UInt64Array = NDArray[np.uint64]

MASK = 2**64 - 1
GOLDEN, MIX_1, MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

_GOLDEN, _MIX_1, _MIX_2 = np.uint64(GOLDEN), np.uint64(MIX_1), np.uint64(MIX_2)
_S11, _S16, _S27, _S30, _S31 = np.uint64(11), np.uint64(16), np.uint64(27), np.uint64(30), np.uint64(31)
_S32, _S40, _S48, _WORD = np.uint64(32), np.uint64(40), np.uint64(48), np.uint64(0xFFFF)
_TO_UNIT_32, _TO_UNIT_64 = np.float32(2.0**-24), 2.0**-53
#: Mean of four 16-bit uniforms' sum, and the reciprocal of its standard deviation sqrt(4 (2^32 - 1) / 12).
_NORMAL_MEAN, _NORMAL_SCALE = np.float32(131070.0), np.float32(1.0 / ((4 * (2.0**32 - 1) / 12) ** 0.5))


def derive(seed: int, purpose: int, generation: int = 0, agent: int = 0, episode: int = 0) -> int:
    """Return the key of one address.

    Args:
        seed, purpose, generation, agent, episode: the components of the address, integers from 0 to 2^53 - 1.
    Returns:
        An integer from 0 to 2^64 - 1.
    """
    key = _mixed(seed + GOLDEN)
    for place, factor in ((purpose, MIX_1), (generation, MIX_2), (agent, MIX_1), (episode, MIX_2)):
        key = _mixed(key ^ (place * factor + GOLDEN & MASK))
    return key


def draw(key: int, n: int) -> int:
    """Return draw n of a key: 64 random bits, an integer from 0 to 2^64 - 1."""
    return _mixed(key + n * GOLDEN)


def uniform(key: int, n: int) -> float:
    """Return draw n of a key as a float64 in [0, 1) with 53 random bits."""
    return (draw(key, n) >> 11) * _TO_UNIT_64


def below(key: int, n: int, bound: int) -> int:
    """Return draw n of a key as an integer from 0 to bound - 1; the bias is at most bound / 2^64."""
    return draw(key, n) * bound >> 64


def keys(seed: int, purpose: int, generation: int, agents: ArrayLike, episode: int = 0) -> UInt64Array:
    """Return the keys of many agents: `derive` for each of them.

    Args:
        seed, purpose, generation, episode: the components of the address that they share.
        agents: (N,) integers from 0 to 2^53 - 1.
    Returns:
        (N,) uint64.
    """
    shared = derive_prefix(seed, purpose, generation)
    mixed = mix(np.uint64(shared) ^ (np.asarray(agents).astype(np.uint64) * _MIX_1 + _GOLDEN))
    found: UInt64Array = mix(mixed ^ np.uint64(episode * MIX_2 + GOLDEN & MASK))
    return found


def derive_prefix(seed: int, purpose: int, generation: int) -> int:
    """Return the part of `derive` that all agents of a generation share, an integer from 0 to 2^64 - 1."""
    key = _mixed(seed + GOLDEN)
    key = _mixed(key ^ (purpose * MIX_1 + GOLDEN & MASK))
    return _mixed(key ^ (generation * MIX_2 + GOLDEN & MASK))


def draws(key: int | UInt64Array, count: int, first: int = 0) -> UInt64Array:
    """Return draws first..first + count - 1 of one or several keys.

    Args:
        key: one key, or (K,) uint64.
        count: number of draws of each key.
        first: number of the first draw.
    Returns:
        (count,) uint64 for one key, (K, count) for K keys; each has 64 random bits.
    """
    steps = np.arange(first, first + count, dtype=np.uint64) * _GOLDEN
    found: UInt64Array = mix((key[:, None] if isinstance(key, np.ndarray) else np.uint64(key)) + steps)
    return found


def uniforms(key: int | UInt64Array, count: int, first: int = 0) -> NDArray[np.float64]:
    """Return the same draws as `draws`, as float64 in [0, 1); element n equals `uniform(key, first + n)`.

    Returns:
        (count,) float64 for one key, (K, count) for K keys.
    """
    return (draws(key, count, first) >> _S11).astype(np.float64) * _TO_UNIT_64


def normals(key: int | UInt64Array, count: int, first: int = 0) -> NDArray[np.float32]:
    """Return the same draws as `draws`, as float32 of mean 0 and variance 1; see `normal_part`.

    Returns:
        (count,) float32 for one key, (K, count) for K keys; element n equals `normal_part(key, first + n)`.
    """
    bits = draws(key, count, first)
    total = (bits & _WORD) + (bits >> _S16 & _WORD) + (bits >> _S32 & _WORD) + (bits >> _S48)
    scaled: NDArray[np.float32] = (total.astype(np.float32) - _NORMAL_MEAN) * _NORMAL_SCALE
    return scaled


def _mixed(z: int) -> int:
    """The splitmix64 finaliser of an integer, modulo 2^64."""
    z &= MASK
    z = (z ^ z >> 30) * MIX_1 & MASK
    z = (z ^ z >> 27) * MIX_2 & MASK
    return z ^ z >> 31


@formula
def mix(z: Any) -> Any:
    """Return the splitmix64 finaliser: a bijection of 64-bit numbers, for one uint64 or an array of them."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@formula
def agent_key(prefix: Any, agent: Any, episode: Any) -> Any:
    """Return the key of `derive` from a generation's `derive_prefix`, an agent and an episode; all uint64."""
    key = mix(prefix ^ (np.uint64(agent) * _MIX_1 + _GOLDEN))
    return mix(key ^ (np.uint64(episode) * _MIX_2 + _GOLDEN))


@formula
def draw_part(key: Any, n: Any) -> Any:
    """Return draw n of a key, uint64 with 64 random bits."""
    return mix(key + np.uint64(n) * _GOLDEN)


@formula
def uniform_part(key: Any, n: Any) -> Any:
    """Return draw n of a key as float32 in [0, 1) with 24 random bits."""
    return np.float32(np.int64(draw_part(key, n) >> _S40)) * _TO_UNIT_32


@formula
def normal_part(key: Any, n: Any) -> Any:
    """Return draw n of a key as float32 of mean 0 and variance 1, approximately normal; |value| <= 3.47.

    The sum of the draw's four 16-bit words is standardised (Irwin-Hall distribution, n = 4). All is integer
    arithmetic up to one subtraction and one multiplication, so that the bits are the same everywhere.
    """
    bits = draw_part(key, n)
    total = (bits & _WORD) + ((bits >> _S16) & _WORD) + ((bits >> _S32) & _WORD) + (bits >> _S48)
    return (np.float32(np.int64(total)) - _NORMAL_MEAN) * _NORMAL_SCALE
