"""The program of an engine process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import describe
from ..exceptions import EngineError
from ..facade.bridge import engine_loop
from ..facade.engine import Engine
from . import logs
from .board import Board
from .frozen import thaw
from .messages import (
    Allowed,
    Begin,
    Close,
    Closed,
    Ended,
    EndOfInput,
    Feed,
    Logged,
    NewRun,
    Ready,
    Stop,
    Taken,
)
from .wire import Wire
from .worker_run import WorkerRun

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

LOOK_FOR_PARENT = 1.0
"""Seconds between two looks whether the process that started this one is there: a copy of its socket may outlive it."""
LAST_SECONDS = 5.0
"""How long this process may take to end once nobody waits for it."""


class Worker:
    """Does what the other end of *own* says, until that is gone.

    :param own: this end of the pair of sockets.
    :param board: where the other process can see what is begun.
    :param parent: the process that started this one.
    """

    def __init__(self, own: socket.socket, board: Board, parent: int) -> None:
        self._socket = own
        self._board = board
        self._parent = parent
        self._wire = Wire(self._take, self._lost)
        self._engine: Engine | None = None
        self._runs: dict[int, WorkerRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Work until there is nobody to work for."""
        self._loop = asyncio.get_running_loop()
        await self._wire.open(self._socket)
        self._watch_parent()
        await self._over.wait()
        stats: dict[str, Any] = {}
        if self._engine is not None:
            await self._engine.close()
            stats = _stats(self._engine)
        with contextlib.suppress(Exception):  # values of a user's that cannot be sent
            self._wire.send(Closed(stats))
        await self._wire.drained()

    def _watch_parent(self) -> None:
        if os.getppid() != self._parent:
            self._lost()
        else:
            self._loop.call_later(LOOK_FOR_PARENT, self._watch_parent)

    def _lost(self) -> None:
        """End: nobody is left who would take what is made here."""
        if not self._over.is_set():
            self._over.set()
            timer = threading.Timer(LAST_SECONDS, os._exit, (1,))
            timer.daemon = True
            timer.start()

    def _take(self, message: Any) -> None:
        try:
            HANDLERS[type(message)](self, message)
        except Exception:  # the process that started this one sees its end, and starts another
            logger.exception("An engine process failed")
            self._lost()

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin(self, begin: Begin) -> None:
        logs.start(self._log, begin.levels)
        self._spawn(self._open(begin))

    async def _open(self, begin: Begin) -> None:
        try:
            home = replace(await engine_loop(), own=True)
            self._engine = Engine(home, thaw(begin.settings), begin.llm_concurrency, begin.content_workers)
            await self._engine.open()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - handed to whoever started this process
            sentence = (
                str(error) if isinstance(error, EngineError) else f"The engine could not start: {describe(error)}"
            )
            self._wire.send(Ready(sentence))
        else:
            self._wire.send(Ready())

    def _log(self, fields: dict[str, Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._wire.send, Logged(fields))

    def _new_run(self, new: NewRun) -> None:
        assert self._engine is not None
        if self._engine.closed:
            self._wire.send(Ended(new.run, "The crawler was closed before this run started.", is_closed=True))
            return
        try:
            run = WorkerRun(self._engine, thaw(new.plan), new.run, self._wire.send, self._board)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - handed to whoever started this process
            sentence = f"The engine process could not take the run: {describe(error)}"
            self._wire.send(Ended(new.run, sentence, self._engine.closed))
        else:
            self._runs[new.run] = run

    def _stop(self, stop: Stop) -> None:
        run = self._runs.get(stop.run)
        if run is None:
            self._wire.send(Ended(stop.run, stop.reason))
        else:
            self._spawn(run.stop(stop.reason))

    def _of_run(self, number: int, step: Callable[[WorkerRun], None]) -> None:
        run = self._runs.get(number)
        if run is not None:
            step(run)
        for known in [known for known, other in self._runs.items() if other.has_ended]:
            del self._runs[known]

    def _feed(self, feed: Feed) -> None:
        self._of_run(feed.run, lambda run: run.elements(feed.elements))

    def _end_of_input(self, end: EndOfInput) -> None:
        self._of_run(end.run, lambda run: run.end_of_input())

    def _taken(self, taken: Taken) -> None:
        self._of_run(taken.run, lambda run: run.taken([taken.results]))

    def _allowed(self, allowed: Allowed) -> None:
        self._of_run(allowed.run, lambda run: run.allow(allowed))

    def _close(self, close: Close) -> None:
        self._over.set()


HANDLERS: dict[type, Callable[[Worker, Any], None]] = {
    Begin: Worker._begin,
    NewRun: Worker._new_run,
    Feed: Worker._feed,
    EndOfInput: Worker._end_of_input,
    Taken: Worker._taken,
    Allowed: Worker._allowed,
    Stop: Worker._stop,
    Close: Worker._close,
}


def _stats(engine: Engine) -> dict[str, Any]:
    try:
        collector = engine.crawler.stats
    except AssertionError:  # it never opened
        return {}
    return {} if collector is None else dict(collector.get_stats())


def main(descriptor: int, board: int, parent: int) -> None:
    """Run an engine process.

    :param descriptor: of its end of the pair of sockets.
    :param board: of the file of its :class:`Board`.
    :param parent: the process that started it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one decides
    from twisted.internet import asyncioreactor  # noqa: PLC0415 - the reactor of this process is installed here

    loop = asyncio.SelectorEventLoop()
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor as installed

    reactor: Any = installed
    shared = Board(board)
    os.close(board)
    worker = Worker(socket.socket(fileno=descriptor), shared, parent)

    async def work() -> None:
        try:
            await worker.run()
        finally:
            reactor.stop()

    tasks: list[asyncio.Task[None]] = []
    reactor.callWhenRunning(lambda: tasks.append(loop.create_task(work())))
    reactor.run(installSignalHandlers=False)
    shared.close()
