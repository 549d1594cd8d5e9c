"""Injects a fault at the n-th database call of short runs, n = 1, 2, 3 … until a run ends before it.

Other workers finish the runs.

This is a program of its own, with `inject/` on its path: Django and the kernels are loaded once, and a
process is forked for each n. It prints a JSON array: for each n the run, its token after the fault, and the
exit code of the process.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import django

Line = dict[str, Any]
MOST_POINTS, FINISH_SECONDS = 400, 60.0
#: The exit code of a process after each kind of fault.
MEANT = {"kill": -signal.SIGKILL, "raise": 7}


def main() -> int:
    """Run `points kill|raise`, with the documents and the points (null: all) as JSON on standard input."""
    wanted = json.load(sys.stdin)
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from processing.core.search.warm import warm

    call_command("migrate", verbosity=0)
    warm()
    connections.close_all()
    lines = _side_by_side([
        lambda name=name, document=document: _points(name, document, wanted["points"] or range(MOST_POINTS))
        for name, document in wanted["documents"].items()
    ])
    _forked(lambda: _finish([line["run"] for line in lines]))
    print(json.dumps(lines), flush=True)
    return 0


def _side_by_side(branches: list[Callable[[], list[Line]]]) -> list[Line]:
    """Run each branch in a process of its own, and return all their lines."""
    pids = []
    for number, branch in enumerate(branches):
        pids.append(os.fork())
        if not pids[-1]:
            try:
                Path(os.environ["DATA_FOLDER"], f"lines-{number}").write_text(json.dumps(branch()))
            finally:
                os._exit(0)
    for pid in pids:
        os.waitpid(pid, 0)
    return [
        line for number in range(len(branches))
        for line in json.loads(Path(os.environ["DATA_FOLDER"], f"lines-{number}").read_text())
    ]


def _points(name: str, document: dict[str, Any], points: Iterable[int]) -> list[Line]:
    """Do a run of the document for each point, until one ends without the fault."""
    from django.db import connections

    lines: list[Line] = []
    for point in points:
        number = _submitted({**document, "name": f"{sys.argv[1]} {name} {point}"})
        connections.close_all()
        code = _worked_on(number, {"do": sys.argv[1], "after": point})
        lines.append(
            {"document": name, "point": point, "run": number, "token": _token(number), "exit_code": code}
        )
        connections.close_all()
        if code == 0:
            break
    return lines


def _worked_on(number: int, fault: dict[str, Any]) -> int:
    """Work on the run in another process, and return its exit code: as in `MEANT`, or 0 without a fault."""
    import injected

    def work() -> int:
        injected.arm(fault)
        with contextlib.suppress(django.db.OperationalError):
            _work_on([number], only_while=injected.is_armed)
        return 0 if injected.is_armed() else MEANT["raise"]

    return os.waitstatus_to_exitcode(_forked(work))


def _forked(work: Any) -> int:
    """Do the work in a forked process; return its wait status."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            code = int(work() or 0)
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def _submitted(document: dict[str, Any]) -> int:
    from api import intake

    return int(intake.submit(document, None, announce=False).instances[0].pk)


def _finish(numbers: list[int]) -> None:
    """Free the steps of killed processes as the sweep does, and do the runs' steps until they have ended."""
    from database.models import ENDED, Instance
    from processing import recovery

    left, deadline = list(numbers), time.monotonic() + FINISH_SECONDS
    while left and time.monotonic() < deadline:
        recovery.sweep()
        _work_on(left)
        going_on = Instance.objects.filter(pk__in=left).exclude(state__in=ENDED)
        left = list(going_on.values_list("pk", flat=True))
        time.sleep(0.02)


def _work_on(numbers: list[int], only_while: Callable[[], bool] = lambda: True) -> None:
    """Do the runs' steps as workers do, until none is ready or `only_while` is false."""
    from database import turns
    from processing import node, runner

    for number in numbers:
        while only_while() and (found := turns.next_step_of(number, node.abilities())) is not None:
            if found.kind == turns.StepKind.SLICE:
                runner.work_slice(found.pk, threads=1)
            else:
                runner.work_shift(number, seconds=1e9, threads=1)


def _token(number: int) -> int:
    from database.models import Instance

    return int(Instance.objects.values_list("token", flat=True).get(pk=number))


if __name__ == "__main__":
    sys.exit(main())
