"""The log: one JSON object a line for programs, and an identifier that leads from an answer to its records.
"""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from processing import logs, runner
from processing.logs import ContextFilter, JsonLines
from tests import builders


@pytest.fixture
def lines() -> Iterator[Any]:
    """Everything logged meanwhile, as programs read it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonLines())
    handler.addFilter(ContextFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in text.getvalue().splitlines()]
    root.removeHandler(handler)


@override_settings(ROOT_URLCONF="tests.api.test_errors")
def test_the_number_that_a_user_is_told_leads_to_its_record(client: Client, lines: Any) -> None:
    response = client.get("/failing/bug", headers={"Accept": "application/json", "X-Request-ID": "abc-1"})
    told = json.loads(response.content)["errors"][0]["extensions"]["correlationId"]
    record = next(each for each in lines() if each["logger"] == "api.errors")
    assert (record["correlation_id"], record["request_id"], record["level"]) == (told, "abc-1", "ERROR")
    assert "KeyError" in record["traceback"]


@pytest.mark.parametrize(
    ("sent", "is_kept"), [("abc-1", True), ("", False), ("x" * 65, False), ("a b", False), ("a\tb", False)]
)
def test_an_answer_names_its_request(client: Client, sent: str, is_kept: bool) -> None:
    answered = client.get("/healthz", headers={"X-Request-ID": sent})["X-Request-ID"]
    assert answered
    assert (answered == sent) == is_kept


def test_a_request_leaves_nothing_to_the_next_record(client: Client, lines: Any) -> None:
    client.get("/healthz")
    logging.getLogger("x").warning("later")
    assert "correlation_id" not in lines()[-1]


@pytest.mark.django_db
def test_what_is_logged_of_a_shift_names_run_generation_and_worker(lines: Any) -> None:
    run = builders.run(stop={"max_generations": 2})
    runner.work_shift(run.pk, threads=1, watch=lambda closed: logging.getLogger("x").warning("done"))
    told = [each for each in lines() if each["logger"] == "x"]
    assert [(each["instance"], each["generation"]) for each in told] == [(run.pk, 0), (run.pk, 1)]
    assert all(each["worker"] for each in told)
    logging.getLogger("x").warning("after")
    assert not {"instance", "generation"} & set(lines()[-1])


def test_an_object_is_one_line_whatever_is_logged(lines: Any) -> None:
    logs.set_context(instance=5)
    logging.getLogger("x").warning("two\nlines of %s", {"ü": object})
    logs.set_context(instance=None)
    assert (lines()[-1]["instance"], lines()[-1]["message"].count("\n")) == (5, 1)


def test_the_format_is_chosen_by_the_environment() -> None:
    def said(chosen: str) -> subprocess.CompletedProcess[str]:
        code = "import django, logging; django.setup(); logging.getLogger('x').warning('hello')"
        environment = os.environ | {
            "LOG_FORMAT": chosen, "DJANGO_SETTINGS_MODULE": "mlbackend.settings", "WORKER_NAME": "w1"
        }
        return subprocess.run(
            (sys.executable, "-c", code), env=environment, cwd=settings.ROOT, capture_output=True, text=True,
            check=False
        )

    record = json.loads(said("json").stderr)
    assert (
        record["message"], record["level"], record["logger"], record["worker"]
    ) == ("hello", "WARNING", "x", "w1")
    assert record["time"].endswith("+00:00")
    assert said("line").stderr.endswith("WARNING x: hello\n")
    assert "LOG_FORMAT: expected line or json" in said("xml").stderr
