"""A work item as the checks of its parts read it."""

from typing import Any, cast

from formatting.work_item import WorkItem
from processing.core.kinds import KINDS, STRATEGIES, Kind
from processing.core.limits import Limits
from processing.core.parameters import Parameters, StrategyParameters
from processing.core.problem import Problem
from processing.core.search.stop import StopParameters
from processing.core.strategies.strategy import Strategy


class AskedWorkItem:
    """A work item of any kind, with the server's limits; implements `processing.core.concern.Asked`.

    Of a partly sound work item, reading a faulty part raises `processing.core.sound.Unsound`.
    """

    def __init__(self, work_item: WorkItem, limits: Limits) -> None:
        self.work_item, self.limits = work_item, limits

    @property
    def kind(self) -> Kind:
        """The line of its kind in the table."""
        return KINDS[self.work_item.kind]

    @property
    def stop(self) -> StopParameters:
        """Its stop rules."""
        return self.work_item.stop

    @property
    def problem(self) -> Parameters:
        """The parameters of its problem."""
        return self._part(self.kind.problem_key)

    @property
    def problem_type(self) -> str:
        """The problem's name in its table."""
        return _type_of(self.problem)

    @property
    def problem_class(self) -> type[Problem]:
        """The class of its problem."""
        return self.kind.problems[self.problem_type]

    @property
    def genome(self) -> Parameters:
        """The parameters of its genome kind."""
        return self._part(self.kind.genome_key)

    @property
    def strategy(self) -> StrategyParameters:
        """The parameters of its strategy."""
        return cast(StrategyParameters, self._part("strategy"))

    @property
    def strategy_class(self) -> type[Strategy]:
        """The class of its strategy."""
        return STRATEGIES[_type_of(self.strategy)]

    @property
    def population_size(self) -> int:
        """Number of agents in each generation."""
        return self.strategy.population_size

    def settings(self, name: str) -> Parameters | None:
        """Return the settings of a judge under this key of the document; None where it has none."""
        found: Parameters | None = getattr(self.work_item, name) if name in self.kind.settings else None
        return found

    @property
    def all_settings(self) -> dict[str, Parameters]:
        """The settings of judges by their keys, without those that are null."""
        found = {key: self.settings(key) for key in self.kind.settings}
        return {key: each for key, each in found.items() if each is not None}

    def with_part(self, key: str, parameters: Parameters) -> "AskedWorkItem":
        """Return the work item with other parameters under a key of the document."""
        return AskedWorkItem(self.work_item.model_copy(update={key: parameters}), self.limits)

    def _part(self, key: str) -> Parameters:
        """Return a group of parameters, whose key depends on the kind."""
        found: Parameters = getattr(self.work_item, key)
        return found


def _type_of(parameters: Any) -> str:
    name: str = parameters.type
    return name
