"""What a spider's code may raise that would end more than itself."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import describe
from ..exceptions import Crawl4Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request
    from scrapy.core.scraper import Scraper
    from scrapy.http import Response
    from twisted.python.failure import Failure


@contextmanager
def contained() -> Iterator[None]:
    """Make errors of ``SystemExit`` and of a cancellation that nobody asked for: Scrapy's scraper would wait for ever.

    :raises Crawl4Error: in their place.
    """
    try:
        yield
    except (SystemExit, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise Crawl4Error(f"A spider's code ended with {describe(error)}") from error


def contain_callbacks(scraper: Scraper) -> None:
    """Do so with what *scraper* calls of the spider."""
    call = scraper.call_spider_async

    async def call_contained(result: Response | Failure, request: Request) -> Any:
        with contained():
            return await call(result, request)

    scraper.call_spider_async = call_contained  # type: ignore[method-assign]  # there is no setting for it
