"""Content work of a run: on one thread, page after page, and on others where a page waits for a language model."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ..content.llm_scope import ModelScope
from ..content.llm_session import ModelSession, WaitingThreads
from ..exceptions import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from ..dispatch import DispatchController, Session
    from .spilling import Spilling
    from .tasks import Work

T = TypeVar("T")

CONTENT_THREADS = 1
"""Content work holds Python's lock, so that a second thread would only add switches."""


class ContentThreads:
    """The threads of an engine, which all of its runs share.

    :param llm_concurrency: pages that may wait for a model at a time.
    """

    def __init__(self, llm_concurrency: int) -> None:
        self.executor = ThreadPoolExecutor(CONTENT_THREADS, thread_name_prefix="scrapy-crawl4-content")
        self.waiting = WaitingThreads(llm_concurrency)
        self.models = ModelSession()
        self.turn = threading.Lock()
        """Held by the one page that is being worked on; a page that waits for a model gives it back meanwhile."""

    def close(self) -> None:
        """End them; nothing may be submitted any more."""
        self.models.close()
        self.executor.shutdown()


class ContentWork:
    """What one run does on these threads.

    :param threads: those of the engine.
    :param controller: is told which page is being worked on.
    """

    def __init__(self, threads: ContentThreads, controller: DispatchController[Work]) -> None:
        self._threads = threads
        self._controller = controller
        self._jobs: set[Future[Any]] = set()
        self._waiting: set[Future[Any]] = set()

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._jobs or self._waiting)

    async def ended(self) -> None:
        """Wait for what is under way."""
        jobs = [asyncio.wrap_future(job) for job in (*self._jobs, *self._waiting)]
        await asyncio.gather(*jobs, return_exceptions=True)

    async def on_page(self, session: Session[Work], function: Callable[[], T], spilling: Spilling | None) -> T:
        """Run *function*, which makes something of a page, in its turn; the run waits for it even if the caller ends.

        What would end the program or cancel the session becomes a failure of the page. Before the next page is worked
        on, results that are too much for memory leave it.
        """
        job = self._threads.executor.submit(self._work_on, session, function, spilling)
        self._keep(job, self._jobs)
        return await asyncio.wrap_future(job)

    async def on_waiting_page(self, session: Session[Work], function: Callable[[], T], spilling: Spilling | None) -> T:
        """Do the same where *function* asks models; its waits hold up no other page, and end with the caller."""
        scope = ModelScope(self._threads.models, lambda: self._pause(session), lambda: self._resume(session))

        def work() -> T:
            with scope.entered():
                return self._work_on(session, function, spilling)

        job = self._threads.waiting.submit(work)
        self._keep(job, self._waiting)
        try:
            return await asyncio.wrap_future(job)
        finally:
            scope.cancel()

    def relieve(self, spilling: Spilling) -> None:
        """Look after the memory of results soon."""
        if not self._jobs:  # otherwise done behind the page that is being worked on
            # The run waits for it as for all work, so that nobody has the results before it has ended.
            self._keep(self._threads.executor.submit(spilling.look), self._jobs)

    def _keep(self, job: Future[Any], jobs: set[Future[Any]]) -> None:
        jobs.add(job)
        job.add_done_callback(jobs.discard)

    def _work_on(self, session: Session[Work], function: Callable[[], T], spilling: Spilling | None) -> T:
        with self._turn(session):
            try:
                return function()
            except Exception:
                raise
            except BaseException as error:
                raise TaskFailed(f"The content stages failed: {type(error).__name__}") from error
            finally:
                self._controller.work(None)
                if spilling is not None:
                    spilling.look()

    @contextmanager
    def _turn(self, session: Session[Work]) -> Iterator[None]:
        self._resume(session)
        try:
            yield
        finally:
            self._threads.turn.release()

    def _pause(self, session: Session[Work]) -> None:
        self._controller.wait(session)
        self._threads.turn.release()

    def _resume(self, session: Session[Work]) -> None:
        self._threads.turn.acquire()
        self._controller.work(session)
