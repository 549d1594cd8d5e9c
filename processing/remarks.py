"""Remarks on environments while agents are evaluated: each kind is one event of the run.

A run is also marked as not reproducible where an agent evaluated twice has different results, or where an
environment ends its process.
"""

from collections.abc import Sequence

from database import steps
from database.models import EventLevel, EventType, Instance
from database.services import NewEvent
from processing.core.search.generation import GenerationResult
from processing.core.types import Remark, RemarkKind

_SENTENCES = {
    RemarkKind.DIFFERENCE: (
        "Agent {agent} was evaluated twice, with different results: {sentence}. The first counts, and the "
        "run is not reproducible. Its environment depends on something besides its seed and its actions: on "
        "what is kept in its module or class from one episode to the next, on a generator that all episodes "
        "share, on the time, or on files."
    ),
    RemarkKind.PROCESS_DIED: (
        "The environment of agent {agent} took its process with it ({sentence}), so that the agent failed. "
        "What a process dies of may depend on the machine; the run is not reproducible."
    ),
    RemarkKind.NOT_FINITE: (
        "Agent {agent} observed a number that is not finite: {sentence}. Networks compute with it as it is, "
        "and agents keep their fitness. This is told once, whatever other agents observe."
    ),
    RemarkKind.GLOBAL_GENERATORS: (
        "The environment draws from a generator that its whole process shares, `random` or `numpy.random`. "
        "Its episodes are evaluated one at a time, with both seeded for each of them, so that the run can be "
        "reproduced; that is slower. An environment should draw from its own `np_random`."
    ),
}
_MARKS = (RemarkKind.DIFFERENCE, RemarkKind.PROCESS_DIED)
_LEVELS = {RemarkKind.GLOBAL_GENERATORS: EventLevel.INFO}


def noticed(instance: Instance, closed: GenerationResult) -> list[NewEvent]:
    """Mark a run as not reproducible where a remark says so.

    Returns:
        An event for each kind of remark that the run has no event of yet.
    """
    remarks = _firsts(closed.evaluations.remarks)
    if any(remark.what in _MARKS for remark in remarks):
        instance.reproducible = False
    return [
        NewEvent(
            EventType.NOTE, _SENTENCES[RemarkKind(remark.what)].format(**remark._asdict()),
            _LEVELS.get(RemarkKind(remark.what), EventLevel.WARNING), closed.number,
            data={"noticed": remark.what, "index": remark.agent},
        )
        for remark in remarks if not steps.has_noticed(instance.pk, remark.what)
    ]


def _firsts(remarks: Sequence[Remark]) -> list[Remark]:
    """Return the first remark of each kind."""
    found: dict[str, Remark] = {}
    for remark in remarks:
        found.setdefault(remark.what, remark)
    return list(found.values())
