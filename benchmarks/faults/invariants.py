"""The invariants that must hold after every row, checked by plain SQL."""

import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults.archive import Archive, Row, decoded
from benchmarks.faults.watch import ENDED
from benchmarks.faults.work import Outcome, outcome

BYTES_PER_AGENT = 28


@dataclass(slots=True)
class Verdict:
    """The result of the checks of one row."""

    lost: int = 0
    duplicated: int = 0
    digest_equal: bool = True
    problems: list[str] = field(default_factory=list)

    def missing(self, number: int, what: str) -> None:
        """Record that something accepted or written is missing."""
        if number > 0:
            self.lost += number
            self.problems.append(f"lost {number}: {what}")

    def twice(self, number: int, what: str) -> None:
        """Record that something exists more than once."""
        if number > 0:
            self.duplicated += number
            self.problems.append(f"duplicated {number}: {what}")

    def hold(self, holds: Any, what: str) -> None:
        """Record a violated invariant."""
        if not holds:
            self.problems.append(what)


def check_run(
    archive: Archive, number: int, expected: Outcome | None, verdict: Verdict, *, ends: int = 1
) -> None:
    """Check everything about one ended run, and compare it with the undisturbed run where there is one.

    Args:
        ends: how often it has ended: once, and once more for each extension.
    """
    who, found = f"run {number}", outcome(archive, number)
    _generations(found, who, verdict)
    _counters(found, who, verdict)
    _events(archive, number, found, who, verdict, ends)
    (row,) = archive.rows("SELECT * FROM database_instance WHERE id = %s", number)
    verdict.hold(row["state"] in ENDED, f"{who} is {row['state']}")
    if expected is not None and row["failure_message"]:
        verdict.problems.append(f"{who} failed: {row['failure_message']}")
    verdict.hold(
        row["lease_until"] is None and not row["claimed_by"], f"{who}: leased to {row['claimed_by']!r}"
    )
    if archive.has("database_slice"):
        left = archive.one("SELECT count(*) FROM database_slice WHERE instance_id = %s", number)
        verdict.hold(not left, f"{who}: {left} slices left")
    if expected is None:
        return
    verdict.missing(len(expected.generations) - len(found.generations), f"{who}: generations")
    verdict.missing(expected.number_of_agents - found.number_of_agents, f"{who}: agent rows")
    verdict.twice(found.number_of_agents - expected.number_of_agents, f"{who}: agent rows")
    if found.instance["digest"] != expected.instance["digest"]:
        verdict.digest_equal = False
        verdict.problems.append(
            f"{who}: digest {found.instance['digest'][:12]} is not {expected.instance['digest'][:12]}"
        )
    for name, value in expected.instance.items():
        verdict.hold(
            found.instance[name] == value, f"{who}: {name} {found.instance[name]!r}, undisturbed {value!r}"
        )
    for ours, theirs in zip(found.generations, expected.generations, strict=False):
        different = [name for name in theirs if ours[name] != theirs[name]]
        verdict.hold(not different, f"{who}, generation {theirs['number']}: {', '.join(different)} differ")
    verdict.hold(found.agents == expected.agents, f"{who}: agent rows differ")


def check_rest(
    archive: Archive, submitted: dict[str, list[int]], unanswered: list[str], verdict: Verdict
) -> None:
    """Check that every acknowledged submission exists once, and that no lease and no transaction is left."""
    for key, numbers in submitted.items():  # a work item is named after its key
        there = archive.rows("SELECT id FROM database_workitem WHERE name = %s", key)
        verdict.missing(1 - len(there), f"submission {key}")
        verdict.twice(len(there) - 1, f"submission {key}")
        for number in numbers:
            runs = archive.one("SELECT count(*) FROM database_instance WHERE id = %s", number)
            verdict.missing(1 - int(runs), f"run {number} of {key}")
    for key in unanswered:
        there = archive.one("SELECT count(*) FROM database_workitem WHERE name = %s", key)
        verdict.twice(int(there) - 1, f"submission {key}, which was not acknowledged")
    for table in ("database_instance", "database_slice"):
        leased = archive.rows(f"SELECT id, claimed_by FROM {table} WHERE lease_until IS NOT NULL")
        verdict.hold(not leased, f"leased rows of {table}: {leased}")
    verdict.hold(not archive.open_transactions(), "a transaction is left open")
    for table in ("database_generation", "database_agent", "database_event"):
        orphans = archive.one(
            f"SELECT count(*) FROM {table} WHERE instance_id NOT IN (SELECT id FROM database_instance)"
        )
        verdict.hold(not orphans, f"{orphans} rows of {table} belong to nobody")


def _generations(found: Outcome, who: str, verdict: Verdict) -> None:
    numbers = Counter(generation["number"] for generation in found.generations)
    reached = found.instance["next_generation"]
    verdict.missing(sum(number not in numbers for number in range(reached)), f"{who}: generations")
    verdict.twice(sum(count - 1 for count in numbers.values()), f"{who}: generations")
    verdict.hold(max(numbers, default=-1) == reached - 1, f"{who}: generations beyond {reached}")
    for generation in found.generations:
        # no agent fails for reasons that take words
        agents, odd = divmod(len(generation["scalars"]), BYTES_PER_AGENT)
        verdict.hold(not odd, f"{who}: scalars of generation {generation['number']} are cut")
        verdict.missing(generation["size"] - agents, f"{who}: agents of generation {generation['number']}")
        verdict.twice(agents - generation["size"], f"{who}: agents of generation {generation['number']}")
    last = found.generations[-1]["digest"] if found.generations else ""
    verdict.hold(found.instance["digest"] == last, f"{who}: its digest is not its last generation's")


def _counters(found: Outcome, who: str, verdict: Verdict) -> None:
    counted = {
        "evaluations": sum(generation["size"] for generation in found.generations),
        "environment_steps": sum(map(_steps, found.generations)),
        "failed_agents": sum(map(_failed, found.generations)),
    }
    for name, value in counted.items():
        verdict.hold(
            found.instance[name] == value, f"{who}: {name} is {found.instance[name]}, counted {value}"
        )
    for generation in found.generations:
        verdict.hold(
            generation["failed"] == _failed(generation), f"{who}: failed of generation {generation['number']}"
        )


def _steps(generation: Row) -> int:
    size = generation["size"]
    return sum(struct.unpack_from(f"<{size}i", generation["scalars"], 8 * size))


def _failed(generation: Row) -> int:
    return sum(1 for code in failures(generation) if code)


def failures(generation: Row) -> bytes:
    """Return the failure code of each agent, 0 for none: the last column of the packed scalars."""
    return bytes(generation["scalars"][-generation["size"]:])


def _events(
    archive: Archive, number: int, found: Outcome, who: str, verdict: Verdict, ends: int
) -> None:
    events = archive.rows(
        "SELECT sequence, type, generation, data FROM database_event WHERE instance_id = %s"
        " ORDER BY sequence",
        number,
    )
    last = archive.one("SELECT event_sequence FROM database_instance WHERE id = %s", number)
    sequences = [event["sequence"] for event in events]
    verdict.missing(last - len(set(sequences)), f"{who}: events")
    verdict.twice(len(sequences) - len(set(sequences)), f"{who}: events")
    verdict.hold(sequences == list(range(1, last + 1)), f"{who}: its events are not numbered 1 to {last}")
    terminal = [
        event for event in events
        if event["type"] == "STATE_CHANGED" and (decoded(event["data"]) or {}).get("state") in ENDED
    ]
    verdict.hold(len(terminal) == ends, f"{who}: {len(terminal)} terminal events, expected {ends}")
    completed = Counter(event["generation"] for event in events if event["type"] == "GENERATION_COMPLETED")
    verdict.hold(
        completed == Counter(range(len(found.generations))),
        f"{who}: not one event for each completed generation"
    )
