"""Messages over a socket: whole, in order, in time, and nothing else is taken for one."""

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.planners import wire


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_what_is_sent_is_received_in_order(messages):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in messages:
            wire.send(ours, message)
        assert [wire.receive(theirs) for _ in messages] == messages


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_the_end(garbage):
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(garbage)
        try:
            message = wire.receive(theirs)
        except wire.Closed:
            return
        assert garbage[8 : 8 + len(message)] == message


def test_an_end_in_the_middle_is_named():
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(b"\x09\0\0\0\0\0\0\0half")
        with pytest.raises(wire.Closed, match="end of messages"):
            wire.receive(theirs)
    with pytest.raises(wire.Closed):
        wire.send(theirs, b"x")


def test_a_message_of_absurd_length_is_refused():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\xff" * 8)
        with pytest.raises(wire.Closed, match="bytes"):
            wire.receive(theirs)


@pytest.mark.parametrize("what", ["receive", "send"])
def test_it_waits_no_longer_than_allowed(what):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            if what == "receive":
                wire.receive(ours, started + 0.2)
            else:
                wire.send(ours, b"x" * (1 << 24), started + 0.2)  # nobody reads
        assert 0.1 < time.monotonic() - started < 2.0


def test_a_message_that_drips_does_not_prolong_the_wait():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\x64\0\0\0\0\0\0\0")
        until = time.monotonic() + 0.3
        ours.sendall(b"drip")
        with pytest.raises(TimeoutError):
            wire.receive(theirs, until)
        assert time.monotonic() - until < 1.0
