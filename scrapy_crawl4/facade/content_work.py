"""Content work of a run: page after page beside the loop, and on other threads where a page waits for a model."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ..content.llm_scope import ModelScope
from ..content.llm_session import ModelSession, WaitingThreads
from ..content.warming import warm_up
from ..workers.pool import ContentPool
from .arrivals import Arrivals
from .at_once import AtOnce, Length
from .page_job import PageJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from scrapy.http import Response

    from ..dispatch import DispatchController, Session
    from .spilling import Spilling
    from .tasks import Work

T = TypeVar("T")


class ContentThreads:
    """The threads of an engine and its worker processes, which all of its runs share.

    :param llm_concurrency: pages that may wait for a model at a time.
    :param workers: processes for content work, or ``"auto"``.
    :param own_loop: whether the engine's loop is nobody else's, so that small pages may be worked on there.
    """

    def __init__(self, llm_concurrency: int, workers: int | str, *, own_loop: bool) -> None:
        self.pool = ContentPool(workers)
        self.at_once = AtOnce(self.pool) if own_loop else None
        self.waiting = WaitingThreads(llm_concurrency)
        self.models = ModelSession()
        self._ready = False

    async def get_ready(self) -> None:
        """Load what content work needs, beside the loop; without it, the first page would wait for that on the loop."""
        if self.at_once is not None and not self._ready:
            await asyncio.wrap_future(self.pool.executor.submit(warm_up))
            self._ready = True

    def close(self) -> None:
        """End them; nothing may be submitted any more."""
        self.models.close()
        self.pool.close()


class ContentWork:
    """What one run does on these threads; used on one loop.

    :param threads: those of the engine.
    :param controller: is told which pages are being worked on.
    """

    def __init__(self, threads: ContentThreads, controller: DispatchController[Work]) -> None:
        self.pool = threads.pool
        self.controller = controller
        self._threads = threads
        self._arrivals = Arrivals()
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

        A result whose content is pending is completed, perhaps by a worker; if the caller ends, that gets a few seconds
        more. What would end the program or cancel the session becomes a failure of the page. Before the next page is
        worked on, results that are too much for memory leave it.
        """
        job = PageJob(self, session, function, spilling)
        self._keep(self.pool.submit(job, self._has_room), self._jobs)
        return await self._done(job)

    async def on_fetched(
        self, session: Session[Work], function: Callable[[], T], spilling: Spilling | None, response: Response
    ) -> T:
        """Do the same with a *function* that makes a result of *response*: on the loop, unless that is very large."""
        at_once = self._threads.at_once
        if at_once is None or (spilling is not None and spilling.due):
            return await self.on_page(session, function, spilling)
        length = at_once.takes(session.task.config, response)
        if length is Length.SHORT:
            return await at_once.run(PageJob(self, session, function, None).at_once)
        if length is Length.LONG:
            return await at_once.run_in_steps(PageJob(self, session, function, None).in_steps())
        return await self.on_page(session, function, spilling)

    async def off_loop(self, session: Session[Work], function: Callable[[], T], spilling: Spilling | None) -> T:
        """Do the same with a *function* that makes no result."""
        job = PageJob(self, session, function, spilling)
        self._keep(self.pool.submit_here(job), self._jobs)
        return await self._done(job)

    async def on_waiting_page(self, session: Session[Work], function: Callable[[], T], spilling: Spilling | None) -> T:
        """Do the same where *function* asks models; its waits hold up no other page, and end with the caller."""
        scope = ModelScope(self._threads.models, lambda: self._pause(session), lambda: self.resume(session))
        job = PageJob(self, session, function, spilling)

        def work() -> None:
            if job.may_start():
                with scope.entered():
                    job.run(job.here)

        self._threads.waiting.submit(work)
        self._keep(job.future, self._waiting)
        try:
            return await self._done(job)
        finally:
            scope.cancel()

    def relieve(self, spilling: Spilling) -> None:
        """Look after the memory of results soon."""
        if not self._jobs:  # otherwise done behind the page that is being worked on
            # The run waits for it as for all work, so that nobody has the results before it has ended.
            self._keep(self.pool.executor.submit(spilling.look), self._jobs)

    def _has_room(self) -> bool:
        return not self.controller.is_tight

    async def _done(self, job: PageJob[T]) -> T:
        try:
            return await self._arrivals.of(job.future)
        except asyncio.CancelledError:
            job.abandon()
            raise

    def _keep(self, job: Future[Any], jobs: set[Future[Any]]) -> None:
        jobs.add(job)
        job.add_done_callback(jobs.discard)

    @contextmanager
    def turn(self, session: Session[Work]) -> Iterator[None]:
        """Hold the turn of this process while the page of *session* is worked on."""
        self.resume(session)
        try:
            yield
        finally:
            self.pool.turn.release()

    def _pause(self, session: Session[Work]) -> None:
        self.controller.wait(session)
        self.pool.turn.release()

    def resume(self, session: Session[Work]) -> None:
        """Take the turn for *session*, at the beginning and after a wait."""
        self.pool.turn.acquire()
        self.controller.work(session, self.pool.lanes)
