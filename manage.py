#!/usr/bin/env python3
"""The command line: `manage.py up`, `manage.py evolve FILE`, and Django's own commands."""

import os
import sys

CANNOT_START = 3


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from processing.core.errors import Misregistered

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, Misregistered) as error:
        print(f"The environment is not right: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)


if __name__ == "__main__":
    main()
