"""Where the engine's event loop is: the one module that knows both Twisted's loop and the caller's.

Inside a program that already runs Twisted's asyncio reactor, or Scrapy without a reactor, the engine shares that loop.
Anywhere else one background thread per process runs a reactor of its own, from its first use to the end of the process.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy.utils.reactor import is_asyncio_reactor_installed, is_reactor_installed
from scrapy.utils.reactorless import ReactorImportHook

from ..exceptions import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

THREAD_NAME = "scrapy-crawl4-engine"
ENDING = "The engine has stopped because the process is ending."
STOP_SECONDS = 2.0
"""How long the end of the process waits for the engine thread."""


@dataclass(frozen=True, slots=True)
class EngineLoop:
    """A loop that can run a Scrapy crawler.

    loop: the loop.
    reactor: whether a Twisted reactor runs on it; False inside Scrapy's reactorless mode.
    own: whether no code but the engine's runs on it, so that it may be kept for some milliseconds.
    process: the process that runs it; a forked child has a copy that nobody runs.
    """

    loop: asyncio.AbstractEventLoop
    reactor: bool = True
    own: bool = False
    process: int = field(default_factory=os.getpid)

    @property
    def is_here(self) -> bool:
        """Whether the caller runs on this loop."""
        return _running_loop() is self.loop

    @property
    def is_lost(self) -> bool:
        """Whether this process was forked from the one that runs the loop."""
        return self.process != os.getpid()

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run *coroutine* on this loop and return its result; cancelling the caller cancels it.

        :raises EngineError: when the loop has ended.
        """
        if self.is_lost:
            coroutine.close()
            raise EngineError("The engine was started in the process that this one was forked from.")
        if self.is_here:
            return await coroutine
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        except RuntimeError:
            coroutine.close()
            raise EngineError(ENDING) from None
        return await asyncio.wrap_future(future)


async def engine_loop() -> EngineLoop:
    """Return the loop that the engine of this process runs on, started if need be.

    :raises EngineError: when another Twisted reactor than asyncio's is installed, or the process is ending.
    """
    if any(isinstance(finder, ReactorImportHook) for finder in sys.meta_path):
        return _reactorless_loop()
    if is_reactor_installed():
        return await _installed_reactor_loop()
    return EngineLoop(await EngineThread.shared(), own=True)


def _reactorless_loop() -> EngineLoop:
    loop = _running_loop()
    if loop is None:
        raise EngineError("Scrapy runs without a reactor here: use AsyncWebCrawler from its own event loop.")
    return EngineLoop(loop, reactor=False)


async def _installed_reactor_loop() -> EngineLoop:
    reactor = _reactor()
    if not is_asyncio_reactor_installed():
        raise EngineError(
            f"This program installed Twisted's {type(reactor).__name__}, and AsyncWebCrawler needs the asyncio "
            "reactor: install twisted.internet.asyncioreactor.AsyncioSelectorReactor before anything else does."
        )
    if reactor.running:
        loop = reactor._asyncioEventloop  # it has no public name
        return EngineLoop(loop, own=EngineThread.of(loop) is not None)
    return EngineLoop(await EngineThread.shared(), own=True)


def _reactor() -> Any:
    """Return the process's reactor, which must be installed: importing it would install Twisted's default one."""
    from twisted.internet import reactor

    return reactor


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class EngineThread:
    """The background thread with its reactor. A process has one reactor at most, so it has one of these at most."""

    _lock = threading.Lock()
    _shared: EngineThread | None = None

    def __init__(self) -> None:
        self._open: set[Any] = set()
        self._workers: ThreadPoolExecutor | None = None
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._stopped = False
        # A daemon, since the interpreter joins other threads before it runs the atexit function that stops this one.
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)

    @classmethod
    async def shared(cls) -> asyncio.AbstractEventLoop:
        """Return the loop of this process's engine thread, started on first use.

        :raises EngineError: when its reactor could not start or has stopped.
        """
        with cls._lock:
            if cls._shared is None:
                cls._shared = cls()
                cls._shared._thread.start()
                atexit.register(cls._shared.stop)
            engine = cls._shared
        loop = await asyncio.shield(asyncio.wrap_future(engine._loop))
        if engine._stopped:
            raise EngineError(ENDING)
        return loop

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> EngineThread | None:
        """Return the thread of this process if *loop* is its loop."""
        engine = cls._shared
        return engine if engine is not None and engine._loop.done() and engine._loop.result() is loop else None

    def opened(self, engine: Any) -> None:
        """Keep *engine*, which has a coroutine method ``close()``, for the end of the process; on this thread only.

        The loop looks up host names on threads of its default executor: they are there while an engine is open.
        """
        if not self._open:
            self._workers = ThreadPoolExecutor(thread_name_prefix="scrapy-crawl4-resolver")
            self._loop.result().set_default_executor(self._workers)
        self._open.add(engine)

    def closed(self, engine: Any) -> None:
        """Forget *engine*; what threads the last one leaves end when their work is done."""
        self._open.discard(engine)
        if not self._open and self._workers is not None:
            self._workers.shutdown(wait=False)

    def stop(self) -> None:
        """End what is still open, then the reactor, and wait for the thread; for the end of the process."""
        if self._stopped or not self._thread.is_alive():
            return
        with contextlib.suppress(RuntimeError, TimeoutError, EngineError):
            loop = self._loop.result(STOP_SECONDS)
            asyncio.run_coroutine_threadsafe(self._wind_down(), loop)
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            loop = self._run_reactor()
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the start
            if not self._loop.done():
                self._loop.set_exception(EngineError(f"The engine's reactor could not start: {error}."))
        finally:
            self._stopped = True

    def _run_reactor(self) -> asyncio.AbstractEventLoop:
        if not is_reactor_installed():
            from twisted.internet import asyncioreactor  # noqa: PLC0415 - Twisted's asyncio part, on first use

            asyncioreactor.install(asyncio.SelectorEventLoop())  # type: ignore[no-untyped-call]
        reactor = _reactor()
        # One that the program installed and never ran has a loop already.
        loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        asyncio.set_event_loop(loop)
        reactor.callWhenRunning(self._loop.set_result, loop)
        run: Callable[[], object] = partial(reactor.run, installSignalHandlers=False)
        while True:
            try:
                run()
            except SystemExit:  # of a user's code; asyncio has given it to whoever waits for that, and lets it through
                run = loop.run_forever
            else:
                return loop

    @classmethod
    def _forget_in_child(cls) -> None:
        """Let a forked child, which has neither the thread nor its loop, start anew."""
        if cls._shared is not None:
            cls._shared, cls._lock = None, threading.Lock()
            sys.modules.pop("twisted.internet.reactor", None)

    async def _wind_down(self) -> None:
        self._stopped = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS / 2):
                await asyncio.gather(*(item.close() for item in list(self._open)), return_exceptions=True)
        _reactor().stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=EngineThread._forget_in_child)
