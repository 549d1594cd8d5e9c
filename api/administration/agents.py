"""Admin pages of agents: their rows, and the records that their generations keep of them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from api.administration.read_only import Counted, GenerationFilter, ReadOnlyAdmin, RunFilter, link, number
from api.wording import figure_or_dash, operator_words, shown
from database import selectors
from database.models import Agent
from processing.core.types import Failure, Operator


class AgentList(ChangeList):
    """A page of agents, each with the record that its generation keeps of it."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and look up the records of all its agents together."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        _look_up(self.result_list)


def _look_up(agents: list[Any]) -> None:
    """Set each agent's `record`, from its generation, and `parent_keys`, the keys of its parents' rows."""
    found = selectors.agents_at((each.instance_id, each.generation, each.index) for each in agents)
    for each in agents:
        each.record = found.get((each.instance_id, each.generation, each.index))
    keys = selectors.row_keys_at(parent for each in agents for parent in _parents(each))
    for each in agents:
        each.parent_keys = {parent: keys.get(parent) for parent in _parents(each)}


def _parents(agent: Any) -> list[tuple[int, int, int]]:
    """The addresses (run, generation, index) of its distinct parents."""
    found = () if agent.record is None else agent.record.parents
    return [(agent.instance_id, *parent) for parent in dict.fromkeys(found)]


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    """Agents whose genomes are kept as rows.

    The search takes a name (run-generation-index) or its beginning.
    """

    list_display = (
        "name", "run", "generation", "index", "fitness", "state", "is_champion", "origin", "parents",
        "species", "environment_steps",
    )
    list_filter = (RunFilter, GenerationFilter)
    list_per_page = 25
    paginator = Counted
    search_fields = ("index",)  # what is searched for is a name: see get_search_results
    search_help_text = "run, run-generation, or run-generation-index, as in 7-12-3"
    readonly_fields = (
        "name", "run", "generation", "index", "fitness", "state", "failure", "is_champion", "rank", "origin",
        "parents", "species", "environment_steps", "metrics",
    )
    fields = readonly_fields

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return AgentList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return an agent with its record and the keys of its parents' rows."""
        agent = super().get_object(request, object_id, from_field)
        if agent is not None:
            _look_up([agent])
        return agent

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Order by key, or by generation where one run is chosen: the table has an index for either."""
        chosen = request.GET.get(RunFilter.parameter_name) or request.GET.get("q")
        return ("-instance_id", "-generation", "-index") if chosen else self.ordering

    def get_search_results(
        self, request: HttpRequest, rows: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the agents whose names begin with these numbers."""
        if not search_term.strip():
            return rows, False
        parts = [number(part) for part in search_term.strip().split("-")]
        if None in parts or len(parts) > 3:
            return rows.none(), False
        return rows.filter(**dict(zip(("instance", "generation", "index"), parts, strict=False))), False

    @admin.display(description="agent")
    def name(self, agent: Agent) -> str:
        return str(agent)

    @admin.display(description="run")
    def run(self, agent: Agent) -> str:
        """A link to the run."""
        return link("instance", agent.instance_id, agent.instance_id)

    @admin.display
    def state(self, agent: Any) -> str:
        """Whether it was evaluated or failed."""
        return agent.record.state if agent.record else "–"

    @admin.display
    def failure(self, agent: Any) -> str:
        """Why it has no fitness."""
        if agent.record is None or not agent.record.failure:
            return "–"
        kind = Failure(agent.record.failure).name.lower().replace("_", " ")
        return f"{kind}: {agent.record.reason}" if agent.record.reason else kind

    @admin.display(description="champion")
    def is_champion(self, agent: Any) -> str:
        """Whether it is the best of its generation."""
        return "champion" if agent.record and agent.record.is_champion else "–"

    @admin.display
    def rank(self, agent: Any) -> str | None:
        """Its rank in its generation; 1 is the best."""
        return shown(agent.record.rank) if agent.record and agent.record.rank is not None else None

    @admin.display
    def origin(self, agent: Any) -> str:
        """How its genome was made."""
        if agent.record is None:
            return "–"
        return operator_words(Operator(agent.record.operator).name, parents=len(set(agent.record.parents)))

    @admin.display
    def parents(self, agent: Any) -> str:
        """The names of its parents, as links where their genomes are kept as rows."""
        named = [(key, "-".join(map(str, address))) for address, key in agent.parent_keys.items()]
        linked = ((name if key is None else link("agent", key, name),) for key, name in named)
        return format_html_join(", ", "{}", linked) or "–"

    @admin.display
    def species(self, agent: Any) -> int | None:
        """The number of its species; None where the strategy has none."""
        return agent.record.species if agent.record else None

    @admin.display
    def environment_steps(self, agent: Any) -> str | None:
        """Environment steps of all its episodes."""
        return shown(agent.record.steps) if agent.record else None

    @admin.display
    def metrics(self, agent: Any) -> str:
        """Further numbers of its evaluation."""
        named = (agent.record.metrics if agent.record else None) or {}
        return ", ".join(f"{name} {figure_or_dash(value)}" for name, value in named.items()) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """Defer the genomes, which no page shows."""
        return super().get_queryset(request).defer("genome")
