"""What a scraper reads, and who may."""

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from database import services
from database.models import Worker
from processing import dispatch
from tests import builders

pytestmark = pytest.mark.django_db


def scraped(client: Client, **headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families
        for sample in family.samples
    }


def test_work_is_counted_for_each_worker(client: Client) -> None:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    services.see_worker(
        name="w1", counts=services.Counts(claims=7, commits=5, fenced=1, generations=4, evaluations=400)
    )
    found = scraped(client)
    assert found["evolution_steps_total", (("outcome", "committed"), ("worker", "w1"))] == 5
    assert found["evolution_steps_total", (("outcome", "fenced"), ("worker", "w1"))] == 1
    assert found["evolution_generations_total", (("worker", "w1"),)] == 4
    assert found["evolution_evaluations_total", (("worker", "w1"),)] == 400
    assert found["evolution_workers_online", ()] == 1


def test_steps_runs_and_leases_are_told(client: Client) -> None:
    builders.run()
    held = builders.run()
    assert services.claim(instance_id=held.pk, worker="w1/7", lease_seconds=20.0)
    waiting = dispatch.waiting()
    found = scraped(client)
    assert found["evolution_runs", (("state", "queued"),)] == 2
    assert found["evolution_steps_ready", (("step", "run"),)] == 1
    assert 10 <= found["evolution_lease_age_seconds", (("worker", "w1"),)] < 30
    assert found["evolution_lease_oldest_age_seconds", ()] >= 10
    assert (found["evolution_broker_up", ()], found["evolution_queue_depth", ()]) == (1, waiting)


@pytest.mark.any_database
def test_a_broker_that_does_not_answer_has_no_queue(client: Client, dead_broker: None) -> None:
    found = scraped(client)
    assert found["evolution_broker_up", ()] == 0
    assert ("evolution_queue_depth", ()) not in found


def test_the_number_of_statements_does_not_grow(client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        builders.run()
        services.register_worker(name=f"w{number}", host="h", profile="p", threads=1)
    with django_assert_max_num_queries(14):
        scraped(client)


def test_workers_of_days_ago_are_not_told(client: Client) -> None:
    services.register_worker(name="old", host="h", profile="p", threads=2)
    Worker.objects.update(seen_at=timezone.now() - timedelta(days=2))
    assert not any(("worker", "old") in labels for _, labels in scraped(client))


@override_settings(CLOSED=True, METRICS_TOKEN="tell me")
def test_a_closed_server_tells_who_has_the_token_or_has_logged_in(client: Client) -> None:
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer tell"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer tëll mé"}).status_code == 403
    assert scraped(client, Authorization="Bearer tell me")
    client.force_login(User.objects.create_user("ada", password="x"))
    assert scraped(client)


@override_settings(CLOSED=True, METRICS_TOKEN="")
def test_no_token_is_nobodys_token(client: Client) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403


@pytest.fixture
def dead_broker() -> Any:
    """A broker's address at which nobody listens."""
    before = current_app.conf.broker_url
    current_app.conf.broker_url = "redis://127.0.0.1:1/0"
    yield
    current_app.conf.broker_url = before
