"""What an operator gets wrong is said in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "value", "told"), [
    ("DATABASE_URL", "nonsense", "postgres://"),
    ("DATABASE_URL", "mysql://somebody@somewhere/name", "postgres://"),
    ("DATABASE_URL", "postgres://somebody@127.0.0.1:99999/name", "Port"),
    ("REDIS_URL", "nonsense", "redis://"),
    ("LEASE_SECONDS", "soon", "expected a number, got 'soon'"),
    ("MAXIMUM_CRASHES", "1.5", "expected a whole number, got '1.5'"),
    ("EXTENSION_MODULES", "tests.toys, nowhere.at_all", "there is no module 'nowhere.at_all'"),
])
def test_a_wrong_variable_is_one_clear_line(name: str, value: str, told: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_FOLDER": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=60, check=False
    )
    assert done.returncode == 3
    assert done.stderr.strip().count("\n") == 0
    assert told in done.stderr
