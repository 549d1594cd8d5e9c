"""A program with a server's environment: it submits documents as one user, and wakes the server's workers.

GraphQL needs a log-in for each user; this does not. Standard input is `{"user": …, "documents": […]}`, the
output a JSON array of the numbers of all runs.
"""

import json
import os
import sys

import django


def main() -> int:
    """Submit every document; without a user (null), nobody is logged in."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    django.setup()
    from django.contrib.auth.models import User

    from api import intake

    asked = json.load(sys.stdin)
    owner = None if asked["user"] is None else User.objects.get_or_create(username=asked["user"])[0]
    print(json.dumps([
        instance.pk
        for document in asked["documents"] for instance in intake.submit(document, owner).instances
    ]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
