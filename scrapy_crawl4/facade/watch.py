"""What looks on while a run goes on: a monitor, printed lines, Scrapy's statistics."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .. import stats
from ..dispatch_stats import dispatch_stats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy.statscollectors import StatsCollector

    from ..dispatch import DispatchController, Progress
    from ..results import CrawlResult
    from .tasks import Work

logger = logging.getLogger(__name__)

PEAKS = frozenset({stats.MAX_IN_FLIGHT, stats.MEMORY_PEAK_MB, stats.MEMORY_LIMIT_MB})
"""Statistics of several runs of which the highest counts; the others add up."""


class Watch:
    """Tells everybody who looks on what became of a run; one who can't look is told no more, and the run goes on.

    :param monitor: of the run's dispatcher; None if it has none.
    :param progress: where the run is.
    :param total: elements of the input; None when that is not known.
    """

    def __init__(self, monitor: Any, progress: Callable[[], Progress], total: int | None) -> None:
        self._progress = progress
        self._view: Any = None if monitor is None else monitor.view(total)
        self._counts: Counter[str] = Counter()

    def tick(self) -> None:
        """Pass on where the run is."""
        self._tell(lambda view: view.update(self._progress()))

    def finished(self, result: CrawlResult, *, verbose: bool) -> None:
        """Pass on a result that is about to be sent."""
        self._counts[stats.RESULTS_SUCCESS if result.success else stats.RESULTS_FAILED] += 1
        if self._view is None and not verbose:
            return
        record = result.dispatch_result
        seconds = 0.0 if record is None else record.end_time - record.start_time
        status = str(result.status_code or ("ok" if result.success else "failed"))
        error = "" if result.success else result.error_message or "failed"
        if verbose:
            with suppress(Exception):  # a program may have closed it, or have none
                sys.stderr.write(_line(result.url, status, seconds, error))
        self._tell(lambda view: view.task_finished(result.url, status, seconds, error))
        self.tick()

    def add(self, counts: Mapping[str, int]) -> None:
        """Take in further statistics of the run, by name."""
        self._counts.update(counts)

    def close(self) -> None:
        """Take leave of the monitor."""
        self.tick()
        self._tell(lambda view: view.close())

    def write(self, controller: DispatchController[Work], collector: StatsCollector) -> None:
        """Write the statistics of the run, whose *controller* counted some of them."""
        for name, value in {**dispatch_stats(controller), **self._counts}.items():
            if name in PEAKS and value:
                collector.max_value(name, value)
            elif value:
                collector.set_value(name, collector.get_value(name, 0) + value)

    def _tell(self, call: Callable[[Any], None]) -> None:
        if self._view is None:
            return
        try:
            call(self._view)
        except Exception:
            logger.exception("The monitor of a run failed and is told no more")
            view, self._view = self._view, None
            with suppress(Exception):
                view.close()


def _line(url: str, status: str, seconds: float, error: str) -> str:
    clock = time.strftime("%H:%M:%S")
    return f"{clock} {status:>6} {seconds:7.3f} s  {' '.join(url.split())[:200]}{'  ' + error if error else ''}\n"
