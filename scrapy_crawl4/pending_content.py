"""What is still to be made of a page, and who makes it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    _made: list[PageContent | Exception] = field(default_factory=list, init=False, compare=False, repr=False)

    def extract(
        self, config: CrawlerRunConfig | None = None, turn: AbstractContextManager[Any] | None = None
    ) -> PageContent:
        """Run the content stages in this thread, for :meth:`CrawlResult.fill`, unless that has been done.

        :param config: in place of ``config``.
        :param turn: entered for the work; not while this waits for another thread's.
        :raises TaskFailed: a worker process ended while it was at it.
        """
        from .content import extract_page  # noqa: PLC0415 - content is a layer above results, used only when needed

        with self._lock:
            if not self._made:
                with turn or nullcontext():
                    wanted = config or self.config
                    page = extract_page(self.html, url=self.url, config=wanted, content_type=self.content_type)
                self._made.append(page)
            made = self._made[0]
        if isinstance(made, Exception):
            raise made
        return made

    def in_steps(self) -> Iterator[None]:
        """Run the content stages in this thread too, and yield between them; :meth:`extract` then has what was made.

        They must go on in this thread, and be closed if they don't: whoever asks meanwhile waits for them.
        """
        from .content.pipeline import extract_in_steps  # noqa: PLC0415 - as above

        if not self.claim():
            return
        made: PageContent | Exception | None = None
        try:
            made = yield from extract_in_steps(
                self.html, url=self.url, config=self.config, content_type=self.content_type
            )
        except Exception as error:  # noqa: BLE001 - extract() raises it
            made = error
        finally:
            self.settle(made)

    def claim(self) -> bool:
        """Take the work over for another process, until :meth:`settle`; False if it is done, or somebody is at it."""
        if not self._lock.acquire(blocking=False):
            return False
        if self._made:
            self._lock.release()
            return False
        return True

    def settle(self, made: PageContent | Exception | None) -> None:
        """Take in what came of it, for all who ask; None if nothing, so that the work is still to be done."""
        if made is not None:
            self._made.append(made)
        self._lock.release()

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
