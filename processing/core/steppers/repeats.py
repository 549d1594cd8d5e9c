"""The lives that are lived a second time, in another process than the first time."""

from collections import deque
from collections.abc import Iterable

from processing.core.steppers.process import Process


class Repeats:
    """Those of one task that wait. Of L lives, number L + k is the second time of life `again[k]`."""

    def __init__(self, rollouts: int, again: tuple[int, ...]) -> None:
        self.rollouts, self.again = rollouts, again
        self._waiting = deque(range(rollouts, rollouts + len(again)))
        self._given: dict[int, Process] = {}  # who was given a life, the last time

    def first_of(self, rollout: int) -> int:
        """The life that a number stands for."""
        return rollout if rollout < self.rollouts else self.again[rollout - self.rollouts]

    def is_second(self, rollout: int) -> bool:
        """Whether this number is the second time of a life."""
        return rollout >= self.rollouts

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def given(self, rollouts: Iterable[int], process: Process) -> None:
        """Note who is given lives for the first time."""
        self._given |= dict.fromkeys(rollouts, process)

    def leave_out_unbegun(self) -> None:
        """Those whose first time nobody has begun, as time was up, are not lived a second time."""
        self._waiting = deque(rollout for rollout in self._waiting if self.first_of(rollout) in self._given)

    def leave_out(self, rollout: int) -> None:
        """A life that a clock or a machine has ended is not lived a second time."""
        self._waiting = deque(each for each in self._waiting if self.first_of(each) != rollout)

    def clear(self) -> None:
        """None are lived a second time any more."""
        self._waiting.clear()

    def put_back(self, rollouts: Iterable[int]) -> None:
        """These wait again; they are lived before the others."""
        self._waiting.extendleft(rollouts)

    def take(self, process: Process, most: int) -> list[int]:
        """Some, at most so many, that this process did not live the first time; they wait no more."""
        found = [rollout for rollout in self._waiting if self._given[self.first_of(rollout)] is not process][:most]
        self._waiting = deque(rollout for rollout in self._waiting if rollout not in found)
        return found
