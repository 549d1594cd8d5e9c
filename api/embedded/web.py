"""The web server of the embedded set-up: uvicorn in a thread of the parent."""

import errno
import socket
import threading
import time

import uvicorn

from api.embedded.trouble import Trouble

START_SECONDS = 15.0


def listen(address: str, port: int) -> socket.socket:
    """Bind a socket to the port. Raises Trouble where the port cannot be used."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise Trouble(f"Port {port} {reason}; give another with --port.") from error
    return bound


class Web:
    """uvicorn with the project's ASGI application."""

    def __init__(self, bound: socket.socket, application: str) -> None:
        config = uvicorn.Config(
            application, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [bound]}, name="web", daemon=True
        )

    def start(self) -> None:
        """Start the thread and wait until it answers requests. Raises Trouble."""
        self.thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self.server.started:
            if not self.thread.is_alive() or time.monotonic() > deadline:
                raise Trouble("The web server did not start.")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop answering requests and wait up to three seconds for the thread."""
        self.server.should_exit = True
        self.thread.join(3.0)

    def check(self) -> None:
        """Raise Trouble where the thread has ended by itself."""
        if not self.thread.is_alive():
            raise Trouble("The web server has ended; see the log.")
