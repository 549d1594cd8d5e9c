"""What makes a server's processes ones in which faults can be injected: variables, and a folder in which faults are armed."""

import os
import shutil
from pathlib import Path

INJECT = Path(__file__).parent / "inject"

#: Short leases, sweeps and turns, and generations long enough to aim at.
VARIABLES = {
    "LEASE_SECONDS": "2", "SWEEP_SECONDS": "0.5", "SHIFT_SECONDS": "2", "GENERATION_PAUSE_SECONDS": "0.1",
    "EVALUATION_THREADS": "1", "LOG_LEVEL": "INFO",
}


def environment_of(variables: dict[str, str], armoury: Path) -> dict[str, str]:
    """The environment of processes that can be hurt."""
    return {
        **os.environ, **variables, "FAULTS_FOLDER": str(armoury), "PYTHONPATH": str(INJECT),
        "DJANGO_SETTINGS_MODULE": "mlbackend.settings",
    }


def armoury(beside: Path) -> Path:
    """An empty folder in which faults are armed."""
    place = beside / "arms"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    place.chmod(0o777)
    return place
