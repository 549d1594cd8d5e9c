"""Install what the integration tests need and this machine lacks, from Debian's packages; none of their
servers is started.

Where it may not install, it says so in one line; in continuous integration that is a failure.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from api.embedded.trouble import Trouble  # noqa: E402
from api.production import postgresql, redis  # noqa: E402

#: What Debian asks before it starts a server that it has just installed; 101 is no.
POLICY = Path("/usr/sbin/policy-rc.d")
#: Where Debian's postgresql-common reads whether to make a database cluster of its own.
CLUSTERS = Path("/etc/postgresql-common/createcluster.d/evolution-tests.conf")


#: Debian's names of the packages, and what is not tested without them.
NEEDED_FOR = {
    "chromium": "pages in a browser", "postgresql": "the production set-up",
    "redis-server": "the production set-up", "faketime": "a worker whose clock is wrong",
}


def missing() -> list[str]:
    """The packages that are not there."""
    there = {
        "chromium": shutil.which("chromium") is not None,
        "postgresql": is_there(postgresql.program, "postgres"),
        "redis-server": is_there(redis.program), "faketime": shutil.which("faketime") is not None,
    }
    return [package for package in NEEDED_FOR if not there[package]]


def is_there(find: object, *arguments: str) -> bool:
    """Whether a program was found."""
    assert callable(find)
    try:
        find(*arguments)
    except Trouble:
        return False
    return True


@contextlib.contextmanager
def nothing_started() -> Iterator[None]:
    """Debian starts no server and makes no cluster meanwhile; afterwards everything is as it was."""
    written = {POLICY: "#!/bin/sh\nexit 101\n", CLUSTERS: "create_main_cluster = false\n"}
    before = {path: (path.read_bytes(), path.stat().st_mode) if path.exists() else None for path in written}
    folders = [CLUSTERS.parent.parent, CLUSTERS.parent]
    made = [folder for folder in folders if not folder.exists()]
    CLUSTERS.parent.mkdir(parents=True, exist_ok=True)
    try:
        for path, text in written.items():
            path.write_text(text)
            path.chmod(0o755)
        yield
    finally:
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old[0])
                path.chmod(old[1])
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # a package has put something there
                folder.rmdir()


def install(packages: list[str]) -> None:
    """Try to; what could not be installed is still missing afterwards."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with nothing_started():
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *command], env=environment, check=False,
                capture_output=True, text=True,
            )
            if done.returncode:
                print(done.stderr.strip() or done.stdout.strip(), file=sys.stderr)


def main() -> int:
    """Exit code 0 when everything is there, or when a person's machine lacks something that tests can do
    without.
    """
    lacking = missing()
    if lacking and shutil.which("apt-get") and os.geteuid() == 0:
        install(lacking)
        lacking = missing()
    if lacking:
        untested = " and ".join(dict.fromkeys(NEEDED_FOR[package] for package in lacking))
        print(
            f"!!! NOT TESTED HERE: {untested}; missing, and not to be installed: {' '.join(lacking)} !!!",
            file=sys.stderr
        )
    return int(bool(lacking) and os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
