"""Simulated time for dispatch: a clock, a loop, memory that a test writes, and a run on top of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from scrapy_crawl4.dispatch import (
    BaseDispatcher,
    DispatchController,
    DispatchDriver,
    HostLimits,
    Job,
    MemorySample,
    Session,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

START = 1000.0
"""Simulated time does not begin at 0, where a forgotten default would go unnoticed."""


@dataclass(eq=False)
class SimulatedTimer:
    when: float
    function: Callable[[], None]
    active: bool = True

    def cancel(self) -> None:
        assert self.active, "a timer that fired or was cancelled must not be cancelled again (Twisted raises)"
        self.active = False


class Loop:
    """A loop whose time passes only when it is told to."""

    def __init__(self) -> None:
        self.now = START
        self.fired = 0
        self._order = count()
        self._heap: list[tuple[float, int, SimulatedTimer]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, function: Callable[[], None]) -> SimulatedTimer:
        assert seconds >= 0
        timer = SimulatedTimer(self.now + seconds, function)
        heappush(self._heap, (timer.when, next(self._order), timer))
        return timer

    @property
    def pending(self) -> list[SimulatedTimer]:
        return [timer for _, _, timer in sorted(self._heap) if timer.active]

    def run(self, seconds: float = float("inf"), *, most: int = 1_000_000) -> None:
        """Fire timers until none is left or *seconds* have passed; *most* catches a loop without an end."""
        until = self.now + seconds
        for _ in range(most):
            if not self._heap or self._heap[0][0] > until:
                break
            when, _, timer = heappop(self._heap)
            if timer.active:
                timer.active = False
                self.fired += 1
                self.now = max(self.now, when)
                timer.function()
        else:
            raise AssertionError(f"{most} timers fired and the loop is not done")
        if until != float("inf"):
            self.now = until


@dataclass
class Reply:
    """What a simulated server answers, and after how many seconds."""

    seconds: float = 1.0
    status: int | None = 200
    retry_after: float | None = None


@dataclass
class SimulatedProbe:
    """Memory in percent of 100 MB, from a function of the time since the start."""

    loop: Loop
    percent: Callable[[float], float]
    samples: int = 0

    def sample(self) -> MemorySample:
        self.samples += 1
        used = self.percent(self.loop.now - START)
        return MemorySample(1000 * used, 100_000.0, 1000 * used)


@dataclass
class Limits:
    """Limits of one host that a test may change at any time."""

    concurrency: int = 8
    delay: float = 0.0

    def download_delay(self) -> float:
        return self.delay


@dataclass
class Start:
    at: float
    task: Any
    host: str


@dataclass
class End:
    at: float
    task: Any
    error: str | None
    job: Job[Any]


@dataclass
class Run:
    """Tasks through a controller and its driver in simulated time; `serve` answers each session."""

    dispatcher: BaseDispatcher
    serve: Callable[[Session[Any]], Reply] = lambda session: Reply()
    percent: Callable[[float], float] | None = None
    host_limits: Callable[[str], HostLimits | None] | None = None
    loop: Loop = field(default_factory=Loop)
    seed: int = 0
    starts: list[Start] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    sheds: list[Any] = field(default_factory=list)
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self.controller: DispatchController[Any] = DispatchController(
            self.dispatcher, host_limits=self.host_limits, clock=self.loop.time, random=Random(self.seed)
        )
        self.probe = SimulatedProbe(self.loop, self.percent) if self.percent else None
        self.driver: DispatchDriver[Any] = DispatchDriver(
            self.controller,
            start=self._start,
            shed=self._shed,
            expire=self.expire,
            call_later=self.loop.call_later,
            probe=self.probe,  # type: ignore[arg-type]  # the shape of a probe, with memory that a test writes
            clock=self.loop.time,
        )
        self._timers: dict[int, SimulatedTimer] = {}

    def add(self, tasks: Iterable[tuple[Any, str]]) -> Run:
        for task, host in tasks:
            self.controller.add(task, host)
        self.driver.pump()
        return self

    def crawl(self, tasks: Iterable[tuple[Any, str]]) -> Run:
        """Add all tasks and let time pass until nothing is left to do."""
        self.add(tasks)
        self.loop.run()
        assert not self.controller.busy
        return self

    def started(self, host: str | None = None) -> list[float]:
        """Seconds from the beginning at which tasks of *host* started."""
        return [start.at - START for start in self.starts if host in (None, start.host)]

    def _start(self, session: Session[Any]) -> None:
        self.starts.append(Start(self.loop.now, session.task, session.job.host))
        self.most_in_flight = max(self.most_in_flight, self.controller.in_flight)
        reply = self.serve(session)
        self._timers[session.number] = self.loop.call_later(reply.seconds, lambda: self._answer(session, reply))

    def _answer(self, session: Session[Any], reply: Reply) -> None:
        del self._timers[session.number]
        control, host = self.controller, session.job.host
        refused = control.report(host, reply.status, started_at=session.started_at, retry_after=reply.retry_after)
        if refused and control.may_retry(session):
            control.requeue(session)
        else:
            failed = reply.status is None or reply.status >= 400
            control.release(session, failed=failed, bytes_received=1)
            self._end(session.job, f"status {reply.status}" if failed else None)
        self.driver.pump()

    def _shed(self, session: Session[Any]) -> None:
        self._timers.pop(session.number).cancel()
        self.sheds.append(session.task)
        self.controller.requeue(session, shed=True)

    def expire(self, reason: str) -> None:
        for job in self.controller.drain():
            self._end(job, reason)

    def _end(self, job: Job[Any], error: str | None) -> None:
        self.ends.append(End(self.loop.now, job.task, error, job))
