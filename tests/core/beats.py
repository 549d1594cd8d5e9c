"""Beats that are counted, and pieces of work that are as long as a test says."""

from processing.core.kernels.pieces import Pace
from processing.core.types import Beat


class Fixed(Pace):
    """Always the same number of steps, however long they take."""

    def adapt(self, steps: int, seconds: float) -> None:
        pass


def over_after(number: int) -> Beat:
    """A beat that answers from its call of this number on, counted from 1, that the turn is over."""
    calls = 0

    def beat() -> bool:
        nonlocal calls
        calls += 1
        return calls >= number

    return beat


class Beats:
    """A beat that counts its calls; the turn is never over."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> bool:
        self.number += 1
        return False
