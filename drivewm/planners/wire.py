"""Messages over a socket, each with its length before it, and never later than allowed."""

from __future__ import annotations

import socket
import struct
import time

_LENGTH = struct.Struct("<Q")
LARGEST = 1 << 30  # bytes; what claims to be longer is no message


class Closed(Exception):
    """The other end is gone, or wrote something that is no message."""


def send(link: socket.socket, message: bytes, until: float | None = None) -> None:
    """Writes one message.

    Args:
        link: connected stream socket.
        message: any bytes.
        until: ``time.monotonic()`` by which it must have left; None = whenever.

    Raises:
        TimeoutError: it is later than that.
        Closed: nobody reads.
    """
    try:
        link.settimeout(_left(until))
        link.sendall(_LENGTH.pack(len(message)) + message)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed(str(error)) from error


def receive(link: socket.socket, until: float | None = None) -> bytes:
    """Reads one message; arguments and errors as those of :func:`send`."""
    (length,) = _LENGTH.unpack(_exactly(link, _LENGTH.size, until))
    if length > LARGEST:
        raise Closed(f"a message of {length} bytes")
    return _exactly(link, length, until)


def _exactly(link: socket.socket, count: int, until: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        try:
            link.settimeout(_left(until))
            part = link.recv(min(count - len(parts), 1 << 20))
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed(str(error)) from error
        if not part:
            raise Closed("end of messages")
        parts += part
    return bytes(parts)


def _left(until: float | None) -> float | None:
    return None if until is None else max(until - time.monotonic(), 1e-6)
