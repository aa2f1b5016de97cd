"""The engine of a crawler whose runs of URLs are done by several processes."""

from __future__ import annotations

import asyncio
import logging
import pprint
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

from scrapy.settings import Settings

from ..exceptions import EngineError
from ..facade.engine import Engine
from ..facade.watch import PEAKS
from . import logs
from .frozen import freeze
from .messages import Begin
from .partition import Partition
from .run import EnginesRun
from .slot import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..facade.bridge import EngineLoop
    from ..facade.plan import End, Plan
    from ..results import CrawlResult

logger = logging.getLogger(__name__)


class Engines(Engine):
    """Starts its processes for the first run of URLs, and ends them when it is closed; spiders run in this process.

    :param number: how many processes.
    :param content_workers: processes for the content work of each.
    :raises UnsupportedOption: for settings that cannot be handed to another process.
    """

    has_sessions = False

    def __init__(
        self,
        home: EngineLoop,
        settings: Mapping[str, Any],
        llm_concurrency: int,
        number: int,
        content_workers: int = 0,
    ) -> None:
        super().__init__(home, settings, llm_concurrency)
        # What the processes counted is shown as one.
        frozen = freeze({**settings, "STATS_DUMP": False}, "These settings")
        self._begin = Begin(frozen, max(1, llm_concurrency // number), logs.levels(), content_workers)
        self._shows_stats = Settings({"STATS_DUMP": False, **settings}).getbool("STATS_DUMP")
        self._numbers = count()
        self.partition = Partition(number)
        self.of_urls: dict[int, EnginesRun] = {}
        """Its runs of URLs that have not ended, by their number."""
        self.slots = [Slot(place, self._begin, self.of_urls, lambda: self.closed) for place in range(number)]

    @property
    def pids(self) -> list[int]:
        """The processes that are there."""
        return [slot.pid for slot in self.slots if slot.pid is not None]

    def make_run(self, plan: Plan, send: Callable[[CrawlResult | End], bool]) -> EnginesRun:
        """Begin a run of URLs.

        :raises UnsupportedOption: when *plan* cannot be handed to another process.
        """
        return EnginesRun(self, plan, send)

    def number(self) -> int:
        """Return a number that no other run has."""
        return next(self._numbers)

    async def _open(self) -> None:
        opened = await asyncio.gather(*(slot.open() for slot in self.slots), return_exceptions=True)
        errors = [error for error in opened if isinstance(error, BaseException)]
        if not errors:
            return
        self.closed = True
        await self._end_processes()
        self._leave()
        raise errors[0] if isinstance(errors[0], EngineError) else EngineError(f"{errors[0]}") from errors[0]

    async def _close(self) -> None:
        if self._opening is not None:
            await asyncio.wait({self._opening})
        await self._stop_runs("The crawler was closed before this run ended.")
        await self._end_processes()
        if self._shows_stats:
            logger.info("Dumping Scrapy stats:\n%s", pprint.pformat(self.stats()))
        await super()._close()

    async def _end_processes(self) -> None:
        await asyncio.gather(*(slot.close() for slot in self.slots))

    def stats(self) -> dict[str, Any]:
        """Return what the processes that came to their end counted, together."""
        numbers: Counter[str] = Counter()
        others: dict[str, Any] = {}
        for slot in self.slots:
            for name, value in slot.stats.items():
                if isinstance(value, int | float) and name not in PEAKS:
                    numbers[name] += value  # type: ignore[assignment]  # a Counter takes any number
                else:
                    others[name] = max(others.get(name, value), value)
        return {**others, **numbers}

    async def close_below(self, reason: str) -> None:
        """End all runs and everything: Scrapy has closed the crawler of a process."""
        if not self.closed:
            self.closed = True
            await self._stop_runs(reason)
            await self.close()
