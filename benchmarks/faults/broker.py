"""The broker without the product: counts waiting messages, and sends messages of its own."""

import redis
from celery import Celery

ADVANCE = "processing.advance"
QUEUE = "evolution"


class Broker:
    """A connection to the Redis or Valkey with this URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        path = url.removeprefix("redis+socket://")
        self.client = (
            redis.Redis(unix_socket_path=path, socket_timeout=2) if path != url
            else redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        )
        self.application = Celery("faults", broker=url, set_as_current=False)
        self.application.conf.update(task_ignore_result=True, broker_transport_options={"socket_timeout": 2})

    def waiting(self) -> int:
        """Return the number of messages that no worker has taken."""
        return sum(int(self.client.llen(key)) for key in self.client.keys(f"{QUEUE}*"))

    def advance(self, instance_id: int) -> None:
        """Send the message that a run can go on."""
        self.application.send_task(ADVANCE, args=(instance_id,), queue=QUEUE, priority=0, retry=False)

    def flush(self) -> int:
        """Delete everything in the broker; return the number of keys that there were."""
        keys = int(self.client.dbsize())
        self.client.flushall()
        return keys

    def shut_down(self) -> None:
        """Shut the broker down without saving."""
        self.client.shutdown(nosave=True)

    def close(self) -> None:
        self.client.close()
        self.application.close()
