"""Remarks of judges while agents are evaluated: each kind is one event of the run.

The judge says what a kind means, and whether a run with such a remark still counts as reproducible.
"""

from collections.abc import Sequence

from database import steps
from database.models import EventLevel, EventType, Instance
from database.services import NewEvent
from processing.core.judges.judge import Judge, RemarkMeaning
from processing.core.search.generation import GenerationResult
from processing.core.types import Remark

#: What kinds mean of which the judge says nothing.
_ANY = RemarkMeaning("Agent {agent}: {sentence}")


def noticed(instance: Instance, closed: GenerationResult, judge: Judge) -> list[NewEvent]:
    """Mark a run as not reproducible where a remark says so.

    Returns:
        An event for each kind of remark that the run has no event of yet.
    """
    remarks = [(each, judge.remarks.get(each.what, _ANY)) for each in _firsts(closed.evaluations.remarks)]
    if any(meaning.ends_reproducibility for _, meaning in remarks):
        instance.reproducible = False
    return [
        NewEvent(
            EventType.NOTE, meaning.text.format(agent=remark.agent, sentence=remark.sentence),
            EventLevel.WARNING if meaning.is_warning else EventLevel.INFO, closed.number,
            data={"noticed": remark.what, "index": remark.agent},
        )
        for remark, meaning in remarks if not steps.has_noticed(instance.pk, remark.what)
    ]


def _firsts(remarks: Sequence[Remark]) -> list[Remark]:
    """Return the first remark of each kind."""
    found: dict[str, Remark] = {}
    for remark in remarks:
        found.setdefault(remark.what, remark)
    return list(found.values())
