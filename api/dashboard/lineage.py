"""JSON for the page of a run: an agent's line of descent.

The line leads through the fitter parent of each birth.
A birth comes with the changes that it made to the genome.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from api.dashboard.views import run_of, whole
from api.policy import page
from api.wording import change_words, operator_words
from database import selectors
from database.models import Instance
from database.selectors import AgentRecord
from processing.core.search.plan import Plan
from processing.core.types import Operator
from processing.core.views import view_of
from processing.run import plan_of_work_item

#: Births that are shown, and agents of the line that are read at most to count the births before those.
MOST_BIRTHS, MOST_ANCESTORS = 12, 500
#: Changes are left out where the genomes to compare are larger than this, together.
MOST_GENOME_BYTES = 4_000_000

Address = tuple[int, int, int]  # (instance, generation, index)


@require_safe
@page
def line(request: HttpRequest, number: int) -> HttpResponse:
    """Return the last births on an agent's line of descent, latest first, and the number before them.

    The address gives the agent's `generation` and `index`. Consecutive copies of an elite count as one birth.
    """
    instance, index = run_of(number), whole(request, "index")
    generation = whole(request, "generation")
    if generation is None or index is None:
        return JsonResponse(_document(instance, []))
    return JsonResponse(
        _document(instance, selectors.line((instance.pk, generation, index), most=MOST_ANCESTORS))
    )


def _document(instance: Instance, agents: Sequence[AgentRecord]) -> dict[str, Any]:
    births = _births(agents)
    shown = births[-MOST_BIRTHS:]
    changes = _changes(instance, shown)
    return {
        "births": [_birth(each, changes.get(_address(each[-1]), "")) for each in reversed(shown)],
        "before": len(births) - len(shown),
        "first": None if not agents or agents[0].parents else {
            "generation": agents[0].generation, "operator": _operator(agents[0]),
        },
    }


def _births(agents: Sequence[AgentRecord]) -> list[list[AgentRecord]]:
    """Return pairs of parent and child along the line; consecutive copies of an elite extend one entry."""
    births: list[list[AgentRecord]] = []
    for parent, child in pairwise(agents):
        is_copy = child.operator == Operator.ELITE
        if is_copy and births and births[-1][-1].operator == Operator.ELITE:
            births[-1].append(child)
        else:
            births.append([parent, child])
    return births


def _birth(agents: Sequence[AgentRecord], changes: str) -> dict[str, Any]:
    parent, child = agents[0], agents[-1]
    known = parent.fitness is not None and child.fitness is not None
    return {
        "generation": child.generation, "index": child.index, "name": child.name,
        "since": agents[1].generation, "operator": _operator(child),
        "changes": "unchanged" if child.operator == Operator.ELITE else changes,
        "fitness": child.fitness, "change": child.fitness - parent.fitness if known else None,  # type: ignore[operator]
    }


def _changes(instance: Instance, births: Sequence[Sequence[AgentRecord]]) -> dict[Address, str]:
    """Return what each birth changed, in words, by the child's address.

    Births without both genomes are left out, and all births where the genomes exceed MOST_GENOME_BYTES.
    """
    pairs = [
        (_address(each[-2]), _address(each[-1])) for each in births if each[-1].operator != Operator.ELITE
    ]
    wanted = {address for pair in pairs for address in pair}
    if sum(selectors.genome_bytes_at(wanted).values()) > MOST_GENOME_BYTES:
        return {}
    genomes, plan = selectors.genomes_at(wanted), plan_of_work_item(instance.work_item)
    return {
        after: _changed(plan, genomes, before, after)
        for before, after in pairs if {before, after} <= genomes.keys()
    }


def _changed(plan: Plan, genomes: Mapping[Address, bytes], before: Address, after: Address) -> str:
    view = view_of(plan.genome)
    was, became = (
        view.genes(plan.genome, plan.genome.unpack(genomes[address])) for address in (before, after)
    )
    return change_words(view.changes(was, became), view.gene)


def _operator(agent: AgentRecord) -> str:
    return operator_words(Operator(agent.operator).name, parents=len(set(agent.parents)))


def _address(agent: AgentRecord) -> Address:
    return agent.instance_id, agent.generation, agent.index
