"""Three dispatchers of about ten lines each, with settings of their own.

    scrapy crawl articles -s CRAWL4_DISPATCHER=example_project.dispatchers.TimeOfDay -s DAY_PERMITS=1

The same classes work in a program, made by hand or named by ``AsyncWebCrawler(settings={...})``.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from scrapy_crawl4 import BaseDispatcher, Load, RateLimiter


class TimeOfDay(BaseDispatcher):
    """Few pages at once by day, more at night, by the clock of this machine.

    Settings: ``DAY_PERMITS`` (2), ``NIGHT_PERMITS`` (16), and the hours ``NIGHT_BEGINS`` (22) and ``NIGHT_ENDS`` (6).
    """

    def __init__(
        self,
        day_permits: int = 2,
        night_permits: int = 16,
        night: tuple[int, int] = (22, 6),
        max_session_permit: int = 16,
        rate_limiter: RateLimiter | None = None,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        super().__init__(max_session_permit, rate_limiter)
        self.day_permits, self.night_permits, self.night, self.clock = day_permits, night_permits, night, clock

    def permits(self, load: Load) -> int:
        hour, (begins, ends) = self.clock().hour, self.night
        is_night = begins <= hour < ends if begins < ends else hour >= begins or hour < ends
        return self.night_permits if is_night else self.day_permits

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], **own: Any) -> Self:
        return super().from_settings(
            settings,
            day_permits=int(settings.get("DAY_PERMITS", 2)),
            night_permits=int(settings.get("NIGHT_PERMITS", 16)),
            night=(int(settings.get("NIGHT_BEGINS", 22)), int(settings.get("NIGHT_ENDS", 6))),
            **own,
        )


class ErrorRate(BaseDispatcher):
    """Fewer pages at once the more of them fail: all while none does, one when the share of ``MOST_FAILED`` does.

    Setting: ``MOST_FAILED`` (0.5), a share of the pages done so far. It judges from the tenth page on.
    """

    def __init__(
        self, most_failed: float = 0.5, max_session_permit: int = 16, rate_limiter: RateLimiter | None = None
    ) -> None:
        super().__init__(max_session_permit, rate_limiter)
        self.most_failed = most_failed

    def permits(self, load: Load) -> int:
        failed = load.failed / load.done if load.done >= 10 else 0.0
        return max(1, round(self.max_session_permit * (1 - failed / self.most_failed)))

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], **own: Any) -> Self:
        return super().from_settings(settings, most_failed=float(settings.get("MOST_FAILED", 0.5)), **own)


class PauseFile(BaseDispatcher):
    """Starts nothing while a file exists: ``touch pause`` stops a crawl, ``rm pause`` lets it go on.

    Setting: ``PAUSE_FILE`` ("pause"), the file's path. In a program any flag will do, such as a ``threading.Event``.
    """

    def __init__(
        self,
        pause_file: str = "pause",
        max_session_permit: int = 16,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        super().__init__(max_session_permit, rate_limiter)
        self.pause_file = Path(pause_file)

    def permits(self, load: Load) -> int:
        return 0 if self.pause_file.exists() else self.max_session_permit

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], **own: Any) -> Self:
        return super().from_settings(settings, pause_file=settings.get("PAUSE_FILE", "pause"), **own)
