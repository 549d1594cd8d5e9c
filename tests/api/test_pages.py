"""The pages: what they show, what their forms do, and what they may load."""

import html
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from api import intake
from api.dashboard.query import QUERY
from api.examples import cards
from api.pictures import maze_svg, spark_svg
from api.wording import change_words, duration, ending_of, strategy_words, with_code
from database.models import Instance, InstanceState, WorkItem
from database.services import database_now
from processing.core.environments import ENVIRONMENTS
from processing.core.genomes.changes import Changes, changes_of_bytes
from processing.core.genomes.graph_genes import ConnectionGene
from processing.core.problem import View
from processing.core.types import Operator
from processing.runner import work_shift
from tests import builders
from tests.arithmetic import added

pytestmark = pytest.mark.django_db

ROOMS = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = {
    "version": 1, "kind": "weight_evolution", "name": "little maze", "seed": 5,
    "environment": {"type": "maze", "rows": ["S.#", "...", "#.G"], "max_steps": 12},
    "network": {"hidden": [4]}, "strategy": {"type": "genetic", "population_size": 20, "parents": 5},
    "stop": {"max_generations": 3},
}

LINK = ConnectionGene(innovation=3, source=0, target=1, weight=0.5, enabled=True, recurrent=False)


def queued(**changes: Any) -> Instance:
    """A run that nobody has begun."""
    return intake.submit(DOCUMENT | changes, None, announce=False).instances[0]


@pytest.fixture
def ended() -> Instance:
    """A run whose generations are all completed."""
    instance = queued()
    work_shift(instance.pk)
    instance.refresh_from_db()
    assert instance.state == "SUCCEEDED"
    return instance


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_an_empty_server_offers_examples_with_picture_and_run_button(client: Client) -> None:
    page = text_of(client.get("/"))
    assert page.count('class="maze') == page.count('name="example"') == len(cards()) >= 3
    assert "Grow a neural network" in page


def test_the_run_button_of_an_example_starts_it(client: Client) -> None:
    response = client.post("/runs/new", {"example": "maze-5x5"})
    instance = Instance.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/runs/{instance.pk}")
    assert (instance.work_item.name, instance.state) == ("maze-5x5", "QUEUED")


def test_replicates_lead_to_the_list(client: Client) -> None:
    response = client.post("/runs/new", {"document": json.dumps(DOCUMENT | {"replicates": 2})})
    assert response["Location"] == "/"
    assert "replicate 1" in text_of(client.get("/"))


def test_scripts_are_told_where_to_go(client: Client) -> None:
    response = client.post("/runs/new", {"document": json.dumps(DOCUMENT)}, headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == f"/runs/{Instance.objects.get().pk}"


def test_all_faults_are_shown_and_the_text_stays(client: Client) -> None:
    faulty = json.dumps({**DOCUMENT, "naem": "<b>", "stop": {"max_generations": 0}})
    response = client.post("/runs/new", {"document": faulty})
    page = text_of(response)
    assert response.status_code == 422
    assert "2 things to put right" in page
    assert "stop.max_generations" in page
    assert page.count(
        "Did you mean &quot;name&quot;? Expected one of the keys"
    ) == page.count("Did you mean") == 1
    assert "&quot;naem&quot;: &quot;&lt;b&gt;&quot;" in page
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize("document", ["", "{", "[1, 2]", "null", '{"version": NaN}', "[" * 100_000])
def test_whatever_is_sent_the_answer_is_a_list_of_faults(client: Client, document: str) -> None:
    response = client.post("/runs/new", {"document": document}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "to put right" in text_of(response)
    assert "<textarea" not in text_of(response)


def test_checking_tells_the_cost_and_stores_nothing(client: Client) -> None:
    response = client.post("/runs/new", {"document": json.dumps(DOCUMENT), "intent": "check"})
    assert "up to 60 agents" in text_of(response)
    assert not WorkItem.objects.exists()


def test_checking_warns_of_a_goal_out_of_reach(client: Client) -> None:
    walled = DOCUMENT | {"environment": {"type": "maze", "rows": ["S.##", "..#G"], "max_steps": 9}}
    response = client.post("/runs/new", {"document": json.dumps(walled), "intent": "check"})
    assert "Probably not meant" in text_of(response)


def test_the_page_of_a_run_shows_what_was_probably_not_meant(client: Client) -> None:
    walled = queued(environment={"type": "maze", "rows": ["S.##", "..#G"], "max_steps": 9})
    page = text_of(client.get(f"/runs/{walled.pk}"))
    assert "Probably not meant" in page
    assert '<code class="where">environment.rows</code> expected a goal' in page
    assert "Probably not meant" not in text_of(client.get(f"/runs/{queued().pk}"))


def test_where_no_script_runs_times_are_in_utc_and_say_so(client: Client, ended: Instance) -> None:
    assert ended.started_at is not None
    told = f'<time datetime="{ended.started_at:%Y-%m-%dT%H:%M:%S}'
    text = f"{ended.started_at:%Y-%m-%d %H:%M:%S} UTC</time>"
    for page in (text_of(client.get("/runs")), text_of(client.get(f"/runs/{ended.pk}"))):
        assert told in page
        assert text in page
        assert not re.search(r"<time[^>]*>(?!\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</time>)", page)


def test_the_list_shows_what_became_of_each_run(client: Client, ended: Instance) -> None:
    page = text_of(client.get("/runs"))
    assert f'href="/runs/{ended.pk}"' in page
    assert '<span class="state ended">completed</span>' in page
    assert '<progress max="3" value="3"' in page
    assert 'class="line"' in page
    assert "every 10s" in page
    queued()
    assert "every 2s" in text_of(client.get("/runs"))


AIM = {"max_generations": 3, "fitness": 1.0}


@pytest.mark.parametrize(("state", "reason", "stop", "look", "words"), [
    ("SUCCEEDED", "FITNESS_REACHED", AIM, "solved", "solved"),
    ("SUCCEEDED", "GENERATION_LIMIT", AIM, "ended", "not solved"),
    ("SUCCEEDED", "TIME_LIMIT", {"max_generations": 3}, "ended", "completed"),
    ("SUCCEEDED", "THRESHOLD_MISSED", {"max_generations": 3}, "ended", "completed"),
    ("SUCCEEDED", "THRESHOLD_MISSED", AIM, "missed", "threshold missed"),
    ("SUCCEEDED", "EXTINCTION", AIM, "bad", "died out"), ("FAILED", "EXTINCTION", AIM, "bad", "died out"),
    ("FAILED", "ERROR", AIM, "bad", "failed"), ("CANCELLED", "CANCELLED", AIM, "ended", "cancelled"),
])
def test_list_and_page_show_the_outcome(
    client: Client, state: str, reason: str, stop: dict[str, Any], look: str, words: str
) -> None:
    instance = queued(stop=stop)
    Instance.objects.filter(pk=instance.pk).update(state=state, stop_reason=reason, ended_at=database_now())
    for address in ("/", f"/runs/{instance.pk}"):
        assert f'<span class="state {look}">{words}</span>' in text_of(client.get(address))
    assert f".state.{look}" in (
        ROOMS / "api" / "static" / "dashboard" / "dashboard.css"
    ).read_text() or look == "ended"


def test_a_run_that_died_out_can_be_resumed_from_its_page(client: Client) -> None:
    instance = builders.died_out()
    page = text_of(client.get(f"/runs/{instance.pk}"))
    assert re.findall(r'hx-post="/runs/\d+/(\w+)"', page) == ["resume"]
    assert client.post(f"/runs/{instance.pk}/resume").status_code == 302
    instance.refresh_from_db()
    assert (instance.state, instance.reproducible) == ("QUEUED", False)
    assert "it was resumed after it had died out" in text_of(client.get(f"/runs/{instance.pk}"))


@pytest.mark.parametrize(("died", "reason"), [
    ({"stop": {"max_generations": 1}}, "no generation left"),
    ({"state": InstanceState.SUCCEEDED}, "submit its work item again"),
])
def test_a_run_that_cannot_go_on_is_not_offered_to_be_resumed_and_says_why(
    client: Client, died: dict[str, Any], reason: str
) -> None:
    instance = builders.died_out(**died)
    assert "hx-post" not in text_of(client.get(f"/runs/{instance.pk}"))
    for headers in ({}, {"HX-Request": "true"}):
        response = client.post(f"/runs/{instance.pk}/resume", headers=headers)
        assert (response.status_code, reason in text_of(response)) == (409, True)


def test_older_runs_are_a_page_away(client: Client) -> None:
    numbers = [
        instance.pk for instance in intake.submit(
            DOCUMENT | {"replicates": 23}, None, announce=False
        ).instances
    ]
    page = text_of(client.get("/"))
    older = re.search(r'href="(/\?before=\d+)">Older', page)
    assert older is not None
    shown = text_of(client.get(older[1]))
    assert [number for number in numbers if f'"/runs/{number}"' in shown] == numbers[:3]
    assert "Newest" in shown


def test_an_example_or_an_earlier_run_can_be_changed_first(client: Client) -> None:
    assert "Four rooms" in text_of(client.get("/?example=maze-four-rooms")).split("<textarea")[1]
    number = queued().pk
    assert "little maze" in text_of(client.get(f"/?run={number}")).split("<textarea")[1]


def test_a_queued_run_says_that_it_waits(client: Client) -> None:
    page = text_of(client.get(f"/runs/{queued().pk}"))
    assert "Waiting for a worker" in page
    assert "No generation has been completed yet." in page
    assert re.findall(r'hx-post="/runs/\d+/(\w+)"', page) == ["pause", "cancel"]


def test_the_page_of_a_run_tells_how_it_ended(client: Client, ended: Instance) -> None:
    page = text_of(client.get(f"/runs/{ended.pk}"))
    assert "All generations done" in page
    assert "<code>strategy.population_size</code>" in page
    assert ended.digest[:12] in page
    assert 'hx-trigger="every 1s"' not in page
    assert "S.#" in page.split('id="maze-rows"')[1]


def test_a_run_is_paused_resumed_and_cancelled(client: Client) -> None:
    number = queued().pk
    for action, state in (("pause", "PAUSED"), ("resume", "QUEUED"), ("cancel", "CANCELLED")):
        assert client.post(f"/runs/{number}/{action}").status_code == 302
        assert Instance.objects.get(pk=number).state == state


def test_what_cannot_be_done_is_said_beside_the_new_state(client: Client, ended: Instance) -> None:
    response = client.post(f"/runs/{ended.pk}/pause", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert 'role="alert"' in text_of(response)
    assert client.post(f"/runs/{ended.pk}/pause").status_code == 409


def test_the_poll_brings_only_what_has_changed(client: Client) -> None:
    instance = queued()
    quiet = text_of(client.get(f"/runs/{instance.pk}/live?state=QUEUED&events={instance.event_sequence}"))
    assert 'id="live"' in quiet
    assert 'id="head"' not in quiet
    assert 'id="events"' not in quiet
    work_shift(instance.pk)
    told = text_of(client.get(f"/runs/{instance.pk}/live?state=QUEUED&events={instance.event_sequence}"))
    assert all(f'id="{part}"' in told for part in ("live", "head", "story", "events"))
    assert "hx-get" not in told


def test_statistics_come_from_where_the_chart_ends(client: Client, ended: Instance) -> None:
    every = client.get(f"/runs/{ended.pk}/statistics").json()
    assert every["generation"] == [0, 1, 2]
    assert max(every["best"]) == pytest.approx(ended.best_fitness, rel=1e-5)
    rest = client.get(f"/runs/{ended.pk}/statistics?from=2").json()
    assert {name: values[2:] for name, values in every.items()} == rest


def test_the_champion_comes_with_its_way_its_network_and_its_parents(client: Client, ended: Instance) -> None:
    agent = client.get(f"/runs/{ended.pk}/agent").json()
    assert agent["name"] == f"{ended.pk}-{ended.champion_generation}-{ended.champion_index}"
    assert agent["is_best"]
    way = agent["way"]
    assert way["positions"][0] == [0, 0]
    assert len(way["positions"]) == len(way["actions"]) + 1 == len(way["activity"]) + 1
    assert way["total"] == added(way["rewards"]) == agent["fitness"] == ended.best_fitness
    assert [len(values) for values in way["activity"][0]] == [24, 4]
    assert agent["network"].startswith("<svg")
    child = client.get(f"/runs/{ended.pk}/agent?generation=2&index=19").json()
    for parent in child["parents"]:
        assert client.get(
            f"/runs/{ended.pk}/agent?generation={parent['generation']}&index={parent['index']}"
        ).status_code == 200


def test_the_line_of_a_champion_leads_from_fitter_parent_to_child(client: Client, ended: Instance) -> None:
    agent = client.get(f"/runs/{ended.pk}/agent?generation=2").json()
    told = client.get(f"/runs/{ended.pk}/line?generation=2&index={agent['index']}").json()
    births = told["births"]
    assert told["first"] == {"generation": 0, "operator": "drawn at random"}
    assert (told["before"], births[0]["generation"], births[0]["fitness"]) == (0, 2, agent["fitness"])
    for later, earlier in pairwise(births):
        assert later["since"] == earlier["generation"] + 1
        assert later["change"] == later["fitness"] - earlier["fitness"]
    assert all("weight" in each["changes"] or each["changes"] == "unchanged" for each in births)
    assert client.get(f"/runs/{ended.pk}/line?generation=0&index=0").json()["births"] == []
    assert client.get(f"/runs/{ended.pk}/line").json() == {"births": [], "before": 0, "first": None}


def test_copies_are_one_step_of_a_line_and_long_ones_are_cut_short(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0])
    for operator in [Operator.MUTATION] * 14 + [Operator.ELITE] * 3:
        instance = builders.generation(instance, [2.0], mothers=[0], operators=[operator])
    told = client.get(f"/runs/{instance.pk}/line?generation=17&index=0").json()
    copied, mutated = told["births"][:2]
    assert (copied["generation"], copied["since"], copied["changes"]) == (17, 15, "unchanged")
    assert (mutated["generation"], mutated["operator"]) == (14, "mutated")
    assert mutated["changes"] == f"{builders.WEIGHTS} weights changed by up to 100"
    assert (len(told["births"]), told["before"]) == (12, 3)


def test_what_a_birth_changed_is_not_told_where_a_genome_is_not_kept(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0], keep_every=100, kept=[])
    for _ in range(2):
        instance = builders.generation(instance, [1.0, 2.0], mothers=[0, 0], keep_every=100)
    births = client.get(f"/runs/{instance.pk}/line?generation=2&index=1").json()["births"]
    assert [each["changes"] for each in births] == ["", ""]


@pytest.mark.parametrize(("changes", "words"), [
    (Changes((), (), (), (), (), (), 0, None), "nothing"),
    (
        Changes((9,), (), (LINK, LINK), (), (), (LINK,), 0, None),
        "1 node added, 2 links added, 1 link disabled"
    ),
    (Changes((), (), (), (), (), (), 1, 0.25), "1 weight changed by up to 0.25"),
])
def test_what_a_birth_changed_is_said_in_words(changes: Changes, words: str) -> None:
    assert change_words(changes, "weight") == words


def test_each_generation_has_a_champion(client: Client, ended: Instance) -> None:
    agent = client.get(f"/runs/{ended.pk}/agent?generation=1").json()
    assert (agent["generation"], agent["rank"], agent["is_champion"]) == (1, 1, True)


@pytest.mark.parametrize(
    "query", ["generation=9", "generation=1&index=20", "generation=-1&index=0", "generation=9999999999999"]
)
def test_there_is_no_agent_where_none_was_evaluated(client: Client, query: str) -> None:
    response = client.get(f"/runs/{queued().pk}/agent?{query}", headers={"Accept": "application/json"})
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["", "/live", "/statistics", "/agent", "/line"])
@pytest.mark.parametrize("number", [99, 2**70])
def test_an_unknown_run_is_not_found(client: Client, number: int, path: str) -> None:
    response = client.get(f"/runs/{number}{path}")
    assert response.status_code == 404
    assert f"no run {number}" in text_of(response)


@pytest.mark.parametrize("path", ["/nowhere", "/runs/nowhere"])
def test_an_unknown_address_is_a_page_too(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "Nothing here" in text_of(response)


def test_forms_need_their_token(ended: Instance) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/runs/new", {"example": "maze-5x5"}).status_code == 403
    page = text_of(strict.get("/"))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    posted = strict.post("/runs/new", {"example": "maze-5x5", "csrfmiddlewaretoken": token[1]})
    assert posted.status_code == 302


def test_a_closed_server_asks_to_log_in(client: Client, settings: Any, django_user_model: Any) -> None:
    number = queued().pk
    settings.CLOSED = True
    assert client.get("/")["Location"].startswith("/admin/login/")
    assert client.get(f"/runs/{number}/agent", headers={"Accept": "application/json"}).status_code == 403
    assert client.post(f"/runs/{number}/cancel").status_code == 403
    client.force_login(django_user_model.objects.create_user("anna"))
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/runs/{}", "/runs/{}/live"])
def test_pages_hold_no_script_and_no_style_and_say_so(client: Client, ended: Instance, path: str) -> None:
    response = client.get(path.format(ended.pk))
    page = text_of(response)
    assert "script-src 'self'; style-src 'self'" in response["Content-Security-Policy"]
    assert not re.search(r"\s(style|on[a-z]+)=", re.sub(r">[^<]*<", "><", page))
    assert not re.search(r"<style|javascript:|//cdn|https?://", page.replace("http://www.w3.org", ""))
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)


def test_everything_that_pages_load_is_there() -> None:
    templates = [path.read_text() for path in (ROOMS / "api/templates").rglob("*.html")]
    loaded = set(re.findall(r"{% static '([^']+)' %}", "".join(templates)))
    assert len(loaded) >= 5
    modules = list((ROOMS / "api/static/dashboard").glob("*.js"))
    loaded |= {
        f"dashboard/{name}" for path in modules for name in re.findall(r'from "\./([^"]+)"', path.read_text())
    }
    assert [name for name in loaded if finders.find(name) is None] == []


def test_the_equivalent_query_is_one_that_the_server_answers(client: Client, ended: Instance) -> None:
    query = QUERY.replace("NUMBER", str(ended.pk))
    answer = client.post("/graphql", json.dumps({"query": query}), content_type="application/json").json()
    assert "errors" not in answer
    assert answer["data"]["instance"]["champion"]["fitness"] == ended.best_fitness
    assert query.split()[0] == "query"


def test_a_run_that_was_cancelled_before_it_began_promises_nothing(client: Client) -> None:
    number = queued(environment={"type": "gymnasium", "id": "CartPole-v1"}).pk
    client.post(f"/runs/{number}/cancel")
    page = text_of(client.get(f"/runs/{number}"))
    assert "cancelled before its first generation was completed" in page
    assert "The run ended before a generation was completed." in page
    assert " yet" not in page.split("<main")[1]
    assert re.search(r'id="stage" hidden', page)


def test_a_run_that_prepares_its_first_generation_says_so(client: Client) -> None:
    instance = queued()
    Instance.objects.filter(pk=instance.pk).update(
        state="RUNNING", claimed_by="w/1", started_at=database_now()
    )
    assert "is compiled first" in text_of(client.get(f"/runs/{instance.pk}"))


def test_examples_come_from_mazes_to_what_takes_long() -> None:
    first = [slug.split("-")[0] for slug in (card.slug for card in cards())]
    assert list(dict.fromkeys(first)) == [
        "maze", "xor", "double", "cartpole", "acrobot", "frozenlake", "mountaincar", "cnn",
        "lunarlander",
    ]
    assert all(card.line.count(".") == 1 and card.description.startswith(card.line[:-1]) for card in cards())


@pytest.mark.parametrize(("strategy", "words"), [
    ("cma_es", "CMA-ES"), ("neat", "NEAT"), ("openai_es", "OpenAI ES"),
    ("rising_threshold", "rising threshold"), ("random_search", "random search"),
])
def test_strategies_are_named_as_people_name_them(strategy: str, words: str) -> None:
    assert strategy_words({"strategy": {"type": strategy}}) == words


def test_a_failed_run_says_why() -> None:
    instance = queued()
    instance.state, instance.stop_reason, instance.ended_at = "FAILED", "ERROR", database_now()
    instance.failure_message = "The worker crashed."
    ending = ending_of(instance)
    assert ending is not None
    assert (ending.title, ending.message) == ("Failed", "The worker crashed.")


def test_pictures_are_quiet_where_there_is_nothing_to_see() -> None:
    assert 'class="empty"' in spark_svg([])
    assert 'class="empty"' in spark_svg([None, 1.0])
    assert 'class="line"' in spark_svg([1.0, 1.0])
    assert "M1 0h1v1h-1z" in maze_svg(["S#.", "..G"])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0.04, "0.0 s"), (59.6, "1 min 0 s"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h")]
)
def test_durations_are_short(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_code_in_advice_is_escaped() -> None:
    assert with_code("Raise `a<b` & go") == "Raise <code>a&lt;b</code> &amp; go"


@pytest.mark.parametrize(("environment", "words"), [
    ({"type": "maze", "rows": ["S.", ".G"]}, "2 × 2 cells, 1 goal"),
    ({"type": "table", "inputs": [[1], [2]]}, "table of 2 rows"),
    ({"type": "double_pole", "velocities": True}, "double pole with velocities"),
    ({"type": "double_pole", "velocities": False}, "double pole without velocities"),
    ({"type": "gymnasium", "id": "LunarLander-v3"}, "LunarLander-v3"),
])
def test_an_environment_is_named_in_a_few_words(environment: dict[str, Any], words: str) -> None:
    assert ENVIRONMENTS[environment["type"]].label(environment) == words


def test_the_page_of_a_run_names_what_its_agents_act_in_and_when_it_ends(client: Client) -> None:
    instance = queued(
        environment={"type": "gymnasium", "id": "CartPole-v1"}, stop={"max_generations": 9, "solved": True}
    )
    page = text_of(client.get(f"/runs/{instance.pk}"))
    assert "CartPole-v1, genetic algorithm, 20 agents" in page
    assert "ends when solved" in page


@pytest.mark.parametrize(("goals", "words"), [(1, "by 1 goal"), (None, "by 2 goals")])
def test_the_page_of_a_run_in_a_maze_says_how_many_goals_solve_it(
    client: Client, goals: int | None, words: str
) -> None:
    environment = {"type": "maze", "rows": ["S.GG"], "max_steps": 9, "goals": goals}
    instance = queued(environment=environment, stop={"max_generations": 9, "solved": True})
    assert words in text_of(client.get(f"/runs/{instance.pk}"))


@pytest.mark.parametrize(("environment", "words"), [
    ({"targets": [[0], [1]]}, "every answer is on its target's side of the column's middle"),
    (
        {"targets": [[0], [1], [2]], "tolerance": 0.1},
        "every answer is on its target's side in columns of two values, and within 10 % of its column's span "
        "in others",
    ),
    ({"targets": [[0], [1]], "criterion": "tolerance"}, "every answer is within 5 % of its column's span"),
    ({"targets": [[0, 1], [1, 0]]}, "the largest answer of every row is in the right column"),
    (
        {"targets": [[0], [1]], "criterion": "sides"},
        "every answer is on its target's side of the table's middle"
    ),
])
def test_the_page_says_when_a_table_is_solved(
    client: Client, environment: dict[str, Any], words: str
) -> None:
    table = {"type": "table", "inputs": [[0]] * len(environment["targets"])} | environment
    instance = queued(environment=table, stop={"max_generations": 9, "solved": True})
    text = html.unescape(re.sub(r"<[^>]+>", " ", text_of(client.get(f"/runs/{instance.pk}"))))
    assert f"ends when solved {words}" in " ".join(text.split())


def test_the_page_of_a_problem_without_steps_has_a_sentence_in_place_of_the_canvas(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = queued(environment={"type": "table", "inputs": [[0], [1]], "targets": [[0], [1]]})
    assert 'id="ground-plan"' in text_of(client.get(f"/runs/{instance.pk}"))
    monkeypatch.setattr(ENVIRONMENTS["table"], "view", View.CURVES)
    page = text_of(client.get(f"/runs/{instance.pk}"))
    assert ('data-stage="curves"' in page, 'id="no-steps"' in page) == (True, True)
    assert not [each for each in ('id="ground-plan"', 'id="scene"', 'id="player"') if each in page]


def test_an_unknown_size_of_a_change_is_left_out() -> None:
    assert change_words(changes_of_bytes(b"\0\1", b"\1\1\1"), "gene") == "2 genes changed"
