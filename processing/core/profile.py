"""The numeric profile: what could decide bits besides the work item and the seed."""

import platform
from importlib.metadata import version


def numeric_profile() -> dict[str, str]:
    """Versions and machine. The compiled core gives the same bits in all of them; the profile is kept as evidence."""
    return {
        "python": platform.python_version(), "numpy": version("numpy"), "numba": version("numba"),
        "machine": platform.machine(), "system": platform.system(),
    }
