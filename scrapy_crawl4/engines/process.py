"""One engine process, as the process sees it that started it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from .board import Board
from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[4])
from scrapy_crawl4.engines.worker import main
main(*map(int, sys.argv[1:4]))
"""
"""Started so that nothing of the program that starts it runs again: it may be a script, a notebook or a test."""
PATIENCE = 15.0
"""Seconds from the wish that it ends until it is made to."""
STEP = 0.005
"""Seconds between two looks whether it has ended; its socket tells that it is about to."""


class EngineProcess:
    """A child process; every method runs on the event loop that it was started on.

    :param take: is called with each message; must not raise.
    :param lost: is called once, when it has ended or does not answer any more.
    """

    def __init__(self, take: Callable[[Any], None], lost: Callable[[], None]) -> None:
        self._wire = Wire(take, self._lost)
        self._tell = lost
        self._board: Board | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._gone = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Its number; None before it is started."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start it.

        :raises OSError: when the system lets no process start.
        """
        self._board, file = Board.made()
        own, other = socket.socketpair()
        try:
            with other, file:
                numbers = [str(number) for number in (other.fileno(), file.fileno(), os.getpid())]
                paths = json.dumps([os.fspath(path) for path in sys.path if isinstance(path, str | os.PathLike)])
                self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - this interpreter; it takes milliseconds
                    [sys.executable, "-c", PROGRAM, *numbers, paths],
                    stdin=subprocess.DEVNULL,
                    pass_fds=(other.fileno(), file.fileno()),
                    process_group=0,  # Ctrl-C is for the process that started it
                )
            own.setblocking(False)
            await self._wire.open(own)
        except BaseException:
            own.close()
            self._board.close()
            self._gone.set()
            raise

    def send(self, message: Any) -> None:
        """Send *message*; does nothing once the process is gone."""
        self._wire.send(message)

    def begun(self) -> list[tuple[int, int]]:
        """Return run and index of each task that it is at, or was at when it ended."""
        return [] if self._board is None else self._board.begun()

    async def ended(self) -> None:
        """Return when nothing is left of it; one that does not end by itself is killed."""
        if self._process is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._reaped(self._process)
        self._process.kill()
        self._wire.close()
        await self._reaped(self._process)
        if self._board is not None:
            self._board.close()
            self._board = None

    async def _reaped(self, process: subprocess.Popen[bytes]) -> None:
        await self._gone.wait()
        while process.poll() is None:  # noqa: ASYNC110 - no event for it is in every system
            await asyncio.sleep(STEP)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()

    def _lost(self) -> None:
        self._gone.set()
        self._tell()
