"""Types of command line arguments that several commands share; all raise argparse.ArgumentTypeError."""

import argparse
import sys
from pathlib import Path

from formatting.work_item import MAX_SEED
from processing.logs import printable


def seed(text: str) -> int:
    """Parse a seed, 0..MAX_SEED."""
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to {MAX_SEED}, got {text[:30]!r}")
    return int(text)


def positive(text: str) -> int:
    """Parse a count, 1..1024."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_024:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 1024, got {text[:30]!r}")
    return int(text)


def number(text: str) -> int:
    """Parse the number of a run, or another number of at most 18 digits."""
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"expected a whole number of at most 18 digits, got {text[:30]!r}")
    return int(text)


def agent_address(text: str) -> tuple[int, ...]:
    """Parse an agent as (generation, index), or its whole name as (run, generation, index)."""
    parts = text.split("-")
    if len(parts) not in (2, 3) or not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise argparse.ArgumentTypeError(
            f"expected generation and index as in 7-13, or the whole name as in 42-7-13, got {text[:30]!r}"
        )
    return tuple(int(part) for part in parts)


def port(text: str) -> int:
    """Parse a port, 0..65535; 0 stands for any free one."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text[:30]!r}")
    return int(text)


def read_document(file: str) -> bytes:
    """Return the bytes of a file, or of standard input for '-'.

    A file that cannot be read ends the process with exit code 2.
    """
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        print(f"{printable(file)}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
