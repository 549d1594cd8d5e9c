"""Results do not depend on the interpreter: not on its version, nor on its process and the seed of its
hashes.

Other versions are looked for in OTHER_PYTHONS (paths, as in PATH), in `.venv-*` beside `.venv`, and as
`python3.12` and so on in PATH; those count that have our packages in the versions that this one has.
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.deployment.files import ROOT, pythons
from tests.golden.facts import DIGESTS, facts

PACKAGES = ("numpy", "numba", "llvmlite", "pydantic", "gymnasium", "cmaes", "threadpoolctl")
PROBE = (
    "import sys; from importlib.metadata import version; print('%d.%d' % sys.version_info[:2], *map(version, "
    "sys.argv[1:]))"
)
OWN = "{}.{}".format(*sys.version_info)


@cache
def interpreters() -> dict[str, str]:
    """Paths by version: this one's, and one of each other version that is there with our packages."""
    candidates = os.environ.get("OTHER_PYTHONS", "").split(os.pathsep)
    candidates += map(str, sorted(ROOT.glob(".venv-*/bin/python")))
    candidates += [shutil.which("python{}.{}".format(*each)) or "" for each in pythons()]
    found = {OWN: sys.executable}
    for path in filter(None, candidates):
        known = _version_of(path)
        if known is not None:
            found.setdefault(known, path)
    return found


def _version_of(path: str) -> str | None:
    """The version of an interpreter that has our packages; None where it has not, or does not run."""
    try:
        done = subprocess.run(
            [path, "-c", PROBE, *PACKAGES], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found, *versions = done.stdout.split()
    return found if versions == [version(name) for name in PACKAGES] else None


@pytest.fixture(scope="module")
def ours() -> dict[str, dict[str, str]]:
    return facts()


def test_ours_are_the_golden_digests(ours: dict[str, dict[str, str]]) -> None:
    assert {name: each["digest"] for name, each in ours.items()} == DIGESTS


@pytest.mark.parametrize("name", interpreters())
def test_another_process_of_any_version_finds_the_same(ours: dict[str, dict[str, str]], name: str) -> None:
    """This version too, with another seed of its hashes; it is the only one where no other is there."""
    environment = {each: value for each, value in os.environ.items() if not each.startswith("PYTHON")}
    done = subprocess.run(
        [interpreters()[name], "-W", "error", "-m", "tests.golden.facts"], cwd=ROOT, text=True,
        capture_output=True, env=environment | {"PYTHONHASHSEED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == ours


def test_an_interpreter_without_our_packages_is_not_taken(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    assert _version_of(str(bare)) is None
    assert _version_of(str(tmp_path / "gone")) is None
    assert _version_of(sys.executable) == OWN
