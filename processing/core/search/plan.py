"""The plan of a search, from a complete work item: environment, genome kind, judge, strategy, stop rules."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.judges import JUDGES
from processing.core.judges.confirmation import Confirmation, GoalConfirmation, confirm_goals, confirm_mean
from processing.core.judges.novelty import Novelty, NoveltyParameters
from processing.core.parameters import STORED, Parameters
from processing.core.search.kinds import KINDS
from processing.core.search.replays import Replays, nothing
from processing.core.search.stop import StopParameters
from processing.core.strategies import STRATEGIES
from processing.core.types import Genomes, State

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class Plan:
    """The components of one search. Building a plan compiles nothing."""

    environment: Any
    genome: Any
    judge: Any
    strategy: Any
    stop: StopParameters
    beat: Callable[[], object] = nothing  # called after each batch of episodes that confirm a champion

    @property
    def population_size(self) -> int:
        """Number of agents in each generation."""
        return int(self.strategy.population_size)

    @property
    def is_by_library(self) -> bool:
        """Whether results depend on a library, and therefore on the numeric profile."""
        return any(getattr(one, "is_by_library", False) for one in (self.environment, self.strategy))

    @property
    def is_normalised(self) -> bool:
        """Whether observations are normalised by the moments of those of earlier generations."""
        return bool(getattr(self.judge, "is_normalised", False))

    def confirm_mean(
        self, genomes: Genomes, agent: int, bar: float, *, seed: int, generation: int, state: State
    ) -> Confirmation | None:
        """Evaluate an agent on fresh episodes against a bar: `confirmation.confirm_mean` for this plan."""
        return confirm_mean(self, genomes, agent, bar, seed=seed, generation=generation, state=state)

    def confirm_goals(
        self, genomes: Genomes, agent: int, goals: int, *, seed: int, generation: int
    ) -> GoalConfirmation | None:
        """Count the fresh episodes in which an agent reaches the goals: `confirmation.confirm_goals`."""
        return confirm_goals(self, genomes, agent, goals, seed=seed, generation=generation)

    @cached_property
    def replays(self) -> Replays:
        """How episodes of its agents are replayed."""
        return Replays(self.environment, self.genome, self.judge)


def plan_of(spec: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> Plan:
    """Build the plan of a complete document.

    Args:
        spec: the document, as staging stores it.
        facts: the properties of a Gymnasium environment that staging looked up; None for other environments.
    """
    kind = KINDS[spec["kind"]]
    environment_class = ENVIRONMENTS[spec["environment"]["type"]]
    looked_up = () if facts is None else (facts,)
    environment = environment_class(_read(environment_class.Parameters, spec["environment"]), *looked_up)
    genome_class = GENOMES[kind.genome]
    genome = genome_class(
        _read(genome_class.Parameters, spec["network"]), inputs=environment.inputs,
        outputs=environment.outputs
    )
    strategies: Mapping[str, Any] = STRATEGIES
    strategy_class = strategies[spec["strategy"]["type"]]
    return Plan(
        environment=environment,
        genome=genome,
        judge=_judge(spec, environment, genome),
        strategy=strategy_class(_read(strategy_class.Parameters, spec["strategy"]), genome),
        stop=_read(StopParameters, spec["stop"]),
    )


def _judge(spec: Mapping[str, Any], environment: Any, genome: Any) -> Any:
    """The judge that the environment names, or `Novelty` where the document asks for it."""
    novelty = spec.get("novelty")
    if novelty is None:
        return JUDGES[environment.judge](environment, genome)
    return Novelty(environment, genome, _read(NoveltyParameters, novelty))


def _read(model: type[P], values: Any) -> P:
    """Read parameters from the JSON values of a stored document."""
    return model.model_validate_json(json.dumps(values), context=STORED)
