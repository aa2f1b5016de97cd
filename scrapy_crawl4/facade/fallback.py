"""A function of the user's own that gets pages which could not be fetched."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import IgnoreRequest

from ..errors import describe
from ..exceptions import Crawl4Error
from ..meter import PageTooLarge
from ..results import CrawlResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .tasks import Work

    Crawl = Callable[[], Awaitable[CrawlResult | None]]
    Content = Callable[[Callable[[], CrawlResult]], Awaitable[CrawlResult]]


async def with_fallback(
    crawl: Crawl, work: Work, caller: asyncio.AbstractEventLoop | None, content: Content
) -> CrawlResult | None:
    """Do *crawl*, and where it ends without a page, make the result of what ``fallback_fetch_function`` returns.

    :param crawl: gives a result, or None for another try.
    :param caller: the event loop of the user, who may have bound the function to it.
    :param content: runs content work.
    """
    try:
        result = await crawl()
    except (PageTooLarge, IgnoreRequest):  # there is a page, or it is not to be fetched
        raise
    except Exception as error:  # noqa: BLE001 - whatever went wrong is what the function is for
        result = CrawlResult.failed(work.url, describe(error))
    if result is None or result.success:
        return result
    used = {"fallback_fetch_used": True}
    result.crawl_stats = (result.crawl_stats or {}) | used
    try:
        html = await _html(work, caller)
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything
        told = (result.error_message or "").rstrip(".")
        result.error_message = f"{told}; fallback_fetch_function failed: {describe(error)}"
        return result
    return await content(lambda: _made(html, work, used)) if html else result


async def _html(work: Work, caller: asyncio.AbstractEventLoop | None) -> str | None:
    if caller in (None, asyncio.get_running_loop()):
        html = await _called(work)
    else:
        html = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_called(work), caller))
    if html is not None and not isinstance(html, str):
        raise TypeError(f"it must return HTML as a string or None, got {type(html).__name__}")
    return html


async def _called(work: Work) -> Any:
    function = work.config.fallback_fetch_function
    try:
        return None if function is None else await function(work.url)
    except SystemExit as error:  # on the user's loop it would end the program, with all pages of the run
        raise Crawl4Error("it wants to end the program.") from error


def _made(html: str, work: Work, used: dict[str, Any]) -> CrawlResult:
    return CrawlResult.from_html(html, url=work.url, config=work.config, crawl_stats=used)
