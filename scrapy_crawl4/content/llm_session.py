"""Connections to models, and the threads that wait for their answers."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from .llm_request import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

THREAD_NAME = "scrapy-crawl4-models"
CLOSED = "The run ended before the model had answered."


class ModelSession:
    """One event loop, on a thread of its own from the first request on, and one pool of connections.

    It belongs to whoever made it, serves any number of threads, and leaves nothing behind when it is closed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._http: Any = None

    def submit(self, ask: Callable[[Any], Coroutine[Any, Any, T]]) -> Future[T]:
        """Begin ``ask(http)``, where *http* is the pool of connections, and return its future.

        :raises ModelError: the session is closed.
        """
        with self._lock:
            if self._closed:
                raise ModelError(CLOSED)
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name=THREAD_NAME, daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(self._asking(ask), self._loop)

    async def _asking(self, ask: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        if self._http is None:
            # The first import takes a second, and belongs to whoever asks first.
            self._http = importlib.import_module("openai").DefaultAsyncHttpxClient()
        return await ask(self._http)

    def close(self) -> None:
        """End all requests and the thread; may be called again."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
        if loop is not None and thread is not None and thread.is_alive():
            with contextlib.suppress(RuntimeError):  # another call was faster
                loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            loop.run_until_complete(self._end())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()
        await asyncio.get_running_loop().shutdown_asyncgens()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WaitingThreads:
    """Runs functions that wait, each on a thread; a thread lasts as long as there is something to run.

    The threads end with the program, whatever they wait for.

    :param limit: threads at a time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run *function* as soon as a thread is free; first come, first served."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.append((future, function))
            if self._running < self._limit:
                self._running += 1
                threading.Thread(target=self._work, name="scrapy-crawl4-waiting", daemon=True).start()
        return future

    def _work(self) -> None:
        while (job := self._next()) is not None:
            future, function = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
                future.set_exception(error)
            else:
                future.set_result(result)
            del job, future, function

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._running -= 1
            return None
