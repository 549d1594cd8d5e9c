"""The broker, past the product: how many messages wait, and messages of our own."""

import redis
from celery import Celery

ADVANCE = "processing.advance"
QUEUE = "evolution"


class Broker:
    """A Redis or Valkey by its URL."""

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
        """Messages that nobody took yet."""
        return sum(int(self.client.llen(key)) for key in self.client.keys(f"{QUEUE}*"))

    def advance(self, instance_id: int) -> None:
        """Tell a worker to look at a run."""
        self.application.send_task(ADVANCE, args=(instance_id,), queue=QUEUE, priority=0, retry=False)

    def flush(self) -> int:
        """Everything in it is gone; the number of keys that there were."""
        keys = int(self.client.dbsize())
        self.client.flushall()
        return keys

    def shut_down(self) -> None:
        """It ends without keeping anything."""
        self.client.shutdown(nosave=True)

    def close(self) -> None:
        """Nothing is kept open."""
        self.client.close()
        self.application.close()
