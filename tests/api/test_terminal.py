"""What people see in a terminal."""

import io

from api.terminal import Progress, ProgressLine, line_of, path_through, print_faults
from formatting.faults import FaultCode, fault
from processing.core.types import Trajectory

HALF = Progress(
    instance=3, generation=5, generations=10, best=1.23456, mean=None, evaluations_per_second=12_345.6, seconds_left=7.2
)


def test_the_line_says_how_far_how_good_how_fast_and_how_long() -> None:
    line = line_of(HALF)
    for part in ("run 3", "5/10", "1.235", "12,346 evaluations/s", "ETA 7 s"):
        assert part in line


def test_where_nobody_watches_the_line_is_written_now_and_then_and_at_the_end() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream, every=10)
    for generation in range(25):
        line.show(Progress(3, generation, 25, None, None, None, None))
        line.show(Progress(3, generation, 25, None, None, None, None))
    line.close()
    shown = [text.split("generation ")[1].split("/")[0] for text in stream.getvalue().splitlines()]
    assert shown == ["0", "10", "20", "24"]


def test_the_path_is_drawn_over_open_ground_alone() -> None:
    way = Trajectory(
        actions=[5, 7], rewards=[0.15, 3.0], positions=[(0, 0), (0, 1), (1, 1)], observations=[], total=3.15, steps=2,
        terminated=True, truncated=False,
    )
    assert path_through(("S.", "#G"), way, colour=False).split() == ["S", "↓", "█", "G"]


def test_a_fault_is_printed_with_its_hint() -> None:
    stream = io.StringIO()
    print_faults([fault(FaultCode.UNKNOWN_FIELD, ("stop", "x"), "a known key", "x", "did you mean y?")], stream)
    assert "stop.x" in stream.getvalue()
    assert "did you mean y?" in stream.getvalue()
