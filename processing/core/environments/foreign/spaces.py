"""Spaces of observations and actions as JSON values, and their conversion to network inputs and from outputs.

Observations become concatenated float32 numbers: a Box flattened, MultiBinary as it is, one-hot for Discrete
and for each number of MultiDiscrete, the parts of a Tuple or Dict in the space's own order. Actions come from
the outputs: the argmax of a group for each choice, above half for each bit of MultiBinary, scaled to its
bounds for each number of a Box.

A space as JSON values is an object with its `type` and the keys of that type: `shape`, `n`, `start`, `low`,
`high`, `spaces`. Bounds are one number where all are equal, and null where there is none.
"""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.core.types import Float32Array, Int64Array

Space = Mapping[str, Any]

#: Most numbers of an observation or an action; larger pictures need other kinds of networks.
MOST_NUMBERS = 100_000
_COUNTS = f"from 1 to {MOST_NUMBERS:,}"
#: Observations with more numbers are stored without bounds, which are for display only.
MOST_BOUNDS = 64
#: Bounds of this size and beyond mean no bound; some environments write them instead of infinity.
UNBOUNDED = 1e30

OBSERVATIONS = ("Box", "Discrete", "MultiBinary", "MultiDiscrete", "Tuple", "Dict")
ACTIONS = ("Discrete", "MultiDiscrete", "MultiBinary", "Box")


def described(space: Any, *, is_action: bool = False) -> dict[str, Any]:
    """Return a Gymnasium space as JSON values; of an unknown type, only the type.

    Args:
        space: the space.
        is_action: whether its bounds are kept whatever its size.
    """
    name = type(space).__name__
    if name == "Box":
        box = {"type": name, "shape": list(space.shape), "dtype": str(space.dtype)}
        return box | _bounds(space, is_action=is_action)
    if name == "Discrete":
        return {"type": name, "n": int(space.n), "start": int(space.start)}
    if name == "MultiDiscrete":
        starts = np.broadcast_to(getattr(space, "start", 0), space.nvec.shape)
        return {
            "type": name, "shape": list(space.shape), "n": [int(n) for n in space.nvec.ravel()],
            "start": [int(start) for start in starts.ravel()],
        }
    if name == "MultiBinary":
        return {"type": name, "shape": list(space.shape)}
    if name == "Tuple":
        return {"type": name, "spaces": [described(each) for each in space.spaces]}
    if name == "Dict":
        return {"type": name, "spaces": [[_key(key), described(each)] for key, each in space.spaces.items()]}
    return {"type": name}


def trouble(observation: Space, action: Space) -> str | None:
    """Return why networks cannot act with these spaces, in a sentence; None where they can."""
    if (sentence := unusable_observation_reason(observation)) is not None:
        return sentence
    if action["type"] not in ACTIONS:
        return f"Its actions are of the type {action['type']}; networks choose from {_listed(ACTIONS)}."
    if (
        action["type"] == "Box"
        and any(bound is None for side in ("low", "high") for bound in _all(action[side]))
    ):
        return "Its actions have no bounds, so that a network's outputs cannot be scaled to them."
    numbers = outputs_of(action)
    return (
        None if 1 <= numbers <= MOST_NUMBERS
        else f"Its actions have {numbers:,} numbers; networks take {_COUNTS}."
    )


def unusable_observation_reason(space: Space, *, least: int = 1) -> str | None:
    """Return why networks cannot take observations of this space, in a sentence; None where they can.

    Args:
        space: as JSON values.
        least: least number of inputs; 0 for a part of a larger space, which may be empty.
    """
    for name in _types(space):
        if name not in OBSERVATIONS:
            return f"Its observations are of the type {name}; networks take {_listed(OBSERVATIONS)}."
    if None in _keys(space):
        return "Parts of its observations are named by what is neither a word nor a whole number."
    numbers = size(space)
    if least <= numbers <= MOST_NUMBERS:
        return None
    help_ = (
        "; the wrappers grayscale and resize make pictures smaller" if numbers and is_picture(space) else ""
    )
    return f"Its observations have {numbers:,} numbers; networks take {_COUNTS}{help_}."


def is_shrinkable(observation: Space, action: Space) -> bool:
    """Return whether the size of a picture is the only reason why networks cannot act with these spaces."""
    small = {"type": "Box", "shape": [1], "dtype": "float32"}
    return is_picture(observation) and size(observation) > MOST_NUMBERS and trouble(small, action) is None


def size(space: Space) -> int:
    """Return the number of network inputs of an observation."""
    match space["type"]:
        case "Discrete":
            return int(space["n"])
        case "MultiDiscrete":
            return int(sum(space["n"]))
        case "Box" | "MultiBinary":
            return prod(space["shape"])
    return sum(size(part) for _, part in parts(space))


def parts(space: Space) -> list[tuple[Any, Space]]:
    """Return the subspaces of a Tuple or Dict with their keys; an empty list for other spaces."""
    if space["type"] == "Tuple":
        return list(enumerate(space["spaces"]))
    return [(key, part) for key, part in space["spaces"]] if space["type"] == "Dict" else []


def is_picture(space: Space) -> bool:
    """Return whether an observation is a picture: uint8 with two or more dimensions."""
    return bool(space["type"] == "Box" and space["dtype"] == "uint8" and len(space["shape"]) >= 2)


def outputs_of(space: Space) -> int:
    """Return the number of network outputs that determine an action."""
    return size(space)


def labels(space: Space, name: str = "") -> tuple[str, ...]:
    """Return a label for each number: its path in the space, and its value where it is one-hot."""
    match space["type"]:
        case "Discrete":
            return tuple(f"{name or 'state'} = {space['start'] + number}" for number in range(space["n"]))
        case "MultiDiscrete":
            counts = zip(space["n"], space["start"], strict=True)
            return tuple(
                f"{name}[{place}] = {start + number}" for place, (n, start) in enumerate(counts)
                for number in range(n)
            )
        case "Box" | "MultiBinary":
            shape = tuple(space["shape"])
            return tuple(name + "".join(f"[{index}]" for index in place) for place in np.ndindex(shape))
    return tuple(
        label for key, part in parts(space) for label in labels(part, f"{name}.{key}" if name else str(key))
    )


class Reader:
    """Writes observations of one space as network inputs."""

    def __init__(self, space: Space) -> None:
        self.size = size(space)
        self._parts = list(self._flat(space, (), 0))

    def fill(self, observation: Any, row: Float32Array) -> None:
        """Write an observation to a row of inputs.

        Args:
            observation: a value of the space.
            row: (size,) float32, overwritten.
        Raises:
            ValueError, TypeError, KeyError, IndexError: the observation is not a value of the space.
        """
        row[:] = 0
        for path, write in self._parts:
            value = observation
            for key in path:
                value = value[key]
            write(value, row)

    def _flat(self, space: Space, path: tuple[Any, ...], first: int) -> Any:
        """Yield path and writing function of each simple space; `first` is its first input."""
        if space["type"] in ("Tuple", "Dict"):
            for key, part in parts(space):
                yield from self._flat(part, (*path, key), first)
                first += size(part)
            return
        yield path, _writer(space, first)


def _writer(space: Space, first: int) -> Callable[[Any, Float32Array], None]:
    """Return a function that writes a value of a simple space to a row of inputs from `first` on."""
    if space["type"] == "Discrete":
        starts, counts = np.array([space["start"]]), np.array([space["n"]])
    elif space["type"] == "MultiDiscrete":
        starts, counts = np.array(space["start"]), np.array(space["n"])
    else:
        last, shape = first + size(space), tuple(space["shape"])

        def copy(value: Any, row: Float32Array) -> None:
            numbers = np.asarray(value, np.float32)
            if numbers.shape != shape:
                raise ValueError(f"expected an observation of the shape {shape}, got {numbers.shape}")
            row[first:last] = numbers.ravel()

        return copy
    offsets: Int64Array = first + np.cumsum(counts) - counts

    def mark(value: Any, row: Float32Array) -> None:
        places = np.asarray(value).ravel() - starts
        if places.shape != counts.shape or np.any(places < 0) or np.any(places >= counts):
            raise ValueError(f"expected an observation of the space {dict(space)}, got {value!r:.200}")
        row[offsets + places] = 1

    return mark


class Writer:
    """Makes actions of one space from the outputs of networks."""

    def __init__(self, space: Space) -> None:
        self.space, self.size = space, outputs_of(space)

    @property
    def is_choice(self) -> bool:
        """Whether an action is one of several, so that it can also be sampled."""
        return bool(self.space["type"] == "Discrete")

    @cached_property
    def _kind(self) -> np.dtype[Any]:
        """The dtype in which commands are scaled: float32, or float64 where the space's dtype needs it."""
        return np.result_type(np.dtype(self.space["dtype"]), np.float32)

    @cached_property
    def _low(self) -> NDArray[Any]:
        bounds = [_within(low, math.inf) for low in _all(self.space["low"])]
        return np.broadcast_to(np.array(bounds, self._kind), self.size)

    @cached_property
    def _high(self) -> NDArray[Any]:
        bounds = [_within(high, -math.inf) for high in _all(self.space["high"])]
        return np.broadcast_to(np.array(bounds, self._kind), self.size)

    def actions(self, chosen: NDArray[Any], outputs: Float32Array, commands: Float32Array) -> list[Any]:
        """Return the actions of L lanes as the environment takes them.

        Args:
            chosen: (L,) int, index of the best or of the sampled output.
            outputs: (O, L) float32, outputs of the networks.
            commands: (O, L) float32, the outputs scaled to [-1, 1].
        """
        match self.space["type"]:
            case "Discrete":
                return [np.int64(self.space["start"] + int(one)) for one in chosen]
            case "MultiDiscrete":
                return self._choices(outputs)
            case "MultiBinary":
                bits = (commands > 0).astype(np.int8)
                return [bits[:, lane].reshape(self.space["shape"]) for lane in range(bits.shape[1])]
        low, high = self._low[:, None], self._high[:, None]
        half = (commands.astype(self._kind) + 1) / 2
        scaled = np.clip(low * (1 - half) + high * half, low, high)
        kind = np.dtype(self.space["dtype"])
        whole = (np.rint(scaled) if kind.kind in "iu" else scaled).astype(kind)
        return [whole[:, lane].reshape(self.space["shape"]) for lane in range(whole.shape[1])]

    def _choices(self, outputs: Float32Array) -> list[Any]:
        """Return the argmax of each group of outputs by lane: the first of equals; nothing exceeds NaN."""
        found, first = [], 0
        for count, start in zip(self.space["n"], self.space["start"], strict=True):
            top, best = outputs[first].copy(), np.zeros(outputs.shape[1], np.int64)
            for number in range(1, count):
                better = outputs[first + number] > top
                best = np.where(better, number, best)
                top = np.where(better, outputs[first + number], top)
            found.append(best + start)
            first += count
        table = np.array(found, np.int64)
        return [table[:, lane].reshape(self.space["shape"]) for lane in range(table.shape[1])]


def _within(bound: float, inwards: float) -> float:
    """Return the nearest float64 that is not beyond a bound; an int64 bound can lie between two of them."""
    found = float(bound)
    is_beyond = found < bound if inwards > 0 else found > bound
    return math.nextafter(found, inwards) if is_beyond else found


def _bounds(space: Any, *, is_action: bool) -> dict[str, Any]:
    if not is_action and prod(space.shape) > MOST_BOUNDS:
        return {}
    return {"low": _bound(space.low), "high": _bound(space.high)}


def _bound(values: NDArray[Any]) -> Any:
    exact = np.asarray(values) if np.asarray(values).dtype.kind in "iu" else np.asarray(values, np.float64)
    flat = [None if not abs(value) < UNBOUNDED else value for value in exact.ravel().tolist()]
    return flat[0] if flat and all(value == flat[0] for value in flat) else flat


def _all(bound: Any) -> list[Any]:
    return bound if isinstance(bound, list) else [bound]


def _key(key: Any) -> str | int | None:
    """Return the key of a part as a JSON value that selects it; None where the key has no such value."""
    if isinstance(key, str):
        return str(key)
    return key if type(key) is int else None


def _keys(space: Space) -> list[Any]:
    """Return the keys of all parts at any depth."""
    return [each for key, part in parts(space) for each in (key, *_keys(part))]


def _types(space: Space) -> list[str]:
    """Return the types of a space and of its parts at any depth."""
    return [str(space["type"]), *(name for _, part in parts(space) for name in _types(part))]


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
