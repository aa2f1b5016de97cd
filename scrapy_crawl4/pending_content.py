"""What is still to be made of a page, and who makes it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .config import CrawlerRunConfig
    from .content.llm_session import WaitingThreads
    from .content.page import PageContent


class ContentDesk(Protocol):
    """Where a Scrapy crawler has its content work done, page after page."""

    def prepared(self, config: CrawlerRunConfig) -> CrawlerRunConfig:
        """Return *config* with what the crawler's settings say."""

    async def extract(self, pending: PendingContent) -> PageContent:
        """Do the work off the event loop, in its turn."""


@dataclass(frozen=True, slots=True)
class PendingContent:
    """What the content stages need to fill a result.

    Whoever asks for the content first makes it; others that ask meanwhile wait for it, so that no page is parsed twice.
    """

    html: str | bytes
    """The page as fetched, decoded; the bytes of a PDF."""
    url: str
    """The URL its links are relative to; ``""`` when there is none."""
    config: CrawlerRunConfig
    """What is wanted of it."""
    content_type: str = "text/html"
    """Its media type; parameters are ignored."""
    desk: ContentDesk | None = field(default=None, compare=False, repr=False)
    """Who does the work when it is waited for; None takes a thread of its own."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, compare=False, repr=False)
    _made: list[PageContent] = field(default_factory=list, init=False, compare=False, repr=False)

    def extract(
        self, config: CrawlerRunConfig | None = None, turn: AbstractContextManager[Any] | None = None
    ) -> PageContent:
        """Run the content stages in this thread, for :meth:`CrawlResult.fill`, unless that has been done.

        :param config: in place of ``config``.
        :param turn: entered for the work; not while this waits for another thread's.
        """
        from .content import extract_page  # noqa: PLC0415 - content is a layer above results, used only when needed

        with self._lock:
            if not self._made:
                with turn or nullcontext():
                    wanted = config or self.config
                    page = extract_page(self.html, url=self.url, config=wanted, content_type=self.content_type)
                self._made.append(page)
            return self._made[0]

    async def aextract(self) -> PageContent:
        """Do the same off the event loop, whichever that is: at the desk if there is one, else in a thread."""
        from .content.llm_scope import asks_model  # noqa: PLC0415 - as above

        if self.desk is not None:
            return await self.desk.extract(self)
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # one of Twisted's own reactors
            from scrapy.utils.asyncio import run_in_thread  # noqa: PLC0415 - nobody is there without Scrapy

            return await run_in_thread(self.extract)
        if asks_model(self.config):  # which is waiting, for the most part
            return await asyncio.to_thread(self.extract)
        return await asyncio.wrap_future(_thread().submit(self.extract))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.html, self.url, self.config, self.content_type)

    def __deepcopy__(self, memo: dict[int, Any]) -> PendingContent:
        return replace(self)  # with content of its own: a result's owner may change what is in it


@cache
def _thread() -> WaitingThreads:
    """Return what does content work without a desk, on one thread while there is any.

    There is one for the process, as there is one lock of Python's that the work holds: with a thread for each page, an
    event loop would wait for all of them between two of its steps.
    """
    from .content.llm_session import WaitingThreads  # noqa: PLC0415 - as above

    return WaitingThreads(1)
