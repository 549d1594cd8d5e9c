"""Messages between two processes over a socket: eight bytes that say how long one is, then the message.

A child waits for its next message and until its own are sent; its parent, which also has other children, waits for nothing.
"""

import select
import socket
import struct

from processing.core.errors import Transient

_LENGTH = struct.Struct("!Q")
#: Bytes that are read at a time, and so often in a row.
_BITE, _BITES = 1 << 20, 16


class Gone(Transient):
    """The other side is not there any more, or was silent for longer than one waits."""


def send(end: socket.socket, message: bytes) -> None:
    """The message is on its way. Raises Gone."""
    try:
        end.sendall(_LENGTH.pack(len(message)) + message)
    except OSError as error:
        raise Gone from error


def receive(end: socket.socket, *, seconds: float) -> bytes:
    """The next message, which begins within so many seconds. Raises Gone."""
    if not select.select([end], [], [], seconds)[0]:
        raise Gone
    (length,) = _LENGTH.unpack(_exactly(end, _LENGTH.size))
    return _exactly(end, length)


def _exactly(end: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        try:
            part = end.recv(min(_BITE, length - len(parts)))
        except OSError as error:
            raise Gone from error
        if not part:
            raise Gone
        parts += part
    return bytes(parts)


class Channel:
    """The end of somebody who never waits."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end, self._read, self._unsent = end, bytearray(), bytearray()
        self.is_gone = False

    def fileno(self) -> int:
        """For whoever waits until there is something to do."""
        return self._end.fileno()

    @property
    def has_unsent(self) -> bool:
        """Whether something waits until the other side takes it."""
        return bool(self._unsent)

    def post(self, message: bytes) -> None:
        """The message will be sent."""
        self._unsent += _LENGTH.pack(len(message)) + message
        self._send()

    def exchange(self) -> list[bytes]:
        """Send and receive what can be at once; the messages that are complete."""
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
        """Nothing more is sent or received."""
        self._end.close()

    def _send(self) -> None:
        try:
            while self._unsent and not self.is_gone:
                with memoryview(self._unsent) as unsent:
                    sent = self._end.send(unsent[:_BITE])
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()  # what the other side has said before can still be read

    def _receive(self) -> None:
        try:
            for _ in range(_BITES):
                part = self._end.recv(_BITE)
                self.is_gone = self.is_gone or not part
                if not part:
                    return
                self._read += part
        except BlockingIOError:
            return
        except OSError:
            self.is_gone = True
