"""Tasks through the dispatcher's controller and driver, and what the world does with each session."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from scrapy_crawl4.dispatch import DispatchController, DispatchDriver

from .attempt import Attempt
from .ideal import Ideal
from .link import Link
from .load import MB
from .loop import START, Loop
from .memory import Memory, Neighbour
from .servers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scrapy_crawl4.dispatch import BaseDispatcher, HostLimits, Session

    from .load import Hosts, Task


STALLED_AFTER = 3_600.0
"""Simulated seconds without the end of a task after which a run is stopped: nothing here takes so long."""


@dataclass(frozen=True)
class Machine:
    """What the crawl runs on.

    limit_mb, base_mb: memory limit, and the process without a page.
    width_mb: bytes a second of the link, in MB.
    chunk_kb: bytes between two reports of how much of a body has come.
    content_base, content_per_mb: seconds of content work on a page, one page at a time.
    hold, work: memory of a page while it waits or comes, and during content work, in sizes of its body.
    retained: memory that a finished result keeps until the end of the run, in sizes of its body.
    neighbour: another process under the same limit.
    lookahead: tasks read and not done.
    refused_after: seconds until a connection to a failing host ends.
    tries: how often a connection error is tried in all.
    """

    limit_mb: float = 1000.0
    base_mb: float = 110.0
    width_mb: float = 12.5
    chunk_kb: int = 256
    content_base: float = 0.0003
    content_per_mb: float = 0.025
    hold: float = 2.5
    work: float = 20.0
    retained: float = 0.0
    neighbour: Neighbour = field(default_factory=Neighbour)
    lookahead: int = 1000
    refused_after: float = 0.2
    tries: int = 2

    def content(self, size: int) -> float:
        """Seconds of content work on a body of *size* bytes."""
        return self.content_base + self.content_per_mb * size / MB

    def fits(self, size: int) -> bool:
        """Whether a page of *size* bytes could be worked on with nothing else in memory."""
        return self.base_mb + self.work * size / MB <= self.limit_mb


@dataclass
class Outcome:
    """What became of the tasks of a run."""

    done: int = 0
    failed: int = 0
    expired: int = 0
    """Tasks that ended because memory gave no permit for too long."""
    too_large: int = 0
    """Tasks given up because their page cannot fit."""
    fitting_refused: int = 0
    """Those of them that would have fitted."""
    longest_wait: float = 0.0
    """Seconds between a task's being read and its last start, less the time in sessions."""


class World:
    """One run: *dispatcher* decides, everything else is simulated.

    :param tasks: read as they are needed, at most ``machine.lookahead`` ahead.
    :param delay: seconds between two starts on one host that *dispatcher* has to keep.
    :param host_limits: limits of single hosts beyond that.
    """

    def __init__(
        self,
        machine: Machine,
        dispatcher: BaseDispatcher,
        hosts: Hosts,
        tasks: Iterable[Task],
        *,
        delay: float = 0.0,
        host_limits: Callable[[str], HostLimits | None] | None = None,
        seed: int = 0,
    ) -> None:
        self.machine = machine
        self.hosts = hosts
        self.loop = loop = Loop()
        self.ideal = Ideal(machine, hosts, dispatcher.max_session_permit, delay)
        self.servers = Servers(loop, hosts, delay)
        self.outcome = Outcome()
        self.last_end = [START] * len(hosts.keys)
        """When the last task of each host ended."""
        self.memory = Memory(
            loop, machine.limit_mb, machine.base_mb, machine.hold, machine.work, machine.retained, machine.neighbour
        )
        self.link = Link(loop, machine.width_mb * MB, machine.chunk_kb * 1024, self._arrived)
        self.memory.link = self.link
        self.controller: DispatchController[Task] = DispatchController(
            dispatcher, host_limits=host_limits, clock=loop.time, random=Random(seed)
        )
        self.driver: DispatchDriver[Task] = DispatchDriver(
            self.controller,
            start=self._start,
            shed=self._shed,
            expire=self._expire,
            call_later=loop.call_later,
            probe=self.memory,  # type: ignore[arg-type]  # the shape of a probe
            clock=loop.time,
        )
        self._attempts: dict[int, Attempt] = {}
        self._content: deque[Attempt] = deque()
        self._working: Attempt | None = None
        self._last_end = START
        self._input: Iterator[Task] = iter(tasks)

    @property
    def elapsed(self) -> float:
        """Seconds from the beginning to the end of the last task."""
        return max(self.last_end) - START

    @property
    def operations(self) -> dict[str, int]:
        """What dispatch did: moves in its heap, timers that woke it, samples it took."""
        return {
            "heap moves": self.controller._queues.moves,
            "wake-ups": self.loop.timers_fired,
            "samples": self.memory.samples,
        }

    def run(self) -> World:
        """Let the run end, or stall: then not all of its tasks are done."""
        for _ in range(self.machine.lookahead):
            self._read()
        self.driver.on_tick = self._watch
        self.driver.pump()
        self.loop.run()
        self.driver.close()
        return self

    def _watch(self) -> None:
        if self.loop.now - self._last_end > STALLED_AFTER:
            self.loop.ended = True

    def _read(self) -> None:
        task = next(self._input, None)
        if task is None:
            self.loop.ended = not self.controller.busy
            return
        self.ideal.add(task)
        self.controller.add(task, self.hosts.keys[task.host])

    def _start(self, session: Session[Task]) -> None:
        attempt = self._attempts[session.number] = Attempt(session)
        host = attempt.task.host
        patience = self.servers.ask(host)
        now = self.loop.now
        if host in self.hosts.failing:
            self.loop.at(now + self.machine.refused_after, self._unreachable, attempt)
        elif patience:
            self.loop.at(now + attempt.task.latency, self._refuse, (attempt, patience))
        else:
            self.loop.at(now + attempt.task.latency, self._begin, attempt)

    def _unreachable(self, attempt: Attempt) -> None:
        if not attempt.alive:
            return
        session = attempt.session
        self.controller.report(session.job.host, None, started_at=session.started_at)
        self._finish(attempt, again=session.job.retries + 1 < self.machine.tries)

    def _refuse(self, refusal: tuple[Attempt, float]) -> None:
        attempt, patience = refusal
        if not attempt.alive:
            return
        session, controller = attempt.session, self.controller
        self.servers.refused(attempt.task.host, patience)
        controller.report(session.job.host, 429, started_at=session.started_at, retry_after=patience)
        self._finish(attempt, again=controller.may_retry(session))

    def _begin(self, attempt: Attempt) -> None:
        if attempt.alive and attempt.task.declared and self._is_told(attempt, attempt.task.size, self.driver.declare):
            return
        if attempt.alive:
            self.link.start(attempt)

    def _arrived(self, attempt: Attempt) -> None:
        """Take in that more of a body is here; the link calls this at each mark."""
        attempt.arrived = attempt.received >= attempt.task.size
        if attempt.arrived:
            self.memory.waiting += attempt.task.size
            self._content.append(attempt)
        if self._is_told(attempt, attempt.received, self.driver.receive) or not attempt.alive:
            return
        if attempt.arrived:
            session = attempt.session
            self.controller.report(session.job.host, 200, started_at=session.started_at)
            self._work()

    def _is_told(self, attempt: Attempt, size: int, tell) -> bool:
        """Tell the driver of a size; return True if the page was given up for it."""
        if not tell(attempt.session, size) or not attempt.alive:
            return False
        self.outcome.too_large += 1
        self.outcome.fitting_refused += self.machine.fits(attempt.task.size)
        self._drop(attempt)
        self._finish(attempt, again=False)
        return True

    def _work(self) -> None:
        if self._working is None and self._content:
            attempt = self._working = self._content.popleft()
            size = attempt.task.size
            self.memory.waiting -= size
            self.memory.working = size
            self.controller.work(attempt.session)
            if self.machine.neighbour.size_mb:
                self.memory.note()
            self.loop.at(self.loop.now + self.machine.content(size), self._worked, attempt)

    def _worked(self, attempt: Attempt) -> None:
        memory = self.memory
        memory.note()
        memory.working = 0
        self.controller.worked(attempt.session)
        self._working = None
        if attempt.alive:
            memory.finished += attempt.task.size
            self._finish(attempt, again=False, received=attempt.task.size)
        self._work()

    def _finish(self, attempt: Attempt, *, again: bool, received: int = 0) -> None:
        attempt.alive = False
        session, outcome = attempt.session, self.outcome
        del self._attempts[session.number]
        if again:
            self.controller.requeue(session)
        else:
            self.controller.release(session, failed=not received, bytes_received=received)
            outcome.done += 1
            outcome.failed += not received
            outcome.longest_wait = max(outcome.longest_wait, session.job.waited)
            self.last_end[attempt.task.host] = self._last_end = self.loop.now
            self._read()
        self.driver.pump()

    def _shed(self, session: Session[Task]) -> None:
        attempt = self._attempts.pop(session.number)
        self._drop(attempt)
        self.controller.requeue(session, shed=True)

    def _drop(self, attempt: Attempt) -> None:
        """Give back what a session holds; content work under way cannot be stopped, and keeps its memory."""
        attempt.alive = False
        self.memory.note()
        if attempt.began >= 0:
            self.link.cancel(attempt)
        elif attempt.arrived and attempt is not self._working:
            self._content.remove(attempt)
            self.memory.waiting -= attempt.task.size

    def _expire(self, reason: str) -> None:
        jobs = self.controller.drain()
        self.outcome.expired += len(jobs)
        self.outcome.done += len(jobs)
        for _ in jobs:
            self._read()
