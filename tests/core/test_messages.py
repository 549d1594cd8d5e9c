"""Messages between a process and its children."""

import os
import socket
from collections.abc import Iterator

import pytest

from processing.core.children.messages import Channel, Gone, receive, send

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Both ends of a socket: the parent's, and the child's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_messages_of_any_length_arrive_whole_and_in_order(ends: Ends) -> None:
    channel, sent = Channel(ends[0]), [os.urandom(length) for length in (0, 1, 100_000)]
    for message in sent:
        send(ends[1], message)
    found: list[bytes] = []
    while len(found) < len(sent):
        found += channel.exchange()
    assert found == sent
    for message in sent:
        channel.post(message)
    assert [receive(ends[1], seconds=1.0) for _ in sent] == sent


def test_who_never_waits_sends_as_much_as_is_taken(ends: Ends) -> None:
    channel = Channel(ends[0])
    channel.post(b"x" * 10_000_000)
    assert channel.has_unsent
    assert channel.exchange() == []
    ends[1].setblocking(False)
    taken = 0
    while channel.has_unsent or taken < 10_000_008:
        taken += len(ends[1].recv(1 << 20))
        channel.exchange()
    assert taken == 10_000_008


def test_half_a_message_is_kept_until_the_rest_comes(ends: Ends) -> None:
    channel = Channel(ends[0])
    ends[1].sendall((6).to_bytes(8, "big") + b"abc")
    assert channel.exchange() == []
    ends[1].sendall(b"def" + (2).to_bytes(8, "big"))
    assert channel.exchange() == [b"abcdef"]
    ends[1].sendall(b"gh")
    assert channel.exchange() == [b"gh"]


def test_what_was_said_before_the_other_side_went_is_heard(ends: Ends) -> None:
    channel = Channel(ends[0])
    send(ends[1], b"farewell")
    ends[1].close()
    channel.post(b"wait")
    assert channel.exchange() == [b"farewell"]
    assert channel.is_gone


def test_who_waits_learns_that_nobody_is_there_or_speaks(ends: Ends) -> None:
    with pytest.raises(Gone):
        receive(ends[1], seconds=0.01)
    ends[0].sendall(b"abc")
    ends[0].close()
    with pytest.raises(Gone):
        receive(ends[1], seconds=1.0)
    with pytest.raises(Gone):
        send(ends[1], b"x" * 10_000_000)
