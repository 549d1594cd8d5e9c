"""Episodes that workers replay, at every door: GraphQL, pages, files and the command."""

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from PIL import Image

from api.ids import global_id
from database.models import Agent, Instance, Replay
from tests import ready
from tests.api.ask import ask, refusal
from tests.processing.recorded import drawn_worlds, replayed, run_in, waiting
from tests.processing.test_runs import finished, submitted

__all__ = ["drawn_worlds"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("drawn_worlds")]

REQUEST = """mutation($agent:ID! $episode:Int $frames:Boolean) {
  requestReplay(input:{agent:$agent episode:$episode frames:$frames}) {
    replay { index state message gifUrl } userErrors { code message path }
  }
}"""
EPISODES = """query($id:ID!) { node(id:$id) { ... on Agent {
  episodesMissing
  episodes(first:5) {
    index return steps terminated truncated trajectory { actions rewards positions observations }
  }
  replays { index state message framesMessage gifUrl requestedAt finishedAt episode { steps } }
} } }"""


@pytest.fixture
def instance() -> Instance:
    return run_in("Drawn-v0", episodes=2)


def agent_id(instance: Instance, index: int = 0) -> str:
    return global_id("Agent", instance.pk, 0, index)


def asked(client: Client, instance: Instance, index: int = 0, **more: Any) -> Any:
    return ask(client, REQUEST, agent=agent_id(instance, index), **more)["requestReplay"]


def told(client: Client, instance: Instance, index: int = 0) -> Any:
    return ask(client, EPISODES, id=agent_id(instance, index))["node"]


def work() -> None:
    for number in waiting():
        ready.work_on_replay(number)


def test_before_anybody_asks_there_is_nothing_and_a_reason(client: Client, instance: Instance) -> None:
    found = told(client, instance)
    assert (found["episodes"], found["replays"]) == ([], [])
    assert found["episodesMissing"] == (
        "Episodes in Drawn-v0 are replayed by workers, in processes of their own. Ask for one with "
        "`requestReplay`."
    )


def test_an_episode_is_asked_for_waits_for_a_worker_and_is_told_with_all_that_the_agent_saw(
    client: Client, instance: Instance
) -> None:
    assert asked(client, instance)["replay"] == {
        "index": 0, "state": "WAITING", "message": "It waits for a worker.", "gifUrl": None,
    }
    work()
    asked(client, instance, episode=1)
    work()
    found = told(client, instance)
    assert [each["index"] for each in found["episodes"]] == [0, 1]
    assert found["episodesMissing"] is None
    fitness = Agent.objects.get(instance=instance, index=0).fitness
    assert sum(each["return"] for each in found["episodes"]) / 2 == fitness
    way = found["episodes"][0]["trajectory"]
    assert [len(way[name]) for name in ("actions", "rewards", "positions", "observations")] == [10, 10, 0, 10]
    assert len(way["observations"][0]) == 2
    replay = found["replays"][0]
    assert (replay["state"], replay["message"], replay["framesMessage"]) == ("DONE", None, None)
    assert replay["episode"] == {"steps": 10}


@pytest.mark.any_database
def test_frames_are_left_out_where_nobody_wants_them(client: Client, instance: Instance) -> None:
    asked(client, instance, frames=False)
    work()
    assert told(client, instance)["replays"][0]["gifUrl"] is None


@pytest.mark.any_database
@pytest.mark.any_database
def test_why_there_are_no_frames_is_told(client: Client) -> None:
    instance = run_in("Unready-v0")
    asked(client, instance)
    work()
    assert told(client, instance)["replays"][0][
        "framesMessage"
    ] == "render() raised ImportError: no brush is installed"


@pytest.mark.parametrize(("variables", "code", "path"), [
    ({"agent": "nonsense"}, "INVALID_FORMAT", "agent"),
    ({"agent": global_id("Agent", 9_999, 0, 0)}, "NOT_FOUND", "agent"),
    ({"episode": 2}, "OUT_OF_RANGE", "episode"), ({"episode": -1}, "OUT_OF_RANGE", "episode"),
])
def test_what_cannot_be_replayed_is_a_user_error(
    client: Client, instance: Instance, variables: dict[str, Any], code: str, path: str
) -> None:
    found = ask(client, REQUEST, **({"agent": agent_id(instance)} | variables))["requestReplay"]
    assert found["replay"] is None
    assert [(each["code"], each["path"]) for each in found["userErrors"]] == [(code, [path])]


def test_genomes_that_are_not_kept_and_runs_that_are_replayed_at_once_are_user_errors(
    client: Client, instance: Instance
) -> None:
    Agent.objects.filter(instance=instance, index=3).delete()
    assert asked(client, instance, 3)["userErrors"][0]["code"] == "NOT_FOUND"
    maze = finished(submitted())
    problem = asked(client, maze)["userErrors"][0]
    assert (problem["code"], "replayed at once" in problem["message"]) == ("WRONG_STATE", True)
    assert told(client, maze)["episodesMissing"] is None
    assert told(client, maze)["episodes"][0]["trajectory"]["observations"]


def test_too_many_that_wait_are_a_user_error_at_one_door_and_429_at_the_other(
    client: Client, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("database.services.replays.MOST_OF_A_USER", 1)
    asked(client, instance)
    assert asked(client, instance, 1)["userErrors"][0]["code"] == "LIMIT_EXCEEDED"
    assert post(client, instance, index=1).status_code == 429


def test_one_request_reads_and_tells_only_so_much(
    client: Client, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed(instance)
    monkeypatch.setattr("api.graphql.budgets.MOST_OBSERVED_NUMBERS", 19)
    assert "19 numbers of observations" in refusal(client, EPISODES, id=agent_id(instance))["message"]
    monkeypatch.setattr("api.graphql.budgets.MOST_RECORDED_BYTES", 10)
    assert "reads replays" in refusal(client, EPISODES, id=agent_id(instance))["message"]


def page(client: Client, instance: Instance, index: int = 0, episode: int = 0) -> Any:
    return client.get(f"/runs/{instance.pk}/agent?generation=0&index={index}&episode={episode}").json()


def post(client: Client, instance: Instance, **fields: int) -> Any:
    data = {"generation": 0, "index": 0, "episode": 0} | fields
    return client.post(f"/runs/{instance.pk}/replay", data, headers={"Accept": "application/json"})


@pytest.mark.any_database
def test_a_page_asks_waits_and_shows_frames_and_signals(client: Client, instance: Instance) -> None:
    found = page(client, instance)
    assert (found["way"], found["replay"]["state"], found["episodes"]) == (None, "NONE", 2)
    assert post(client, instance).json() == {"state": "WAITING", "message": "It waits for a worker."}
    assert client.get(
        f"/runs/{instance.pk}/replay?generation=0&index=0&episode=0"
    ).json()["state"] == "WAITING"
    work()
    assert client.get(
        f"/runs/{instance.pk}/replay?generation=0&index=0&episode=0"
    ).json() == {"state": "DONE", "message": None}
    found = page(client, instance)
    assert len(found["way"]["rewards"]) == len(found["way"]["seen"]) == len(found["way"]["activity"]) == 10
    assert (found["way"]["ending"], found["way"]["positions"]) == ("terminated", [])
    assert found["way"]["outputs"] == ["action = 0", "action = 1"]
    head, _, rest = client.get(found["replay"]["film"]).content.partition(b"\n")
    assert json.loads(head)["steps"] == list(range(11))
    assert rest.startswith(b"\x89PNG")
    assert page(client, instance, episode=1)["replay"]["state"] == "NONE"


def test_without_scripts_a_request_leads_back_to_the_run(client: Client, instance: Instance) -> None:
    answer = client.post(f"/runs/{instance.pk}/replay", {"generation": 0, "index": 0, "episode": 0})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/runs/{instance.pk}")


@pytest.mark.parametrize("fields", [{"index": "x"}, {"index": "99"}, {"generation": "7"}, {"episode": ""}])
def test_a_page_asks_for_nothing_that_is_not_there(
    client: Client, instance: Instance, fields: dict[str, Any]
) -> None:
    assert post(client, instance, **fields).status_code == 404


def test_an_episode_that_agents_do_not_have_is_refused(client: Client, instance: Instance) -> None:
    assert post(client, instance, episode=2).status_code == 422
    maze = finished(submitted())
    answer = client.get(f"/runs/{maze.pk}/agent?episode=5", headers={"Accept": "application/json"})
    assert (answer.status_code, b"episode: expected 0" in answer.content) == (422, True)


@pytest.mark.any_database
def test_any_episode_of_an_agent_that_is_replayed_at_once_can_be_looked_at(client: Client) -> None:
    environment = {"type": "gymnasium", "id": "CartPole-v1", "episodes": 3}
    cart = finished(submitted(environment=environment, stop={"max_generations": 1}))
    ways = [page(client, cart, episode=episode)["way"]["total"] for episode in range(3)]
    fitness = Agent.objects.get(instance=cart, generation=0, index=0).fitness
    assert sum(ways) / 3 == pytest.approx(fitness)


@pytest.mark.any_database
def test_frames_leave_as_a_gif_under_the_policy_of_all_pages(client: Client, instance: Instance) -> None:
    replayed(instance, pictures=True)
    url = told(client, instance)["replays"][0]["gifUrl"]
    answer = client.get(url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/gif")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    with Image.open(io.BytesIO(answer.content)) as moving:
        assert getattr(moving, "n_frames", 1) == 11
    endings = ("1.gif", "9999999999.gif", "0.exe")
    changed = [url.replace("0.gif", ending) for ending in endings]
    for other in [*changed, "/agents/nonsense/episodes/0.gif"]:
        assert client.get(other, headers={"Accept": "application/json"}).status_code == 404


def test_whoever_may_not_look_sees_nothing_and_whoever_may_not_submit_asks_for_nothing(
    client: Client, instance: Instance, settings: Any
) -> None:
    replayed(instance, pictures=True)
    url = told(client, instance)["replays"][0]["gifUrl"]
    settings.CLOSED = True
    for address in (
        url, url.replace(".gif", ".film"), f"/runs/{instance.pk}/replay?generation=0&index=0&episode=0"
    ):
        assert client.get(address, headers={"Accept": "application/json"}).status_code == 403
    assert post(client, instance, index=1).status_code == 403
    client.force_login(User.objects.create_user("somebody"))
    assert post(client, instance, index=1).json()["state"] == "WAITING"
    assert Replay.objects.get(index=1).requested_by == User.objects.get()


def commanded(*arguments: str) -> int:
    """The exit code of `manage.py replay`."""
    try:
        call_command("replay", *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.any_database
def test_the_command_replays_here_and_stores_nothing(
    instance: Instance, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "champion.gif"
    assert commanded(str(instance.pk), "--gif", str(file)) == 0
    assert "10 steps" in capsys.readouterr().out
    with Image.open(file) as moving:
        assert getattr(moving, "n_frames", 1) == 11
    assert commanded(str(instance.pk), "--agent", f"{instance.pk}-0-2", "--episode", "1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["agent"], found["episode"], found["steps"]) == (f"{instance.pk}-0-2", 1, 10)
    assert len(found["trajectory"]["observations"]) == 10
    assert not Replay.objects.exists()


@pytest.mark.any_database
def test_the_command_says_why_it_writes_no_gif(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    instance, maze, file = run_in("Unready-v0"), finished(submitted()), str(tmp_path / "no.gif")
    for arguments, sentence in (
        ((str(instance.pk), "--gif", file), "render() raised ImportError: no brush is installed"),
        ((str(maze.pk), "--gif", file), "maze is part of this program, and is drawn on the run's page only."),
        ((str(instance.pk), "--agent", "5-0"), f"Run {instance.pk} has no such agent."),
        (
            (str(instance.pk), "--agent", "9999-0-2"),
            f"Agent 9999-0-2 is one of run 9999, not of run {instance.pk}."
        ),
        ((str(instance.pk), "--episode", "1"), "episode: expected 0, as its agents have one episode, got 1"),
        (("9999",), "There is no run 9999."),
    ):
        assert commanded(*arguments) == 2
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "no.gif").exists()


@pytest.mark.any_database
def test_the_command_tells_the_trajectory_of_what_is_part_of_this_program(
    capsys: pytest.CaptureFixture[str]
) -> None:
    maze = finished(submitted())
    assert commanded(str(maze.pk), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["trajectory"]["positions"]) == found["steps"] + 1
