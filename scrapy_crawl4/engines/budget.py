"""The permits and the memory of a run, which its engines have together."""

from __future__ import annotations

import copy
import logging
import time
from typing import TYPE_CHECKING

from ..dispatch import Load, MemoryProbe, Progress
from ..dispatch.pressure import Pressure
from . import shares
from .messages import Allowed

if TYPE_CHECKING:
    import asyncio

    from ..dispatch import BaseDispatcher, MemorySample
    from .run import EnginesRun

logger = logging.getLogger(__name__)

NEWS_MB = 16.0
"""MB by which what the others have promised may move before an engine is told."""
SOON = 0.02
"""Seconds until permits are divided anew, once an engine is short of them."""


def without_monitor(dispatcher: BaseDispatcher) -> BaseDispatcher:
    """Return the same policy for another process: what draws is in this one."""
    if dispatcher.monitor is None:
        return dispatcher
    alike = copy.copy(dispatcher)
    object.__setattr__(alike, "monitor", None)  # some are frozen; nobody has seen this one
    return alike


class Budget:
    """Divides what the policy of a run grants among its engines, and tells each what the others have promised.

    :param run: on whose loop all of this is.
    """

    def __init__(self, run: EnginesRun) -> None:
        self._run = run
        self._dispatcher = run.plan.dispatcher
        self._pressure = Pressure(self._dispatcher)
        self._probe = MemoryProbe(run.plan.memory_limit_mb)
        self._memory: MemorySample | None = None
        self._total = 0
        self._turn = 0
        self._began: float | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._tick: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take in that the run has tasks."""
        if self._began is None:
            self._began = time.monotonic()
            self._ticked()

    def close(self) -> None:
        """Stop both timers."""
        for timer in (self._soon, self._tick):
            if timer is not None:
                timer.cancel()

    def look(self) -> None:
        """Divide permits anew soon if an engine is short of them; at once if it has none."""
        parts = [portion.part for portion in self._run.portions]
        short = [part for part in parts if part.is_short]
        if any(not part.cap for part in short):
            self._divide()
        elif short and self._soon is None:
            self._soon = self._run.engines.home.loop.call_later(SOON, self._look_now)
        self._tell_news()

    def tell(self, place: int) -> None:
        """Tell the engine in slot *place* its share."""
        portion = self._run.portions[place]
        if not portion.known:
            # Nobody uses these permits, so that they are free again at once.
            portion.part.confirm(portion.part.told, 0)
            return
        allowed = self._allowed(place)
        if allowed != portion.allowed:
            portion.allowed = allowed
            self._run.engines.slots[place].send(allowed)

    def needed_mb(self) -> float:
        """Return the memory that pages in flight and the next one are still going to need; from any thread."""
        reports = [portion.report for portion in self._run.portions]
        return sum(report.reserved_mb for report in reports) + max(report.session_mb for report in reports)

    def progress(self) -> Progress:
        """Return where the run is; may be called from any thread."""
        run, memory = self._run, self._memory
        portions = run.portions
        unfinished = sum(len(portion.outstanding) for portion in portions)
        in_flight = min(unfinished, sum(portion.report.in_flight for portion in portions))
        return Progress(
            done=run.done,
            failed=run.failed,
            waiting=unfinished - in_flight,
            in_flight=in_flight,
            retried=sum(portion.total("retried") for portion in portions),
            bytes_received=sum(portion.total("bytes_received") for portion in portions),
            elapsed=0.0 if self._began is None else time.monotonic() - self._began,
            permits=self._total,
            memory_mb=memory.process_mb if memory else 0.0,
            memory_limit_mb=memory.limit_mb if memory else 0.0,
        )

    def _load(self) -> Load:
        progress, portions = self.progress(), self._run.portions
        return Load(
            waiting=progress.waiting,
            in_flight=progress.in_flight,
            permits=self._pressure.granted_before,
            done=progress.done,
            failed=progress.failed,
            rate_limited=sum(portion.total("rate_limited") for portion in portions),
            elapsed=progress.elapsed,
            memory=self._memory,
            reserved_mb=sum(portion.report.reserved_mb for portion in portions),
            session_mb=max(portion.report.session_mb for portion in portions),
        )

    def _ticked(self) -> None:
        """Measure memory, ask the policy, and let all have what follows from that."""
        self._tick = self._run.engines.home.loop.call_later(self._dispatcher.check_interval, self._ticked)
        self._memory = self._probe.sample()
        try:
            self._pressure.check(self._load(), time.monotonic())
            self._total = self._pressure.granted
        except Exception:
            # The engines ask it too, and fail their tasks with a sentence.
            logger.exception("The dispatcher of a run failed")
            self._total = self._dispatcher.max_session_permit
        self._turn += 1
        self._divide()
        for place in range(len(self._run.portions)):
            self.tell(place)
        self._run.watch.tick()
        spilling = self._run.spilling
        expected = 100 * (self._memory.used_mb + self.needed_mb()) / self._memory.limit_mb
        if spilling is not None and spilling.notice(expected):
            self._run.relieve()

    def _look_now(self) -> None:
        self._soon = None
        self._divide()

    def _divide(self) -> None:
        parts = [portion.part for portion in self._run.portions]
        # What engines that do not know of the run had is free at once, for the others.
        for _ in parts:
            changed = shares.move(parts, self._total, self._turn)
            for place in changed:
                self.tell(place)
            if not changed:
                return

    def _tell_news(self) -> None:
        """Tell engines what the others have promised, where that is news."""
        for place, portion in enumerate(self._run.portions):
            told = portion.allowed
            if told is not None and portion.known:
                now = self._allowed(place)
                if abs(now.elsewhere_mb - told.elsewhere_mb) > NEWS_MB:
                    self.tell(place)

    def _allowed(self, place: int) -> Allowed:
        reports = [portion.report for portion in self._run.portions]
        before = sum(report.reserved_mb for report in reports[:place])
        behind = reports[place + 1 :]
        part = self._run.portions[place].part
        return Allowed(
            self._run.number,
            part.told,
            part.cap,
            before + sum(report.reserved_mb for report in behind),
            before,
            any(report.in_flight for number, report in enumerate(reports) if number != place),
        )
