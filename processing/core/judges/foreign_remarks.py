"""What remarks on environments in child processes say to people."""

from collections.abc import Mapping

from processing.core.judges.judge import RemarkMeaning
from processing.core.types import RemarkKind

REMARKS: Mapping[str, RemarkMeaning] = {
    RemarkKind.DIFFERENCE: RemarkMeaning(
        "Agent {agent} was evaluated twice, with different results: {sentence}. The first counts, and the "
        "run is not reproducible. Its environment depends on something besides its seed and its actions: on "
        "what is kept in its module or class from one episode to the next, on a generator that all episodes "
        "share, on the time, or on files.",
        ends_reproducibility=True,
    ),
    RemarkKind.PROCESS_DIED: RemarkMeaning(
        "The environment of agent {agent} took its process with it ({sentence}), so that the agent failed. "
        "What a process dies of may depend on the machine; the run is not reproducible.",
        ends_reproducibility=True,
    ),
    RemarkKind.NOT_FINITE: RemarkMeaning(
        "Agent {agent} observed a number that is not finite: {sentence}. Networks compute with it as it is, "
        "and agents keep their fitness. This is told once, whatever other agents observe."
    ),
    RemarkKind.GLOBAL_GENERATORS: RemarkMeaning(
        "The environment draws from a generator that its whole process shares, `random` or `numpy.random`. "
        "Its episodes are evaluated one at a time, with both seeded for each of them, so that the run can be "
        "reproduced; that is slower. An environment should draw from its own `np_random`.",
        is_warning=False,
    ),
}
