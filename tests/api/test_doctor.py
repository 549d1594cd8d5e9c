"""What the doctor sees, and how long it takes."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now

from api import doctor
from database import services
from database.models import Instance
from tests import builders

LONG_AGO = timedelta(minutes=2)

#: Looks at a database in a file (one in memory is never closed) and says how many connections were opened,
#: and are open still.
CONNECTIONS = """
import django
from django.db.backends.signals import connection_created
django.setup()
from api import doctor
opened = []
connection_created.connect(lambda connection, **_: opened.append(connection), weak=False)
assert "answers" in next(each.text for each in doctor.findings() if each.name == "database")
print(f"opened: {len(opened)}, open: {sum(each.connection is not None for each in opened)}")
"""


def found() -> dict[str, tuple[str, str]]:
    """What the database tells, by name; later findings of a name win."""
    return {each.name: (each.level, each.text) for each in doctor.database()}


def called(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as an operator calls it."""
    known = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
    return subprocess.run(
        (sys.executable, "manage.py", "doctor", *arguments),
        env={**known, "DATA_FOLDER": str(folder), **environment},
        cwd=settings.ROOT, capture_output=True, text=True, check=False, timeout=30,
    )


@pytest.mark.django_db
def test_a_server_without_workers_is_wrong() -> None:
    assert found()["workers"] == ("FAIL", "none was seen within 30 s; no run goes on")


@pytest.mark.django_db
def test_a_server_that_works_is_well() -> None:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    builders.run()
    levels = {level for level, _ in found().values()}
    assert levels == {"ok"}
    assert found()["workers"][1] == "1 there: w1 (2 threads)"


@pytest.mark.django_db
def test_workers_of_several_profiles_are_a_warning() -> None:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    services.register_worker(name="w2", host="h", profile="q", threads=2)
    assert found()["profiles"][0] == "WARN"


@pytest.mark.django_db
def test_a_run_whose_profile_no_worker_has_is_named() -> None:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    run = builders.run()
    Instance.objects.update(profile="other")
    level, text = found()["profiles"]
    assert (level, str(run.pk) in text) == ("WARN", True)


@pytest.mark.django_db
def test_a_ready_step_that_nobody_takes_is_stuck() -> None:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    builders.run()
    Instance.objects.update(updated_at=Now() - LONG_AGO)
    assert found()["steps"][0] == "FAIL"
    busy = builders.run()
    services.claim(instance_id=busy.pk, worker="w1/1", lease_seconds=60.0)
    level, text = found()["steps"]
    assert (level, "all workers are busy" in text) == ("WARN", True)


@pytest.mark.django_db
def test_a_lease_that_ran_out_long_ago_is_stuck() -> None:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    run = builders.run()
    services.claim(instance_id=run.pk, worker="w1/1", lease_seconds=60.0)
    Instance.objects.update(lease_until=Now() - LONG_AGO)
    level, text = found()["leases"]
    assert (level, f"run {run.pk}" in text) == ("FAIL", True)


@pytest.mark.django_db
def test_a_run_in_back_off_is_named_with_its_attempts() -> None:
    run = builders.run()
    Instance.objects.update(attempts=6, lease_until=Now() + LONG_AGO)
    assert found()["back-off"] == (
        "WARN", f"tried again later after failed attempts: run {run.pk} (6 attempts)"
    )


def test_an_embedded_server_that_is_stopped_has_no_broken_broker(tmp_path: Path) -> None:
    done = called(tmp_path)
    assert done.returncode == 1
    lines = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}
    assert (lines["setup"], lines["broker"], lines["database"]) == ("WARN", "WARN", "FAIL")
    assert "not running" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_an_embedded_server_is_known_by_its_lock(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = json.loads(called(tmp_path, "--json").stdout)
    levels: dict[str, Any] = {each["name"]: each["level"] for each in answer["findings"]}
    assert (
        answer["ok"], answer["setup"], levels["setup"], levels["broker"]
    ) == (False, "embedded", "ok", "ok")


def test_no_thread_leaves_a_database_connection_open(tmp_path: Path) -> None:
    (tmp_path / "evolution.sqlite3").touch()
    environment = {**os.environ, "DATA_FOLDER": str(tmp_path), "DATABASE_URL": ""}
    done = subprocess.run(
        (sys.executable, "-c", CONNECTIONS), env=environment, cwd=settings.ROOT, capture_output=True,
        text=True, check=False, timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "opened: 1, open: 0\n", "")


def test_who_is_frozen_is_told_in_time(tmp_path: Path, frozen: int) -> None:
    there, started = f"127.0.0.1:{frozen}", time.monotonic()
    done = called(
        tmp_path, DATABASE_URL=f"postgres://x@{there}/x", REDIS_URL=f"redis://{there}/0", SECRET_KEY="x" * 50
    )
    assert time.monotonic() - started < 20  # of which the interpreter's start is a part
    lines = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}
    assert (done.returncode, lines["broker"], lines["database"]) == (1, "FAIL", "FAIL")
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def frozen() -> Iterator[int]:
    """The port of a server that takes connections and never says anything."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]
