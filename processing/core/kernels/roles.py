"""What a function is to a kernel. The decorators only mark it: a marked function is called as any other."""

from collections.abc import Callable
from typing import Any, TypeVar

#: The attribute of a function that says what it is.
ROLE = "__core_role__"

F = TypeVar("F", bound=Callable[..., Any])


def part(function: F) -> F:
    """Mark a function that is inlined into kernels."""
    return _marked(function, "part")


def formula(function: F) -> F:
    """Mark a part that is given and returns numbers and vectors alone, no arrays.

    It is compiled once for each kind of arguments and inlined by LLVM, which takes a fraction of the time.
    """
    return _marked(function, "formula")


def kernel(function: F) -> F:
    """Mark a template that becomes a kernel: it releases the GIL and is kept on disk."""
    return _marked(function, "kernel")


def slot(function: F) -> F:
    """Mark a place in a template that must be bound to a part of the same name."""
    return _marked(function, "slot")


def primitive(function: F) -> F:
    """Mark a function that `intrinsics.py` knows under the same name as machine instructions."""
    return _marked(function, "primitive")


def _marked(function: F, role: str) -> F:
    setattr(function, ROLE, role)
    return function
