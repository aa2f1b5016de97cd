"""``scrapy crawl4 --html``: results of pages in files, without a crawl."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ..dispatch import Progress
from ..errors import describe
from ..facade.local import read_file
from ..results import CrawlResult
from .crawl import Outcome
from .options import STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..config import CrawlerRunConfig
    from ..monitor import MonitorView


class Files:
    """Makes the result of one file after the other; each is written before the next one is read.

    :param config: what is wanted of the pages.
    :param names: of the files; ``-`` is standard input.
    :param url: what relative links resolve against; None is each file's own URL.
    :param write: takes each result.
    :param view: is told how it goes on, and not closed.
    """

    def __init__(
        self,
        config: CrawlerRunConfig,
        names: Sequence[str],
        url: str | None,
        write: Callable[[CrawlResult], None],
        view: MonitorView,
    ) -> None:
        self.outcome = Outcome()
        self._config = config if url is None else config.clone(base_url=url)
        self._names = names
        self._url = url
        self._write = write
        self._view = view

    def run(self) -> None:
        """Read all files.

        :raises OSError: when a result cannot be written.
        """
        for index, name in enumerate(self._names):
            started = monotonic()
            result = self._result(name).complete()
            result.index = index
            self._write(result)
            self._note(result, monotonic() - started)

    def _result(self, name: str) -> CrawlResult:
        if name == STANDARD_STREAM:
            page = sys.stdin.buffer.read()
            return CrawlResult.from_html(page, url=self._url or STANDARD_STREAM, config=self._config)
        url = Path(name).absolute().as_uri()
        try:
            return CrawlResult.from_response(read_file(url), self._config)
        except OSError as error:
            return CrawlResult.failed(url, describe(error))

    def _note(self, result: CrawlResult, seconds: float) -> None:
        outcome = self.outcome
        outcome.done += 1
        outcome.failed += not result.success
        error = "" if result.success else result.error_message or "failed"
        self._view.task_finished(result.url, "failed" if error else "ok", seconds, error)
        self._view.update(Progress(done=outcome.done, failed=outcome.failed))
