"""MiniGrid and Atari, where their packages are installed; `make bench SUITE=foreign` installs them elsewhere
and runs them.
"""

import json
from typing import Any

import pytest

from benchmarks.foreign import DOCUMENTS
from formatting.parse import parse
from processing.core.environments.foreign.lookup import Lookup
from processing.core.limits import Limits
from processing.core.search.plan import plan_of
from staging.stage import Unstageable, stage
from staging.staged_item import StagedItem
from tests.core.searches import run

MINIGRID, MEMORY, PICTURES = DOCUMENTS.values()


@pytest.fixture
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of environments, which is installed here."""
    name = str(request.param)
    pytest.importorskip(name, reason="make bench SUITE=foreign runs it elsewhere")
    monkeypatch.setenv("ENVIRONMENT_MODULES", name)
    return name


def staged(document: dict[str, Any], module: str) -> StagedItem:
    return stage(parse(json.dumps(document)), Limits(), known=Lookup(None, [module]))


@pytest.mark.parametrize("module", ["minigrid"], indirect=True)
def test_minigrid_is_walked_without_its_text(module: str) -> None:
    item = staged(MINIGRID, module)
    assert item.spec["environment"]["observe"] == ["direction", "image"]
    (warning,) = [each for each in item.warnings if each.path == ("environment", "observe")]
    assert "mission" in (warning.hint or "")
    assert plan_of(item.spec, item.facts).problem.inputs == 4 + 7 * 7 * 3
    _ends_the_same(item)


@pytest.mark.parametrize("module", ["ale_py"], indirect=True)
@pytest.mark.parametrize(("document", "inputs"), [(MEMORY, 128), (PICTURES, 4 * 42 * 42)])
def test_games_of_atari_are_played_from_memory_and_from_small_pictures(
    module: str, document: dict[str, Any], inputs: int
) -> None:
    item = staged(document, module)
    assert plan_of(item.spec, item.facts).problem.inputs == inputs
    _ends_the_same(item)


@pytest.mark.parametrize("module", ["ale_py"], indirect=True)
def test_whole_pictures_are_refused_and_it_is_said_what_makes_them_smaller(module: str) -> None:
    whole = {**PICTURES, "environment": {**PICTURES["environment"], "wrappers": None}}
    with pytest.raises(Unstageable) as caught:
        staged(whole, module)
    assert "100,800" in (caught.value.faults[0].hint or "")
    assert "resize" in (caught.value.faults[0].hint or "")


def _ends_the_same(item: StagedItem) -> None:
    plan = plan_of(item.spec, item.facts)
    one, two = (
        [
            (closed.checkpoint.digest, closed.evaluations.failures.any())
            for closed in run(plan, seed=1, threads=threads)
        ]
        for threads in (1, 2)
    )
    assert one == two
    assert not any(failed for _, failed in one)
