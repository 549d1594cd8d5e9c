"""The numeric profile: what could decide bits besides the work item and the seed."""

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

#: Packages whose environments compute for themselves.
ENVIRONMENTS = ("gymnasium", "box2d", "mujoco")


@cache
def numeric_profile() -> dict[str, str]:
    """Versions and machine.

    The compiled core gives the same bits in all of them, and the profile is kept as evidence. Where a library decides bits,
    as in `cma_es` and in environments of Gymnasium that are not compiled, they follow from its version, NumPy's instruction
    sets and the linear algebra behind it.
    """
    return {
        "python": platform.python_version(), "numpy": version("numpy"), "numba": version("numba"), "cmaes": version("cmaes"),
        "environments": " ".join(f"{name} {found}" for name in ENVIRONMENTS if (found := _version(name))),
        "machine": platform.machine(), "system": platform.system(),
        "instructions": " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])),
        "linear_algebra": " ".join(sorted(_in_words(one) for one in threadpool_info() if one["user_api"] == "blas")),
    }


def _version(package: str) -> str | None:
    """The version of a package that need not be there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _in_words(library: dict[str, Any]) -> str:
    """A library of linear algebra: its name, version, and the processor that it was tuned for."""
    return f"{library['internal_api']} {library['version']} {library.get('architecture', '')}".strip()


@cache
def profile_name() -> str:
    """Twelve characters by which equal profiles are known."""
    return hashlib.sha256(json.dumps(numeric_profile(), sort_keys=True).encode()).hexdigest()[:12]
