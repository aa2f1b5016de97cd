"""Messages between this process and an engine process: pickles behind their length, on a pair of sockets."""

from __future__ import annotations

import asyncio
import contextlib
import io
import pickle
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH = struct.Struct("<Q")
ROOM = 256 * 1024
"""Bytes that are read at a time, at least."""
LARGE = 4 * 1024 * 1024
"""Bytes from which on a buffer is not kept for the next message."""


SHORT_WHILE = 0.005
"""Seconds between two looks at what is still to be sent, at the end."""


class Wire(asyncio.BufferedProtocol):
    """One end of the pair, on an event loop.

    :param take: is called with each message; must not raise.
    :param lost: is called once when the other end is gone.
    """

    def __init__(self, take: Callable[[Any], None], lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(ROOM)
        self._start = self._end = 0

    async def open(self, own: socket.socket) -> None:
        """Begin to read from *own*, which belongs to this object from now on."""
        with contextlib.suppress(OSError):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: self, sock=own)

    def send(self, message: Any) -> None:
        """Send *message*; does nothing once the other end is gone.

        :raises Exception: when it cannot be pickled.
        """
        frame = io.BytesIO()
        frame.write(LENGTH.pack(0))
        pickle.Pickler(frame, pickle.HIGHEST_PROTOCOL).dump(message)
        view = frame.getbuffer()
        LENGTH.pack_into(view, 0, len(view) - LENGTH.size)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(view)

    async def drained(self) -> None:
        """Return when what was sent has left this process, or the other end is gone."""
        while self._transport is not None and self._transport.get_write_buffer_size():  # noqa: ASYNC110 - at the end
            await asyncio.sleep(SHORT_WHILE)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - of asyncio
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102 - of asyncio
        self._transport = None
        self._lost()

    def eof_received(self) -> bool:  # noqa: D102 - of asyncio
        return False

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: D102 - of asyncio
        if self._start == self._end:
            self._start = self._end = 0
            if len(self._buffer) > LARGE:
                self._buffer = bytearray(ROOM)
        if len(self._buffer) - self._end < ROOM // 2 or self._missing > len(self._buffer) - self._end:
            self._move(max(ROOM, self._missing))
        return memoryview(self._buffer)[self._end :]

    @property
    def _missing(self) -> int:
        """Bytes that the message is short of which has begun to arrive."""
        arrived = self._end - self._start
        if arrived < LENGTH.size:
            return 0
        return int(LENGTH.unpack_from(self._buffer, self._start)[0]) + LENGTH.size - arrived

    def _move(self, room: int) -> None:
        """Make room behind what has arrived, in a buffer of its own: somebody may still look at the old one."""
        begun = memoryview(self._buffer)[self._start : self._end]
        self._start, self._end = 0, len(begun)
        buffer = bytearray(self._end + room)
        buffer[: self._end] = begun
        self._buffer = buffer

    def buffer_updated(self, nbytes: int) -> None:  # noqa: D102 - of asyncio
        self._end += nbytes
        while self._end - self._start >= LENGTH.size and self._missing <= 0:
            begin = self._start + LENGTH.size
            end = begin + int(LENGTH.unpack_from(self._buffer, self._start)[0])
            message = pickle.loads(memoryview(self._buffer)[begin:end])  # noqa: S301 - of a process of our own
            self._start = end
            self._take(message)
