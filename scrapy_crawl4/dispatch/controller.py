"""The one place where the state of dispatch lives."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Generic, TypeVar

from .base import Load
from .hosts import Host, HostQueues
from .ledger import MemoryLedger
from .pressure import Pressure
from .progress import Progress
from .rate_limiter import HostPace
from .session import Job, Session
from .statistics import DispatchStatistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from .base import BaseDispatcher
    from .hosts import HostLimits
    from .memory import MemorySample

T = TypeVar("T")

LOCAL = ""
"""The host of tasks that need no network; they wait for nobody's pace."""
HTTP = "http"
"""The kind of a session that fetches over HTTP."""


class DispatchController(Generic[T]):
    """Decides which task starts when, for one run or one Scrapy crawler; knows no loop, thread or socket.

    Whoever drives it adds tasks, asks :meth:`start_next` until it answers None, asks again at :meth:`wakeup_at` and
    after every :meth:`release`, :meth:`requeue`, :meth:`report` and :meth:`sample`. A waiting task holds nothing.

    :param dispatcher: the policy; asked, never written to.
    :param host_limits: limits of a host beyond the policy's, by host key; None where there are none.
    :param buffer: finished results that may wait for whoever takes them; each one above it holds a permit back.
    :param clock: seconds that never go back.
    :param random: source of jitter.
    """

    def __init__(
        self,
        dispatcher: BaseDispatcher,
        *,
        buffer: int = 0,
        host_limits: Callable[[str], HostLimits | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
    ) -> None:
        self.dispatcher = dispatcher
        self.statistics = DispatchStatistics()
        self._ledger = MemoryLedger()
        self._pressure = Pressure(dispatcher)
        self._buffer = buffer
        self._held = 0
        self._host_limits = host_limits
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - jitter, not secrets
        self._queues: HostQueues[T] = HostQueues(self._make_host, dispatcher.fairness_timeout)
        self._sessions: dict[int, Session[T]] = {}
        self._began: float | None = None

    @property
    def memory(self) -> MemorySample | None:
        """The last memory sample; None where memory is not watched."""
        return self._ledger.memory

    @property
    def wants_sample(self) -> bool:
        """Whether memory should be measured before the next start."""
        return self._ledger.wants_sample

    @property
    def waiting(self) -> int:
        """Tasks added and not started."""
        return self._queues.waiting

    @property
    def in_flight(self) -> int:
        """Sessions started and not ended."""
        return len(self._sessions)

    @property
    def busy(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self._sessions) or self._queues.waiting > 0

    @property
    def permits(self) -> int:
        """Sessions that may be in flight now."""
        return self._pressure.permits(self.load())

    @property
    def has_room(self) -> bool:
        """Whether one more session of no special size could start as far as permits go."""
        return self._has_room(None)

    def _has_room(self, job: Job[T] | None) -> bool:
        return not self._full and self._taken < self._pressure.permits(self.load(job))

    @property
    def _taken(self) -> int:
        """Permits that are taken, by sessions or by results that nobody has taken yet."""
        unbuffered = self._held - self._buffer
        return len(self._sessions) + (max(0, unbuffered))

    @property
    def _full(self) -> bool:
        """Whether as much is taken as any policy can grant: as a rule it is, and nobody need be asked then."""
        return self._taken >= self.dispatcher.max_session_permit

    def load(self, job: Job[T] | None = None) -> Load:
        """Return what the policy is told, with *job* as what would start next."""
        stats, ledger = self.statistics, self._ledger
        kind, host, size = (HTTP, LOCAL, None) if job is None else (job.kind, job.host, job.size)
        return Load(
            waiting=self._queues.waiting,
            in_flight=len(self._sessions),
            permits=self._pressure.granted_before,
            done=stats.done,
            failed=stats.failed,
            rate_limited=stats.rate_limited,
            elapsed=0.0 if self._began is None else self._clock() - self._began,
            memory=ledger.memory,
            reserved_mb=ledger.reserved_mb,
            session_mb=ledger.session_mb(kind, host, size),
        )

    def progress(self) -> Progress:
        """Return a snapshot for people to look at."""
        stats, memory, load = self.statistics, self.memory, self.load()
        return Progress(
            done=stats.done,
            failed=stats.failed,
            waiting=load.waiting,
            in_flight=load.in_flight,
            retried=stats.retried,
            bytes_received=stats.bytes_received,
            elapsed=load.elapsed,
            permits=self._pressure.granted,
            memory_mb=memory.process_mb if memory else 0.0,
            memory_limit_mb=memory.limit_mb if memory else 0.0,
        )

    def add(self, task: T, host: str = LOCAL, kind: str = HTTP) -> None:
        """Queue *task* at the end of its host's line.

        :param kind: the way it is fetched; sessions of one kind cost alike.
        """
        now = self._clock()
        if self._began is None:
            self._began = now
        self._queues.add(Job(task, host, kind, added_at=now), now)

    def start_next(self) -> Session[T] | None:
        """Start the next task that may start now and return its session, which holds a permit until it ends."""
        if not self._queues.waiting or self._full:
            return None
        now = self._clock()
        job = self._queues.peek(now)
        if job is None or not self._has_room(job):
            return None
        taken = self._queues.take(now)
        if taken is None:
            return None
        host, job = taken
        self._reserve(host, now)
        return self._open_session(job, now)

    def wakeup_at(self) -> float | None:
        """Return the clock time at which a task may start by itself; None while only an event can change that."""
        if not self._queues.waiting or self._full or not self._has_room(self._queues.peek(self._clock())):
            return None
        return self._queues.next_time()

    def report(self, host: str, status: int | None, *, started_at: float, retry_after: float | None = None) -> bool:
        """Take in a response's *status* (None: no response), and return True if it refused the host's rate.

        :param started_at: clock time at which the request started.
        :param retry_after: seconds that the response asked to wait.
        """
        limiter = self.dispatcher.rate_limiter
        if limiter is None or host == LOCAL:
            return False
        refused = limiter.is_rate_limit(status)
        state = self._queues.host(host) if refused else self._queues.find(host)
        if state is None or state.pace is None:
            return False
        if refused:
            self.statistics.rate_limited += 1
            now = self._clock()
            state.pace.refused(now, started_at, retry_after, self._random)
            self._cool(state, now)
        elif status is not None:
            state.pace.accepted(started_at)
        return refused

    def may_retry(self, session: Session[T]) -> bool:
        """Return True if a refused task has a try left."""
        limiter = self.dispatcher.rate_limiter
        if limiter is not None and session.job.retries < limiter.max_retries:
            return True
        self.statistics.gave_up += 1
        return False

    def release(self, session: Session[T], *, failed: bool = False, bytes_received: int = 0) -> None:
        """End *session*: its permit is free and its task is done. ``ValueError`` if it has ended already."""
        self._close_session(session, bytes_received or None)
        stats = self.statistics
        stats.done += 1
        stats.failed += failed
        stats.bytes_received += bytes_received
        self._leave_host(session)

    def requeue(self, session: Session[T], *, shed: bool = False) -> None:
        """End *session* and put its task back at the head of its host's line. ``ValueError`` as in :meth:`release`."""
        self._close_session(session)
        job = session.job
        if shed:
            job.sheds += 1
            self.statistics.shed += 1
        else:
            job.retries += 1
            self.statistics.retried += 1
        self._queues.add(job, self._clock(), front=True)
        self._leave_host(session)

    def hold(self, results: int) -> None:
        """Take in that *results* finished and wait to be taken; a negative number that they were taken."""
        self._held += results

    def sample(self, memory: MemorySample | None) -> Session[T] | None:
        """Take in a memory sample, once every ``check_interval``; return a session that must be taken back, or None.

        Whoever drives the controller cancels that session and calls :meth:`requeue` with ``shed=True``.
        """
        now = self._clock()
        self._note_memory(memory)
        self._pressure.check(self.load(self._queues.peek(now)), now, held=self._held > 0)
        self.statistics.throttled_checks = self._pressure.throttled_checks
        self.statistics.throttled_seconds = self._pressure.throttled_seconds
        self._queues.recheck(now)
        self._queues.forget(now)
        return self._take_back(self.load())

    def declare(self, session: Session[T], size: int) -> str:
        """Take in that the page of *session* is said to have *size* bytes of decoded body.

        Returns a sentence if it can't fit into memory even alone: it should be given up then. Ask :meth:`take_back`
        afterwards, as with :meth:`receive`.
        """
        session.job.size = size
        self._ledger.grow(session.number, size, received=False)
        return self._ledger.too_large(size)

    def receive(self, session: Session[T], size: int) -> str:
        """Take in that *size* bytes of the body of *session* have arrived in all; returns as :meth:`declare` does."""
        if session.job.size is not None and size > session.job.size:
            session.job.size = size
        self._ledger.grow(session.number, size, received=True)
        return self._ledger.too_large(size)

    def work(self, session: Session[T] | None) -> None:
        """Take in that content work on the page of *session* begins; None: that it has ended."""
        self._ledger.work(None if session is None else session.number)

    def take_back(self) -> Session[T] | None:
        """Return a session that must be taken back because more was promised than there is; ask until None.

        While what is *measured* is critical, :meth:`sample` takes back one at a time instead.
        """
        if not self._ledger.promised_more:
            return None
        load = self.load()
        if load.memory is None or self._pressure.sheds(replace(load, reserved_mb=0.0), load.in_flight):
            return None
        session = self._take_back(load)
        self._ledger.promised_more = session is not None
        return session

    def slow_down(self, host: str, seconds: float) -> None:
        """Let at least *seconds* pass between two starts on *host* from now on.

        The longest ever asked for counts as long as the run lasts, up to the rate limiter's ``max_delay``, or 60 s
        without one.
        """
        if host != LOCAL:
            self._queues.slow_down(host, seconds, self._clock(), self._random)

    def timed_out(self) -> bool:
        """Return True when tasks waited ``memory_wait_timeout`` seconds without a permit or a running session."""
        return self._pressure.timed_out(self._clock())

    def drain(self, *, failed: bool = False) -> list[Job[T]]:
        """Remove and return every waiting task; with *failed* each counts as done and failed."""
        self._pressure.started()
        jobs, now = list(self._queues.drain()), self._clock()
        for key in {job.host for job in jobs}:
            self._cool(self._queues.host(key), now)
        if failed:
            self.statistics.done += len(jobs)
            self.statistics.failed += len(jobs)
        return jobs

    def discard(self, task: T, host: str) -> bool:
        """Forget a *waiting* task; return False if it does not wait. O(tasks of its host): for cancellation only."""
        queue = self._queues.find(host)
        job = next((job for job in queue.jobs if job.task is task), None) if queue else None
        if queue is None or job is None:
            return False
        self._queues.discard(job)
        self._cool(queue, self._clock())
        return True

    def _make_host(self, key: str) -> Host[T]:
        limiter = self.dispatcher.rate_limiter
        pace = HostPace(limiter) if limiter is not None and key != LOCAL else None
        limits = self._host_limits(key) if self._host_limits is not None and key != LOCAL else None
        return Host(key, pace, limits)

    def _reserve(self, host: Host[T], now: float) -> None:
        host.next_start = now + host.interval(self._random)
        host.in_flight += 1
        self._queues.offer(host, now)

    def _open_session(self, job: Job[T], now: float) -> Session[T]:
        stats = self.statistics
        stats.started += 1
        waited = now - job.queued_at
        job.waited += waited
        stats.wait_seconds += waited
        memory = self.memory.process_mb if self.memory is not None else 0.0
        session = Session(job, stats.started, now, time.time(), memory, memory)
        self._sessions[session.number] = session
        self._ledger.open(session.number, job.kind, job.host, job.size)
        stats.max_in_flight = max(stats.max_in_flight, len(self._sessions))
        self._pressure.started()
        return session

    def _close_session(self, session: Session[T], size: int | None = None) -> None:
        self._ledger.close(session.number, size)
        if self._sessions.pop(session.number, None) is None:
            raise ValueError(f"Session {session.number} has ended already.")

    def _leave_host(self, session: Session[T]) -> None:
        host = self._queues.host(session.job.host)
        host.in_flight -= 1
        now = self._clock()
        self._queues.offer(host, now)
        self._cool(host, now)

    def _cool(self, host: Host[T], now: float) -> None:
        """Keep an idle host only for as long as its pace matters."""
        if host.idle:
            pace = host.pace
            patience = pace.limiter.max_delay if pace is not None and pace.backoff else 0.0
            self._queues.cool(host, max(host.may_start_at, now + patience))

    def _note_memory(self, memory: MemorySample | None) -> None:
        self.statistics.samples += 1
        self._ledger.sampled(memory)
        if memory is None:
            return
        self.statistics.memory_peak_mb = max(self.statistics.memory_peak_mb, memory.process_mb)
        for session in self._sessions.values():
            session.memory_peak = max(session.memory_peak, memory.process_mb)

    def _take_back(self, load: Load) -> Session[T] | None:
        # Closing a page can take longer than one check; what is on its way out is neither chosen nor counted again.
        # Nor is one whose page is being worked on: to cancel it would free nothing.
        working = self._ledger.working
        staying = [each for each in self._sessions.values() if not each.taken_back and each.number != working]
        if not staying or not self._pressure.sheds(load, len(staying)):
            return None
        youngest = staying[-1]
        youngest.taken_back = True
        shown = self._ledger.shown(youngest.number)
        if shown:
            # The next try waits until there is room for that much.
            youngest.job.size = max(youngest.job.size or 0, shown)
        self._ledger.close(youngest.number)
        return youngest
