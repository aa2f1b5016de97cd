"""What a dispatcher is: a policy that says how many sessions may be in flight."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._validate import permit_count
from .arguments import constructor_arguments, other_attributes
from .rate_limiter import check_rate_limiter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from .memory import MemorySample
    from .rate_limiter import RateLimiter


@dataclass(frozen=True, slots=True)
class Load:
    """What a dispatcher is told when it is asked for permits; a snapshot, never changed afterwards.

    waiting: tasks read but not started.
    in_flight: sessions started and not ended.
    permits: the number granted at the check before this one, which is one ``check_interval`` old; it stays the same
        between two checks. ``max_session_permit`` before the first one.
    done, failed: tasks ended so far, and how many of them failed.
    rate_limited: responses so far that carried a rate-limit status.
    elapsed: seconds since the first task was added.
    memory: the last memory sample, None where memory is not watched.
    reserved_mb: MB by which memory may still grow for what is in flight or ended since that sample, an estimate.
    session_mb: MB that one more session would need, learned from pages of its host and kind, an estimate.
    """

    waiting: int = 0
    in_flight: int = 0
    permits: int = 0
    done: int = 0
    failed: int = 0
    rate_limited: int = 0
    elapsed: float = 0.0
    memory: MemorySample | None = None
    reserved_mb: float = 0.0
    session_mb: float = 0.0

    @property
    def expected_percent(self) -> float | None:
        """Memory in percent of the limit once everything in flight has grown as expected; None as below."""
        if self.memory is None:
            return None
        return self.memory.percent + 100.0 * self.reserved_mb / max(self.memory.limit_mb, 1.0)

    @property
    def memory_percent(self) -> float | None:
        """Memory used in percent of the limit that can end this process; None where it is not watched."""
        return None if self.memory is None else self.memory.percent


class BaseDispatcher(ABC):
    """A policy that decides how many sessions may be in flight; subclass it and write :meth:`permits`.

    A dispatcher is a value: it is asked, never told, so that one object serves any number of runs at the same time.
    Everything that changes during a run lives in that run's :class:`~scrapy_crawl4.dispatch.DispatchController`.

    :param max_session_permit: the most sessions ever in flight, whatever :meth:`permits` answers; at least 1.
    :param rate_limiter: pace of each host; None starts as fast as permits allow.
    :param monitor: a :class:`~scrapy_crawl4.CrawlerMonitor` that draws the runs of this dispatcher.
    :raises ValueError: for a ``max_session_permit`` below 1, or a ``rate_limiter`` that is none.
    """

    max_session_permit: int = 20
    rate_limiter: RateLimiter | None = None
    monitor: Any = None
    check_interval: float = 1.0
    """Seconds between two samples of memory, and the longest time before :meth:`permits` is asked again."""
    fairness_timeout: float = 600.0
    """Seconds after which a task that could have started goes before all others."""
    memory_wait_timeout: float | None = None
    """Seconds without a permit after which the remaining tasks fail; None waits for ever."""

    def __init__(
        self,
        max_session_permit: int = 20,
        rate_limiter: RateLimiter | None = None,
        monitor: Any = None,
    ) -> None:
        self.max_session_permit = permit_count("max_session_permit", max_session_permit)
        check_rate_limiter(rate_limiter)
        self.rate_limiter = rate_limiter
        self.monitor = monitor

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], **own: Any) -> Self:
        """Return the dispatcher of this class that *settings* describe; called where ``CRAWL4_DISPATCHER`` names it.

        The constructor gets those of the ``CRAWL4_`` settings that it has parameters for. A class with settings of its
        own overrides this, reads them with ``settings.get()`` and hands them on as *own*::

            @classmethod
            def from_settings(cls, settings, **own):
                return super().from_settings(settings, night_permits=int(settings.get("NIGHT_PERMITS", 16)), **own)

        It may be called several times for one crawl.

        :param settings: all settings of the project: Scrapy's ``Settings``, or a plain mapping in a program.
        :param own: further arguments of the constructor, which replace those of the settings.
        :raises ValueError: for a ``CRAWL4_`` setting that is unknown or out of range.
        """
        made = cls(**{**constructor_arguments(cls, settings), **own})
        for name, value in other_attributes(cls, settings).items():
            # Also where the class is a frozen dataclass: nobody has seen the object yet.
            object.__setattr__(made, name, value)
        return made

    @abstractmethod
    def permits(self, load: Load) -> int:
        """Return how many sessions may be in flight under *load*.

        Asked before every start and every ``check_interval`` seconds, so that an answer that changes by itself, with
        the time of day say, counts from then on at the latest. Quick and without effects: a look at a clock, a flag or
        a local file is fine, waiting is not. Sessions above a lowered number go on; none is started until enough
        ended. 0 starts nothing until a later answer is higher.
        """

    def sheds(self, load: Load) -> bool:
        """Return True when the youngest session should be taken back and started again later; False by default."""
        return False
