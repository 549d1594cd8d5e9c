"""What the checks of the core find, as faults in the keys of a document."""

from collections.abc import Iterable

from formatting.faults import Fault, FaultCode, Path, fault
from processing.core.concern import Concern, Part
from processing.core.kinds import Kind


def faults_from(concerns: Iterable[Concern], kind: Kind, part: Part) -> list[Fault]:
    """Return a fault for each concern.

    Args:
        kind: the kind of the document, which decides its keys.
        part: the part whose check found the concerns that name none.
    """
    return [
        fault(
            FaultCode[each.kind.name], (*_key(kind, each.part or part), *each.path), each.expected,
            each.given, each.hint
        )
        for each in concerns
    ]


def _key(kind: Kind, part: Part) -> Path:
    """Return the path of a part in documents."""
    match part:
        case Part.PROBLEM:
            return (kind.problem_key,)
        case Part.GENOME:
            return (kind.genome_key,)
        case Part.STRATEGY | Part.STOP:
            return (part.value,)
        case Part.WHOLE:
            return ()
