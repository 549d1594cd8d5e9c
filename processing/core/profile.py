"""The numeric profile: what could decide bits besides the work item and the seed.

The compiled core gives the same bits whatever the processor. Where a library computes (`cma_es`, and environments of
Gymnasium that are not compiled), bits may depend on its version, on NumPy's instruction sets and on the linear algebra
behind it. So a profile has two halves, and a run is bound to the first alone, or to both.
"""

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
#: Stands between the names of the two halves.
AND = "+"


@cache
def core_profile() -> dict[str, str]:
    """The versions that the compiled core is made with; kept as evidence."""
    return {
        "python": platform.python_version(), "numpy": version("numpy"), "numba": version("numba"),
        "machine": platform.machine(), "system": platform.system(),
    }


@cache
def numeric_profile() -> dict[str, str]:
    """Both halves."""
    return core_profile() | {
        "cmaes": version("cmaes"),
        "environments": " ".join(f"{name} {found}" for name in ENVIRONMENTS if (found := _version(name))),
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
    """At most 16 characters by which equal profiles are known; up to AND it is the name of the core's half."""
    return _hash(core_profile()) + AND + _hash(numeric_profile())


def core_name(profile: str) -> str:
    """The name of the core's half."""
    return profile.partition(AND)[0]


def _hash(facts: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:7]
