"""A run in an engine process: the part of it that this process was given."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from ..dispatch import Share
from ..errors import describe
from ..facade.outcome import failed_before_start
from ..facade.plan import END_OF_INPUT, End
from ..facade.runner import Runner
from ..results import CrawlResult
from ..transfer import to_parcel
from .frozen import freeze, thaw
from .messages import Allowed, Ended, Report, Results

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ..dispatch import Session
    from ..facade.engine import Engine
    from ..facade.plan import Plan
    from ..facade.tasks import Work
    from .board import Board

TOGETHER = 0.005
"""Seconds between two messages with results: what comes meanwhile is sent together."""
NEWS_MB = 16.0
"""MB by which promises of memory may move before the others are told."""


class WorkerRun(Runner):
    """A run whose elements come from another process, and whose results go there.

    :param number: its number there.
    :param send: takes messages for that process.
    :param board: where it can see what is begun.
    """

    def __init__(self, engine: Engine, plan: Plan, number: int, send: Callable[[Any], None], board: Board) -> None:
        super().__init__(engine, plan, self._pass_on)
        self.number = number
        self.controller.share = Share(permits=0)
        self._post = send
        self._board = board
        self._told = 0
        self._ready: list[tuple[int, bool, CrawlResult]] = []
        self._verbose = False
        self._reported = Report()
        self._flushing: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is left."""
        return self._ended

    def elements(self, batch: list[tuple[int, str | bytes]]) -> None:
        """Take elements as they were sent."""
        known: list[tuple[int, object]] = []
        for index, element in batch:
            try:
                known.append((index, element if isinstance(element, str) else thaw(element)))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - of a user's modules
                sentence = f"The engine process could not take this element: {describe(error)}"
                self._refuse(failed_before_start(index, "", sentence))
        self.feed(known)
        self._look()

    def end_of_input(self) -> None:
        """Take in that there will be no more elements."""
        self.feed([(-1, END_OF_INPUT)])

    def allow(self, allowed: Allowed) -> None:
        """Take in what may be done here."""
        share = self.controller.share
        share.permits, share.elsewhere_mb = allowed.permits, allowed.elsewhere_mb
        share.before_mb, share.others_work = allowed.before_mb, allowed.others_work
        self._told = allowed.told
        self.driver.pump()
        self._look()

    def _start(self, session: Session[Work]) -> None:
        self._board.begin(self.number, session.task.index)
        super()._start(session)

    def _session_ended(self, session: Session[Work], *args: Any) -> None:
        # First, as it may be started again at once.
        self._board.end(self.number, session.task.index)
        super()._session_ended(session, *args)

    def _ticked(self) -> None:
        super()._ticked()
        self._look()

    def _deliver(self, result: CrawlResult, verbose: bool) -> None:
        self._verbose = verbose  # the other process prints it
        super()._deliver(result, verbose=False)

    def _pass_on(self, item: CrawlResult | End) -> bool:
        if isinstance(item, End):
            self._flush()
            self._post(Ended(self.number, item.reason, self.engine.closed))
        else:
            self._ready.append((-1 if item.index is None else item.index, self._verbose, item))
            self._flush_soon()
        return True

    def _look(self) -> None:
        """Tell the other process what it should know soon."""
        report, last = self._report(), self._reported
        if (
            report.told != last.told
            or (report.wanted > self.controller.share.permits) != (last.wanted > self.controller.share.permits)
            or (report.taken == 0) != (last.taken == 0)
            or report.in_flight != last.in_flight
            or abs(report.reserved_mb - last.reserved_mb) > NEWS_MB
        ):
            self._flush_soon()

    def _report(self) -> Report:
        controller, counted = self.controller, self.controller.statistics
        load = controller.load()
        return Report(
            self._told,
            controller.taken,
            controller.wanted,
            load.in_flight,
            load.reserved_mb - controller.share.elsewhere_mb,
            load.session_mb,
            counted.retried,
            counted.rate_limited,
            counted.bytes_received,
        )

    def _flush_soon(self) -> None:
        if self._flushing is None:
            loop = self.engine.home.loop
            self._flushing = loop.call_at(max(loop.time(), self._flushed_at + TOGETHER), self._flush)

    def _flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._flushed_at = self.engine.home.loop.time()
        ready, self._ready = self._ready, []
        self._reported = self._report()
        parcels = [(index, verbose, to_parcel(result)) for index, verbose, result in ready]
        try:
            self._post(Results(self.number, self._reported, parcels))
        except Exception:  # noqa: BLE001 - of a user's objects in one of them
            whole = [(index, verbose, _sendable(result)) for index, verbose, result in ready]
            self._post(Results(self.number, self._reported, whole))


def _sendable(result: CrawlResult) -> Any:
    """Return a parcel of *result* that can be sent: frozen, where there are classes in it that no module has."""
    parcel = to_parcel(result)
    try:
        pickle.dumps(parcel, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - of a user's objects
        try:
            return freeze(parcel, "The result")
        except Exception as error:  # noqa: BLE001 - as above
            failed = CrawlResult.failed(result.url, describe(error), status_code=result.status_code, index=result.index)
            failed.dispatch_result = result.dispatch_result
            return to_parcel(failed)
    return parcel
