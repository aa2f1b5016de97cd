"""CrawlerMonitor on real runs."""

import asyncio
import io
import sys

import pytest

from scrapy_crawl4 import AsyncWebCrawler, CrawlerMonitor, MemoryAdaptiveDispatcher, SemaphoreDispatcher

from .terminal import Terminal


def lines_of(out, start):
    return [line for line in out.getvalue().splitlines() if line.startswith(start)]


@pytest.mark.parametrize("dispatcher", [MemoryAdaptiveDispatcher, SemaphoreDispatcher])
async def test_a_run_is_shown_to_its_end(site, dispatcher):
    out = io.StringIO()
    monitor = CrawlerMonitor(max_visible_rows=15, file=out)
    urls = [*site.urls(4), site.url("/status/404")]
    async with AsyncWebCrawler() as crawler:
        await crawler.arun_many(urls, dispatcher=dispatcher(monitor=monitor))
    (summary,) = lines_of(out, "5 of 5 pages (100%) in 0:00:0")
    assert ", 1 failed, " in summary
    assert len(lines_of(out, f"404 {urls[-1]} (")) == 1


async def test_one_monitor_for_dispatchers_and_runs_at_the_same_time(site):
    out = io.StringIO()
    monitor = CrawlerMonitor(file=out)
    first, second = SemaphoreDispatcher(2, monitor=monitor), SemaphoreDispatcher(3, monitor=monitor)
    async with AsyncWebCrawler() as crawler:
        await asyncio.gather(
            crawler.arun_many(site.urls(3), dispatcher=first),
            crawler.arun_many(site.urls(4), dispatcher=first),
            crawler.arun_many(site.urls(5), dispatcher=second),
        )
    assert sorted(line.split(" pages")[0] for line in out.getvalue().splitlines()) == ["3 of 3", "4 of 4", "5 of 5"]


async def test_a_run_that_is_left_ends_its_view(site):
    out = io.StringIO()
    dispatcher = SemaphoreDispatcher(2, monitor=CrawlerMonitor(file=out))
    async with AsyncWebCrawler() as crawler, crawler.arun_many(site.urls(50), dispatcher=dispatcher) as run:
        await anext(run)
    assert len(lines_of(out, "")) == 1


async def test_urls_from_a_generator_have_the_total_that_the_monitor_was_told(site):
    out = io.StringIO()
    dispatcher = SemaphoreDispatcher(2, monitor=CrawlerMonitor(urls_total=3, file=out))
    async with AsyncWebCrawler() as crawler:
        await crawler.arun_many((url for url in site.urls(3)), dispatcher=dispatcher)
    assert len(lines_of(out, "3 of 3 pages (100%)")) == 1


async def test_a_bar_moves_while_pages_are_fetched(site, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monitor = CrawlerMonitor(refresh_rate=0.01, file=terminal.stream)
    urls = [site.url("/page/1"), site.url("/gate/last")]
    async with AsyncWebCrawler() as crawler:
        run = asyncio.ensure_future(_batch(crawler, urls, SemaphoreDispatcher(2, monitor=monitor)))
        await asyncio.to_thread(terminal.read_until, "50%  1 of 2 pages")
        site.open_gate("last")
        assert len(await run) == 2
        await asyncio.to_thread(terminal.read_until, "2 of 2 pages (100%) in")
    terminal.close()


async def _batch(crawler, urls, dispatcher):
    return await crawler.arun_many(urls, dispatcher=dispatcher)


async def test_a_run_without_a_monitor_does_not_load_rich(site):
    code = (
        "import asyncio, sys\n"
        "from scrapy_crawl4 import crawl_many\n"
        "crawl_many(['raw:hello'])\n"
        "print([name for name in sys.modules if name == 'rich'])\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out == b"[]\n"
