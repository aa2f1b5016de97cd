"""Messages between a crawl and its workers: a length, and that many bytes of pickle."""

from __future__ import annotations

import pickle
import socket
import struct
from typing import Any

HEAD = struct.Struct("!Q")
ROOM = 1 << 20
"""Bytes that may wait in a socket, if the system allows: a message passes in one go then, without a wait."""


def widen(link: socket.socket) -> None:
    """Give *link* room for whole messages."""
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)


def write(link: socket.socket, message: Any) -> None:
    """Send *message*, whole.

    :raises OSError: nobody is at the other end.
    """
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    link.sendall(HEAD.pack(len(data)) + data)


def read(link: socket.socket) -> Any:
    """Return the next message.

    :raises BlockingIOError: none has begun within the time limit of the socket, if it has one.
    :raises EOFError: the other end is closed, or has gone in the middle of a message.
    """
    (length,) = HEAD.unpack(_exactly(link, HEAD.size, may_stop=True))
    return pickle.loads(_exactly(link, length))  # noqa: S301 - from our own process


def _exactly(link: socket.socket, length: int, *, may_stop: bool = False) -> bytearray:
    data = bytearray(length)
    view, got = memoryview(data), 0
    while got < length:
        try:
            # In one call, in which Python's lock is free: to get it back can take longer than to work on a page.
            count = link.recv_into(view[got:], 0, socket.MSG_WAITALL)
        except BlockingIOError:
            if may_stop and not got:
                raise
            continue
        except ConnectionError:
            count = 0
        if not count:
            raise EOFError("The other end is closed.")
        got += count
    return data
