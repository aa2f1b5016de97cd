"""Pages whose content is made on the engine's own loop: small ones at once, larger ones in steps.

A thread beside the loop would take turns with it for Python's lock, which costs more than most pages do.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextvars import copy_context
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy.http import HtmlResponse

from ..content.markdown import DefaultMarkdownGenerator
from ..workers.backlog import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from scrapy.http import Response

    from ..config import CrawlerRunConfig
    from ..workers.pool import ContentPool

T = TypeVar("T")

MOST_BYTES = 128 * 1024
MOST_TAGS = 6000
"""At some 2 microseconds each, the work takes 12 ms."""
MOST_BYTES_IN_STEPS = 768 * 1024
MOST_TAGS_IN_STEPS = 20_000
"""The longest of the steps has about a third of the work."""
MOST_MARKS = 300
"""Dollar signs and backslashes, which may begin formulas: the dearest thing to read."""
MOST_FETCHED = 1024 * 1024
"""Bytes that are decoded at once where nothing else is wanted."""
LONGEST_TURN = 0.01
"""Seconds of work after which the loop gets to see what else has come."""
ELSEWHERE = 5.0
"""Seconds for which pages go to the pool once there are more than the loop can do: it may then start a worker."""

UNBOUNDED = (
    "extraction_strategy",
    "scraping_strategy",
    "table_extraction",
    "css_selector",
    "target_elements",
    "excluded_selector",
)
"""Options that are a user's code, or whose work depends on more than the size of the page."""


class Length(Enum):
    """How long the content work on a page takes, whatever is in it."""

    SHORT = "some milliseconds at most"
    LONG = "up to a tenth of a second, in steps of some milliseconds"
    UNKNOWN = "perhaps longer"


class AtOnce:
    """Does the work of most pages on one loop, a bounded part of each of its rounds.

    :param pool: does the work of all others; while that has something to do, or has workers, it has them all.
    """

    def __init__(self, pool: ContentPool) -> None:
        self._pool = pool
        self._backlog = Backlog()
        self._queue: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._is_due = False
        self._elsewhere_until = 0.0
        self._one_large = asyncio.Lock()

    def takes(self, config: CrawlerRunConfig, response: Response) -> Length:
        """Return whether the page of *response* is one for :meth:`run`, or for :meth:`run_in_steps`."""
        if not self._pool.is_quiet or time.monotonic() < self._elsewhere_until:
            return Length.UNKNOWN
        return work_on(config, response.body) if isinstance(response, HtmlResponse) else Length.UNKNOWN

    async def run(self, work: Callable[[], T]) -> T:
        """Do *work* when a round of the loop has time for it, next to that of other pages.

        Pages are worked on one right after the other, and so is what their ends lead to: in turns, each would find its
        code and data pushed out of the processor's caches by the other's, which makes both half as slow again.
        """
        loop = asyncio.get_running_loop()
        made: asyncio.Future[T] = loop.create_future()
        self._queue.append((partial(copy_context().run, work), made))
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._round)
        return await made

    async def run_in_steps(self, steps: Generator[None, None, T]) -> T:
        """Do *steps*, each when a round has time for it; those of one page at a time, for the sake of memory."""
        async with self._one_large:
            try:
                while True:
                    if (made := await self.run(partial(_step, steps))) is not None:
                        return made[0]
            finally:
                steps.close()

    def _round(self) -> None:
        ends = time.monotonic() + LONGEST_TURN
        while self._queue:
            work, made = self._queue.popleft()
            if not made.done() and self._do(work, made) > ends:
                break
        self._is_due = bool(self._queue)
        if self._is_due:
            asyncio.get_running_loop().call_soon(self._round)

    def _do(self, work: Callable[[], Any], made: asyncio.Future[Any]) -> float:
        """Do *work* for who waits for what is *made*; return the time."""
        self._backlog.begin()
        try:
            value = work()
        except StopIteration as error:  # which no future takes
            _fail(made, RuntimeError(f"The content stages failed: {error!r}"))
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            _fail(made, error)
        else:
            if not made.done():
                made.set_result(value)
        self._backlog.end(waiting=bool(self._queue))
        now = time.monotonic()
        if self._backlog.presses() and self._pool.may_hire:
            self._elsewhere_until = now + ELSEWHERE
        return now


def _fail(made: asyncio.Future[Any], error: BaseException) -> None:
    if not made.done():
        made.set_exception(error)


def _step(steps: Generator[None, None, T]) -> tuple[T] | None:
    """Go on by one step; return what was made in a tuple, None while there is more to do."""
    try:
        next(steps)
    except StopIteration as end:
        return (end.value,)
    return None


def work_on(config: CrawlerRunConfig, body: bytes) -> Length:
    """Return how long the content work on *body*, a page of HTML, takes."""
    if config.fetch_only:
        return Length.SHORT if len(body) <= MOST_FETCHED else Length.UNKNOWN
    if len(body) > MOST_BYTES_IN_STEPS or any(getattr(config, name) for name in UNBOUNDED):
        return Length.UNKNOWN
    if not _is_usual(config.markdown_generator):
        return Length.UNKNOWN
    tags = body.count(b"<")
    if tags > MOST_TAGS_IN_STEPS or body.count(b"$") + body.count(b"\\") > MOST_MARKS:
        return Length.UNKNOWN
    return Length.SHORT if tags <= MOST_TAGS and len(body) <= MOST_BYTES else Length.LONG


def _is_usual(generator: object) -> bool:
    if generator is None:
        return True
    if type(generator) is not DefaultMarkdownGenerator or not generator.uses_tree:
        return False
    return generator.content_filter is None and generator.converter in {None, "turbohtml"}
