"""A bounded mix of faults on both set-ups, without those of `test_kills`; the whole of it is
`python -m benchmarks.faults`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults.archive import decoded
from benchmarks.faults.invariants import Verdict
from benchmarks.faults.rows import rows_of
from tests.integration.server import ROOT

MIXES = {
    "embedded": "stop-in-transaction,extension-races-deletion,crash-points",
    "production": "redis-shutdown,postgresql-restart,crasher,crash-points",
}


@pytest.mark.parametrize("setup", MIXES)
def test_nothing_is_lost_whatever_dies(setup: str) -> None:
    ran = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.faults", "--setup", setup, "--mix", MIXES[setup], "--sample",
            "--seed", "1"
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr[-2000:]
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {line["row"] for line in lines} == set(MIXES[setup].split(","))
    for line in lines:
        assert line["faults_injected"] > 0, line
        assert (line["lost"], line["duplicated"], line["digest_equal"]) == (0, 0, True), line


def test_an_unknown_row_is_refused_with_those_that_there_are() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--mix", "earthquake"], cwd=ROOT, capture_output=True,
        text=True, timeout=60,
    )
    assert ran.returncode == 2
    assert "earthquake" in ran.stderr
    assert "kill-everything" in ran.stderr


def test_a_row_that_cannot_be_played_is_loud_and_fails_where_everything_is_meant_to_be_there(
    tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--mix", "full-disk"], cwd=ROOT, capture_output=True,
        text=True, timeout=600,
        env={**os.environ, "CI": "true", "PATH": str(tmp_path)},  # nothing can be mounted without `mount`
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr[-2000:]
    assert "cannot be mounted" in json.loads(ran.stdout)["skipped"]
    assert ran.stderr.count("SKIPPED full-disk: ") == 1


def test_a_fault_of_the_database_server_belongs_to_the_production_set_up_alone() -> None:
    assert {"postgresql-restart", "clock"} <= set(rows_of("production"))
    assert not {"postgresql-restart", "clock"} & set(rows_of("embedded"))


def test_what_is_missing_counts_as_lost_and_what_is_there_twice_as_duplicated() -> None:
    verdict = Verdict()
    verdict.missing(2, "events")
    verdict.twice(1, "generations")
    verdict.missing(0, "agents")
    assert (verdict.lost, verdict.duplicated, len(verdict.problems)) == (2, 1, 2)


def test_a_json_column_reads_the_same_from_both_databases() -> None:
    assert decoded('{"state": "FAILED"}') == decoded({"state": "FAILED"})
