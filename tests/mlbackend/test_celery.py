"""How workers and beat wait for their broker."""

import pytest

from mlbackend.celery import application


class Enough(Exception):
    """Ends a wait without limit."""


def test_a_broker_that_is_gone_is_tried_again_every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def noted(error: Exception, interval: float) -> None:
        waits.append(interval)
        if len(waits) == 5:
            raise Enough from error

    monkeypatch.setattr("kombu.utils.functional.sleep", lambda seconds: None)
    connection = application.connection_for_write("redis://127.0.0.1:1")
    with pytest.raises(Enough):
        connection.ensure_connection(noted)
    assert waits == [1.0] * 5
