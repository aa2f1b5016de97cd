"""The same crawl for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from ..exceptions import Crawl4Error
from .crawler import AsyncWebCrawler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from os import PathLike

    from scrapy import Request

    from ..config import CrawlerRunConfig
    from ..dispatch import BaseDispatcher
    from ..results import CrawlResult
    from .run import CrawlRun
    from .tasks import CrawlTask

    Urls = Iterable[str | CrawlTask | Request]
    Configs = CrawlerRunConfig | Sequence[CrawlerRunConfig] | None


@overload
def crawl_many(
    urls: Urls,
    config: Configs = ...,
    dispatcher: BaseDispatcher | None = ...,
    *,
    stream: Literal[False] = ...,
    settings: Mapping[str, Any] | None = ...,
    job: str | PathLike[str] | None = ...,
    **overrides: Any,
) -> list[CrawlResult]: ...
@overload
def crawl_many(
    urls: Urls,
    config: Configs = ...,
    dispatcher: BaseDispatcher | None = ...,
    *,
    stream: Literal[True],
    settings: Mapping[str, Any] | None = ...,
    job: str | PathLike[str] | None = ...,
    **overrides: Any,
) -> Iterator[CrawlResult]: ...
def crawl_many(
    urls: Urls,
    config: Configs = None,
    dispatcher: BaseDispatcher | None = None,
    *,
    stream: bool = False,
    settings: Mapping[str, Any] | None = None,
    job: str | PathLike[str] | None = None,
    **overrides: Any,
) -> list[CrawlResult] | Iterator[CrawlResult]:
    """Crawl many URLs from a program without asyncio, and return when it is done.

    Takes what :meth:`AsyncWebCrawler.arun_many` takes.

    :param stream: return an iterator of results in the order in which pages are done, instead of a list in input order;
        close it, or let go of it, to end the crawl early.
    :param settings: Scrapy settings of the crawler underneath.
    :param job: a folder that makes the run durable.
    :raises Crawl4Error: inside a running event loop, where ``await AsyncWebCrawler().arun_many(...)`` is the way.
    :raises TypeError, ValueError: as :meth:`AsyncWebCrawler.arun_many` does.
    """
    _refuse_running_loop()
    crawler = AsyncWebCrawler(settings=settings)
    run = crawler.arun_many(urls, config, dispatcher, stream=stream, job=job, **overrides)
    if stream:
        return _stream(crawler, run)
    return asyncio.run(_collect(crawler, run))


def _refuse_running_loop() -> None:
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise Crawl4Error("crawl_many() can't wait inside a running event loop: use AsyncWebCrawler.arun_many() there.")


async def _collect(crawler: AsyncWebCrawler, run: CrawlRun) -> list[CrawlResult]:
    async with crawler:
        results: list[CrawlResult] = await run
        return results


def _stream(crawler: AsyncWebCrawler, run: CrawlRun) -> Iterator[CrawlResult]:
    runner = asyncio.Runner()
    try:
        while (result := runner.run(_next(run))) is not None:
            yield result
    finally:
        _outside_of_loops(partial(_end, runner, crawler))


def _end(runner: asyncio.Runner, crawler: AsyncWebCrawler) -> None:
    with runner:
        runner.run(crawler.close())


def _outside_of_loops(call: Callable[[], None]) -> None:
    """Call *call* where no event loop runs; a generator may be dropped in the middle of somebody's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        call()
        return
    thread = threading.Thread(target=call, name="scrapy-crawl4-closing")
    thread.start()
    thread.join()


async def _next(run: CrawlRun) -> CrawlResult | None:
    return await anext(run, None)
