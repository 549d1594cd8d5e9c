"""Why a run has no turn yet, in GraphQL, on its page, and in words."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client

from api import intake
from api.dashboard.query import QUERY
from api.wording import wait_words
from database import services
from database.models import Event, Instance
from database.selectors import Place, Queue, Situation, Wait
from processing import claims, node, states
from tests import builders
from tests.api.ask import ask, refusal

pytestmark = pytest.mark.django_db


def wait(situation: Situation = Situation.WAITS, **changes: Any) -> Wait:
    return Wait(**{
        "situation": situation, "profile": "x86", "workers": 1, "able_workers": 1, "submitter_seconds": 120.0,
        "work_item_seconds": 60.0, "priority": 0, "waited_seconds": 123.0, "present_priority": 12.3,
        "queue": queue(), **changes,
    })


def queue(
    submitters: tuple[int, int] = (0, 1), work_items: tuple[int, int] = (0, 1),
    steps: tuple[int, int] = (0, 1),
) -> Queue:
    return Queue(Place(*submitters), Place(*work_items), Place(*steps), 14.0, 10.0)


def told(client: Client, instance: Instance, fields: str) -> dict[str, Any]:
    """Fields of what a run waits for."""
    query = f"query($number:Int!){{instance(by:{{number:$number}}){{explainWait{{{fields}}}}}}}"
    found: dict[str, Any] = ask(client, query, number=instance.pk)["instance"]["explainWait"]
    return found


def page(client: Client, instance: Instance) -> str:
    return client.get(f"/runs/{instance.pk}").content.decode()


@pytest.mark.parametrize(("found", "words"), [
    (wait(Situation.ENDED), "It has ended."),
    (wait(Situation.PAUSED), "It is paused."),
    (wait(Situation.IN_TURN), "A worker holds it now."),
    (wait(Situation.NO_WORKER), "No worker is online."),
    (
        wait(Situation.OTHER_PROFILE, profile="arm"),
        "It began under the numeric profile arm, which no worker has that is online."
    ),
    (wait(Situation.BACK_OFF, retry_seconds=4.0), "The last try failed. The next try is in 4.0 s."),
    (
        wait(Situation.BACK_OFF, retry_seconds=14.0, reason="The kind is not known."),
        "The kind is not known. The next try is in 14 s."
    ),
    (wait(queue=queue((0, 5), (0, 3), (0, 2))), "It is next: the first worker that is free takes it."),
    (
        wait(queue=queue((3, 5), (0, 2))),
        "3 submitters come first, charged no more than this one (2 min 0 s; the least 14 s; newcomers do "
        "not begin with 0); of its submitter's 2 work items this one is next."
    ),
    (
        wait(queue=queue((1, 5), (1, 2), (0, 4))),
        "1 submitter comes first, charged no more than this one (2 min 0 s; the least 14 s; newcomers do "
        "not begin with 0); 1 of its submitter's 2 work items comes first; of the 4 runs, slices and replays "
        "of its work item its own is next."
    ),
    (
        wait(queue=queue(steps=(1000, 1000))),
        "1,000 or more of the 1,000 or more runs, slices and replays of its work item come first. It has "
        "waited 2 min 3 s, so its priority of 0 counts as 12.3."
    ),
])
def test_the_wait_is_said_in_words(found: Wait, words: str) -> None:
    assert wait_words(found) == words


def test_graphql_explains_a_wait(client: Client) -> None:
    ada = User.objects.create_user("ada")
    node.register()
    first = intake.submit(builders.document(), None, announce=False).instances[0]
    own = intake.submit(builders.document(), ada, announce=False).instances[0]
    intake.submit(builders.document(priority=5), ada, announce=False)
    builders.charged(first, 14.0)
    builders.charged(own, 15.0)
    place = "{before of}"
    found = told(
        client, own, f"situation message workers ableWorkers priority presentPriority waitedSeconds retryAt "
        f"reason submitterSeconds workItemSeconds queue{{submitters{place} workItems{place} steps{place} "
        "leastSubmitterSeconds leastWorkItemSeconds}"
    )
    assert 0 <= found.pop("waitedSeconds") < 60
    assert 0 <= found.pop("presentPriority") < 6
    assert found == {
        "situation": "WAITS", "workers": 1, "ableWorkers": 1, "priority": 0, "retryAt": None, "reason": None,
        "message": "1 submitter comes first, charged no more than this one (15 s; the least 14 s; newcomers "
        "do not begin with 0); 1 of its submitter's 2 work items comes first.",
        "submitterSeconds": 15.0, "workItemSeconds": 15.0, "queue": {
            "submitters": {"before": 1, "of": 2}, "workItems": {"before": 1, "of": 2},
            "steps": {"before": 0, "of": 1}, "leastSubmitterSeconds": 14.0, "leastWorkItemSeconds": 0.0,
        },
    }


def test_turns_under_way_count_as_if_they_ended_now(client: Client) -> None:
    node.register()
    large, small = builders.run(), builders.run()
    assert claims.claim(large.pk) is not None
    Instance.objects.filter(pk=large.pk).update(claimed_at=F("claimed_at") - timedelta(seconds=5))
    assert told(client, small, "message") == {
        "message": "It is next: the first worker that is free takes it."
    }
    intake.submit(builders.document(replicates=2), None, announce=False)
    busy = Instance.objects.order_by("-pk")[0]
    assert claims.claim(busy.pk) is not None
    assert told(client, small, "queue{submitters{before of}}")["queue"]["submitters"] == {
        "before": 0, "of": 2
    }
    assert told(client, large, "situation submitterSeconds")["submitterSeconds"] >= 5


def test_a_back_off_has_its_end_and_its_reason(client: Client) -> None:
    node.register()
    instance = builders.run()
    claim = claims.claim(instance.pk)
    assert claim is not None
    assert told(client, instance, "situation queue{steps{of}} waitedSeconds") == {
        "situation": "IN_TURN", "queue": None, "waitedSeconds": None
    }
    claims.back_off(claim, "No memory is left.", tries_to_report=1)
    found = told(client, instance, "situation retryAt reason")
    assert found["retryAt"] is not None
    assert found | {"retryAt": None} == {
        "situation": "BACK_OFF", "retryAt": None, "reason": "No memory is left. It is tried again and again."
    }


def test_waits_of_many_runs_are_refused(client: Client) -> None:
    builders.run()
    query = "query($first:Int!){instances(first:$first){nodes{explainWait{situation}}}}"
    assert ask(client, query, first=20)["instances"]["nodes"] == [{"explainWait": {"situation": "NO_WORKER"}}]
    assert refusal(client, query, first=100)["extensions"]["code"] == "LIMIT_EXCEEDED"


def test_the_query_of_a_runs_page_explains_its_wait(client: Client) -> None:
    found = ask(client, QUERY.replace("NUMBER", str(builders.run().pk)))["instance"]["explainWait"]
    assert found == {"situation": "NO_WORKER", "message": "No worker is online."}


def test_the_page_of_a_run_says_why_it_waits(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0])
    assert "No worker is online." in page(client, instance)
    node.register()
    shown = page(client, instance)
    assert "Waiting for a worker" in shown
    assert "It is next: the first worker that is free takes it." in shown
    live = client.get(f"/runs/{instance.pk}/live?state={instance.state}&events={instance.event_sequence}")
    assert "It is next" in live.content.decode()
    assert claims.claim(instance.pk) is not None
    shown = page(client, instance)
    assert "Generation 1 is being evaluated." in shown
    assert "Waiting" not in shown


def test_the_page_of_a_run_in_back_off_shows_the_reason_as_it_is(client: Client) -> None:
    node.register()
    instance = builders.run()
    Instance.objects.update(
        lease_until=services.database_now() + timedelta(seconds=40),
        turn_order=F("turn_order") - timedelta(seconds=9),
    )
    Event.objects.filter(instance=instance).update(
        level="WARNING", message="{0} <b>", data={"failed_try": True}
    )
    shown = page(client, instance)
    assert "Waiting for another try" in shown
    assert "{0} &lt;b&gt; The next try is in" in shown


def test_a_paused_run_does_not_wait(client: Client) -> None:
    instance = builders.run()
    states.pause(instance.pk)
    assert told(client, instance, "situation message") == {"situation": "PAUSED", "message": "It is paused."}
    assert "No worker is online." not in page(client, instance)
