"""Runs are extended through GraphQL, from their pages and on the command line."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from api.ids import global_id
from api.management.commands.extend import Command, _joined
from database.models import Event, Instance
from processing import runner
from tests import builders
from tests.api.ask import ask

pytestmark = pytest.mark.django_db

EXTEND = """
mutation Extend($id: ID!, $stop: StopRulesInput!) {
  extendInstance(input: {id: $id, stop: $stop}) {
    userErrors { code message path expected given }
    instance { state outcome stop isExtended progress { maxGenerations } provenance }
  }
}"""


def ended(**stop: Any) -> Instance:
    """A run that has ended."""
    instance = builders.run(stop={"max_generations": 2} | stop)
    while runner.work_shift(instance.pk, threads=1, in_slices=False):
        continue
    return Instance.objects.get(pk=instance.pk)


def extend(client: Client, instance: Instance, **stop: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask(client, EXTEND, id=global_id("Instance", instance.pk), stop=stop)
    answer: dict[str, Any] = found["extendInstance"]
    return answer


def last_event(instance: Instance) -> str:
    return Event.objects.filter(instance=instance).latest("sequence").message


def test_a_run_is_extended_with_what_is_given_and_keeps_its_other_limits(client: Client) -> None:
    run = ended(stagnation_generations=9, fitness=1e6)
    answer = extend(client, run, maxGenerations=4, fitness=None)
    assert answer["userErrors"] == []
    found = answer["instance"]
    assert (found["state"], found["outcome"], found["isExtended"]) == ("QUEUED", None, True)
    assert found["stop"] == {
        "max_generations": 4, "fitness": None, "solved": False, "stagnation_generations": 9,
        "max_seconds": None,
    }
    assert found["provenance"]["stop"] == found["stop"]
    assert found["progress"]["maxGenerations"] == 4
    assert last_event(run).startswith("Extended by an anonymous user: max_generations 4 instead of 2, ")


def test_every_fault_is_told_at_once_in_the_users_own_keys(client: Client) -> None:
    run = ended(stagnation_generations=9)
    answer = extend(client, run, maxGenerations=2, stagnationGenerations=1, maxSeconds=1e-9)
    assert answer["instance"] is None
    assert {tuple(each["path"]): each["code"] for each in answer["userErrors"]} == {
        ("stop", "maxGenerations"): "OUT_OF_RANGE", ("stop", "stagnationGenerations"): "OUT_OF_RANGE",
        ("stop", "maxSeconds"): "OUT_OF_RANGE",
    }
    assert answer["userErrors"][0]["message"].startswith("stop.maxGenerations: expected more than 2")
    (malformed,) = extend(client, run, maxGenerations=0)["userErrors"]
    assert malformed["path"] == ["stop", "maxGenerations"]
    assert extend(client, run)["userErrors"][0]["path"] == ["stop", "maxGenerations"]


def test_values_out_of_range_hide_no_other_fault(client: Client) -> None:
    run = ended(stagnation_generations=9)
    found = extend(client, run, maxGenerations=-3, maxSeconds=-1, stagnationGenerations=1, solved=True)
    assert {each["path"][1] for each in found["userErrors"]} == {
        "maxGenerations", "maxSeconds", "stagnationGenerations", "solved"
    }
    posted = {"max_generations": "2", "fitness": "1e999", "max_seconds": "-1"}
    page = client.post(f"/runs/{run.pk}/extend", posted).content.decode()
    for label in ("End at generation: expected more than 2", "Seconds of computing, in all: expected"):
        assert label in page


def test_what_cannot_be_extended_is_told(client: Client) -> None:
    (problem,) = extend(client, builders.run(), maxGenerations=90)["userErrors"]
    assert (problem["code"], problem["path"]) == ("WRONG_STATE", ["id"])
    (problem,) = extend(client, Instance(pk=10**9), maxGenerations=90)["userErrors"]
    assert problem["code"] == "NOT_FOUND"


def test_an_event_names_the_user(client: Client) -> None:
    client.force_login(User.objects.create_user("ada"))
    run = ended()
    extend(client, run, maxGenerations=4)
    assert last_event(run).startswith("Extended by ada: ")


def test_on_a_closed_server_nobody_extends_without_a_login(client: Client, settings: LazySettings) -> None:
    run = ended()
    settings.CLOSED = True
    assert client.post(f"/runs/{run.pk}/extend", {"max_generations": "4"}).status_code in (302, 401, 403)
    assert Instance.objects.get(pk=run.pk).state == "SUCCEEDED"


def page_of(client: Client, run: Instance) -> str:
    return client.get(f"/runs/{run.pk}").content.decode()


def test_the_page_offers_more_generations_where_they_are_possible(client: Client) -> None:
    run = ended(fitness=1e6)
    page = page_of(client, run)
    assert "More generations" in page
    assert re.findall(r'name="(\w+)" value="([\d.]+)"', page) == [
        ("max_generations", "4"), ("fitness", "1000000.0")
    ]
    response = client.post(f"/runs/{run.pk}/extend", {"max_generations": "5", "fitness": ""})
    assert response.status_code == 302
    found = Instance.objects.get(pk=run.pk)
    assert found.stop["max_generations"] == 5
    assert found.stop["fitness"] is None
    assert "More generations" not in page_of(client, run)
    assert re.search(r"ends at generation</dt><dd>5<", page_of(client, run))
    assert re.search(r"extended</dt><dd>yes, with other limits than its work item<", page_of(client, run))
    for other in (builders.run(), builders.died_out()):
        assert "More generations" not in page_of(client, other)


def test_a_page_says_why_a_run_is_not_extended(client: Client) -> None:
    run = ended()
    for headers in ({}, {"HX-Request": "true"}):
        for text in ("2", "", "many", "[3]"):
            response = client.post(f"/runs/{run.pk}/extend", {"max_generations": text}, headers=headers)
            assert response.status_code == 422
            assert "End at generation: expected" in response.content.decode()
    assert Instance.objects.get(pk=run.pk).state == "SUCCEEDED"
    assert client.post(f"/runs/{builders.run().pk}/extend", {"max_generations": "90"}).status_code == 409
    assert client.get(f"/runs/{run.pk}/extend").status_code == 405


@pytest.mark.any_database
def test_a_solved_run_goes_on_where_the_box_is_empty(client: Client) -> None:
    run = ended(solved=True, max_generations=60)
    assert run.stop_reason == "FITNESS_REACHED"
    assert 'name="solved"' in page_of(client, run)
    kept = client.post(f"/runs/{run.pk}/extend", {"max_generations": "60", "solved": "on"})
    assert kept.status_code == 422
    assert client.post(f"/runs/{run.pk}/extend", {"max_generations": "60"}).status_code == 302
    assert Instance.objects.get(pk=run.pk).stop["solved"] is False


def test_the_command_extends_a_run_and_works_on_it_here(capsys: pytest.CaptureFixture[str]) -> None:
    run = ended(fitness=1e6)
    call_command("extend", str(run.pk), "--generations", "3", "--fitness", "none")
    assert capsys.readouterr().out.splitlines() == [
        f"Run {run.pk} is queued again, to go on with generation 2.",
        "No worker is online. A server that is started with this database works on it.",
    ]
    assert last_event(run).startswith("Extended by the command line: ")
    other = ended()
    with pytest.raises(SystemExit) as caught:
        call_command("extend", str(other.pk), "--generations", "4", "--here", "--threads", "1")
    assert caught.value.code == 0
    assert f"Run {other.pk}: completed after 4 generations" in capsys.readouterr().out
    assert Instance.objects.get(pk=other.pk).digest


@pytest.mark.parametrize(("arguments", "words"), [
    (("--generations", "2"), "OUT_OF_RANGE: --generations: expected more than 2"),
    (("--stagnation", "3", "--seconds", "0"), "--seconds: expected"),
])
def test_the_command_says_what_is_refused(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ended()
    with pytest.raises(SystemExit) as caught:
        call_command("extend", str(run.pk), *arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        call_command("extend", "999999999", "--generations", "3")
    assert (caught.value.code, "There is no run" in capsys.readouterr().err) == (2, True)


def test_the_command_names_its_options_in_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    run = ended(stagnation_generations=9)
    options = ("--generations", "-3", "--stagnation", "1", "--seconds", "1e-9")
    with pytest.raises(SystemExit) as caught:
        call_command("extend", str(run.pk), *options)
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert "--generations: expected" in told
    assert "--stagnation: expected " in told
    assert "or none, got 1" in told
    assert "--seconds: expected more than " in told
    assert "stop." not in told
    solved = ended(solved=True, max_generations=60)
    with pytest.raises(SystemExit):
        call_command("extend", str(solved.pk), "--generations", "80")
    assert "--not-solved is needed, as an agent of generation" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        call_command("extend", str(run.pk), "--generations", "80", "--json")
    assert capsys.readouterr().err == "--json and --threads need --here.\n"


def test_a_negative_number_is_the_value_of_the_option_before_it() -> None:
    typed = ["12", "--generations", "-4", "--fitness", "-1e-6", "--here"]
    parsed = Command().create_parser("manage.py", "extend").parse_args(_joined(typed))
    assert (parsed.run, parsed.max_generations, parsed.fitness, parsed.here) == (12, -4, -1e-6, True)
