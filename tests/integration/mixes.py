"""`python -m tests.integration.mixes OUTCOMES …` is `python -m benchmarks.faults …` with the outcomes of work
that nothing happens to from a file: they are computed once for all set-ups.
"""

import pickle
import sys
from pathlib import Path

from benchmarks.faults import __main__ as faults
from benchmarks.faults import play
from benchmarks.faults.work import documents, undisturbed


def write(file: Path, *, seed: int) -> None:
    """Compute the outcomes of a seed, and keep them in a file."""
    wanted = documents(seed)
    file.write_bytes(pickle.dumps((wanted, undisturbed(wanted, file.parent / "undisturbed"))))


def main() -> int:
    """The exit code of `benchmarks.faults`."""
    computed, outcomes = pickle.loads(Path(sys.argv.pop(1)).read_bytes())

    def read(wanted: object, _folder: Path) -> object:
        assert wanted == computed, "the outcomes are those of other work"
        return outcomes

    play.undisturbed = read
    return faults.main()


if __name__ == "__main__":
    sys.exit(main())
