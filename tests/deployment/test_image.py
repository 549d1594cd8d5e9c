"""The Dockerfile holds what the server needs, nothing private, and runs as nobody in particular."""

import json
import re
from pathlib import Path

import pytest

from tests.deployment import files

#: What must never be in an image.
PRIVATE = (
    ".git/config", ".env", ".env.production", "var/secret-key", "var/evolution.sqlite3", ".venv/bin/python",
    "tests/builders.py", "benchmarks/engine.py", ".ci/run", "mlbackend/.env", "database/evolution.sqlite3",
    "api/__pycache__/urls.cpython-311.pyc",
)


def test_every_file_that_is_copied_is_in_the_repository_and_sent_to_the_build() -> None:
    tracked = files.tracked()
    for source in files.copied():
        inside = [path for path in tracked if path == source or path.startswith(f"{source}/")]
        assert inside, source
        assert all(map(files.is_sent_to_build, inside)), source


def test_everything_that_the_server_imports_or_reads_is_copied() -> None:
    rooms = {
        path.parts[0] for path in map(Path, files.tracked()) if path.name == "__init__.py"
    } - {"tests", "benchmarks"}
    assert rooms | {"manage.py", "examples", "requirements.txt"} <= set(files.copied())


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_private_is_sent_to_the_build(path: str) -> None:
    assert not files.is_sent_to_build(path)


def test_nothing_is_sent_to_the_build_that_is_not_copied() -> None:
    sent = {path.split("/")[0] for path in files.tracked() if files.is_sent_to_build(path)}
    assert sent == set(files.copied())


def test_secrets_beside_the_compose_file_stay_out_of_the_repository() -> None:
    assert ".env" in (files.ROOT / ".gitignore").read_text().splitlines()


def test_the_image_is_of_a_python_that_we_support() -> None:
    bases = [rest.split()[0] for name, rest in files.instructions() if name == "FROM"]
    assert {"packages", "${PACKAGES}"} < set(bases)  # stages of our own
    bases = [base for base in bases if base not in ("packages", "${PACKAGES}")]
    versions = [re.fullmatch(r"python:(\d+)\.(\d+)-slim", base) for base in bases]
    assert all(found and (int(found[1]), int(found[2])) in files.pythons() for found in versions), bases


def test_packages_are_those_of_the_requirements_and_leave_no_download_behind() -> None:
    installs = [rest for name, rest in files.instructions() if name == "RUN" and "pip install" in rest]
    lists = [install.rpartition(" ")[2] for install in installs]
    assert lists == ["requirements.txt", "requirements-train.txt"]
    assert all("--no-cache-dir" in install for install in installs)
    assert "requirements-dev.txt" not in files.copied()


def test_the_image_runs_as_a_user_who_is_not_root_and_may_write_kernels_and_data_sets() -> None:
    (user,) = files.of_image("USER")
    (made,) = [rest for rest in files.of_image("RUN") if "useradd" in rest]
    number = user.split(":")[0]
    assert int(number) > 0
    assert f"--uid {number}" in made
    account = re.search(r"useradd .*?(\w+) && ", made)
    folders = re.findall(r"install --directory --owner (\w+) --group \w+ (\S+)", made)
    assert account is not None
    places = _variables()["EVOLUTION_CACHE_DIR"], _variables()["DATASETS_FOLDER"]
    assert folders == [(account[1], place) for place in places]


def test_kernels_are_kept_where_the_code_looks_for_them_and_output_is_not_held_back() -> None:
    assert "EVOLUTION_CACHE_DIR" in (files.ROOT / "processing/core/kernels/build.py").read_text()
    assert _variables()["PYTHONUNBUFFERED"] == "1"
    assert not any("processing.core.search.warm" in rest for _, rest in files.instructions())


def test_there_is_no_secret_in_the_image() -> None:
    assert not any(
        re.search(r"secret|password|token", f"{name} {rest}", re.IGNORECASE)
        for name, rest in files.instructions()
    )


def test_the_image_starts_the_web_process_that_compose_starts() -> None:
    (plain,) = files.of_image("CMD")
    words = json.loads(plain)
    assert files.command("web", {})[: len(words)] == words


def _variables() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in files.of_image("ENV") for pair in rest.split())
