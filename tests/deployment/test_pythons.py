"""Which Pythons the README's commands run on, and whose environment they leave behind."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment import files

MAKEFILE = (files.ROOT / "Makefile").read_text()


def versions(text: str) -> list[tuple[int, int]]:
    return [(3, int(minor)) for minor in re.findall(r"\b3\.(\d+)\b", text)]


def test_all_files_name_the_same_versions() -> None:
    readme = re.search(r"On a machine with Python ([\d., or]+) ", (files.ROOT / "README.md").read_text())
    refusal = re.search(r'"Python ([\d., or]+) is needed', MAKEFILE)
    bounds = re.search(r"\((\d+), (\d+)\) <= sys.version_info < \((\d+), (\d+)\)", MAKEFILE)
    assert readme is not None
    assert refusal is not None
    assert bounds is not None
    assert versions(readme[1]) == versions(refusal[1]) == files.pythons()
    first, end = tuple(map(int, bounds.groups()[:2])), tuple(map(int, bounds.groups()[2:]))
    assert (first, end) == (files.pythons()[0], (3, files.pythons()[-1][1] + 1))


def test_the_one_that_runs_these_tests_is_among_them() -> None:
    assert sys.version_info[:2] in files.pythons()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with our Makefile and no requirements."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    return tmp_path


def made(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`make` up to the environment, in that folder, as if no other make had called these tests."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    return subprocess.run(
        ["make", ".venv/.ready", *arguments], cwd=project, env=environment, capture_output=True, text=True,
        check=False, timeout=300,
    )


def python(project: Path, program: str, *, name: str = ".venv/bin/python") -> Path:
    """A Python in that folder, which is a shell script."""
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    return path


def test_an_environment_of_another_python_is_made_anew_where_one_is_asked_for(project: Path) -> None:
    python(project, "echo 3.9.0 in /old")
    (project / ".venv/.ready").touch()
    kept = made(project)
    assert (kept.returncode, "is up to date" in kept.stdout) == (0, True)
    renewed = made(project, f"PYTHON={sys.executable}")
    assert renewed.returncode == 0, renewed.stderr
    assert "Makes .venv anew: it is of Python 3.9.0 in /old; PYTHON is 3." in renewed.stdout
    program = [str(project / ".venv/bin/python"), "-c", "import pip, sys; print(sys.version)"]
    assert subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip() == sys.version
    again = made(project, f"PYTHON={sys.executable}")
    assert (again.returncode, "is up to date" in again.stdout) == (0, True)


def test_an_environment_whose_python_is_gone_is_made_anew(project: Path) -> None:
    python(project, "exit 127")
    (project / ".venv/.ready").touch()
    assert "Makes .venv anew: its Python does not run." in made(project, "-n").stdout


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_another_python_is_refused_before_anything_is_removed(
    project: Path, version: tuple[int, int]
) -> None:
    claimed = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
    other = python(
        project, f"test \"$1\" = -c && exec {sys.executable} -c '{claimed}' \"$2 # of another version\"",
        name="other"
    )
    python(project, "echo 3.11.7 in /old")
    (project / ".venv/.ready").touch()
    refused = made(project, f"PYTHON={other}")
    assert refused.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=" in refused.stderr
    assert (project / ".venv/.ready").exists()


def test_a_python_that_is_not_there_removes_nothing(project: Path) -> None:
    python(project, "echo 3.11.7 in /old")
    assert made(project, f"PYTHON={shutil.which('sh')}-3.99").returncode != 0
    assert (project / ".venv/bin/python").exists()
