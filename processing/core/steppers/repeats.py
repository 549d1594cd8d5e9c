"""The rollouts that are evaluated a second time, in another process than the first time."""

from collections import deque
from collections.abc import Iterable

from processing.core.children.process import Process


class Repeats:
    """The waiting repeats of one task.

    Args:
        rollouts: number L of rollouts of the task, numbered from 0.
        again: rollouts that are repeated; number L + k is the repeat of rollout `again[k]`.
    """

    def __init__(self, rollouts: int, again: tuple[int, ...]) -> None:
        self.rollouts, self.again = rollouts, again
        self._waiting = deque(range(rollouts, rollouts + len(again)))
        self._given: dict[int, Process] = {}  # the process that last received a rollout

    def first_of(self, rollout: int) -> int:
        """Return the rollout that a number evaluates, for the first or second time."""
        return rollout if rollout < self.rollouts else self.again[rollout - self.rollouts]

    def is_second(self, rollout: int) -> bool:
        """Return whether a number is a repeat."""
        return rollout >= self.rollouts

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def given(self, rollouts: Iterable[int], process: Process) -> None:
        """Record the process that receives rollouts for the first time."""
        self._given |= dict.fromkeys(rollouts, process)

    def leave_out_unbegun(self) -> None:
        """Drop the repeats of rollouts that no process has received, as the turn was over."""
        self._waiting = deque(rollout for rollout in self._waiting if self.first_of(rollout) in self._given)

    def leave_out(self, rollout: int) -> None:
        """Drop the repeats of a rollout that a time limit or a lost process has ended."""
        self._waiting = deque(each for each in self._waiting if self.first_of(each) != rollout)

    def clear(self) -> None:
        """Drop all waiting repeats."""
        self._waiting.clear()

    def put_back(self, rollouts: Iterable[int]) -> None:
        """Put repeats back in front of the waiting ones."""
        self._waiting.extendleft(rollouts)

    def take(self, process: Process, most: int) -> list[int]:
        """Take waiting repeats for a process that did not evaluate them the first time.

        Args:
            process: the process that receives them.
            most: how many at most.
        """
        found = [
            rollout for rollout in self._waiting if self._given[self.first_of(rollout)] is not process
        ]
        found = found[:most]
        self._waiting = deque(rollout for rollout in self._waiting if rollout not in found)
        return found
