"""What is wrong with a search space, whatever the images."""

from collections.abc import Callable, Sequence
from typing import Any

from processing.core.concern import Concern
from processing.core.genomes.cnn.space import SearchSpace
from processing.core.sound import run_check, run_checks
from processing.core.value_text import shown

#: Ranges, and lists of choices.
_RANGES = ("conv_layers", "dense_layers", "dropout", "learning_rate")
_LISTS = (
    "filters", "kernel_sizes", "batch_norm", "pooling", "dense_units", "activations", "batch_sizes",
    "optimizers",
)


def space_faults(space: SearchSpace) -> list[Concern]:
    """Return the faults of a search space; its parameters may be partly faulty."""
    checks: tuple[Callable[[SearchSpace], list[Concern]], ...] = (_range_faults, _list_faults, _kernel_faults)
    return run_checks(checks, space)


def _range_faults(space: SearchSpace) -> list[Concern]:
    return [each for name in _RANGES for each in run_check(_range_fault, space, name)]


def _range_fault(space: SearchSpace, name: str) -> list[Concern]:
    least, most = getattr(space, name).min, getattr(space, name).max
    if least <= most:
        return []
    return [Concern((name, "max"), f"at least min, {least:g}", f"{most:g}")]


def _list_faults(space: SearchSpace) -> list[Concern]:
    return [each for name in _LISTS for each in run_check(_repeated, space, name)]


def _repeated(space: SearchSpace, name: str) -> list[Concern]:
    values: Sequence[Any] = getattr(space, name)
    return [
        Concern((name, place), "each value once", f"{shown(value)} again")
        for place, value in enumerate(values) if value in values[:place]
    ]


def _kernel_faults(space: SearchSpace) -> list[Concern]:
    return [
        Concern(("kernel_sizes", place), "an odd number of pixels, so that a filter has a middle", str(size))
        for place, size in enumerate(space.kernel_sizes) if size % 2 == 0
    ]
