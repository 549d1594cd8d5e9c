"""The numeric profile: everything besides the work item and the seed that can decide the bits of a result.

The compiled core gives the same bits on every processor. Where a library computes (`cma_es`, and environments
of Gymnasium that are not compiled), bits may depend on its version, on NumPy's instruction sets and on the
linear algebra library. So a profile has two halves, and a run is bound either to the first alone or to both.
Problems and judges name further packages (`packages`), which are in the profiles of their runs only. A run
that goes on under another version of one no longer counts as reproducible; but any worker may claim it, as
the names of profiles are without these.
"""

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

#: Packages whose environments are not compiled here.
ENVIRONMENTS = ("gymnasium", "box2d", "mujoco")
#: The separator between the names of the two halves.
AND = "+"


@cache
def core_profile() -> dict[str, str]:
    """The versions that the compiled core is built with. They are kept as evidence."""
    return {
        "python": platform.python_version(), "numpy": version("numpy"), "numba": version("numba"),
        "machine": platform.machine(), "system": platform.system(),
    }


@cache
def numeric_profile(packages: tuple[str, ...] = ()) -> dict[str, str]:
    """Both halves: the core's, and the versions and instruction sets of the libraries that compute.

    Args:
        packages: further ones that compute, in this run alone.
    """
    further = {"packages": " ".join(f"{name} {_version(name) or 'absent'}" for name in packages)}
    return core_profile() | (further if packages else {}) | {
        "cmaes": version("cmaes"),
        "environments": " ".join(f"{name} {found}" for name in ENVIRONMENTS if (found := _version(name))),
        "instructions": " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])),
        "linear_algebra": " ".join(
            sorted(_library_text(one) for one in threadpool_info() if one["user_api"] == "blas")
        ),
    }


def _version(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _library_text(library: dict[str, Any]) -> str:
    """A linear algebra library as text: its name, version, and the processor that it was tuned for."""
    return f"{library['internal_api']} {library['version']} {library.get('architecture', '')}".strip()


@cache
def profile_name() -> str:
    """A name of 15 characters for this profile; equal profiles have equal names.

    The text up to AND is the name of the core's half.
    """
    return _hash(core_profile()) + AND + _hash(numeric_profile())


def core_name(profile: str) -> str:
    """The part of a profile's name that identifies the core's half."""
    return profile.partition(AND)[0]


def _hash(versions: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()[:7]
