"""The way to the network: what wants to be transferred waits here for a session, on whatever loop Scrapy runs."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest
from scrapy.utils.asyncio import call_later, is_asyncio_available
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import CancelledError, Deferred

from .dispatch import HTTP, DispatchController, DispatchDriver, MemoryAdaptiveDispatcher, MemoryProbe
from .exceptions import Crawl4Error, DispatcherError
from .meter import PageMeter
from .turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any

    from scrapy.http import Response

    from .dispatch import BaseDispatcher, HostLimits, Session

CANCELLED = (asyncio.CancelledError, CancelledError)
"""What a cancelled coroutine meets: the first on asyncio, the second on other reactors."""


CLOSED = "The crawl closed before this page was there."


class TurnedAway(Crawl4Error, IgnoreRequest):  # noqa: N818 - names a state of a request
    """A waiting turn was ended because the crawl closes; nothing was transferred for it."""


class NoPermits(DispatcherError, IgnoreRequest):  # noqa: N818 - names a state of a request
    """A request was ended because the policy permits nothing; Scrapy's errbacks meet it as an ``IgnoreRequest``."""


class DispatchGate:
    """Lets transfers through as the dispatcher permits; one of a Scrapy crawler.

    :param dispatcher: the policy.
    :param host_limits: limits of a host beyond the policy's, by host key.
    :param memory_limit_mb: a memory limit in place of the system's. Memory is watched if this is set or the policy
        adapts to memory.
    :param on_starved: called with one sentence when the waiting turns were ended because the policy gives no permits.
    """

    def __init__(
        self,
        dispatcher: BaseDispatcher,
        *,
        host_limits: Callable[[str], HostLimits | None] | None = None,
        memory_limit_mb: float | None = None,
        on_starved: Callable[[str], None] | None = None,
    ) -> None:
        self.watched = memory_limit_mb is not None or isinstance(dispatcher, MemoryAdaptiveDispatcher)
        """Whether memory is measured."""
        self.controller: DispatchController[Turn] = DispatchController(dispatcher, host_limits=host_limits)
        self.on_tick: Callable[[], None] | None = None
        self._on_starved = on_starved
        self._held: set[Deferred[None]] = set()
        self._turns: set[Turn] = set()
        self._aborted = False
        self._watching = False
        self._driver: DispatchDriver[Turn] = DispatchDriver(
            self.controller,
            start=_start,
            shed=_shed,
            expire=self._expire,
            call_later=call_later,
            probe=MemoryProbe(memory_limit_mb) if self.watched else None,
        )
        self._driver.on_tick = self._ticked

    def meter(self, session: Session[Turn]) -> PageMeter | None:
        """Return what reports the size of the page that *session* fetches; None where memory is not measured."""
        return PageMeter(self._driver, session) if self.watched else None

    @property
    def permits(self) -> int:
        """Transfers that may be in flight now; 1 where the policy fails, so that the next one meets its error."""
        try:
            return self.controller.permits
        except Exception:  # noqa: BLE001 - permits() is a user's code; the driver reports what it raises
            return 1

    @property
    def room(self) -> int:
        """How many more transfers could start now; below 0 when permits were lowered under what is in flight."""
        return self.permits - self.controller.in_flight

    async def run(
        self,
        host: str,
        transfer: Callable[[Session[Turn]], Coroutine[Any, Any, Response]],
        *,
        stays: bool = False,
        kind: str = HTTP,
    ) -> Response:
        """Wait for a session of *host*, run *transfer* with it and return its response.

        A transfer that is taken back because memory is critical runs again later. Cancelling the caller ends the wait
        or the transfer, and the permit is free at once.

        :param stays: whether to wait on even when the crawl closes.
        :param kind: the way it is fetched; sessions of one kind cost alike.
        :raises TurnedAway: when the crawl closes before the transfer starts.
        :raises NoPermits: when the policy gives no permits for good.
        """
        if self._aborted:
            raise TurnedAway(CLOSED)
        turn = Turn(host, stays=stays)
        self.controller.add(turn, host, kind)
        self._driver.pump()
        with self._left(turn) as finished:
            while True:
                session = await turn.wait()
                if self._aborted:
                    raise TurnedAway(CLOSED)
                # By itself, so that it can be taken back without ending the caller.
                turn.transfer = _begin(transfer(session))
                try:
                    response: Response = await turn.transfer
                except (Exception, *CANCELLED):
                    # Some download handlers make an error of their own of the cancellation.
                    if not (turn.shed or self._aborted) or _caller_cancelled():
                        raise
                    if self._aborted:
                        raise TurnedAway(CLOSED) from None
                    self._take_back(turn, session)
                else:
                    finished.append(response)
                    return response

    @contextmanager
    def _left(self, turn: Turn) -> Iterator[list[Response]]:
        """Give back whatever *turn* holds at the end of the block."""
        finished: list[Response] = []
        self._turns.add(turn)
        try:
            yield finished
        finally:
            self._turns.discard(turn)
            if turn.session is None:
                self.controller.discard(turn, turn.host)
            else:
                size = sum(len(response.body) for response in finished)
                self.controller.release(turn.session, failed=not finished, bytes_received=size)
                turn.session = None
            self._driver.pump()

    def _take_back(self, turn: Turn, session: Session[Turn]) -> None:
        turn.session, turn.transfer, turn.shed = None, None, False
        self.controller.requeue(session, shed=True)
        self._driver.pump()

    def abort(self) -> None:
        """End all transfers and waits with :class:`TurnedAway`, whether they stay or not; let nothing through again."""
        self._aborted = True
        for job in self.controller.drain():
            _end(job.task, TurnedAway(CLOSED))
        for turn in list(self._turns):
            if turn.transfer is not None:
                turn.transfer.cancel()
        self._let_go()

    def turn_away(self) -> None:
        """End the wait of all that need not stay, as the crawl closes; of all where nothing is permitted."""
        for job in self.controller.drain():
            if job.task.stays and self.permits > 0:
                self.controller.add(job.task, job.host, job.kind)
            else:
                _end(job.task, TurnedAway(CLOSED))
        self._let_go()
        self._driver.pump()

    def has_memory(self) -> bool:
        """Return False while the policy permits nothing at all; memory is watched until it permits something again."""
        self._driver.refresh()
        if self.permits > 0:
            return True
        if not self._watching:
            self._watching = True
            self._driver.watchers += 1
        return False

    async def memory_back(self) -> None:
        """Return when :meth:`has_memory` is true again; for requests that hold no permit.

        :raises NoPermits: after the policy's ``memory_wait_timeout``, or when the gate closes.
        """
        limit = self.controller.dispatcher.memory_wait_timeout
        held: Deferred[None] = Deferred()
        timer = None if limit is None else call_later(limit, self._expire, _no_memory(limit))
        self._held.add(held)
        try:
            await maybe_deferred_to_future(held)
        finally:
            self._held.discard(held)
            if timer is not None:
                timer.cancel()

    def close(self) -> None:
        """Stop all timers and end all waits."""
        self._driver.close()
        self._end_all(TurnedAway(CLOSED))
        for held in list(self._held):
            _fail(held, "The crawl closed while memory allowed no request.")

    def _ticked(self) -> None:
        if self.permits > 0:
            self._let_go()
        if self.on_tick is not None:
            self.on_tick()

    def _let_go(self) -> None:
        if self._watching:
            self._watching = False
            self._driver.watchers -= 1
        for held in list(self._held):
            if not held.called:
                held.callback(None)

    def _expire(self, reason: str) -> None:
        self._end_all(NoPermits(reason))
        for held in list(self._held):
            _fail(held, reason)
        if self._on_starved is not None:
            self._on_starved(reason)

    def _end_all(self, error: Exception) -> None:
        for job in self.controller.drain():
            _end(job.task, error)


def _begin(coroutine: Coroutine[Any, Any, Response]) -> asyncio.Task[Response] | Deferred[Response]:
    """Run *coroutine* as what this loop can await and cancel."""
    if is_asyncio_available():
        return asyncio.get_running_loop().create_task(coroutine)
    return Deferred.fromCoroutine(coroutine)


def _start(session: Session[Turn]) -> None:
    session.task.session = session
    session.task.end_wait()


def _shed(session: Session[Turn]) -> None:
    turn = session.task
    if turn.transfer is not None and not turn.shed:
        turn.shed = True
        turn.transfer.cancel()


def _end(turn: Turn, error: Exception) -> None:
    turn.error = error
    turn.end_wait()


def _caller_cancelled() -> bool:
    """Whether the running task was cancelled itself, and not only the transfer it waits for."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


def _fail(held: Deferred[None], sentence: str) -> None:
    if not held.called:
        held.errback(NoPermits(sentence))


def _no_memory(seconds: float) -> str:
    return f"Memory allowed no request for {seconds:g} s (memory_wait_timeout)."
