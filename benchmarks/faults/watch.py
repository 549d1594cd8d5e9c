"""Polls every run of a row many times a second: tokens, progress, holders, states."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.faults.archive import Archive, Unreachable

ENDED = ("SUCCEEDED", "CANCELLED", "FAILED")
LOOK_SECONDS = 0.025


@dataclass(slots=True)
class Seen:
    """Observations of one run."""

    token: int = 0
    state: str = ""
    progress: tuple[int, int] = (-1, 0)  # next generation, slices still to come
    since: float = 0.0  # when that was reached
    # by generation and token, while it was held
    looks: Counter[tuple[int, int]] = field(default_factory=Counter)
    longest_stall: float = 0.0


class Watch:
    """A thread that polls until it is stopped; where the database does not answer it tries again."""

    def __init__(self, archive: Archive) -> None:
        self.archive, self.first = archive, 0
        self.seen: dict[int, Seen] = {}
        self.slices: dict[int, int] = {}  # token of each
        self.extendable: set[int] = set()  # runs that may go on after they succeeded
        self.problems: list[str] = []
        self._sliced: bool | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def start(self) -> None:
        """Start to watch the runs that are submitted from now on."""
        self.first = int(self.archive.one("SELECT coalesce(max(id), 0) FROM database_instance") or 0)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self.archive.close()

    def steps_repeated(self) -> int:
        """Count repeated steps: further tokens under which a generation was seen, each more than once."""
        begun = [
            Counter(generation for (generation, _), looks in seen.looks.items() if looks > 1)
            for seen in self.seen.values()
        ]
        return sum(count - 1 for generations in begun for count in generations.values())

    def longest_stall(self) -> float:
        """Return the longest time in seconds in which an active run completed no generation and no slice."""
        return max((seen.longest_stall for seen in self.seen.values()), default=0.0)

    def all_moved_since(self, instant: float) -> bool:
        """Whether every watched run has made progress since then, or has ended."""
        return all(seen.state in ENDED or seen.since > instant for seen in list(self.seen.values()))

    def _look(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self._once()
            except Unreachable:
                self._stop.wait(0.2)

    def _once(self) -> None:
        if self._sliced is None:
            self._sliced = self.archive.has("database_instance", "pending_slices")
        pending = "pending_slices" if self._sliced else "NULL"
        rows = self.archive.rows(
            f"SELECT id, token, state, claimed_by, next_generation, {pending} AS pending FROM "
            "database_instance WHERE id > %s",
            self.first,
        )
        if self._sliced:
            for row in self.archive.rows("SELECT id, token FROM database_slice"):
                if row["token"] < self.slices.get(row["id"], 0):
                    self.problems.append(f"slice {row['id']}: its token fell to {row['token']}")
                self.slices[row["id"]] = row["token"]
        now = time.monotonic()
        for row in rows:
            seen = self.seen.setdefault(row["id"], Seen(since=now))
            if row["token"] < seen.token:
                self.problems.append(f"run {row['id']}: its token fell from {seen.token} to {row['token']}")
            is_extended = row["id"] in self.extendable and seen.state == "SUCCEEDED"
            if seen.state in ENDED and row["state"] != seen.state and not is_extended:
                self.problems.append(f"run {row['id']}: went from {seen.state} to {row['state']}")
            progress = (row["next_generation"], row["pending"] or 0)
            if seen.state not in ENDED:
                seen.longest_stall = max(seen.longest_stall, now - seen.since)
            if progress != seen.progress:
                seen.progress, seen.since = progress, now
            seen.token, seen.state = row["token"], row["state"]
            if row["claimed_by"] and row["pending"] is None:  # who closes a generation does not repeat it
                seen.looks[row["next_generation"], row["token"]] += 1
