"""One row under way: ordinary work on a running server, faults aimed at observed leases, and the results."""

import json
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from benchmarks.faults import processes
from benchmarks.faults.archive import Archive, Row, Unreachable
from benchmarks.faults.client import Answer
from benchmarks.faults.invariants import Verdict, check_rest, check_run
from benchmarks.faults.setups import SetUp, archive_of
from benchmarks.faults.watch import ENDED, Watch
from benchmarks.faults.work import Undisturbed, named

T = TypeVar("T")
TRIES = 6


class DidNotHappen(Exception):
    """An awaited condition did not become true in time."""


class Skipped(Exception):
    """This machine cannot run this row; the message says why."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A lease that was held at the moment of the query, and the process that held it."""

    instance: int
    generation: int
    token: int
    pid: int


class Scene:
    """The state of a row under way, and the operations that rows consist of."""

    def __init__(self, setup: SetUp, rng: random.Random, undisturbed: Undisturbed) -> None:
        self.setup, self.rng, self.undisturbed = setup, rng, undisturbed
        self.wanted = undisturbed.wanted
        self.archive: Archive = archive_of(setup)
        self.watch = Watch(archive_of(setup))
        self.mark = f"{rng.getrandbits(48):012x}"
        self.landed = 0
        self.is_sample = False  # whether a row is to be short: each fault once, few of very many points
        self.missed: list[str] = []
        self.verdict = Verdict()
        self.repeated = 0  # repeated steps that the watch does not see
        self.submitted: dict[str, list[int]] = {}  # acknowledged: key -> runs
        self.unanswered: list[str] = []  # keys that may be stored, but at most once
        # of each run the kind of work and the replicate whose outcome it must have; None: it is not compared
        self.expecting: dict[int, tuple[str, int] | None] = {}
        self.ends: dict[int, int] = {}  # how often runs end that were extended
        self.facts: dict[str, Any] = {}  # other figures that a row measured
        setup.ended.clear()
        self.watch.start()

    def wait_for(self, condition: Callable[[], T | None], *, seconds: float = 20.0, what: str) -> T:
        """Return the first true value of a condition; `tick` is called meanwhile.

        Raises:
            DidNotHappen: there is none within so many seconds.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                value = condition()
            except (*Unreachable, ProcessLookupError):
                value = None
            if value:
                return value
            self.setup.tick()
            time.sleep(0.01)
        raise DidNotHappen(f"{what} did not come about in {seconds:g} s")

    def submit(
        self, kind: str, *, patience: float = 60.0, is_compared: bool = True, **changes: Any
    ) -> list[int]:
        """Submit a kind of work under one key until it is acknowledged; return its runs.

        Args:
            is_compared: whether the runs must have the outcome of the undisturbed ones.
            changes: replaced entries of the document.
        """
        key = self.next_key(kind)
        document = named(self.wanted[kind] | changes, key)
        deadline = time.monotonic() + patience
        while True:
            answer, numbers = self.setup.client.submit(document, key)
            if numbers:
                break
            if time.monotonic() > deadline:
                raise DidNotHappen(f"{key} was not accepted: {answer.status} {answer.body}")
            self.setup.tick()
            time.sleep(0.1)
        self.acknowledged(key, kind, numbers, is_compared=is_compared)
        return numbers

    def next_key(self, kind: str) -> str:
        """Return the key under which `submit` submits this kind of work the next time."""
        return f"{self.mark}-{len(self.submitted)}-{kind}"

    def try_to_submit(self, kind: str, *, timeout: float = 15.0) -> tuple[Answer, str]:
        """Submit a kind of work with one request.

        Returns:
            The answer, also where it is an error, and the key.
        """
        key = f"{self.mark}-{len(self.submitted)}-{self.rng.getrandbits(24):06x}-{kind}"
        answer, numbers = self.setup.client.submit(named(self.wanted[kind], key), key, timeout=timeout)
        if not numbers:
            self.unanswered.append(key)
        else:
            self.acknowledged(key, kind, numbers, is_compared=True)
        return answer, key

    def acknowledged(self, key: str, kind: str, numbers: list[int], *, is_compared: bool) -> None:
        """Record that the server has acknowledged these runs."""
        self.submitted[key] = numbers
        for replicate, number in enumerate(numbers):
            self.expecting[number] = (kind, replicate) if is_compared else None

    def extended(self, number: int, kind: str) -> None:
        """Record that the server has extended a run, which must then have this kind's outcome."""
        self.expecting[number] = kind, 0
        self.ends[number] = self.ends.get(number, 1) + 1

    def deleted(self, number: int) -> None:
        """Record that the server has deleted a run, of which nothing must be left."""
        del self.expecting[number]
        for numbers in self.submitted.values():
            if number in numbers:
                numbers.remove(number)

    def ordinary_work(self) -> list[int]:
        """Submit ordinary runs of every kind; some are cut into slices."""
        return [number for kind in ("plain", "rising", "sliced") for number in self.submit(kind)]

    def aim(self, runs: list[int] | None = None) -> Aim:
        """Wait for a lease that a running process holds in a generation drawn at random.

        Raises:
            DidNotHappen: there is no such lease.
        """
        wanted = self.rng.randrange(1, 4)
        before = {row["id"]: row["next_generation"] for row in self._active(runs)}
        if not before:
            raise DidNotHappen("no run is left to aim at")

        def held() -> Aim | None:
            rows = self._active(runs)
            if not rows:
                raise DidNotHappen("no run is left to aim at")
            self.rng.shuffle(rows)
            for row in rows:
                if row["claimed_by"] and row["next_generation"] >= before.get(row["id"], 0) + wanted:
                    pid = self.holder(row["claimed_by"])
                    if pid is not None:
                        return Aim(row["id"], row["next_generation"], row["token"], pid)
            return None

        return self.wait_for(held, seconds=30, what="a lease to aim at")

    def holder(self, claimed_by: str) -> int | None:
        """Return the running process that a claim names: `<node>/<pid>`, or the worker of that name."""
        node, _, pid = claimed_by.rpartition("/")
        if pid.isdigit() and node:
            return None if processes.is_gone(int(pid)) else int(pid)
        for worker in self.setup.workers():
            if processes.variable(worker, "WORKER_NAME") == claimed_by:
                return worker
        return None

    def was_held(self, aim: Aim) -> bool:
        """Whether the lease aimed at was still that one: neither committed nor taken over since."""
        row = self.archive.rows(
            "SELECT token, next_generation, state FROM database_instance WHERE id = %s", aim.instance
        )[0]
        return row["next_generation"] == aim.generation and row["state"] not in ENDED

    def kill(self, aim: Aim, pid: int | None = None) -> bool:
        """Send SIGKILL to the holder (or `pid`).

        Returns:
            Whether the process is gone, its lease was still held, and another process took over.
        """
        victim = aim.pid if pid is None else pid
        if not processes.send(victim, signal.SIGKILL):
            return False
        self.wait_for(lambda: processes.is_gone(victim), what="the end of a killed process")
        return self.was_held(aim) and self.taken_over(aim)

    def taken_over(self, aim: Aim, seconds: float = 25.0) -> bool:
        """Wait until the token is above that of the aim; return True.

        Raises:
            DidNotHappen: no process took over.
        """
        def risen() -> bool:
            return int(
                self.archive.one("SELECT token FROM database_instance WHERE id = %s", aim.instance)
            ) > aim.token

        self.wait_for(risen, seconds=seconds, what=f"somebody else to take over run {aim.instance}")
        return True

    def settle(self) -> None:
        """Wait until every run makes progress, so that the stalls of two faults do not add up."""
        now = time.monotonic()
        self.wait_for(lambda: self.watch.all_moved_since(now), seconds=40, what="every run to go on")

    def inject(self, times: int, fault: Callable[[], bool], what: str) -> None:
        """Inject a fault until it has landed so many times, in a sample once.

        A fault that did not land is recorded, and injected again.
        """
        done, times = 0, 1 if self.is_sample else times
        for _ in range(times * TRIES):
            if done == times:
                break
            try:
                hit = fault()
            except DidNotHappen as reason:
                self.missed.append(f"{what}: {reason}")
                self.refill()
                continue
            if hit:
                done += 1
            else:
                self.missed.append(what)
                self.refill()
        self.landed += done
        self.hold(done > 0, f"no fault landed: {what}")

    def refill(self) -> None:
        """Submit more work where no active run is left."""
        if not self._active(None):
            self.submit("plain")

    def hold(self, holds: Any, what: str) -> None:
        """Record a violated invariant where `holds` is false."""
        self.verdict.hold(holds, what)

    def arm(self, **fault: Any) -> str:
        """Arm a fault that a process injects into itself, see `inject/injected.py`; return its name."""
        name = f"{self.rng.getrandbits(40):010x}"
        (self.setup.fault_folder / "fired.json").unlink(missing_ok=True)
        self.leave("armed.json", {"name": name, **fault})
        return name

    def fired(self, name: str) -> Row | None:
        """Return the record of where a fault was injected; None as long as it was not."""
        try:
            record: Row = json.loads((self.setup.fault_folder / "fired.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record if record["name"] == name else None

    def disarm(self) -> None:
        """Remove all armed faults."""
        for file in self.setup.fault_folder.iterdir():
            file.unlink(missing_ok=True)

    def leave(self, file: str, content: Any) -> None:
        """Write a file into the fault folder atomically."""
        half = self.setup.fault_folder / f".{file}"
        half.write_text(json.dumps(content))
        half.rename(self.setup.fault_folder / file)

    def finish(self, *, seconds: float = 90.0) -> None:
        """Wait until every run has ended.

        Raises:
            DidNotHappen: a run is still active after so many seconds.
        """
        active = (
            "SELECT count(*) AS active FROM database_instance WHERE id > %s"
            " AND state NOT IN ('SUCCEEDED', 'CANCELLED', 'FAILED')"
        )
        self.wait_for(
            lambda: self.archive.rows(active, self.watch.first)[0]["active"] == 0, seconds=seconds,
            what="the end of all runs"
        )

    def check(self) -> Verdict:
        """Check all invariants, those of terminal states included."""
        verdict = self.verdict
        self._check_absorbing(verdict)
        outcomes = self.undisturbed.outcomes({each[0] for each in self.expecting.values() if each})
        for number, each in self.expecting.items():
            expected = outcomes[each[0]][each[1]] if each else None
            check_run(self.archive, number, expected, verdict, ends=self.ends.get(number, 1))
        check_rest(self.archive, self.submitted, self.unanswered, verdict)
        verdict.problems += [*self.watch.problems, *self.setup.ended]
        return verdict

    def close(self) -> None:
        self.watch.stop()
        self.archive.close()

    def active(self) -> list[int]:
        """Return the numbers of this row's runs that have not ended."""
        return [row["id"] for row in self._active(list(self.expecting))]

    def _active(self, runs: list[int] | None) -> list[Row]:
        wanted = list(self.expecting) if runs is None else runs
        if not wanted:
            return []
        places = ", ".join(["%s"] * len(wanted))
        return self.archive.rows(
            "SELECT id, next_generation, token, claimed_by, state FROM database_instance WHERE state NOT IN"
            f" ('SUCCEEDED', 'CANCELLED', 'FAILED') AND id IN ({places}) ORDER BY id", *wanted,
        )

    def _check_absorbing(self, verdict: Verdict) -> None:
        """Check that a run that has ended stays as it is after a late cancel and late messages.

        One of the messages is of an earlier version.
        """
        if not self.expecting:
            return
        number = self.rng.choice(list(self.expecting))
        columns = "state, token, epoch, next_generation, event_sequence, digest, ended_at"
        query = f"SELECT {columns} FROM database_instance WHERE id = %s"
        before = self.archive.rows(query, number)
        self.setup.client.cancel(number)
        broker = self.setup.broker()
        broker.wake()
        broker.advance(number)
        self.wait_for(lambda: not broker.waiting(), what="the late messages to be taken")
        broker.close()
        verdict.hold(self.archive.rows(query, number) == before, f"run {number} changed after its end")
