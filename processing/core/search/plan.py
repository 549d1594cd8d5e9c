"""The plan of a search, from a complete work item: problem, genome kind, judge, strategy, stop rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from processing.core.judges.judge import Judge, Setting
from processing.core.kinds import STRATEGIES, kind_of
from processing.core.parameters import STORED, Parameters
from processing.core.problem import Facts, Problem
from processing.core.search.stop import StopParameters
from processing.core.strategies.strategy import Strategy
from processing.core.types import GenomeKind

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class Plan:
    """The components of one search. Building a plan compiles nothing."""

    problem: Problem
    genome: GenomeKind
    judge: Judge
    strategy: Strategy
    stop: StopParameters

    @property
    def population_size(self) -> int:
        """Number of agents in each generation."""
        return self.strategy.population_size

    @property
    def is_by_library(self) -> bool:
        """Whether results depend on a library, and therefore on the numeric profile."""
        return self.problem.is_by_library or self.judge.is_by_library or self.strategy.is_by_library

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that the problem and the judge name, sorted."""
        return tuple(sorted({*self.problem.packages, *self.judge.packages}))


def plan_of(spec: Mapping[str, Any], facts: Facts | None = None) -> Plan:
    """Build the plan of a complete document.

    Args:
        spec: the document, as staging stores it.
        facts: what staging looked up of the problem; None where nothing was.
    """
    kind = kind_of(spec)
    problem_class, values = kind.problem_in(spec)
    problem = problem_class.of(_read(problem_class.Parameters, values), facts)
    genome = kind.genome_kind.of(
        _read(kind.genome_kind.Parameters, spec[kind.genome_key]), input_shape=problem.input_shape,
        output_shape=problem.output_shape,
    )
    groups = {key: _setting(setting, spec, key) for key, setting in kind.settings.items()}
    settings = {key: each for key, each in groups.items() if each is not None}
    name = spec["strategy"]["type"]
    return Plan(
        problem=problem,
        genome=genome,
        judge=kind.judge_of(problem, genome, settings),
        strategy=STRATEGIES[name].of(_read(kind.strategy_model(name), spec["strategy"]), genome),
        stop=_read(StopParameters, spec["stop"]),
    )


def _setting(setting: Setting, spec: Mapping[str, Any], key: str) -> Parameters | None:
    """Read a judge's settings; the default where a document was stored before the judge had them."""
    if key not in spec:
        return setting.default
    return None if spec[key] is None else _read(setting.model, spec[key])


def _read(model: type[P], values: Any) -> P:
    """Read parameters from the JSON values of a stored document."""
    return model.model_validate_json(json.dumps(values), context=STORED)
