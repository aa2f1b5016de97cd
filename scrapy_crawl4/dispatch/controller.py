"""The one place where the state of dispatch lives."""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING, Generic, TypeVar

from .base import Load
from .host import LOCAL
from .hosts import HostQueues
from .ledger import MemoryLedger
from .pressure import Pressure
from .progress import Progress
from .relief import Relief
from .session import HTTP, Job
from .sessions import Sessions
from .share import Share
from .statistics import DispatchStatistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from .base import BaseDispatcher
    from .host import HostLimits
    from .memory import MemorySample
    from .session import Session

T = TypeVar("T")

TIGHT_PERCENT = 60.0


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
        self.share = Share()
        """What of the run may be done here; whoever drives the controller changes it, and asks again."""
        self._ledger = MemoryLedger()
        self._sessions: Sessions[T] = Sessions(self._ledger, self.statistics)
        self._pressure = Pressure(dispatcher)
        self._relief = Relief(dispatcher, self._sessions, self._ledger, self._pressure)
        self._buffer = buffer
        self._held = 0
        self._clock = clock
        self._queues: HostQueues[T] = HostQueues(dispatcher, host_limits, random or Random())  # noqa: S311 - jitter
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
        return min(self._pressure.permits(self.load()), self.share.permits)

    @property
    def wanted(self) -> int:
        """Permits that tasks hold or could use at once, as far as other permits are what they wait for."""
        if not self._full:
            return self.taken + (self._queues.waiting > 0)
        return self.taken + self._queues.waiting

    @property
    def is_tight(self) -> bool:
        """Whether memory keeps the next task from starting, or may soon: what is only kept for speed should go."""
        if self.memory is not None and self.memory.percent >= TIGHT_PERCENT:
            return True
        return self.waiting > 0 and not self._full and not self._has_room(self._queues.peek(self._clock()))

    def _has_room(self, job: Job[T] | None) -> bool:
        return not self._full and self.taken < self._pressure.permits(self.load(job))

    @property
    def taken(self) -> int:
        """Permits that are taken, by sessions or by results that nobody has taken yet."""
        return len(self._sessions) + max(0, self._held - self._buffer)

    @property
    def _full(self) -> bool:
        """Whether as much is taken as any policy can grant: as a rule it is, and nobody need be asked then."""
        return self.taken >= min(self.dispatcher.max_session_permit, self.share.permits)

    def load(self, job: Job[T] | None = None) -> Load:
        """Return what the policy is told, with *job* as what would start next."""
        stats, ledger = self.statistics, self._ledger
        next_one = (HTTP, LOCAL, None, 0) if job is None else (job.kind, job.host, job.size, job.sheds)
        return Load(
            waiting=self._queues.waiting,
            in_flight=len(self._sessions),
            permits=self._pressure.granted_before,
            done=stats.done,
            failed=stats.failed,
            rate_limited=stats.rate_limited,
            elapsed=0.0 if self._began is None else self._clock() - self._began,
            memory=ledger.memory,
            reserved_mb=ledger.reserved_mb + self.share.elsewhere_mb,
            session_mb=ledger.session_mb(*next_one),
        )

    def progress(self) -> Progress:
        """Return a snapshot for people to look at."""
        return Progress.of(self.load(), self.statistics, self._pressure.granted)

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
        if job is None or not self._has_room(job) or (job := self._queues.take(now)) is None:
            return None
        self._pressure.started()
        return self._sessions.open(job, now)

    def wakeup_at(self) -> float | None:
        """Return the clock time at which a task may start by itself; None while only an event can change that."""
        if not self._queues.waiting or self._full or not self._has_room(self._queues.peek(self._clock())):
            return None
        return self._queues.next_time()

    def report(self, host: str, status: int | None, *, started_at: float, retry_after: float | None = None) -> bool:
        """Take in a response's *status* (None: no response); return True if it refused the host's rate.

        :param started_at: clock time at which the request started.
        :param retry_after: seconds that the response asked to wait.
        """
        limiter = self.dispatcher.rate_limiter
        if limiter is None or host == LOCAL:
            return False
        if not limiter.is_rate_limit(status):
            if status is not None:
                self._queues.accepted(host, started_at)
            return False
        refused = self._queues.refused(host, self._clock(), started_at, retry_after)
        self.statistics.rate_limited += refused
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
        self._sessions.close(session, bytes_received or None)
        stats = self.statistics
        stats.done += 1
        stats.failed += failed
        stats.bytes_received += bytes_received
        self._queues.leave(session.job.host, self._clock())

    def requeue(self, session: Session[T], *, shed: bool = False) -> None:
        """End *session* and put its task back at the head of its host's line. ``ValueError`` as in :meth:`release`."""
        self.put_back(self.withdraw(session, shed=shed))

    def withdraw(self, session: Session[T], *, shed: bool = False, tried: bool = True) -> Job[T]:
        """End *session* as :meth:`requeue` does, but keep its task out of every line until :meth:`put_back`.

        :param tried: whether it made a try that counts.
        """
        self._sessions.close(session)
        job = session.job
        job.sheds += shed
        job.retries += tried and not shed
        self.statistics.shed += shed
        self.statistics.retried += tried and not shed
        self._queues.leave(job.host, self._clock())
        return job

    def put_back(self, job: Job[T]) -> None:
        """Put *job* at the head of its host's line."""
        self._queues.add(job, self._clock(), front=True)

    def hold(self, results: int) -> None:
        """Take in that *results* finished and wait to be taken; a negative number that they were taken."""
        self._held += results

    def sample(self, memory: MemorySample | None) -> Session[T] | None:
        """Take in a memory sample, once every ``check_interval``; return a session that must be taken back, or None.

        Whoever drives the controller cancels that session and calls :meth:`requeue` with ``shed=True``.
        """
        now = self._clock()
        self._sessions.sampled(memory)
        self._pressure.check(self.load(self._queues.peek(now)), now, held=self._held > 0 or self.share.others_work)
        self.statistics.throttled_checks = self._pressure.throttled_checks
        self.statistics.throttled_seconds = self._pressure.throttled_seconds
        self._queues.recheck(now)
        self._queues.forget(now)
        return self._relief.take_back(self.share.judged(self.load()))

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

    def work(self, session: Session[T], lanes: int = 1) -> None:
        """Take in that content work on the page of *session* begins, one of *lanes* that may be under way."""
        self._ledger.lanes = lanes
        self._ledger.work(session.number)

    def worked(self, session: Session[T]) -> None:
        """Take in that it has ended."""
        self._ledger.worked(session.number)

    def wait(self, session: Session[T]) -> None:
        """Take in that content work on the page of *session* waits for something, so that another may begin."""
        self._ledger.wait(session.number)

    def take_back(self) -> Session[T] | None:
        """Return a session that must be taken back because more was promised than there is; ask until None.

        While what is *measured* is critical, :meth:`sample` takes back one at a time instead.
        """
        if not self._ledger.promised_more:
            return None
        return self._relief.take_back_promised(self.share.judged(self.load()))

    def slow_down(self, host: str, seconds: float) -> None:
        """Let at least *seconds* pass between two starts on *host* from now on.

        The longest ever asked for counts as long as the run lasts, up to the rate limiter's ``max_delay``, or 60 s
        without one.
        """
        if host != LOCAL:
            self._queues.slow_down(host, seconds, self._clock())

    def timed_out(self) -> bool:
        """Return True when tasks waited ``memory_wait_timeout`` seconds without a permit or a running session."""
        return self._pressure.timed_out(self._clock())

    def drain(self, *, failed: bool = False) -> list[Job[T]]:
        """Remove and return every waiting task; with *failed* each counts as done and failed."""
        self._pressure.started()
        jobs = self._queues.drain(self._clock())
        if failed:
            self.statistics.done += len(jobs)
            self.statistics.failed += len(jobs)
        return jobs

    def discard(self, task: T, host: str) -> bool:
        """Forget a *waiting* task; return False if it does not wait. O(tasks of its host): for cancellation only."""
        return self._queues.discard(task, host, self._clock())

    def watch_in(self) -> float | None:
        """Return the seconds after which to :meth:`glance`, which may be sooner than the next sample; None for not."""
        return self._relief.watch_in()

    def glance(self, memory: MemorySample) -> bool:
        """Take in what is used now; return True if a :meth:`sample` is to say which session is taken back."""
        self._ledger.memory = memory
        return self._relief.is_needed(self.load(), self._clock())

    def may_have_starved(self, session: Session[T]) -> bool:
        """Return True if the page of *session* may have been ended for its memory."""
        return self._relief.may_have_starved(session, self._clock())
