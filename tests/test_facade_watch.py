"""Who looks on: printed lines, monitors, statistics."""

import io

from scrapy_crawl4 import AsyncWebCrawler, CrawlerMonitor, CrawlerRunConfig, SemaphoreDispatcher, stats


async def test_nothing_is_printed_unless_verbose(site, capfd):
    async with AsyncWebCrawler() as crawler:
        await crawler.arun_many([*site.urls(2), site.url("/status/404"), "bad"], dispatcher=SemaphoreDispatcher(2))
    assert capfd.readouterr() == ("", "")


async def test_a_verbose_crawler_prints_where_a_config_says_nothing(site, capfd):
    async with AsyncWebCrawler(verbose=True) as crawler:
        await crawler.arun(site.url("/page/1"))
        await crawler.arun(site.url("/page/2"), CrawlerRunConfig(verbose=False))
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert site.url("/page/1") in lines[0]


async def test_verbose_prints_a_line_for_each_page(site, capfd):
    async with AsyncWebCrawler() as crawler:
        urls = [*site.urls(2), site.url("/status/404")]
        await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(2), verbose=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 3
    assert "HTTP 404 Not Found" in err
    for url in urls:
        assert url in err


async def test_a_monitor_serves_several_runs(site):
    stream = io.StringIO()
    monitor = CrawlerMonitor(file=stream)
    dispatcher = SemaphoreDispatcher(2, monitor=monitor)
    async with AsyncWebCrawler() as crawler:
        await crawler.arun_many([*site.urls(3), site.url("/status/404")], dispatcher=dispatcher)
        await crawler.arun_many(iter(site.urls(2)), dispatcher=dispatcher)
        views = crawler._engine.runs
    assert not views
    assert "404" in stream.getvalue()


async def test_statistics_of_runs_are_in_scrapys_stats(site):
    async with AsyncWebCrawler() as crawler:
        dispatcher = SemaphoreDispatcher(2)
        await crawler.arun_many([*site.urls(3), site.url("/status/404")], dispatcher=dispatcher)
        await crawler.arun_many(site.urls(2), dispatcher=dispatcher)
        values = crawler._engine.crawler.stats.get_stats()
    assert values[stats.STARTED] == 6
    assert values[stats.RESULTS_SUCCESS] == 5
    assert values[stats.RESULTS_FAILED] == 1
    assert values[stats.MAX_IN_FLIGHT] == 2
    assert values["downloader/response_count"] == 6
