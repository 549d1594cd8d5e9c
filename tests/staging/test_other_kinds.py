"""A kind, a strategy and keys that no table here has are staged like any other."""

import json
from typing import Any, Literal

import pytest

from formatting.concerns import faults_from
from formatting.work_item import WorkItem, model_for
from processing.core.concern import Concern, ConcernKind, Part
from processing.core.environments import ENVIRONMENTS
from processing.core.kinds import KINDS, PROBLEMS, STRATEGIES, Kind
from processing.core.limits import Limits
from processing.core.parameters import StrategyParameters, parameter
from processing.core.strategies.strategy import Strategy
from processing.core.types import Float64Array, Population, State, Verdict
from staging.stage import Unstageable, stage
from tests.formatting.documents import document


class TournamentParameters(StrategyParameters):
    """Tournaments, and nothing else."""

    type: Literal["tournaments"] = parameter(meaning="Tournaments.")
    population_size: int = parameter(10, meaning="Agents in each generation.", ge=2)
    tournament_size: int = parameter(7, meaning="Agents of a tournament.", ge=1)
    elites: int = parameter(200, meaning="Agents that are kept.", ge=0)


class Tournaments(Strategy[TournamentParameters]):
    """A strategy with names of parameters that others have too, and no `selection`."""

    Parameters = TournamentParameters
    label = "tournaments"

    def __init__(self, parameters: TournamentParameters) -> None:
        self.parameters, self.population_size = parameters, parameters.population_size

    @classmethod
    def of(cls, parameters: TournamentParameters, genome: Any) -> "Tournaments":
        return Tournaments(parameters)

    def begin(self) -> State:
        return {}

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        raise NotImplementedError

    def tell(
        self, state: State, population: Population, scores: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        raise NotImplementedError


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Kind:
    """A kind whose documents have keys of their own, with a strategy of its own."""
    monkeypatch.setitem(STRATEGIES, "tournaments", Tournaments)
    monkeypatch.setitem(PROBLEMS, "place", ENVIRONMENTS)
    found = Kind(
        "Walkers meet.", genome="dense", strategies=("tournaments",), problem_key="place", genome_key="brain"
    )
    monkeypatch.setitem(KINDS, "walkers", found)
    return found


def work_item(kind: Kind, changes: dict[str, Any] | None = None) -> WorkItem:
    values = document({"kind": "walkers", "strategy": {"type": "tournaments", "tournament_size": 3}})
    values["place"] = values.pop("environment") | (changes or {})
    return model_for("walkers", kind).model_validate_json(json.dumps(values))


def test_a_strategy_with_a_tournament_and_no_selection_is_staged(kind: Kind) -> None:
    item = stage(work_item(kind), Limits())
    assert item.spec["strategy"] == {
        "type": "tournaments", "population_size": 10, "tournament_size": 3, "elites": 200
    }
    assert item.warnings == ()


def test_the_model_of_a_kind_has_its_name_its_keys_and_its_summary(kind: Kind) -> None:
    model = model_for("walkers", kind)
    assert (model.__name__, model.__doc__) == ("Walkers", "Walkers meet.")
    assert {"place", "brain", "strategy"} <= set(model.model_fields)
    assert not {"environment", "network", "novelty"} & set(model.model_fields)


def test_faults_warnings_and_limits_are_told_in_the_keys_of_the_kind(kind: Kind) -> None:
    with pytest.raises(Unstageable) as refusal:
        stage(work_item(kind, {"rows": ["S.?", "..G"]}), Limits())
    assert [each.path for each in refusal.value.faults] == [("place", "rows", 0)]
    with pytest.raises(Unstageable) as refusal:
        stage(work_item(kind), Limits(max_weights=348))
    assert [each.path for each in refusal.value.faults] == [("brain",)]
    warned = stage(work_item(kind, {"rows": ["S.#G"]}), Limits()).warnings
    assert [each.path for each in warned] == [("place", "rows")]


@pytest.mark.parametrize(("part", "path"), [
    (None, ("place", "x")), (Part.GENOME, ("brain", "x")), (Part.STRATEGY, ("strategy", "x")),
    (Part.STOP, ("stop", "x")), (Part.WHOLE, ("x",)),
])
def test_a_concern_becomes_a_fault_at_the_key_of_its_part(
    kind: Kind, part: Part | None, path: tuple[str, ...]
) -> None:
    concern = Concern(("x",), "1", "2", "or 1", kind=ConcernKind.OUT_OF_RANGE, part=part)
    (found,) = faults_from([concern], kind, Part.PROBLEM)
    assert (found.path, found.code.value, found.hint) == (path, "OUT_OF_RANGE", "or 1")
    assert found.message == f"{'.'.join(path)}: expected 1, got 2"
