"""The recording of an episode in a stepper: observations, actions, rewards, positions and pictures.

The code that scores agents (`stepper.py`) evaluates the episode, with the same seeds and the same results;
the recorder only observes it. Pictures need a separate environment, made with `render_mode="rgb_array"`.
"""

import contextlib
import io
from typing import Any

import numpy as np

from processing.core.environments.foreign.error_text import error_text
from processing.core.environments.foreign.wrappers import steps_of
from processing.core.packed import pack_values
from processing.core.rollouts.replay import MOST_STEPS
from processing.core.steppers.interface import NotAsAgreed
from processing.core.steppers.stepper import Rollout, Stepper
from processing.core.types import Float32Array

#: Most bytes of stored observations, at 4 bytes for each number of each step.
MOST_OBSERVATION_BYTES = 4_000_000
#: Most pixels of the longer side of a picture, its colours, and most bytes of all pictures of an episode.
MOST_PIXELS, COLOURS, MOST_PICTURE_BYTES = 400, 128, 8_000_000
#: Pictures a second where an environment has no `render_fps`, and the bounds of that.
PICTURES_A_SECOND, LEAST_RATE, MOST_RATE = 30.0, 1.0, 60.0

RGB = "rgb_array"


class Recorder(Stepper):
    """A stepper that records episodes, one episode a message."""

    def __init__(self, end: Any, marks: Any, setup: dict[str, Any]) -> None:
        super().__init__(end, marks, setup)
        self.most_steps = min(self.most_steps, MOST_STEPS)
        self.draws = bool(setup["recording"]["pictures"])
        self.trace = _Trace(self.most_steps, self.draws, steps_of(self.foreign.parameters.wrappers or ()))

    def _made(self) -> Any:
        made = super()._made()
        if self.draws and self.render_mode is None:
            if RGB not in (made.metadata.get("render_modes") or ()):
                raise NotAsAgreed(
                    f"{self.foreign.parameters.id} draws no pictures: it has no render mode {RGB}."
                )
            made.close()
            self.render_mode = RGB
            made = super()._made()
        return _Traced(made, self.trace)

    def _has_ended(self, rollout: Rollout, action: Any, row: Float32Array) -> bool:
        self.trace.act(row, action)
        return super()._has_ended(rollout, action, row)

    def _payload(self, rollout: Rollout) -> bytes:
        return self.trace.packed(self.kind)


class _Trace:
    """The record of an episode up to the current step."""

    def __init__(self, most_steps: int, draws: bool, inner_steps: int) -> None:
        """`inner_steps` is the number of environment steps for one recorded step."""
        self.most_steps, self.draws, self.inner_steps = most_steps, draws, inner_steps
        self.begin()

    def begin(self) -> None:
        """Clear the record at the begin of an episode."""
        self.observations: list[Float32Array] = []
        self.actions: list[Any] = []
        self.rewards: list[float] = []
        self.positions: list[tuple[int, int]] = []
        self.terminated = self.truncated = False
        self.pictures = Pictures()

    def act(self, observation: Float32Array, action: Any) -> None:
        """Record an action before it is carried out, and the observation that it is for, (I,) float32."""
        if (len(self.observations) + 1) * observation.nbytes <= MOST_OBSERVATION_BYTES:
            self.observations.append(observation.copy())
        self.actions.append(np.asarray(action).copy())

    def arrive(self, environment: Any) -> None:
        """Record position and picture after a reset or a step."""
        if (place := _position(environment)) is not None:
            self.positions.append(place)
        step = len(self.rewards)
        is_last = self.terminated or self.truncated or step >= self.most_steps
        if self.draws and self.pictures.wants(step, is_last=is_last):
            self.pictures.rate = max(LEAST_RATE, _rate(environment) / self.inner_steps)
            self.pictures.add(step, _drawn(environment))

    def packed(self, kind: Any) -> bytes:
        """Return the record as bytes, without an action that was not carried out."""
        steps = len(self.rewards)
        values: dict[str, Any] = {
            "actions": _numbers(self.actions[:steps]), "rewards": np.array(self.rewards, np.float64),
            "positions": np.array(self.positions, np.int64).reshape(-1, 2),
        }
        if len(self.observations) >= steps:
            values["observations"] = np.array(self.observations[:steps] or np.empty((0, 1)), np.float32)
        head = {
            "terminated": self.terminated, "truncated": self.truncated, "pictures": self.pictures.header()
        }
        values["pictures"] = np.frombuffer(self.pictures.joined(), np.uint8)
        return pack_values(head, values, kind, genomes=None)


class Pictures:
    """Pictures of an episode: one of each step while they take at most MOST_PICTURE_BYTES in all.

    Where they take more, every second one is dropped, repeatedly; the first and the last are always kept.
    """

    def __init__(self) -> None:
        self.found: list[tuple[int, bytes]] = []  # step, and a PNG drawn after it
        self.stride = 1
        self.rate = PICTURES_A_SECOND

    def wants(self, step: int, *, is_last: bool) -> bool:
        """Return whether a picture of this step is kept."""
        return is_last or step % self.stride == 0

    def add(self, step: int, picture: bytes) -> None:
        """Add the newest picture, a PNG, and drop others where they exceed the limit."""
        self.found.append((step, picture))
        while len(self.found) > 2 and sum(len(each) for _, each in self.found) > MOST_PICTURE_BYTES:
            self.stride *= 2
            self.found = [each for each in self.found[:-1] if each[0] % self.stride == 0] + self.found[-1:]

    def header(self) -> dict[str, Any]:
        """Return the steps and sizes in bytes of the pictures, and their rate."""
        steps, sizes = [step for step, _ in self.found], [len(each) for _, each in self.found]
        return {"steps": steps, "sizes": sizes, "rate": self.rate}

    def joined(self) -> bytes:
        """Return the concatenated pictures."""
        return b"".join(each for _, each in self.found)


class _Traced:
    """An environment whose returned values are recorded in a trace."""

    def __init__(self, environment: Any, trace: _Trace) -> None:
        self._environment, self._trace = environment, trace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._environment, name)

    def reset(self, **options: Any) -> Any:
        answer = self._environment.reset(**options)
        self._trace.begin()
        self._trace.arrive(self._environment)
        return answer

    def step(self, action: Any) -> Any:
        answer = self._environment.step(action)
        try:
            _, reward, terminated, truncated, _ = answer
            earned, ends = float(reward), (bool(terminated), bool(truncated))
        except Exception:
            return answer  # the stepper reports the wrong value
        self._trace.rewards.append(earned)
        self._trace.terminated, self._trace.truncated = ends
        self._trace.arrive(self._environment)
        return answer


def _drawn(environment: Any) -> bytes:
    """Return a PNG of the current state. Raises NotAsAgreed where rendering fails."""
    try:
        return picture(environment.render())
    except NotAsAgreed:
        raise
    except BaseException as error:
        raise NotAsAgreed(f"render() raised {error_text(error)}") from error


def picture(pixels: Any) -> bytes:
    """Return a PNG of a rendered picture, at most MOST_PIXELS wide and high.

    Args:
        pixels: (H, W, 3) uint8.
    Raises:
        NotAsAgreed: it is no such array.
    """
    from PIL import Image

    array = np.asarray(pixels)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise NotAsAgreed(
            "render() must give a picture of the shape (height, width, 3) in uint8; it gave "
            f"{array.dtype} of the shape {array.shape}"
        )
    image = Image.fromarray(np.ascontiguousarray(array))
    image.thumbnail((MOST_PIXELS, MOST_PIXELS))
    file = io.BytesIO()
    image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG")
    return file.getvalue()


def _rate(environment: Any) -> float:
    """Return the environment's `render_fps` within its bounds, or PICTURES_A_SECOND."""
    with contextlib.suppress(Exception):
        return float(min(max(float(environment.metadata["render_fps"]), LEAST_RATE), MOST_RATE))
    return PICTURES_A_SECOND


def _position(environment: Any) -> tuple[int, int] | None:
    """Return row and column of the agent in grid environments (toy_text and MiniGrid); None for others."""
    with contextlib.suppress(Exception):
        world = environment.unwrapped
        if hasattr(world, "agent_pos"):
            column, row = world.agent_pos
            return int(row), int(column)
        columns = int(world.ncol if hasattr(world, "ncol") else world.shape[1])
        row, column = divmod(int(world.s), columns)
        return row, column
    return None


def _numbers(actions: list[Any]) -> Any:
    """Return actions as (T, A) int64 or float64; A is 1 for a Discrete space."""
    is_whole = all(each.dtype.kind in "iub" for each in actions)
    return np.array(
        [each.ravel() for each in actions] or np.empty((0, 1)), np.int64 if is_whole else np.float64
    )
