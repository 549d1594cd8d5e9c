"""What people see in a terminal."""

import io
import json
import logging
import sys
from dataclasses import replace
from typing import Any

import pytest

from api import intake
from api.terminal import (
    Pace,
    Progress,
    ProgressLine,
    exit_code,
    line_of,
    path_through,
    print_fault_of,
    print_faults,
    print_warnings,
    require_aim,
    result_line,
    summary,
)
from database.models import Instance, WorkItem
from formatting.faults import FaultCode, fault
from processing.core.types import Trajectory
from processing.logs import Lines

HALF = Progress(
    instance=3, generation=5, generations=10, best=1.23456, mean=None, evaluations_per_second=12_345.6,
    seconds_left=7.2
)


def test_the_line_says_how_far_how_good_how_fast_and_how_long() -> None:
    line = line_of(HALF)
    for part in ("run 3", "5/10", "1.235", "12,346 evaluations/s", "ETA 7 s"):
        assert part in line


def test_the_last_line_says_how_the_run_ended() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.show(HALF)
    line.finish(replace(HALF, outcome="not solved"))
    line.close()
    assert stream.getvalue().splitlines()[-1].endswith("evaluations/s  not solved")
    assert stream.getvalue().count("not solved") == 1


def ended(state: str, reason: str, **changes: Any) -> Instance:
    stop = {"max_generations": 3, "fitness": 1.0, "solved": False}
    return Instance(
        pk=4, state=state, stop_reason=reason, work_item=WorkItem(spec={"stop": stop}), next_generation=3,
        **changes
    )


SOLVED, LIMITED = ended("SUCCEEDED", "FITNESS_REACHED"), ended("SUCCEEDED", "GENERATION_LIMIT")
MISSED, CANCELLED = ended("SUCCEEDED", "THRESHOLD_MISSED"), ended("CANCELLED", "CANCELLED")
DIED, OLD = ended(
    "FAILED", "EXTINCTION", failure_message="No agent\nhas a fitness."
), ended("SUCCEEDED", "EXTINCTION")
BROKEN = ended("FAILED", "ERROR", failure_message="The machine ran out of memory.")


@pytest.mark.parametrize(("runs", "plain", "strict"), [
    ([SOLVED], 0, 0), ([SOLVED, SOLVED], 0, 0), ([SOLVED, LIMITED], 0, 4), ([MISSED], 0, 4),
    ([CANCELLED], 0, 4), ([DIED], 1, 1), ([OLD], 1, 1), ([BROKEN], 1, 1), ([LIMITED, DIED], 1, 1),
    ([SOLVED, BROKEN], 1, 1),
])
def test_the_exit_code_says_whether_runs_failed_and_if_asked_whether_they_are_solved(
    runs: list[Instance], plain: int, strict: int
) -> None:
    assert (exit_code(runs), exit_code(runs, require_solved=True)) == (plain, strict)


@pytest.mark.parametrize(("stop", "refused"), [
    ({}, "the work item has no aim."), ({"fitness": -100.0}, None),
    ({"solved": True, "fitness": -100.0}, None),
    ({"solved": True}, "stop.solved: expected false, as nothing says when this environment"),
])
def test_what_can_never_be_solved_need_not_be_asked_for(
    stop: dict[str, Any], refused: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    staged = intake.check(json.dumps({
        "version": 1, "kind": "weight_evolution", "name": "a pendulum",
        "environment": {"type": "gymnasium", "id": "Pendulum-v1"}, "stop": {"max_generations": 2} | stop,
    }).encode())
    if refused is None:
        require_aim(staged)
        return
    with pytest.raises(SystemExit) as end:
        require_aim(staged)
    assert end.value.code == 2
    assert f"--require-solved: {refused}" in capsys.readouterr().err


def test_an_ended_run_tells_its_outcome() -> None:
    assert summary(SOLVED).startswith(
        "Run 4: solved after 3 generations and 0 evaluations (FITNESS_REACHED)."
    )
    assert summary(LIMITED).startswith("Run 4: not solved after")
    assert summary(OLD).startswith("Run 4: died out after")
    outcomes = [
        json.loads(result_line(each))["outcome"]
        for each in (SOLVED, LIMITED, MISSED, DIED, OLD, BROKEN, CANCELLED)
    ]
    assert outcomes == [
        "SOLVED", "LIMIT_REACHED", "THRESHOLD_MISSED", "DIED_OUT", "DIED_OUT", "FAILED", "CANCELLED"
    ]


def test_why_a_run_failed_or_died_out_is_one_line_on_standard_error(
    capsys: pytest.CaptureFixture[str]
) -> None:
    for each in (SOLVED, LIMITED, MISSED, CANCELLED, DIED, BROKEN):
        print_fault_of(each)
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.splitlines() == [
        "Run 4 died out. No agent has a fitness.", "Run 4 failed. The machine ran out of memory.",
    ]


def test_where_nobody_watches_the_line_is_written_now_and_then_and_at_the_end() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream, every=10)
    for generation in range(25):
        line.show(Progress(3, generation, 25, None, None, None, None))
        line.show(Progress(3, generation, 25, None, None, None, None))
    line.close()
    shown = [text.split("generation ")[1].split("/")[0] for text in stream.getvalue().splitlines()]
    assert shown == ["0", "10", "20", "24"]


def test_before_a_generation_is_closed_the_line_tells_once_what_happens() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    for text in ("preparing", "compiling", "compiling"):
        line.say(text)
    line.show(HALF)
    line.say("compiling")
    line.close()
    assert [text.split()[0] for text in stream.getvalue().splitlines()] == ["preparing", "compiling", "run"]


def test_the_pace_is_that_of_generations_in_which_nothing_was_compiled() -> None:
    pace = Pace()
    pace.compiles()
    pace.closed(60.0, 100)  # the first: nobody knows when it began
    assert (pace.evaluations_per_second, pace.seconds_for(3)) == (None, None)
    pace.compiles()
    pace.closed(90.0, 100)
    assert (pace.evaluations_per_second, pace.seconds_for(3)) == (None, None)
    pace.closed(90.5, 100)
    pace.closed(91.0, 50)
    assert (pace.evaluations_per_second, pace.seconds_for(3)) == (150.0, 1.5)


def test_the_pace_forgets_what_was_long_ago() -> None:
    pace = Pace()
    for second in range(30):
        pace.closed(100.0 * second, 100)
    for tick in range(1, 21):
        pace.closed(2900.0 + 0.5 * tick, 100)
    assert pace.evaluations_per_second == 200.0


def test_the_path_is_drawn_over_open_ground_alone() -> None:
    way = Trajectory(
        actions=[5, 7], rewards=[0.15, 3.0], positions=[(0, 0), (0, 1), (1, 1)], observations=[], total=3.15,
        steps=2, terminated=True, truncated=False,
    )
    assert path_through(("S.", "#G"), way, colour=False).split() == ["S", "↓", "█", "G"]


def test_a_fault_is_printed_with_its_hint() -> None:
    stream = io.StringIO()
    print_faults(
        [fault(FaultCode.UNKNOWN_FIELD, ("stop", "x"), "a known key", "x", "did you mean y?")], stream
    )
    assert "stop.x" in stream.getvalue()
    assert "did you mean y?" in stream.getvalue()


def test_what_was_meant_stands_before_the_list_of_keys_and_is_said_once() -> None:
    stream, meant, path = io.StringIO(), 'Did you mean "population_size"?', ("strategy", "populaton_size")
    print_faults([fault(FaultCode.UNKNOWN_FIELD, path, "one of the keys a, b or c", "it", meant)], stream)
    assert (
        stream.getvalue() == f"UNKNOWN_FIELD: strategy.populaton_size: {meant} Expected one of the keys a, b "
        "or c, got it\n"
    )


def test_a_warning_is_one_line_with_its_hint() -> None:
    stream = io.StringIO()
    print_warnings(
        [fault(FaultCode.INCONSISTENT, ("stop", "fitness"), "at most 8.7", "9", "Lower it.")], stream
    )
    assert stream.getvalue() == "warning: stop.fitness: expected at most 8.7, got 9. Lower it.\n"


ESCAPES = ("\x1b[2J", "\x9b31m", "\x07", "\r", "\n", "\u202e", "\x7f")


def test_no_terminal_obeys_what_somebody_else_wrote() -> None:
    text = "".join(ESCAPES)
    item = WorkItem(spec={"stop": {"max_generations": 1}})
    run = Instance(
        pk=1, state="FAILED", failure_message=text, stop_explanation={"advice": text}, work_item=item
    )
    stream = io.StringIO()
    wrong = fault(FaultCode.UNKNOWN_FIELD, ("stop", text), text, text, text)
    print_faults([wrong], stream)
    print_warnings([wrong], stream)
    printed = summary(run) + "".join(stream.getvalue().splitlines())
    assert not set(printed) & set(text.replace("[2J", "").replace("31m", ""))
    assert "\\x1b[2J" in printed
    assert "\\u202e" in printed


def test_lines_of_the_log_are_not_obeyed_either_and_tracebacks_keep_theirs() -> None:
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        caught = sys.exc_info()
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "printed: %s", ("\x1b[31m\n",), caught)
    line, *traceback = Lines("{message}", style="{").format(record).split("\n")
    assert line == "printed: \\x1b[31m\\n"
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "ValueError: \\x1b[2J"
