"""Output of commands in a terminal: a progress line, faults, and the champion's path through its maze."""

import json
import math
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from database import selectors
from database.models import Instance
from database.outcomes import BAD, Outcome, has_aim, outcome_of, outcome_words, stop_of
from formatting.faults import Fault
from processing.core.json_values import finite
from processing.core.number_text import counted, figure
from processing.core.types import Trajectory
from processing.logs import printable
from staging.staged_item import StagedItem

#: Events that are searched for the reason why a run is not reproducible.
MOST_EVENTS = 100
#: Exit codes of commands that run work items.
FAILED, BAD_INPUT, CANNOT_START, UNSOLVED = 1, 2, 3, 4

_BAR = 24
#: Number of the last generations over which speed is measured.
_RECENT = 20
_ARROWS = {
    (-1, 0): "↑", (-1, 1): "↗", (0, 1): "→", (1, 1): "↘", (1, 0): "↓", (1, -1): "↙", (0, -1): "←",
    (-1, -1): "↖",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a run, as its progress line shows it."""

    instance: int
    generation: int  # completed so far
    generations: int  # at most
    best: float | None  # the highest fitness of any agent
    mean: float | None
    evaluations_per_second: float | None
    seconds_left: float | None
    outcome: str | None = None  # in words; None while the run goes on
    champion: float | None = None  # fitness of the run's champion; shown where it is not the best


class Pace:
    """Speed of a run over its last generations, without the first and those that compiled something."""

    def __init__(self) -> None:
        self.generations: deque[tuple[float, int]] = deque(maxlen=_RECENT)  # seconds and evaluations of each
        self.closed_at: float | None = None
        self.is_compiling = False

    def compiles(self) -> None:
        """Record that something is compiled in the generation under way."""
        self.is_compiling = True

    def closed(self, now: float, evaluations: int) -> None:
        """Record that a generation with this many evaluations was completed at `now`, in seconds."""
        if self.closed_at is not None and not self.is_compiling:
            self.generations.append((now - self.closed_at, evaluations))
        self.closed_at, self.is_compiling = now, False

    @property
    def evaluations_per_second(self) -> float | None:
        """Evaluations per second; None before a generation was measured."""
        seconds = self._seconds()
        return sum(evaluations for _, evaluations in self.generations) / seconds if seconds else None

    def seconds_for(self, generations: int) -> float | None:
        """Seconds that this many more generations will take; None before a generation was measured."""
        seconds = self._seconds()
        return seconds / len(self.generations) * generations if seconds else None

    def _seconds(self) -> float:
        return math.fsum(seconds for seconds, _ in self.generations)


class ProgressLine:
    """One line that is rewritten in place.

    Where the stream is no terminal, the first line, every `every`-th and the last are printed.
    """

    def __init__(self, stream: TextIO = sys.stderr, *, every: int = 10) -> None:
        self.stream, self.every = stream, every
        self.live = stream.isatty()
        self.text, self.generation, self.written = "", -1, ""

    def show(self, progress: Progress) -> None:
        """Show the run's progress, where its generation is not the one shown last."""
        if progress.generation == self.generation:
            return
        width, first = len(self.text), self.generation < 0
        self.text, self.generation = line_of(progress), progress.generation
        if self.live:
            self.stream.write("\r" + self.text.ljust(width))
            self.stream.flush()
        elif first or progress.generation % self.every == 0:
            self._write()

    def finish(self, progress: Progress) -> None:
        """Show in the last line how the run ended."""
        self.generation = -1
        self.show(progress)

    def say(self, text: str) -> None:
        """Show what happens before the first generation is completed."""
        if self.generation >= 0 or text == self.text:
            return
        width, self.text = len(self.text), text
        if self.live:
            self.stream.write("\r" + text.ljust(width))
            self.stream.flush()
        else:
            self._write()

    def close(self) -> None:
        """End the line, so that later output begins on the next one."""
        if self.live and self.text:
            self.stream.write("\n")
        elif self.text != self.written:
            self._write()

    def _write(self) -> None:
        self.stream.write(self.text + "\n")
        self.stream.flush()
        self.written = self.text


def line_of(progress: Progress) -> str:
    """A run's progress in one line: generation, fitness, speed and remaining time."""
    done = min(1.0, progress.generation / max(1, progress.generations))
    bar = "█" * round(done * _BAR) + "░" * (_BAR - round(done * _BAR))
    rate, left = progress.evaluations_per_second, progress.seconds_left
    end = progress.outcome or f"ETA {'–' if left is None else f'{max(left, 0.0):.0f} s'}"
    is_other = progress.champion is not None and progress.champion != progress.best
    champion = f"  champion {_number(progress.champion)}" if is_other else ""
    return (
        f"run {progress.instance}  {bar}  generation {progress.generation}/{progress.generations}"
        f"  best {_number(progress.best)}{champion}  mean {_number(progress.mean)}"
        f"  {'–' if rate is None else f'{rate:,.0f}'} evaluations/s  {end}"
    )


def print_faults(faults: Iterable[Fault], stream: TextIO | None = None) -> None:
    """Print each fault on a line of `stream` (standard error where None), its advice on a line below."""
    stream = stream or sys.stderr
    for fault in faults:
        print(f"{fault.code}: {printable(fault.message)}", file=stream)
        if fault.advice:
            print(f"    hint: {printable(fault.advice)}", file=stream)


def print_warnings(warnings: Iterable[Fault], stream: TextIO | None = None) -> None:
    """Print each warning on a line of `stream` (standard error where None)."""
    for warning in warnings:
        text = f"{warning.message}. {warning.advice}" if warning.advice else warning.message
        print(f"warning: {printable(text)}", file=stream or sys.stderr)


def require_aim(staged: StagedItem) -> None:
    """End the process with code 2 where a work item has no aim, or one that can never be reached."""
    stop = staged.spec["stop"]
    never = next((warning for warning in staged.warnings if warning.path == ("stop", "solved")), None)
    if not has_aim(stop):
        lacking = "the work item has no aim. Set `stop.fitness` or `stop.solved`, or leave the option out."
    elif stop["fitness"] is None and never is not None:
        lacking = f"{printable(never.message)}. Set `stop.fitness`, or leave the option out."
    else:
        return
    print(f"--require-solved: {lacking}", file=sys.stderr)
    sys.exit(BAD_INPUT)


def result_line(instance: Instance) -> str:
    """An ended run as one JSON object, with its champion's metrics where it has some."""
    result: dict[str, Any] = {
        "instance": instance.pk, "state": instance.state,
        "outcome": outcome_of(instance.state, instance.stop_reason), "stop_reason": instance.stop_reason,
        "generations": instance.next_generation, "evaluations": instance.evaluations,
        "best_fitness": instance.best_fitness, "champion_fitness": instance.champion_fitness,
        "digest": instance.digest, "reproducible": instance.reproducible,
        "seconds": round(instance.compute_seconds, 3),
    }
    champion = selectors.champion(instance)
    if champion is not None and champion.metrics:
        result["champion_metrics"] = finite(champion.metrics)
    return json.dumps(result)


def summary(instance: Instance) -> str:
    """An ended run in a sentence or two."""
    advice = (instance.stop_explanation or {}).get("advice") or ""
    generations = counted(instance.next_generation, "generation", separator=",")
    evaluations = counted(instance.evaluations, "evaluation", separator=",")
    return printable(
        f"Run {instance.pk}: {ended_how(instance)} after {generations} and {evaluations} "
        f"({instance.stop_reason}). {_why(instance)} {advice}".rstrip()
    )


def ended_how(instance: Instance) -> str:
    """How an ended run ended, as its line and its summary say it."""
    outcome = outcome_of(instance.state, instance.stop_reason)
    if outcome is None:
        return instance.state
    return outcome_words(outcome, aim=has_aim(stop_of(instance)))


def print_fault_of(instance: Instance) -> None:
    """Print on standard error, in one line, why a run failed or died out; print nothing for other runs."""
    if outcome_of(instance.state, instance.stop_reason) in BAD:
        reason = printable(" ".join(_why(instance).split()))
        print(f"Run {instance.pk} {ended_how(instance)}. {reason}", file=sys.stderr, flush=True)


def print_mark_of(instance: Instance) -> None:
    """Print on standard error, in one line, why a run cannot be reproduced; print nothing for other runs."""
    if instance.reproducible:
        return
    events = selectors.events(instance.pk, types=("NOTE",), minimum_level="WARNING", first=MOST_EVENTS).items
    reason = next(
        (event.message for event in events if "not reproducible" in event.message), "its events say why"
    )
    print(f"warning: run {instance.pk} is not reproducible: {printable(reason)}", file=sys.stderr, flush=True)


def _why(instance: Instance) -> str:
    return str(instance.failure_message or (instance.stop_explanation or {}).get("message") or "")


def exit_code(instances: Iterable[Instance], *, require_solved: bool = False) -> int:
    """1 where a run failed or died out, 4 where all have to be solved and one is not, else 0."""
    outcomes = {outcome_of(instance.state, instance.stop_reason) for instance in instances}
    if outcomes.intersection(BAD):
        return FAILED
    return UNSOLVED if require_solved and outcomes != {Outcome.SOLVED} else 0


def path_through(rows: Sequence[str], trajectory: Trajectory, *, colour: bool) -> str:
    """The maze with an agent's path drawn as arrows; in a cell that it leaves repeatedly, the last one."""
    cells = [list(row.replace(".", "·")) for row in rows]
    trail: set[tuple[int, int]] = set()
    for (row, column), (next_row, next_column) in zip(
        trajectory.positions, trajectory.positions[1:], strict=False
    ):
        step = (next_row - row, next_column - column)
        if step in _ARROWS and rows[row][column] == ".":
            cells[row][column] = _ARROWS[step]
            trail.add((row, column))
    lines = []
    for i, line in enumerate(cells):
        lines.append("  " + " ".join(_painted(cell, (i, j) in trail, colour) for j, cell in enumerate(line)))
    return "\n".join(lines)


def _painted(cell: str, on_trail: bool, colour: bool) -> str:
    glyph = {"#": "█"}.get(cell, cell)
    if not colour:
        return glyph
    code = "33;1" if on_trail else {"#": "90", "G": "32;1", "S": "36;1"}.get(cell, "2")
    return f"\x1b[{code}m{glyph}\x1b[0m"


def _number(value: float | None) -> str:
    return "–" if value is None else figure(value)
