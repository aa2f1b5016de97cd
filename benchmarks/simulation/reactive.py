"""What prediction is measured against: a policy that knows samples only."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from scrapy_crawl4.dispatch import BaseDispatcher, RateLimiter

if TYPE_CHECKING:
    from scrapy_crawl4.dispatch import Load


class ReactiveDispatcher(BaseDispatcher):
    """The thresholds of a memory adaptive dispatcher, and what memory was at the last sample: nothing else.

    It lowers its permits from 85 % on, starts nothing above 90 % but one at a time, and takes the youngest session back
    above 95 %, as samples say.
    """

    recovery, threshold, critical = 85.0, 90.0, 95.0

    def __init__(self, max_session_permit: int, rate_limiter: RateLimiter | None) -> None:
        super().__init__(max_session_permit, rate_limiter)
        self.memory_wait_timeout = 600.0

    def permits(self, load: Load) -> int:
        percent, most = load.memory_percent or 0.0, self.max_session_permit
        if percent >= self.critical:
            return 0
        if percent >= self.threshold:
            return 1
        if percent > self.recovery:
            most = ceil(most * (self.threshold - percent) / (self.threshold - self.recovery))
        return max(1, min(most, load.permits + max(1, self.max_session_permit // 4)))

    def sheds(self, load: Load) -> bool:
        return (load.memory_percent or 0.0) >= self.critical and load.in_flight > 1
