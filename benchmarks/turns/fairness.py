"""How the turns are shared: between submitters, by priority, and with a run that is evaluated in slices."""

from collections.abc import Iterator
from typing import Any

from benchmarks.turns.servers import Line, Server, document, of_both, server

SHIFT_SECONDS = 10.0  # the default
ROUNDS, NUMBERS_OF_WORKERS = 3, (1, 4)

PRIORITIES, RUNS_OF_EACH, WEIGHTS_SECONDS = (100, 0, -100), 10, 300.0
SHORT_SHIFT_SECONDS = 1.0
TOLERANCE = 0.2

PLAIN_RUNS, SLICED_SECONDS = 4, 100.0


def submitters() -> Iterator[Line]:
    """One user has 300 runs that take hours; another submits one: its time to the first generation."""
    yield from of_both("two submitters, 300 runs and 1", _submitters)


def _submitters(name: str) -> Iterator[Line]:
    for workers in NUMBERS_OF_WORKERS:
        with server(name, workers=workers) as ours:
            ours.submit("ada", *(document(f"one of many {number}", replicates=100) for number in range(3)))
            seconds = [_waited(ours, workers, number) for number in range(ROUNDS)]
        longest, target = max(seconds), 2 * SHIFT_SECONDS
        yield {
            "workers": workers, "seconds": [round(each, 2) for each in seconds],
            "longest_seconds": round(longest, 2), "target": target, "met": longest <= target,
        }


def _waited(ours: Server, workers: int, number: int) -> float:
    """Submit a run of the other user while all workers are busy; return its time to the first generation."""
    ours.wait_for_workers(workers)
    (run,) = ours.submit("bob", document(f"single {number}", generations=2))
    ours.wait_for_end(run)
    return ours.seconds_to_first_generation(run)


def weights() -> Iterator[Line]:
    """Ten runs of each of three priorities share one worker; each priority is a submitter."""
    yield from of_both("weights 4 : 1 : 1/4 of priorities 100, 0, -100", _weights)


def _weights(name: str) -> Iterator[Line]:
    with server(name, SHIFT_SECONDS=str(SHORT_SHIFT_SECONDS)) as ours:
        ours.submit(None, *(
            document(f"priority {priority}", priority=priority, replicates=RUNS_OF_EACH)
            for priority in PRIORITIES
        ))
        ours.run_for(WEIGHTS_SECONDS)
        received, in_generations = _received(ours), _in_generations(ours)
    ratios = {str(priority): received[priority] / received[0] for priority in PRIORITIES}
    wrong = max(abs(ratio / _weight(int(priority)) - 1) for priority, ratio in ratios.items())
    yield {
        "received_seconds": {str(each): round(received[each], 1) for each in PRIORITIES},
        "seconds_of_generations": {str(each): round(in_generations[each], 1) for each in PRIORITIES},
        "ratios": {each: round(ratio, 3) for each, ratio in ratios.items()},
        "ratios_of_generations": {
            str(each): round(in_generations[each] / in_generations[0], 3) for each in PRIORITIES
        },
        "largest_deviation": round(wrong, 3), "target": TOLERANCE, "met": wrong <= TOLERANCE,
    }


def _weight(priority: int) -> float:
    """Return the weight that a priority promises."""
    return float(4 ** (priority / 100))


def _received(ours: Server) -> dict[int, float]:
    """Return the seconds of turns by priority; a share is charged them divided by the weight."""
    rows = ours.archive.rows(
        "SELECT priority, charged_seconds FROM database_share JOIN"
        " (SELECT DISTINCT share_id, priority FROM database_instance) AS runs"
        " ON runs.share_id = database_share.id"
    )
    return {
        priority: sum(
            row["charged_seconds"] * _weight(priority) for row in rows if row["priority"] == priority
        )
        for priority in PRIORITIES
    }


def _in_generations(ours: Server) -> dict[int, float]:
    """Return the seconds of committed generations by priority, without what a turn costs besides."""
    rows = ours.archive.rows(
        "SELECT priority, SUM(seconds) AS seconds FROM database_generation JOIN database_instance"
        " ON database_instance.id = instance_id GROUP BY priority"
    )
    return dict.fromkeys(PRIORITIES, 0.0) | {row["priority"]: row["seconds"] for row in rows}


def sliced() -> Iterator[Line]:
    """A run in slices of milliseconds beside four whole ones: the part of the time that it receives."""
    yield from of_both("a run in slices of one agent beside four whole runs", _sliced)


def _sliced(name: str) -> Iterator[Line]:
    with server(name, SHIFT_SECONDS="2") as ours:
        runs = ours.submit(None, *(
            document(f"run {number}", execution={"slice_size": 1} if number == 0 else {})
            for number in range(PLAIN_RUNS + 1)
        ))
        ours.run_for(SLICED_SECONDS)
        seconds = [_charged(ours, run) for run in runs]
        generations = ours.value("next_generation", runs[0])
    part, fair = seconds[0] / sum(seconds), 1 / (PLAIN_RUNS + 1)
    yield {
        "received_seconds": [round(each, 1) for each in seconds], "generations_in_slices": generations,
        "part_of_fair_share": round(part / fair, 3), "target": 0.5, "met": part >= 0.5 * fair,
    }


def _charged(ours: Server, run: int) -> Any:
    """Return the seconds that a run of priority 0 was charged, the only run of its work item."""
    return ours.archive.one(
        "SELECT charged_seconds FROM database_share WHERE id ="
        " (SELECT share_id FROM database_instance WHERE id = %s)", run,
    )
