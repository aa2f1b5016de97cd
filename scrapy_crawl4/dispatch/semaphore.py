"""A constant number of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ._validate import permit_count
from .base import BaseDispatcher
from .rate_limiter import check_rate_limiter

if TYPE_CHECKING:
    from .base import Load
    from .rate_limiter import RateLimiter


USUAL = 20
NOT_GIVEN: Final[Any] = object()


@dataclass(frozen=True)
class SemaphoreDispatcher(BaseDispatcher):
    """A dispatcher that always permits the same number of sessions.

    :param semaphore_count: sessions in flight; at least 1.
    :param max_session_permit: caps ``semaphore_count``; at least 1. By default 20, or ``semaphore_count`` if that is
        more: a number that was asked for is not cut by one that was not.
    :param rate_limiter: pace of each host; None starts as fast as permits allow.
    :param monitor: a :class:`~scrapy_crawl4.CrawlerMonitor` that draws the runs of this dispatcher.
    :raises ValueError: for a number below 1.
    """

    semaphore_count: int = 5
    max_session_permit: int = NOT_GIVEN
    rate_limiter: RateLimiter | None = None
    monitor: Any = None

    def __post_init__(self) -> None:
        permit_count("semaphore_count", self.semaphore_count)
        if self.max_session_permit is NOT_GIVEN:
            object.__setattr__(self, "max_session_permit", max(USUAL, self.semaphore_count))
        permit_count("max_session_permit", self.max_session_permit)
        check_rate_limiter(self.rate_limiter)

    def permits(self, load: Load) -> int:
        """Return ``semaphore_count``, capped by ``max_session_permit``."""
        return min(self.semaphore_count, self.max_session_permit)
