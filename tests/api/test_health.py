"""Whether the process lives, and whether it can work."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client


def test_a_process_that_answers_is_alive(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, json.loads(response.content)) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_server_is_ready_when_database_tables_and_broker_are(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert json.loads(response.content) == {
        "status": "ok", "database": "ok", "migrations": "ok", "broker": "ok"
    }


@pytest.mark.django_db
def test_a_server_without_its_broker_is_not_ready(client: Client, dead_broker: None) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    answer = json.loads(response.content)
    assert (answer["status"], answer["broker"], answer["database"]) == (
        "unavailable", "does not answer", "ok"
    )


@pytest.mark.django_db
def test_a_server_whose_tables_are_old_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'database'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "manage.py migrate" in json.loads(response.content)["migrations"]


@pytest.mark.parametrize("door", ["/healthz", "/readyz"])
def test_health_is_only_looked_at(client: Client, door: str) -> None:
    assert client.post(door).status_code == 405


@pytest.fixture
def dead_broker() -> Any:
    """A broker's address at which nobody listens."""
    from celery import current_app

    before = current_app.conf.broker_url
    current_app.conf.broker_url = "redis://127.0.0.1:1/0"
    yield
    current_app.conf.broker_url = before
