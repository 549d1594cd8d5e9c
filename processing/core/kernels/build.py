"""Compiled kernels, composed from plain Python functions and cached on disk.

The decorators of `roles.py` only mark. `compiled(template, bindings)` follows the globals of a template
recursively, replaces slots by the bound parts, and passes the result to numba. numba is first imported then,
so that processes that never compile do not pay for the import. With NUMBA_DISABLE_JIT=1 the same composition
runs as plain Python.

The name of a composed function ends in a hash of its content: its code, its constants, its parts. Two
compositions can therefore never share machine code, neither in one process nor on disk. The disk cache lies
in a folder named by a hash of the files that hold marked functions, the versions of numba, NumPy and Python,
and the processor, so that machine code of other sources is never loaded.
"""

import contextlib
import dis
import hashlib
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

from processing.core.errors import Broken
from processing.core.kernels.roles import ROLE

CORE = Path(__file__).parents[1]
#: The files that turn marked functions into machine code, and the pattern of a line that marks a function.
COMPILERS = ("kernels/build.py", "kernels/intrinsics.py")
_MARKED = re.compile(rb"^@(?:part|formula|kernel|slot|primitive)\b", re.MULTILINE)
#: The definition of a named tuple, to the last of its lines.
_NAMED_TUPLE = re.compile(rb"^class \w+\(NamedTuple\):\n(?:(?:    .*)?\n)*", re.MULTILINE)
KEEP_DAYS = 30
_SETTINGS = (
    "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_OPT", "NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE"
)

#: The compositions of this process: name -> (content, function); names of plain functions end in `_plain`.
_composed: dict[str, tuple[str, Any]] = {}
#: Callbacks that run at every compiler pass.
_listeners: list[Callable[[], None]] = []
#: The results of earlier requests: (template, bindings, whether it is plain Python) -> function.
_asked: dict[tuple[Any, ...], Callable[..., Any]] = {}


def compiled(template: Callable[..., Any], bindings: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """Return the kernel of a template, with `bindings` in place of its slots and constants.

    Bindings apply wherever the template or its parts use a name. The same composition gives the same object.

    Args:
        template: a function marked as a kernel.
        bindings: marked functions and hashable constants by name.
    Raises:
        Broken: a slot is not bound, or a part names a function that is neither marked nor bound.
    """
    if os.environ.get("NUMBA_DISABLE_JIT", "0") == "1":
        return plain(template, bindings)
    request = template, tuple(sorted((bindings or {}).items())), False
    if request not in _asked:
        _numba()
        _asked[request] = _compose(template, dict(bindings or {}), is_plain=False)[1]
    return _asked[request]


def plain(template: Callable[..., Any], bindings: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """Return the same composition as plain Python; numba is never imported.

    Raises:
        Broken: as `compiled`.
    """
    request = template, tuple(sorted((bindings or {}).items())), True
    if request not in _asked:
        _asked[request] = _compose(template, dict(bindings or {}), is_plain=True)[1]
    return _asked[request]


def is_on_disk(function: Callable[..., Any]) -> bool:
    """Return whether a kernel of `compiled` is in the disk cache, so that its first call does not wait."""
    return any(cache_folder().rglob(f"*{function.__name__}-*.nbi"))


def _compose(function: Any, bindings: dict[str, Any], *, is_plain: bool) -> tuple[str, Any]:
    """The content hash (hex) and the compiled, or plain, form of one marked function."""
    resolved, description = {}, [function.__qualname__, _of_code(function.__code__)]
    for name in sorted(_names(function.__code__)):
        if name not in bindings and name not in function.__globals__:
            continue
        value = bindings.get(name, function.__globals__.get(name))
        content, resolved[name] = _resolve(name, value, bindings, is_plain=is_plain)
        description.append(f"{name}={content}")
    content = hashlib.sha256("\n".join(description).encode()).hexdigest()
    name = f"{function.__name__}_{content[:16]}{'_plain' if is_plain else ''}"
    if name not in _composed:
        bound = _bound(function, name, resolved)
        _composed[name] = content, bound if is_plain else _build(bound, getattr(function, ROLE))
    if _composed[name][0] != content:
        raise Broken(f"two compositions are called {name}")
    return _composed[name]


def _resolve(name: str, value: Any, bindings: dict[str, Any], *, is_plain: bool) -> tuple[str, Any]:
    """The description of a global for the content hash, and its value in the composed function."""
    role = getattr(value, ROLE, None)
    if role == "slot":
        raise Broken(f"the slot {name!r} is not bound")
    if role == "primitive":
        return f"primitive {value.__name__}", value if is_plain else _instructions(value)
    if role is not None:
        return _compose(value, bindings, is_plain=is_plain)
    if isinstance(value, FunctionType):
        raise Broken(f"{name!r} is called in a kernel but not marked as a part")
    if isinstance(value, ModuleType | type | BuiltinFunctionType):
        return getattr(value, "__name__", name), value
    return f"{type(value).__name__} {value!r}", value


def _names(code: CodeType) -> set[str]:
    """The names of the globals that a function reads, nested functions included."""
    read = {line.argval for line in dis.get_instructions(code) if line.opname == "LOAD_GLOBAL"}
    return read.union(*(_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)))


def _of_code(code: CodeType) -> str:
    constants = [_of_code(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {constants}"


def _bound(function: Any, name: str, resolved: dict[str, Any]) -> Any:
    """A copy of the function with `resolved` as its globals; tracebacks keep the lines of its file."""
    bound = FunctionType(function.__code__, function.__globals__ | resolved, name, function.__defaults__)
    bound.__qualname__, bound.__module__, bound.__doc__ = name, function.__module__, function.__doc__
    return bound


def _build(bound: Any, role: str) -> Any:
    if role == "kernel":
        return _numba().njit(error_model="numpy", nogil=True, cache=True, _nrt=False)(bound)
    if role == "formula":
        return _numba().njit(error_model="numpy", forceinline=True, _nrt=False)(bound)
    return _numba().njit(error_model="numpy", inline="always", _nrt=False)(bound)


def _instructions(primitive: Any) -> Any:
    return getattr(import_module("processing.core.kernels.intrinsics"), primitive.__name__)


@cache
def _numba() -> Any:
    """numba, with its cache folder configured before the import."""
    folder = cache_folder()
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    numba = import_module("numba")
    numba.config.CACHE_DIR = str(folder)
    _listen_to_passes()
    return numba


@contextlib.contextmanager
def while_compiling(notify_listener: Callable[[], None]) -> Iterator[None]:
    """Call `notify_listener` at every compiler pass inside this context.

    A kernel takes seconds to compile, on a busy machine a minute.
    """
    _listeners.append(notify_listener)
    try:
        yield
    finally:
        _listeners.remove(notify_listener)


def _listen_to_passes() -> None:
    events = import_module("numba.core.event")

    def notify(listener: Any, event: Any) -> None:
        for notify_listener in tuple(_listeners):
            notify_listener()

    kind = type("Passes", (events.Listener,), {"notify": notify, "on_start": notify, "on_end": notify})
    events.register("numba:run_pass", kind())


@cache
def cache_folder() -> Path:
    """Return the cache folder for the current sources and this machine.

    It is a temporary folder where the usual one cannot be written.
    """
    base = Path(os.environ.get("EVOLUTION_CACHE_DIR") or Path.home() / ".cache" / "evolution")
    folder = base / fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f".used-{os.getpid()}").touch()
        (folder / f".used-{os.getpid()}").rename(folder / ".used")
    except OSError:
        return Path(tempfile.mkdtemp(prefix="evolution-kernels-"))
    _prune(base, keep=folder)
    return folder


@cache
def fingerprint() -> str:
    """Return a hash of the sources of kernels, versions, processor and compiler settings: 16 hex digits."""
    about = [platform.python_version(), version("numba"), version("llvmlite"), version("numpy"), _processor()]
    about += [f"{name}={os.environ.get(name, '')}" for name in _SETTINGS]
    digest = hashlib.sha256("\n".join(about).encode())
    for path, text in sources().items():
        digest.update(f"\0{path}\0".encode() + text)
    return digest.hexdigest()[:16]


def sources() -> dict[str, bytes]:
    """Return what machine code depends on, by the paths of files relative to the core.

    Of files that contain a marked function, and of the compilers themselves, it is the whole text. Of others
    it is the named tuples that they define: kernels take such tuples, and read their fields by place.
    """
    found = {}
    for path in sorted(CORE.rglob("*.py")):
        name, text = path.relative_to(CORE).as_posix(), path.read_bytes()
        is_whole = name in COMPILERS or _MARKED.search(text)
        if read := text if is_whole else b"".join(_NAMED_TUPLE.findall(text)):
            found[name] = read
    return found


def _processor() -> str:
    """The processor's name and, on Linux, its features."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return f"{sys.platform} {platform.machine()} {platform.processor()}"
    return "\n".join(
        line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))
    )


def _prune(base: Path, *, keep: Path) -> None:
    """Remove sibling folders that no process has used for KEEP_DAYS days."""
    for folder in base.iterdir():
        used = folder / ".used"
        if folder != keep and used.exists() and time.time() - used.stat().st_mtime > KEEP_DAYS * 86_400:
            shutil.rmtree(folder, ignore_errors=True)
