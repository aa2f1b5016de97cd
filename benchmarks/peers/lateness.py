"""How late timers are: what else a loop had to do, or that it did not run at all."""

import asyncio
import time

from scrapy import signals

INTERVAL = 0.005


class Lateness:
    """Sets a timer again and again, and notes by how much it was late at most; ``most`` is in seconds."""

    def __init__(self) -> None:
        self.most = 0.0
        self.looks = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin on *loop*, from its own thread."""
        self._due = time.perf_counter() + INTERVAL
        self._timer = loop.call_later(INTERVAL, self._look, loop)

    def end(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.most = max(self.most, time.perf_counter() - self._due)
        self.looks += 1
        self.begin(loop)


class EngineLateness:
    """A Scrapy extension that watches the loop that the engine runs on."""

    watches: list[Lateness] = []  # noqa: RUF012 - one process, one run

    def __init__(self) -> None:
        self._lateness = Lateness()
        self.watches.append(self._lateness)

    @classmethod
    def from_crawler(cls, crawler):
        extension = cls()
        crawler.signals.connect(extension.opened, signals.spider_opened)
        crawler.signals.connect(extension.closed, signals.spider_closed)
        return extension

    async def opened(self, spider) -> None:
        self._lateness.begin(asyncio.get_running_loop())

    def closed(self, spider) -> None:
        self._lateness.end()
