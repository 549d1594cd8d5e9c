"""The tables of what a work item can name fit together, or a sentence says what does not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formatting.work_item import WorkItem
from processing.core.errors import Broken, Misregistered
from processing.core.evaluations import check, joined_results
from processing.core.genomes.dense import Dense
from processing.core.judges.episodes import Episodes
from processing.core.judges.judge import Judge
from processing.core.judges.novelty import Novelty
from processing.core.kinds import COMMON_KEYS, GENOMES, JUDGES, KINDS, PROBLEMS, Kind, check_tables
from processing.core.types import Evaluations
from processing.core.views import VIEWS, check_views
from processing.core.views.dense import DenseView
from processing.core.views.view import Field

KIND = KINDS["weight_evolution"]


class Unfinished(Judge):
    """A judge without a method that it needs."""

    @classmethod
    def of(cls, problem: Any, genome: Any, settings: Any) -> "Judge":
        raise NotImplementedError


@pytest.mark.parametrize(("table", "name", "entry", "sentence"), [
    (KINDS, "other", replace(KIND, genome="gene"), 'KINDS["other"]: GENOMES has no "gene".'),
    (KINDS, "other", replace(KIND, strategies=("gene",)), 'KINDS["other"]: STRATEGIES has no "gene".'),
    (KINDS, "other", replace(KIND, strategies=()), "expected a problem and a strategy or more."),
    (KINDS, "other", replace(KIND, judges=("judge",)), 'KINDS["other"]: JUDGES has no "judge".'),
    (KINDS, "other", replace(KIND, problem_key="world"), 'KINDS["other"]: PROBLEMS has no "world".'),
    (KINDS, "other", replace(KIND, genome_key="stop"), 'two parts of its documents have the key "stop".'),
    (KINDS, "other", replace(KIND, genome_key="novelty"), 'of its documents have the key "novelty".'),
    (KINDS, "other", replace(KIND, genome="graph"), "cma_es cannot vary genomes of the kind graph."),
    (KINDS, "my-kind", KIND, 'expected names of small letters, digits and underscores, got "my-kind".'),
    (PROBLEMS, "other", {"knapsack": PROBLEMS["environment"]["maze"]},
     'PROBLEMS["other"]["knapsack"]: expected Parameters with type: Literal["knapsack"].'),
    (PROBLEMS, "other", 7, 'PROBLEMS["other"]: expected a Mapping, got 7.'),
    (KINDS, "other", replace(KIND, strategies="genetic"), "expected strategies in a tuple, got a text."),
    (JUDGES, "unfinished", Unfinished, 'JUDGES["unfinished"] lacks cost or evaluate.'),
    (PROBLEMS, "empty", {}, ""),
])
def test_what_does_not_fit_is_said(
    table: dict[str, Any], name: str, entry: Any, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_tables()
    monkeypatch.setitem(table, name, entry)
    if not sentence:
        check_tables()
        return
    with pytest.raises(Misregistered) as refused:
        check_tables()
    assert str(refused.value).endswith(sentence)


def test_all_that_does_not_fit_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "one", Kind("", genome="a", strategies=("b",), judges=("c",)))
    with pytest.raises(Misregistered) as refused:
        check_tables()
    assert str(refused.value).count("has no") == 3
    monkeypatch.setitem(GENOMES, "No", GENOMES["dense"])
    monkeypatch.setitem(JUDGES, "none", None)
    with pytest.raises(Misregistered) as refused:
        check_tables()
    assert str(refused.value).count("expected") == 2


def test_every_genome_kind_needs_a_view_with_fields_that_graphql_can_show(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(Dense):
        """A genome kind of its own."""

    class OtherView(DenseView):
        """A view with fields that cannot be shown."""

        fields = {name: Field("", lambda kind, genomes: 0) for name in ("network", "my-field")}

    check_views()
    monkeypatch.setitem(GENOMES, "other", Other)
    with pytest.raises(Misregistered, match=r'^GENOMES\["other"\] has no view'):
        check_views()
    monkeypatch.setitem(VIEWS, Other, OtherView)  # type: ignore[arg-type]
    with pytest.raises(Misregistered, match="an instance"):
        check_views()
    monkeypatch.setitem(VIEWS, Other, OtherView())
    with pytest.raises(Misregistered) as refused:
        check_views()
    assert all(f'"{name}"' in str(refused.value) for name in OtherView.fields)


def test_the_keys_of_every_document_are_known() -> None:
    assert {*WorkItem.model_fields, "strategy"} == {*COMMON_KEYS}


def test_a_judge_that_is_asked_for_replaces_the_problems_own() -> None:
    settings = {key: each.model() for key, each in KIND.settings.items()}
    maze = PROBLEMS["environment"]["maze"]
    parameters = maze.Parameters.model_validate({"type": "maze", "rows": ("S.G",), "max_steps": 5})
    problem = maze.of(parameters, None)
    genome = KIND.genome_kind.of(
        KIND.genome_kind.Parameters(), input_shape=problem.input_shape, output_shape=problem.output_shape
    )
    assert type(KIND.judge_of(problem, genome, settings)) is Novelty
    assert type(KIND.judge_of(problem, genome, {})) is Episodes


def evaluations(**changes: Any) -> Evaluations:
    columns = {"fitness": np.zeros(2), "steps": np.zeros(2, np.int32), "failures": np.zeros(2, np.uint8)}
    return Evaluations(**(columns | changes))


@pytest.mark.parametrize("changes", [
    {"fitness": np.zeros(3)}, {"metrics": np.zeros((2, 1))},
    {"metrics": np.zeros((2, 2)), "metric_names": ("a", "a")},
    {"curves": np.zeros((2, 4, 2), np.float32), "curve_names": ("a",)},
    {"curves": np.zeros((2, 4), np.float32), "curve_names": ("a",)},
])
def test_arrays_of_other_shapes_than_a_judge_says_are_refused(changes: dict[str, Any]) -> None:
    check(evaluations(), 2)
    check(evaluations(metrics=np.zeros((2, 2)), metric_names=("a", "b")), 2)
    with pytest.raises(Broken):
        check(evaluations(**changes), 2)


def test_slices_with_other_metrics_are_refused() -> None:
    names = ("a", "b"), ("b", "a")
    one, other = (evaluations(metrics=np.zeros((2, 2)), metric_names=each) for each in names)
    assert joined_results([one, evaluations()]).metric_names == ("a", "b")
    with pytest.raises(Broken, match="the same names"):
        joined_results([one, other])
