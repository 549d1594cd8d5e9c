"""A kind of work that is added from outside goes through all that the server's own kinds go through."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from api import intake
from api.graphql.schema import schema
from database import selectors
from database.models import ENDED, Event, Generation, Instance
from formatting.faults import Faulty
from processing import runner
from processing.core.limits import Limits
from processing.core.profile import numeric_profile
from processing.core.search.plan import plan_of
from processing.core.types import Evaluations
from processing.run import plan_of_work_item
from staging.schema import json_schema
from tests import ready
from tests.api.ask import ask
from tests.toys import counting

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
SECRET = "110100111010"
#: The digest of the run of `DOCUMENT`.
DIGEST = "cb3ac51cb5e82e7cd755a18ec1d95b06cd9db9662471383c1f5aec293f265cad"
#: The same of the run that keeps a state and has scores of its own.
RARE_DIGEST = "a4a87e4a1802ed7b27b766ceb14bc05e3e8d12c8e35245f9ef4ce114c5b63153"
DOCUMENT: dict[str, Any] = {
    "version": 1, "kind": "guessing", "name": "a guess", "seed": 1,
    "riddle": {"type": "guess", "secret": SECRET}, "record": {"agents": "all"},
    "stop": {"max_generations": 40, "solved": True},
}


def worked_on(instance: Instance) -> Instance:
    """The run after all of its steps."""
    while instance.state not in ENDED:
        for number in ready.slices(instance.pk):
            runner.work_slice(number, threads=1)
        runner.work_shift(instance.pk, seconds=0.0, threads=1)
        instance.refresh_from_db()
    return instance


def finished(**changes: Any) -> Instance:
    """A run that has ended."""
    return worked_on(intake.submit(DOCUMENT | changes, None, announce=False).instances[0])


def faults(**changes: Any) -> list[tuple[str, str]]:
    """The path and the message of each fault of a changed document."""
    with pytest.raises(Faulty) as refused:
        intake.check(DOCUMENT | changes)
    return [(".".join(map(str, each.path)), each.message) for each in refused.value.faults]


def test_all_faults_are_told_at_once_in_the_users_own_keys() -> None:
    found = faults(
        riddle={"type": "guess", "secret": "12"}, guesses={"ones": 2}, counting={"epochs": 9},
        strategy={"type": "pairs", "population_size": 4, "tournament_size": 5, "flip": 0.1},
    )
    assert {path for path, _ in found} == {
        "riddle.secret", "guesses.ones", "counting.epochs", "strategy.tournament_size", "strategy.flip"
    }
    assert dict(found)["counting.epochs"] == (
        "counting.epochs: expected at most 2, as many as there are bits, got 9"
    )


@pytest.mark.parametrize(("changes", "path"), [
    ({"riddle": {"type": "gess", "secret": "1"}}, "riddle.type"), ({"environment": {}}, "environment"),
    ({"novelty": {}}, "novelty"), ({"riddle": {"type": "guess"}}, "riddle.secret"),
    ({"strategy": {"type": "cma_es"}}, "strategy.type"),
])
def test_what_belongs_to_other_kinds_is_refused(changes: dict[str, Any], path: str) -> None:
    assert [each for each, _ in faults(**changes)] == [path]


def test_warnings_are_told_and_the_estimate_asks_the_judge() -> None:
    staged = intake.check(DOCUMENT | {
        "riddle": {"type": "guess", "secret": "101"}, "guesses": {"ones": 1.0},
        "stop": {"max_generations": 1, "fitness": 9.0},
    })
    assert [".".join(map(str, each.path)) for each in staged.warnings] == [
        "riddle.secret", "stop.max_generations", "guesses.ones", "stop.fitness"
    ]
    assert staged.estimate.basis == "10 to 100 ms for each guess"
    assert staged.estimate.environment_steps == 20 * 3
    assert staged.estimate.seconds_high == pytest.approx(20 * 0.1 + 0.05)
    assert intake.check(DOCUMENT).warnings == ()


def test_the_schema_has_the_kind_and_its_parameters() -> None:
    printed = json_schema(Limits())
    assert printed["discriminator"]["mapping"]["guessing"] == "#/$defs/Guessing"
    kind = printed["$defs"]["Guessing"]["properties"]
    assert kind["riddle"]["description"] == "What is to be guessed."
    assert kind["counting"]["default"] == {"noise": 0.25, "epochs": 3}
    assert set(kind["strategy"]["discriminator"]["mapping"]) == {"pairs", "genetic"}
    assert "flip_probability" in printed["$defs"]["BitsGeneticParameters"]["properties"]
    assert "mutation_scale" in printed["$defs"]["GeneticParameters"]["properties"]


def test_a_strategy_of_the_server_breeds_by_the_genomes_own_variation() -> None:
    strategy = {"type": "genetic", "population_size": 16, "parents": 8, "flip_probability": 0.1}
    instance = finished(strategy=strategy)
    assert instance.stop_reason == "FITNESS_REACHED"
    assert instance.work_item.spec["strategy"]["flip_probability"] == 0.1
    assert "mutation_scale" not in instance.work_item.spec["strategy"]


@pytest.mark.parametrize("execution", [{"slice_size": None}, {"slice_size": 7}, {"slice_size": 3}])
def test_the_digest_is_the_same_whole_and_in_slices(execution: dict[str, Any]) -> None:
    instance = finished(execution=execution)
    assert (instance.stop_reason, instance.digest) == ("FITNESS_REACHED", DIGEST)


@pytest.mark.parametrize("execution", [{"slice_size": None}, {"slice_size": 7}])
def test_a_judge_with_a_state_and_scores_of_its_own_gives_the_same_digest_in_slices(
    client: Client, execution: dict[str, Any]
) -> None:
    instance = finished(rarity={}, execution=execution, stop={"max_generations": 4, "solved": False})
    assert (instance.stop_reason, instance.digest) == ("GENERATION_LIMIT", RARE_DIGEST)
    closed = instance.events.filter(type="GENERATION_COMPLETED").latest("sequence")
    assert closed.message.endswith("; 80 guesses seen.")
    assert closed.data == {"guesses_seen": 80, "best_fitness": None}
    assert instance.stop_explanation is not None
    assert instance.stop_explanation["led_to"]["guesses_seen"] == 80
    assert instance.stop_explanation["led_to"]["best_fitness"] == instance.best_fitness
    found = ask(client, """query($number: Int!) { instance(by: {number: $number}) {
        generation(number: 3) { scores novelty { mean } } champion { fitness score novelty }
    } }""", number=instance.pk)["instance"]
    assert found["generation"] == {"scores": closed.data, "novelty": None}
    assert found["champion"]["score"] > found["champion"]["fitness"]
    assert found["champion"]["novelty"] is None


def short(*_: Any, **__: Any) -> Evaluations:
    """Evaluations of which one column is too short."""
    return Evaluations(np.zeros(19), np.zeros(20, np.int32), np.zeros(20, np.uint8))


def infinite(*_: Any, **__: Any) -> Evaluations:
    """Evaluations with a fitness that is no number."""
    return Evaluations(np.full(20, np.inf), np.zeros(20, np.int32), np.zeros(20, np.uint8))


def raising(error: BaseException) -> Callable[..., Any]:
    """A function of this module that raises an error."""

    def raise_it(*_: Any, **__: Any) -> Any:
        raise error

    return raise_it


@pytest.mark.parametrize(("evaluate", "message"), [
    (short, "steps of the judge: expected an array of shape (19,), got (20,)"),
    (infinite, "fitness of the judge: expected finite numbers, or NaN where an agent failed, got inf"),
    (lambda *_, **__: None, "the judge: expected Evaluations, got NoneType"),
    (raising(ValueError("boom")), "The module tests.toys.tables raised ValueError: boom (test_guessing.py:"),
    (raising(SystemExit(3)), "The module tests.toys.tables raised SystemExit: 3 (test_guessing.py:"),
])
def test_what_is_wrong_with_a_judge_is_said_and_the_run_fails(
    evaluate: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting.Counting, "evaluate", evaluate)
    instance = finished()
    assert instance.state == "FAILED"
    assert instance.failure_message is not None
    assert instance.failure_message.startswith(message)


def test_the_champion_is_confirmed_on_fresh_evaluations() -> None:
    explanation = finished().stop_explanation
    assert explanation is not None
    assert explanation["led_to"]["confirmation_episodes"] == 100
    assert explanation["led_to"]["confirmation_is_passed"]
    assert explanation["led_to"]["share_of_ones"] > 0


def test_what_workers_are_given_is_what_the_document_says() -> None:
    instance = finished()
    plan, other = plan_of_work_item(instance.work_item), plan_of(instance.work_item.spec)
    assert [type(each) for each in (plan.problem, plan.genome, plan.judge, plan.strategy)] == [
        type(each) for each in (other.problem, other.genome, other.judge, other.strategy)
    ]
    assert plan.strategy.parameters == other.strategy.parameters


def test_fathers_are_older_than_mothers_and_both_are_found() -> None:
    instance = finished()
    child = next(
        each for index in range(20)
        if (each := selectors.agent(instance.pk, 5, index)) is not None and len(each.parents) == 2
    )
    assert [generation for generation, _ in child.parents] == [4, 3]
    father = child.parents[1]
    offspring = selectors.offspring(instance.pk, *father, first=50).items
    assert child.name in [each.name for each in offspring]
    figures = Generation.objects.get(instance=instance, number=5).figures
    assert figures is not None
    assert figures["able_agents"] > 0


def test_graphql_has_its_types_and_shows_all_of_it(client: Client) -> None:
    printed = str(schema)
    for line in ("type BitsGenome implements Genome", "bits: JSON", "  GUESSING"):
        assert line in printed
    instance = finished()
    found = ask(client, """query($number: Int!) { instance(by: {number: $number}) {
        kind environment { name } digest
        problem { key type label inputShape outputShape judge view bestPossible solvedWhen }
        generation(number: 3) { figures }
        champion {
            metrics { name value } curves { name values } episodesMissing exports { url }
            genome { parameterCount network { nodes { label } } ... on BitsGenome { bits } }
        }
        lineage { line { mutations { weightsChanged } } }
    } }""", number=instance.pk)["instance"]
    champion = found["champion"]
    assert (found["kind"], found["environment"], found["digest"]) == ("GUESSING", None, DIGEST)
    assert found["problem"] == {
        "key": "riddle", "type": "guess", "label": "a secret of 12 bits", "inputShape": [],
        "outputShape": [12], "judge": "counting", "view": "CURVES", "bestPossible": 13.0,
        "solvedWhen": "all bits are guessed",
    }
    assert "".join(map(str, champion["genome"]["bits"])) == SECRET
    assert len(champion["genome"]["network"]["nodes"]) == 12
    assert champion["metrics"] == [{"name": "ones", "value": 7.0}, {"name": "right_bits", "value": 12.0}]
    assert champion["curves"][0]["values"][-1] == 12.0
    assert champion["episodesMissing"] == "A guess has no steps: there is nothing to replay."
    assert champion["exports"] == []
    assert found["lineage"]["line"]


def test_its_pages_and_the_admin_show_it(client: Client) -> None:
    instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
    assert "all bits are guessed" in client.get(f"/runs/{instance.pk}").content.decode()
    worked_on(instance)
    page = client.get(f"/runs/{instance.pk}").content.decode()
    for words in ("a secret of 12 bits", "pairs of two ages", 'id="no-steps"'):
        assert words in page
    agent = client.get(f"/runs/{instance.pk}/agent").json()
    assert agent["silence"] == "A guess has no steps: there is nothing to replay."
    assert agent["exports"] == {}
    assert agent["network"].startswith("<svg")
    assert client.get(f"/runs/{instance.pk}/statistics").json()["best"][-1] > 11
    line = client.get(
        f"/runs/{instance.pk}/line", {"generation": agent["generation"], "index": agent["index"]}
    )
    assert line.json()["births"]
    assert client.get("/").status_code == 200
    User.objects.create_superuser("admin", password="x")
    client.login(username="admin", password="x")
    for model, row in (
        ("workitem", instance.work_item), ("instance", instance),
        ("generation", Generation.objects.filter(instance=instance).last()),
    ):
        assert row is not None
        assert client.get(f"/admin/database/{model}/{row.pk}/change/").status_code == 200
    key = selectors.row_keys_at([(instance.pk, agent["generation"], agent["index"])]).popitem()[1]
    assert "right_bits" in client.get(f"/admin/database/agent/{key}/change/").content.decode()


def test_replay_and_export_refuse_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "guess.json"
    file.write_text(json.dumps(DOCUMENT))
    variables = {**os.environ, "DATA_FOLDER": str(tmp_path / "data"), "DATABASE_URL": ""}

    def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=variables, capture_output=True,
            text=True, check=False,
        )

    result = json.loads(ran("evolve", str(file), "--json").stdout)
    assert result["digest"] == DIGEST
    assert result["champion_metrics"] == {"ones": 7.0, "right_bits": 12.0}
    replayed, exported = ran("replay", "1"), ran("export", "1")
    assert (replayed.returncode, exported.returncode) == (2, 2)
    assert replayed.stderr == "A guess has no steps: there is nothing to replay.\n"
    assert exported.stderr == "A guess is no network: there is nothing to write.\n"


def test_compile_scores_no_guess_and_says_that_there_is_nothing_to_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "guess.json"
    file.write_text(json.dumps(DOCUMENT | {"stop": {"max_generations": 40, "fitness": -1e6}}))
    monkeypatch.setattr(counting, "CHILD", tmp_path / "no_such_child.py")
    call_command("compile", str(file))
    assert capsys.readouterr().out == (
        f"{file}: there is nothing to compile: agents are scored without kernels\n"
    )


def test_a_run_that_goes_on_under_another_version_of_its_package_is_marked() -> None:
    used, other = f"pydantic {version('pydantic')}", "pydantic 1.0"
    assert finished().numeric_profile == numeric_profile() | {"packages": used}
    instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
    before = numeric_profile() | {"packages": other}
    Instance.objects.filter(pk=instance.pk).update(numeric_profile=before)
    instance = worked_on(instance)
    assert (instance.digest, instance.reproducible) == (DIGEST, False)
    assert instance.numeric_profile["packages"] == used
    assert Event.objects.filter(instance=instance, message__contains="numeric profile").count() == 1
