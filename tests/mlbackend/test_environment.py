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
    ("LEASE_SECONDS", "soon", "expected a number above 0, got 'soon'"),
    ("SHIFT_SECONDS", "-1", "SHIFT_SECONDS: expected a number above 0, got '-1'"),
    ("GENERATION_PAUSE_SECONDS", "soon", "expected a number, got 'soon'"),
    ("MAXIMUM_CRASHES", "1.5", "expected a whole number, got '1.5'"),
    ("EXTENSION_MODULES", "tests.toys, nowhere.at_all", "there is no module 'nowhere.at_all'"),
    ("EXTENSION_MODULES", ".toys", "there is no module '.toys'"),
    ("EXTENSION_MODULES", "tests.nowhere", "there is no module 'tests.nowhere'"),
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


@pytest.mark.parametrize(("files", "name", "told"), [
    ({"valley.py": "\n\n1 / 0\n"}, "valley", "valley: ZeroDivisionError: division by zero (valley.py:3)"),
    ({"valley.py": "\ndef deep(:\n"}, "valley", "valley: SyntaxError: invalid syntax (valley.py:2)"),
    ({"valley.py": "import sys\nsys.exit(7)\n"}, "valley", "valley: SystemExit: 7 (valley.py:2)"),
    (
        {"valley.py": "raise ValueError('one line\\nand another')\n"}, "valley",
        "valley: ValueError: one line and another (valley.py:1)",
    ),
    (
        {"valley.py": "import steep\n", "steep.py": "import nothing_of_this_name\n"}, "valley",
        "valley: ModuleNotFoundError: No module named 'nothing_of_this_name' (valley.py:1)",
    ),
    (
        {"hills/__init__.py": "{}[0]\n", "hills/valley.py": ""}, "hills.valley",
        "hills.valley: KeyError: 0 (__init__.py:1)",
    ),
    (
        {"hills/__init__.py": "", "hills/valley.py": "import hills.slope", "hills/slope.py": "\nx\n"},
        "hills.valley", "hills.valley: NameError: name 'x' is not defined (slope.py:2)",
    ),
])
def test_a_module_that_fails_is_one_clear_line(
    files: dict[str, str], name: str, told: str, tmp_path: Path
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    environment = {
        **os.environ, "DATA_FOLDER": str(tmp_path), "EXTENSION_MODULES": name, "PYTHONPATH": str(tmp_path)
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=60, check=False
    )
    assert done.returncode == 3
    module, _, error = told.partition(": ")
    assert done.stderr == (
        f"The environment is not right: EXTENSION_MODULES: {module} cannot be imported: {error}.\n"
    )
