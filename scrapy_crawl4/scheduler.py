"""Scrapy's scheduler, whose jobs survive a killed process."""

from __future__ import annotations

import itertools
import logging
import pickle
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy.core.scheduler import Scheduler
from scrapy.dupefilters import BaseDupeFilter, RFPDupeFilter
from scrapy.extensions.feedexport import FeedExporter, FileFeedStorage
from scrapy.extensions.postprocessing import PostProcessingManager
from scrapy.utils.asyncio import call_later
from scrapy.utils.job import job_dir
from scrapy.utils.request import request_from_dict

from .exceptions import JobError
from .pending import PendingRequests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import CallLaterResult
    from twisted.internet.defer import Deferred

logger = logging.getLogger(__name__)

NUMBER = "crawl4_pending"
"""Meta key of a request's number while it lies in the queue on disk; nobody sees it elsewhere."""

COMMIT_SECONDS = 0.2
"""How much work a killed process has to do again, at most, beside the requests in flight."""

RETRY_SECONDS = 5.0
"""How long a full disk is left alone."""


class DurableScheduler(Scheduler):
    """Scrapy's ``SCHEDULER``; with ``JOBDIR``, a crawl that was killed goes on without losing a request or an item.

    Scrapy's own queues on disk are complete only after an orderly end. Here a request stays on record, in a file of
    the job's directory, from when it is scheduled until its callback's last request is scheduled and its last item
    has left the pipelines and is in the feed files on the local disk. After an end without goodbye, what is on record
    is scheduled again; so items of requests that were in flight may come twice. An orderly end is Scrapy's own.

    Not kept, as Scrapy itself does not keep it: requests that pickle cannot serialize (a queue on disk of the project's
    own that can keeps them over an orderly end), feeds that are uploaded or
    compressed at the end, ``Spider.state`` and cookies. A ``DUPEFILTER_CLASS`` that stores what it has seen elsewhere
    than Scrapy's does is told of a request only after the request is on record.

    :raises JobError: when another crawl uses the directory of the job.
    """

    _record: PendingRequests | None = None
    _timer: CallLaterResult | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the scheduler of *crawler*; after a killed run, first repair what dupefilter and feeds will read."""
        folder = job_dir(crawler.settings)
        if folder:
            with _opened(Path(folder)) as record:
                record.cut_grown()
        return super().from_crawler(crawler)

    def open(self, spider: Spider) -> Deferred[None] | None:
        """Open the queues, and schedule what a killed run has left."""
        if self.dqdir is None:
            return super().open(spider)
        record = _opened(Path(self.dqdir).parent)
        try:
            opened = self._open_with(record, spider)
        except BaseException:
            record.close()
            raise
        self._record = record
        return opened

    def close(self, reason: str) -> Deferred[None] | None:
        """Close the queues; from here on they are what the next run goes on with."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        closed = super().close(reason)
        if self._record is not None:
            self._settle(self._record)
            # With a request that was never finished, the record knows more than the queues.
            self._record.commit(self._grown(), ended="" if self._out else self._mark())
            self._record.close()
            self._record = None
        return closed

    def enqueue_request(self, request: Request) -> bool:
        """Schedule *request* as Scrapy does, and put it on record."""
        if self._record is None or self._seen_is_safe or request.dont_filter:
            return super().enqueue_request(request)
        # Wherever the filter stores what it has seen, the request must be on record before.
        number = self._number()
        try:
            self._record.add(number, self._packed(request))
        except ValueError:
            return super().enqueue_request(request)
        self._record.commit(self._grown())
        stored = super().enqueue_request(request)
        self._record.remove([number])
        return stored

    def _open_with(self, record: PendingRequests, spider: Spider) -> Deferred[None] | None:
        assert self.dqdir is not None
        self._out: dict[int, Request] = {}
        killed = record.ended == ""
        if killed:
            # Its files are of different times.
            shutil.rmtree(self.dqdir, ignore_errors=True)
            Path(self.dqdir).mkdir(parents=True)
        elif record.ended != self._mark():
            # The job is new, or it went on without us.
            record.clear()
        self._numbers = itertools.count(record.last_number + 1)
        opened = super().open(spider)
        if killed:
            self._restore(record)
        elif not len(record):
            self._adopt(record)
        record.commit(self._grown())
        return opened

    def _restore(self, record: PendingRequests) -> None:
        """Fill the empty queue on disk with what is on record."""
        for number, packed in record:
            self._push_numbered(request_from_dict(pickle.loads(packed), spider=self.spider), number)  # noqa: S301 - ours
        logger.info(
            "The last run of this job was killed: %d requests are scheduled again.",
            len(record),
            extra={"spider": self.spider},
        )

    def _adopt(self, record: PendingRequests) -> None:
        """Put on record what Scrapy's own scheduler has left in the queue on disk."""
        requests = list(iter(super()._dqpop, None))
        # By default start requests leave in the order they came in, all others in the opposite one.
        starts = [request for request in requests if request.meta.get("is_start_request")]
        others = [request for request in reversed(requests) if not request.meta.get("is_start_request")]
        for request in starts + others:
            number = self._number()
            self._keep(record, number, request)
            self._push_numbered(request, number)

    def _dqpush(self, request: Request) -> bool:
        if self._record is None:
            return super()._dqpush(request)
        number = self._number()
        if not self._push_numbered(request, number):
            return False
        self._keep(self._record, number, request)
        self._commit_soon()
        return True

    def _dqpop(self) -> Request | None:
        request = super()._dqpop()
        if request is not None and (number := request.meta.pop(NUMBER, None)) is not None:
            self._out[number] = request
            self._commit_soon()
        return request

    def _push_numbered(self, request: Request, number: int) -> bool:
        # Only while it is written, so that the request itself stays as it is.
        request.meta[NUMBER] = number
        try:
            return super()._dqpush(request)
        finally:
            del request.meta[NUMBER]

    def _keep(self, record: PendingRequests, number: int, request: Request) -> None:
        with suppress(ValueError):  # the project's own queue on disk may take what pickle does not
            record.add(number, self._packed(request))

    def _number(self) -> int:
        return next(self._numbers)

    def _packed(self, request: Request) -> bytes:
        try:
            return pickle.dumps(request.to_dict(spider=self.spider), protocol=4)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(str(error)) from error

    def _commit_soon(self, seconds: float = COMMIT_SECONDS) -> None:
        if self._timer is None:
            self._timer = call_later(seconds, self._commit)

    def _commit(self) -> None:
        self._timer = None
        if self._record is None:
            return
        try:
            self._settle(self._record)
            self._record.commit(self._grown())
        except (sqlite3.Error, OSError) as error:
            sentence = "The pending requests of the job cannot be written: %s"
            logger.error(sentence, error, extra={"spider": self.spider})  # noqa: TRY400 - it says all there is
            self._commit_soon(RETRY_SECONDS)
        if self._out:
            # There is no event for the end of a request, items included.
            self._commit_soon()

    def _settle(self, record: PendingRequests) -> None:
        """Strike off what is done: the engine itself keeps a request until its last item is through."""
        slot = getattr(self.crawler.engine, "_slot", None) if self.crawler is not None else None
        busy: set[Request] = slot.inprogress if slot is not None else set()
        done = [number for number, request in self._out.items() if request not in busy]
        record.remove(done)
        for number in done:
            del self._out[number]

    @property
    def _seen_file(self) -> Any:
        """The file of Scrapy's own dupefilter; None with one that stores elsewhere or not at all."""
        return self.df.file if isinstance(self.df, RFPDupeFilter) else None

    @property
    def _seen_is_safe(self) -> bool:
        """Whether a killed run leaves no request as seen that is not on record."""
        return self._seen_file is not None or type(self.df) is BaseDupeFilter

    def _grown(self) -> list[Path]:
        """Return the files that grow with the crawl, flushed."""
        files = [*_local_feeds(self.crawler)]
        if self._seen_file is not None:
            files.append(self._seen_file)
        for file in files:
            if not file.closed:
                file.flush()
        return [Path(file.name) for file in files]

    def _mark(self) -> str:
        """Return what tells this end of Scrapy's queues from every other one."""
        assert self.dqdir is not None
        try:
            state = Path(self.dqdir, "active.json").stat()
        except FileNotFoundError:
            return "none yet"
        return f"{state.st_mtime_ns} {state.st_size}"


def _opened(folder: Path) -> PendingRequests:
    try:
        return PendingRequests(folder)
    except JobError as error:
        # The engine, which cannot go on, reports another error in place of this one.
        logger.error("%s", error)  # noqa: TRY400 - it says all there is
        raise


def _local_feeds(crawler: Crawler | None) -> Iterator[Any]:
    """Yield the open files of feeds that are written in place."""
    exporter = crawler.get_extension(FeedExporter) if crawler is not None else None
    for slot in exporter.slots if exporter is not None else ():
        file: Any = slot.file
        if isinstance(slot.storage, FileFeedStorage) and not isinstance(file, PostProcessingManager | None):
            yield file
