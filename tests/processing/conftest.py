"""The broker of these tests lives in their process; what one test sent is not the next one's."""

import pytest
from celery import current_app


@pytest.fixture(autouse=True)
def _no_messages() -> None:
    with current_app.connection_for_write() as connection:
        connection.default_channel.queue_purge("evolution")
