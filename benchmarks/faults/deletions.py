"""A program with a server's environment that deletes runs: for each line `{"run": …, "after_seconds": …}` of
its standard input it prints "deleted", or why it was refused, as JSON.
"""

import json
import os
import sys
import time

import django


def main() -> int:
    """Delete until the standard input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    django.setup()
    from database import services
    from database.errors import Conflict, NotFound

    for line in sys.stdin:
        asked = json.loads(line)
        time.sleep(asked["after_seconds"])
        try:
            services.delete_instance(instance_id=asked["run"])
            answer = "deleted"
        except (Conflict, NotFound) as refused:
            answer = str(refused)
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
