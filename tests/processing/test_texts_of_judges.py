"""What judges say may hold characters that databases refuse; a run goes on, whole and in slices."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from database import selectors
from database.models import Event, Generation, Instance
from database.packing import unpack_reasons
from processing.core.evaluation_texts import with_storable_texts
from processing.core.judges import JUDGES
from processing.core.judges.episodes import Episodes
from processing.core.judges.judge import RemarkMeaning
from processing.core.search.generation import chained
from processing.core.types import Evaluations, Failure, Remark
from processing.core.value_text import MOST_STORED
from tests.core.searches import evaluations_of
from tests.processing.test_runs import submitted
from tests.processing.test_slices import carried_on

pytestmark = pytest.mark.django_db

BAD = "lost \0 and \ud800"
GOOD = "lost \ufffd and ?"


class Talking(Episodes):
    """Agents 0 and 1 fail, for reasons in text; agent 2 is remarked on; there are metrics and curves."""

    remarks = {"loud": RemarkMeaning("Of {agent}: {sentence}", is_warning=False, ends_reproducibility=True)}

    @classmethod
    def of(cls, problem: Any, genome: Any, settings: Any) -> "Talking":
        return Talking(problem, genome)

    def evaluate(self, genomes: Any, *, first: int = 0, origin: int = 0, **given: Any) -> Evaluations:
        found = super().evaluate(genomes, first=first, origin=origin, **given)
        agents = np.arange(len(found)) + origin + first
        failed = agents < 2
        return replace(
            found, fitness=np.where(failed, np.nan, found.fitness),
            failures=np.where(failed, Failure.ERROR, found.failures).astype(np.uint8),
            reasons=tuple((int(place), BAD + "x" * 10_000) for place in np.flatnonzero(failed)),
            remarks=tuple(
                Remark(int(place), what, BAD)
                for place in np.flatnonzero(agents == 2) for what in ("loud", f"quiet {BAD}")
            ),
            metrics=agents.astype(np.float64)[:, None], metric_names=(f"metric {BAD}",),
            curves=np.zeros((len(found), 2, 1), np.float32), curve_names=(f"curve {BAD}",),
        )


@pytest.mark.parametrize("size", [None, 3])
def test_a_run_whose_judge_says_what_no_database_takes_ends_as_any_other(
    monkeypatch: pytest.MonkeyPatch, size: int | None
) -> None:
    instance = _run(monkeypatch, size)
    assert (instance.state, instance.stop_reason) == ("SUCCEEDED", "GENERATION_LIMIT")
    generation = Generation.objects.filter(instance=instance).first()
    assert generation is not None
    reasons = unpack_reasons(generation.scalars, generation.size)
    assert reasons == dict.fromkeys((0, 1), (GOOD + "x" * 10_000)[:MOST_STORED])
    agent = selectors.agent(instance.pk, 0, 5)
    assert agent is not None
    assert agent.metrics == {f"metric {GOOD}": 5.0}
    assert list(selectors.curves_of(instance.pk, 0, 5) or ()) == [f"curve {GOOD}"]
    told = Event.objects.filter(instance=instance, message__contains="failed: lost \ufffd and ?xx")
    assert told.count() == 2 * instance.next_generation


def test_the_digest_is_the_same_whole_and_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, None).digest == _run(monkeypatch, 3).digest


def test_a_judge_says_what_its_remarks_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = _run(monkeypatch, None)
    assert not instance.reproducible
    told = Event.objects.filter(instance=instance, data__has_key="noticed").order_by("sequence")
    assert [(each.message, each.level, each.data["noticed"]) for each in told] == [
        (f"Of 2: {GOOD}", "INFO", "loud"), (f"Agent 2: {GOOD}", "WARNING", f"quiet {GOOD}"),
    ]


def test_texts_that_can_be_stored_stay_as_they_are() -> None:
    found = replace(
        evaluations_of(np.arange(2.0)), reasons=((1, "ä" * MOST_STORED),), metrics=np.zeros((2, 1)),
        metric_names=("höhe 𝔸",), remarks=(Remark(0, "loud", "\t\n"),),
    )
    kept = with_storable_texts(found)
    assert (kept.reasons, kept.remarks) == (found.reasons, found.remarks)
    assert chained("", b"", kept) == chained("", b"", found)


def _run(monkeypatch: pytest.MonkeyPatch, size: int | None) -> Instance:
    """A run, evaluated whole or in slices, whose judge is `Talking`."""
    monkeypatch.setitem(JUDGES, "episodes", Talking)
    return carried_on(submitted(name="talking", execution={"slice_size": size}))
