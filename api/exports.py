"""Export of an agent's network as a file, for the web and for the command line."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from api.ids import BadId, read_id
from api.policy import page
from database import selectors
from database.errors import NotFound, genome_not_kept
from database.selectors import AgentRecord
from processing.core.exports.export import ExportFormat, exported, facts_of, formats_of
from processing.core.search.plan import Plan
from processing.replays import normalization_of
from processing.run import plan_of_work_item

MEDIA_TYPES = {ExportFormat.ONNX: "application/octet-stream", ExportFormat.JSON: "application/json"}


@dataclass(frozen=True, slots=True)
class File:
    """A file to download."""

    name: str
    media_type: str
    data: bytes


@require_safe
@page
def network(request: HttpRequest, id: str, ending: str) -> HttpResponse:
    """The network of the agent with this global ID, as a file."""
    try:
        instance_id, generation, index = read_id(id, "Agent").numbers
    except BadId as error:
        raise NotFound(f"There is no such agent: {error}.") from error
    if ending.upper() not in ExportFormat.__members__:
        raise NotFound(f"Networks are written as {' and '.join(each.lower() for each in ExportFormat)}.")
    record = selectors.agent(instance_id, generation, index)
    if record is None:
        raise NotFound("There is no such agent.")
    file = file_of(record, ExportFormat(ending.upper()))
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return HttpResponse(file.data, content_type=file.media_type, headers=headers)


def file_of(agent: AgentRecord, format: ExportFormat) -> File:
    """The network of an agent in this format.

    Raises:
        NotFound: its run was deleted, or its genome is not kept.
        Refused: it is too large for this format, or the normalisation of its observations is not kept.
    """
    instance = selectors.instance(agent.instance_id)
    packed = selectors.genome_of(agent.instance_id, agent.generation, agent.index)
    if instance is None or packed is None:
        raise NotFound(genome_not_kept(f"The genome of agent {agent.name}"))
    plan = plan_of_work_item(instance.work_item)
    normalization = normalization_of(plan, agent.instance_id, agent.generation)
    facts = facts_of(plan.problem, plan.genome, name=agent.name, fitness=agent.fitness)
    data = exported(plan.genome, plan.genome.unpack(packed), facts, format, normalization)
    return File(f"{agent.name}.{format.lower()}", MEDIA_TYPES[format], data)


def formats_at(
    plan: Plan, *, genome_bytes: int | None, is_normalization_kept: bool
) -> tuple[ExportFormat, ...]:
    """The formats in which `file_of` can export an agent.

    Args:
        genome_bytes: size of its packed genome; None where it is not kept.
        is_normalization_kept: whether the normalisation of observations in its generation is kept.
    """
    if genome_bytes is None or (plan.judge.is_normalised and not is_normalization_kept):
        return ()
    return formats_of(plan.genome, genome_bytes)
