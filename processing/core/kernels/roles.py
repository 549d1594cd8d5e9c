"""The roles of functions in kernels. The decorators only mark: a marked function is called like any other."""

from collections.abc import Callable
from typing import Any, TypeVar

#: The attribute that holds the role of a function.
ROLE = "__core_role__"

F = TypeVar("F", bound=Callable[..., Any])


def part(function: F) -> F:
    """Mark a function that is inlined into kernels."""
    return _marked(function, "part")


def formula(function: F) -> F:
    """Mark a part whose arguments and result are numbers and vectors, no arrays.

    It is compiled once for each combination of argument types and inlined by LLVM, which takes a fraction of
    the compile time of a `part`.
    """
    return _marked(function, "formula")


def kernel(function: F) -> F:
    """Mark a template that becomes a kernel: it releases the GIL, and its machine code is cached on disk."""
    return _marked(function, "kernel")


def slot(function: F) -> F:
    """Mark a placeholder in a template that must be bound to a part."""
    return _marked(function, "slot")


def primitive(function: F) -> F:
    """Mark a function whose counterpart of the same name in `intrinsics.py` emits machine instructions."""
    return _marked(function, "primitive")


def _marked(function: F, role: str) -> F:
    setattr(function, ROLE, role)
    return function
