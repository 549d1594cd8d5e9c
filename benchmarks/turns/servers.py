"""Running servers of both set-ups, work that several users submit to them, and times by their databases."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.embedded.trouble import Trouble
from benchmarks.faults import setups

SETUPS = ("embedded", "production")
#: What a server has without any setting, in place of the short times of the fault harness.
DEFAULTS = {
    "LEASE_SECONDS": "30", "SWEEP_SECONDS": "5", "SHIFT_SECONDS": "10", "GENERATION_PAUSE_SECONDS": "0",
}

Document = dict[str, Any]
Line = dict[str, Any]


class Server:
    """A running server, seen by its database."""

    def __init__(self, setup: Any) -> None:
        self.setup, self.archive = setup, setups.archive_of(setup)

    def submit(self, user: str | None, *documents: Document) -> list[int]:
        """Submit documents as this user, without an account where None; return the numbers of their runs."""
        self.wait_for(self.setup.worker_parents, what="a worker")
        printed = subprocess.run(
            [sys.executable, "-m", "benchmarks.turns.submit"], cwd=setups.ROOT,
            env=setups.environment_of_server(self.setup), check=True, text=True,
            input=json.dumps({"user": user, "documents": documents}), stdout=subprocess.PIPE,
        ).stdout
        numbers: list[int] = json.loads(printed)
        return numbers

    def wait_for(
        self, condition: Callable[[], Any], *, seconds: float = 300.0, what: str = "it"
    ) -> Any:
        """Return the first true value of a condition."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what} did not come about in {seconds:g} s"
            self.setup.tick()
            time.sleep(0.01)
        return value

    def run_for(self, seconds: float) -> None:
        """Let the server work for so long."""
        until = time.monotonic() + seconds
        self.wait_for(lambda: time.monotonic() > until, seconds=2 * seconds + 60)

    def wait_for_workers(self, number: int) -> None:
        """Wait until so many workers hold a step."""
        self.wait_for(lambda: len(self.holders()) >= number, what=f"work of {number} workers")

    def holders(self, *, run: int | None = None) -> set[str]:
        """Return the processes that hold a step, or a step of one run."""
        of_run = "" if run is None else f" AND {{}} = {int(run)}"
        found = self.archive.rows(" UNION ".join(
            f"SELECT claimed_by FROM {table} WHERE claimed_by <> ''{of_run.format(column)}"
            for table, column in (("database_instance", "id"), ("database_slice", "instance_id"))
        ))
        return {row["claimed_by"] for row in found}

    def value(self, column: str, number: int) -> Any:
        """Return a column of a run."""
        return self.archive.one(f"SELECT {column} FROM database_instance WHERE id = %s", number)

    def moment(self, column: str, number: int) -> float:
        """Return a time of a run in seconds, by the database's clock."""
        return seconds_of(self.value(column, number))

    def wait_for_end(self, number: int) -> None:
        """Wait until a run has met its stop rule."""
        self.wait_for(lambda: self.value("state", number) == "SUCCEEDED", what=f"the end of run {number}")

    def seconds_to_first_generation(self, number: int) -> float:
        """Return the time from a run's acceptance to its first committed generation."""
        completed = (
            "SELECT completed_at FROM database_generation WHERE instance_id = %s AND number = 0"
        )
        committed = self.wait_for(lambda: self.archive.one(completed, number), what="its first generation")
        return seconds_of(committed) - self.moment("created_at", number)


@contextlib.contextmanager
def server(name: str, *, workers: int = 1, **variables: str) -> Iterator[Server]:
    """Start a server with the defaults and these variables; it is removed afterwards.

    Raises:
        Trouble: it cannot be started here.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        Path(folder).chmod(0o755)
        beside = Path(folder) / "beside"
        beside.mkdir()
        setup = setups.start(
            name, Path(folder) / "data", beside, workers=workers, **{**DEFAULTS, **variables}
        )
        found = Server(setup)
        try:
            yield found
        finally:
            found.archive.close()
            setup.stop()


def of_both(case: str, measured: Callable[[str], Iterator[Line]]) -> Iterator[Line]:
    """Yield the lines of a case on both set-ups; one with `skipped` where one cannot be started here."""
    for name in SETUPS:
        try:
            for line in measured(name):
                yield {"case": case, "setup": name, **line}
        except Trouble as error:
            yield {"case": case, "setup": name, "skipped": str(error)}


def document(name: str, *, agents: int = 100, generations: int = 100_000, **changes: Any) -> Document:
    """Return a work item whose generations take milliseconds; by default it takes hours."""
    return {
        "version": 1, "kind": "weight_evolution", "name": name,
        "environment": {"type": "maze", "rows": ["S..", "..G"], "max_steps": 100},
        "strategy": {"type": "genetic", "population_size": agents}, "stop": {"max_generations": generations},
        "record": {"agents": "champions"}, **changes,
    }


def seconds_of(moment: Any) -> float:
    """Return a time of the database, which SQLite returns as text, in seconds."""
    found = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
