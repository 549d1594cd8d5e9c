"""The broker without the product: counts waiting messages, and sends messages of its own."""

import redis
from celery import Celery

WAKE, SWEEP = "processing.wake", "processing.sweep"
#: A message of earlier versions, for the step of one run.
ADVANCE = "processing.advance"
QUEUE, SWEEP_QUEUE = "evolution", "sweep"


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

    def waiting(self, queue: str = QUEUE) -> int:
        """Return the number of messages of a queue that no worker has taken."""
        return sum(int(self.client.llen(key)) for key in self.client.keys(f"{queue}*"))

    def wake(self) -> None:
        """Send the message upon which a worker takes a turn."""
        self.application.send_task(WAKE, queue=QUEUE, retry=False)

    def advance(self, instance_id: int) -> None:
        """Send a message of an earlier version: that a run can go on."""
        self.application.send_task(ADVANCE, args=(instance_id,), queue=QUEUE, retry=False)

    def sweep(self) -> None:
        """Send the message to free expired steps, which a worker takes."""
        self.application.send_task(SWEEP, queue=SWEEP_QUEUE, retry=False)

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
