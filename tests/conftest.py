"""Every test process has a data folder of its own, and a broker that nobody listens to."""

import os
import tempfile

os.environ["DATA_FOLDER"] = tempfile.mkdtemp(prefix="evolution-tests-")
os.environ["REDIS_URL"] = "memory://"
os.environ.pop("DATABASE_URL", None)
