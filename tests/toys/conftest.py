"""These tests need the toys in the tables of their process: EXTENSION_MODULES=tests.toys.tables."""

import os

collect_ignore_glob = [] if os.environ.get("EXTENSION_MODULES") == "tests.toys.tables" else ["test_*.py"]
