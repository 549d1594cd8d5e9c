"""The deployment files as tests read them: the Dockerfile's instructions, the compose services, what is kept
out of the image.
"""

import json
import re
import subprocess
import tomllib
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent

#: A variable in compose: ${NAME}, ${NAME:-default} or ${NAME:?why it is needed}.
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


@cache
def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [
        (name.upper(), rest.strip())
        for name, _, rest in (line.partition(" ") for line in lines if line.strip())
    ]


def pythons() -> list[tuple[int, int]]:
    """The versions of Python that pyproject.toml takes: major and minor numbers."""
    taken = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    first, end = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", taken).groups()  # type: ignore[union-attr]
    return [(3, minor) for minor in range(int(first), int(end))]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage; the last one is the image."""
    starts = [index for index, (name, _) in enumerate(instructions()) if name == "FROM"]
    return [instructions()[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def of_image(name: str) -> list[str]:
    """The arguments of all instructions of that name in the last stage."""
    return [rest for each, rest in stages()[-1] if each == name]


def copied() -> list[str]:
    """What the image takes from the repository."""
    copies = [
        rest.split() for stage in stages() for name, rest in stage if name == "COPY" and "--from" not in rest
    ]
    return [source.rstrip("/") for words in copies for source in words[:-1]]


def image_health() -> list[str]:
    """The command of the image's health check."""
    command: list[str] = json.loads(of_image("HEALTHCHECK")[0].partition("CMD ")[2])
    return command


@cache
def compose() -> dict[str, Any]:
    """The compose file."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


def services() -> dict[str, dict[str, Any]]:
    """The compose services by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: service for name, service in services().items() if service.get("build")}


def variables() -> dict[str, str | None]:
    """The variables that compose fills in, with their defaults; None where one must be given."""
    text = (ROOT / "docker-compose.yml").read_text()
    return {
        found["name"]: found["rest"] if found["kind"] == "-" else None for found in _VARIABLE.finditer(text)
    }


def filled(value: Any, given: dict[str, str]) -> str:
    """A value as compose hands it on."""
    defaults = {name: default for name, default in variables().items() if default is not None}
    return _VARIABLE.sub(lambda found: (defaults | given)[found["name"]], str(value)).replace("$$", "$")


def command(name: str, given: dict[str, str]) -> list[str]:
    """What a service runs."""
    return [filled(word, given) for word in services()[name]["command"]]


def environment(name: str, given: dict[str, str]) -> dict[str, str]:
    """The variables that a service is given."""
    return {key: filled(value, given) for key, value in services()[name].get("environment", {}).items()}


def is_sent_to_build(path: str) -> bool:
    """Whether .dockerignore lets a file through: the last line that names it, or a folder it is in, decides.
    """
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#") and _names(line.removeprefix("!"), path):
            sent = line.startswith("!")
    return sent


def tracked() -> list[str]:
    """The files of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
        capture_output=True, text=True
    )
    return listed.stdout.splitlines()


def _names(pattern: str, path: str) -> bool:
    parts = path.split("/")
    heads = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    if pattern.startswith("**/"):
        return any(re.fullmatch(translate(pattern[3:]), part) for part in parts)
    return any(
        re.fullmatch(translate(pattern), head) and head.count("/") == pattern.count("/") for head in heads
    )
