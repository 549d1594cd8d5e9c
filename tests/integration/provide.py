"""Install what the integration tests need and this machine lacks: Chromium, from Debian's packages.

Where it may not install, it says so in one line; in continuous integration that is a failure.
"""

import os
import shutil
import subprocess
import sys

PROGRAMS = {"chromium": "chromium"}


def main() -> int:
    """Exit code 0 when everything is there, or when a person's machine lacks something that tests can do without."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if not missing:
        return 0
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]):
            subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
        missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        print(f"!!! NOT TESTED HERE: {', '.join(missing)} is missing and cannot be installed by this user !!!", file=sys.stderr)
    return int(bool(missing) and os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
