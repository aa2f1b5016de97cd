"""Turns a controller's decisions into starts, on whatever loop there is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ..exceptions import DispatcherError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import DispatchController
    from .memory import MemoryProbe
    from .session import Session

T = TypeVar("T")


class Timer(Protocol):
    """What ``call_later`` returns."""

    def cancel(self) -> Any:
        """Stop the timer; harmless once it has fired."""


class DispatchDriver(Generic[T]):
    """Asks a controller whenever its answer may have changed; one timer for starts, one for samples, no polling.

    :param controller: decides.
    :param start: starts a session; must not raise.
    :param shed: cancels a session and gives its task back to the controller.
    :param expire: ends all waiting tasks for the reason given as one sentence.
    :param call_later: ``call_later(seconds, function)`` of the loop.
    :param probe: measures memory; None where it is not watched.
    :param clock: the controller's clock.
    """

    def __init__(
        self,
        controller: DispatchController[T],
        *,
        start: Callable[[Session[T]], None],
        shed: Callable[[Session[T]], None],
        expire: Callable[[str], None],
        call_later: Callable[[float, Callable[[], None]], Timer],
        probe: MemoryProbe | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controller = controller
        self._start = start
        self._shed = shed
        self._expire = expire
        self._call_later = call_later
        self._probe = probe
        self._clock = clock
        self._wakeup: Timer | None = None
        self._wakeup_at = 0.0
        self._tick: Timer | None = None
        self._watch: Timer | None = None
        self._pumping = False
        self._closed = False
        self.on_tick: Callable[[], None] | None = None
        self.watchers = 0
        """How many wait outside the controller for what the next sample says; samples go on while there are any."""

    def pump(self) -> None:
        """Start what may start now, and arrange to be woken when more may."""
        if self._closed or self._pumping:
            return
        self._pumping = True
        try:
            self._ensure_tick()
            while not self._closed and (session := self._next()) is not None:
                self._start(session)
            self._arm(self._controller.wakeup_at())
            self._keep_watch()
        except Exception as error:  # noqa: BLE001 - permits() is a user's code
            self._give_up(error)
        finally:
            self._pumping = False

    def declare(self, session: Session[T], size: int) -> str:
        """Take in what a server says of a page's size, as :meth:`DispatchController.declare`, and act on it."""
        return self._controller.declare(session, size) or self._relieve()

    def receive(self, session: Session[T], size: int) -> str:
        """Take in how much of a page has arrived, as :meth:`DispatchController.receive`, and act on it."""
        return self._controller.receive(session, size) or self._relieve()

    def _relieve(self) -> str:
        """Take sessions back while more is promised than there is; returns nothing, that nobody need give up."""
        while not self._closed and (session := self._controller.take_back()) is not None:
            self._shed(session)
        return ""

    def _next(self) -> Session[T] | None:
        """Return the next session, decided on fresh figures if much has changed since the last sample."""
        if self._controller.wants_sample:
            self._sample()
        return self._controller.start_next()

    def refresh(self) -> None:
        """Sample now unless the last sample is less than ``check_interval`` old; for answers outside of a start."""
        if self._tick is None and not self._closed:
            try:
                self._sample()
            except Exception as error:  # noqa: BLE001 - permits() is a user's code
                self._give_up(error)
            self._schedule_tick()

    def close(self) -> None:
        """Stop both timers; nothing starts afterwards."""
        self._closed = True
        for timer in (self._wakeup, self._tick, self._watch):
            if timer is not None:
                timer.cancel()
        self._wakeup = self._tick = self._watch = None

    def _arm(self, at: float | None) -> None:
        if self._closed or at is None or (self._wakeup is not None and self._wakeup_at <= at):
            return
        if self._wakeup is not None:
            self._wakeup.cancel()
        self._wakeup_at = at
        self._wakeup = self._call_later(max(0.0, at - self._clock()), self._woken)

    def _woken(self) -> None:
        self._wakeup = None
        self.pump()

    def _ensure_tick(self) -> None:
        """Sample before the first start, and then for as long as there is work."""
        if self._tick is None and self._controller.busy:
            self._sample()
            self._schedule_tick()

    def _schedule_tick(self) -> None:
        # Whoever was called back since may have closed.
        if not self._closed:
            self._tick = self._call_later(self._controller.dispatcher.check_interval, self._ticked)

    def _ticked(self) -> None:
        self._tick = None
        if self._closed or not (self._controller.busy or self.watchers):
            return
        try:
            self._sample()
        except Exception as error:  # noqa: BLE001 - permits() is a user's code
            self._give_up(error)
            return
        if self._controller.timed_out():
            self._expire(self._starved())
        self._schedule_tick()
        self.pump()
        if self.on_tick is not None:
            self.on_tick()

    def _keep_watch(self) -> None:
        """Glance at memory between two samples while pages of a browser are open, which may grow within one."""
        seconds = self._controller.watch_in() if self._probe is not None else None
        if seconds is not None and self._watch is None and not self._closed:
            self._watch = self._call_later(seconds, self._watched)

    def _watched(self) -> None:
        self._watch = None
        if self._closed or self._probe is None:
            return
        try:
            if self._controller.glance(self._probe.glance()):
                self._sample()
            self._keep_watch()
        except Exception as error:  # noqa: BLE001 - sheds() is a user's code
            self._give_up(error)

    def _sample(self) -> None:
        if self._probe is not None and self._controller.watch_in() is not None:
            self._probe.look_again()
        sample = self._probe.sample() if self._probe is not None else None
        session = self._controller.sample(sample)
        if session is not None:
            self._shed(session)

    def _starved(self) -> str:
        memory, dispatcher = self._controller.memory, self._controller.dispatcher
        used = f"{memory.used_mb:.0f} of {memory.limit_mb:.0f} MB in use" if memory else "memory is not known"
        return (
            f"Memory allowed no start for {dispatcher.memory_wait_timeout:g} s (memory_wait_timeout): {used}; "
            "raise the limit or lower max_session_permit."
        )

    def _give_up(self, error: Exception) -> None:
        self._expire(self._describe(error))
        if self._controller.waiting:
            # Ending tasks made room for others, which came while this pump was under way.
            self._arm(self._clock())

    def _describe(self, error: Exception) -> str:
        if isinstance(error, DispatcherError):
            return str(error)
        cause = ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()).rstrip("."))))
        return f"The dispatcher {type(self._controller.dispatcher).__name__} failed: {cause}."
