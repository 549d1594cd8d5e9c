"""The beginning of a child's program: its connection to the parent, and its end with the parent."""

import mmap
import socket
import sys
from typing import Any

from processing.core.children import parent_death


def connected() -> tuple[socket.socket, Any]:
    """Return the socket of messages, and the shared marks: the job that is worked on, and a count.

    The count rises with each sign of progress.

    Arguments of the command line: file descriptors of the message socket, of the socket that ends with the
    parent, and of the shared marks; and whether the process ends with the thread that started it.
    """
    connection, lifetime, marks, dies_with_thread = (int(each) for each in sys.argv[1:5])
    parent_death.end_with_parent(lifetime, dies_with_thread=bool(dies_with_thread))
    parent_death.close_in_forks(connection, lifetime, marks)
    return socket.socket(fileno=connection), memoryview(mmap.mmap(marks, 16)).cast("q")
