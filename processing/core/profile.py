"""The numeric profile: what could decide bits besides the work item and the seed."""

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import version


@cache
def numeric_profile() -> dict[str, str]:
    """Versions and machine. The compiled core gives the same bits in all of them; the profile is kept as evidence."""
    return {
        "python": platform.python_version(), "numpy": version("numpy"), "numba": version("numba"),
        "machine": platform.machine(), "system": platform.system(),
    }


@cache
def profile_name() -> str:
    """Twelve characters by which equal profiles are known."""
    return hashlib.sha256(json.dumps(numeric_profile(), sort_keys=True).encode()).hexdigest()[:12]
