"""Environment variables and a folder of armed faults, by which processes accept fault injection."""

import os
import shutil
from pathlib import Path

INJECT = Path(__file__).parent / "inject"

#: Short leases, sweeps and turns, and generations long enough to aim at.
VARIABLES = {
    "LEASE_SECONDS": "2", "SWEEP_SECONDS": "0.5", "SHIFT_SECONDS": "2", "GENERATION_PAUSE_SECONDS": "0.1",
    "EVALUATION_THREADS": "1", "LOG_LEVEL": "INFO",
}


def environment_of(variables: dict[str, str], fault_folder: Path) -> dict[str, str]:
    """Return the environment of processes that accept fault injection."""
    return {
        **os.environ, **variables, "FAULTS_FOLDER": str(fault_folder), "PYTHONPATH": str(INJECT),
        "DJANGO_SETTINGS_MODULE": "mlbackend.settings",
    }


def new_fault_folder(beside: Path) -> Path:
    """Make an empty folder for armed faults."""
    place = beside / "arms"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    place.chmod(0o777)
    return place
