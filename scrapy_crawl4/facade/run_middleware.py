"""What a run of a spider has between the engine and the spider."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .contained import contained

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Self

    from scrapy.http import Response

    from .spider_run import SpiderCrawler, SpiderRun

END = object()
"""Stands behind the last element that a callback yields."""


class RunMiddleware:
    """The spider middleware next to the engine: takes from the spider what its run has room for, until the run ends.

    :param run: the run.
    """

    def __init__(self, run: SpiderRun) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: SpiderCrawler) -> Self:
        """Make the middleware of *crawler*."""
        return cls(crawler.run)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Let the engine have what ``start()`` yields while results are taken; it does not wait for items by itself."""
        self._run.opened.set()
        with contained():
            async for element in start:
                yield element
                await self._run.room()
                if self._run.stopping:
                    return

    def process_spider_output(self, response: Response, result: Iterator[Any]) -> Iterator[Any]:
        """Let the engine have what a callback yields until nobody wants it."""
        with contained():
            for element in result:
                yield element
                if self._run.cut_short:
                    return

    async def process_spider_output_async(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Do the same for a callback that is an async generator, and end it where it waits."""
        if self._run.cut_short:
            return
        elements: asyncio.Queue[Any] = asyncio.Queue()
        room = asyncio.Semaphore(1)
        # One task from the first element to the last: what the callback has entered must be left by the same.
        reading = asyncio.ensure_future(_read(result, elements, room))
        # Not by the task itself, which is cancelled before its first step if the run is ended then.
        reading.add_done_callback(lambda _: elements.put_nowait(END))
        self._run.readers.add(reading)
        try:
            while (element := await elements.get()) is not END:
                yield element
                room.release()
            if not reading.cancelled():
                reading.result()  # raises what the callback raised
        finally:
            self._run.readers.discard(reading)
            reading.cancel()


async def _read(result: AsyncIterator[Any], elements: asyncio.Queue[Any], room: asyncio.Semaphore) -> None:
    with contained():
        async for element in result:
            await room.acquire()
            elements.put_nowait(element)
