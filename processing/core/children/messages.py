"""Messages between two processes over a socket: each is its length in eight bytes, then its bytes.

A child uses blocking calls. Its parent, which has several children, uses a `Channel`, which never blocks.
"""

import select
import socket
import struct

from processing.core.errors import Transient

_LENGTH = struct.Struct("!Q")
#: Bytes of one read or write, and reads in a row.
_CHUNK_BYTES, _MOST_READS = 1 << 20, 16

#: A child writes into shared memory which job it works on, and this between two of them.
NO_JOB = -1


class Gone(Transient):
    """The connection is closed, or no message arrived within the time limit."""


def send(end: socket.socket, message: bytes) -> None:
    """Send a message.

    Raises:
        Gone: the connection is closed.
    """
    try:
        end.sendall(_LENGTH.pack(len(message)) + message)
    except OSError as error:
        raise Gone from error


def receive(end: socket.socket, *, seconds: float) -> bytes:
    """Return the next message.

    Args:
        end: the socket.
        seconds: how long to wait until the message begins.
    Raises:
        Gone: no message began in time, or the connection is closed.
    """
    if not select.select([end], [], [], seconds)[0]:
        raise Gone
    (length,) = _LENGTH.unpack(_exactly(end, _LENGTH.size))
    return _exactly(end, length)


def _exactly(end: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        try:
            chunk = end.recv(min(_CHUNK_BYTES, length - len(received)))
        except OSError as error:
            raise Gone from error
        if not chunk:
            raise Gone
        received += chunk
    return bytes(received)


class Channel:
    """One end of a connection that never blocks."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end, self._read, self._unsent = end, bytearray(), bytearray()
        self.is_gone = False

    def fileno(self) -> int:
        """Return the file descriptor, for `select.poll`."""
        return self._end.fileno()

    @property
    def has_unsent(self) -> bool:
        """Whether messages are not sent completely yet."""
        return bool(self._unsent)

    def post(self, message: bytes) -> None:
        """Queue a message and send what the socket takes at once."""
        self._unsent += _LENGTH.pack(len(message)) + message
        self._send()

    def exchange(self) -> list[bytes]:
        """Send and receive without blocking, and return the messages that have arrived completely."""
        self._send()
        self._receive()
        found: list[bytes] = []
        while len(self._read) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._read)
            if len(self._read) < _LENGTH.size + length:
                break
            found.append(bytes(self._read[_LENGTH.size : _LENGTH.size + length]))
            del self._read[: _LENGTH.size + length]
        return found

    def close(self) -> None:
        self._end.close()

    def _send(self) -> None:
        try:
            while self._unsent and not self.is_gone:
                with memoryview(self._unsent) as unsent:
                    sent = self._end.send(unsent[:_CHUNK_BYTES])
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()  # messages that arrived before can still be read

    def _receive(self) -> None:
        try:
            for _ in range(_MOST_READS):
                chunk = self._end.recv(_CHUNK_BYTES)
                self.is_gone = self.is_gone or not chunk
                if not chunk:
                    return
                self._read += chunk
        except BlockingIOError:
            return
        except OSError:
            self.is_gone = True
