"""CRAWL4_CONTENT_WORKERS: content work in processes of their own."""

import asyncio
import itertools
import os
import signal
import threading

import psutil
import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    ExtractionStrategy,
    JsonCssExtractionStrategy,
    PruningContentFilter,
    SemaphoreDispatcher,
    process,
)
from scrapy_crawl4.workers import feeder

from .test_content_processes import PAGES, configurations

ENDED = "The content worker ended while it worked on this page."
PAGE = "<title>{0}</title><main><h1>Page {0}</h1><p>Some <a href=/{0}>words</a> of it.</p></main>"


class Told(ExtractionStrategy):
    """Does what the page says."""

    def __init__(self, folder=""):
        super().__init__(input_format="html")
        self.folder = folder
        self.lock = None

    def extract(self, url, html, *args, **kwargs):
        if "exits" in html:
            os._exit(3)
        if "raises" in html:
            raise SystemExit
        if "hangs" in html:
            threading.Event().wait()
        if "waits" in html:
            self.wait(html)
        return [{"pid": os.getpid()}]

    def wait(self, html):
        """Write the process's id, once for each try, and wait for the reader's word."""
        with open(f"{self.folder}/told", "a") as told:
            told.write(f"{os.getpid()}\n")
        with open(f"{self.folder}/go") as go:
            go.read()

    def run(self, url, sections, *args, **kwargs):
        return self.extract(url, "".join(sections))


def workers():
    return [child for child in psutil.Process().children() if "workers.main" in " ".join(child.cmdline())]


def raw(*texts):
    return ["raw:" + PAGE.format(text) for text in texts]


def pid_of(result):
    return int(result.extracted_content.split('"pid":')[1].split("}")[0])


async def crawl(pages, config, number, *, permits=8):
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": number}) as crawler:
        return await crawler.arun_many(pages, config, SemaphoreDispatcher(semaphore_count=permits))


def plain(result):
    """Return the JSON of a result without what is of its run alone."""
    result.dispatch_result = result.crawl_stats = None
    return result.model_dump_json()


@pytest.mark.parametrize("number", [1, 2])
async def test_workers_make_the_same_results(number):
    pages = ["raw:" + (page or " ") for page in PAGES] * 5 + raw(*range(30), "\ud800 half", "x" * 100)
    for config in configurations():
        here, there = await crawl(pages, config, 0), await crawl(pages, config, number)
        assert [plain(result) for result in here] == [plain(result) for result in there]
    assert not workers()


async def test_workers_take_pages_of_a_site_files_and_large_ones(site, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(PAGE.format("file"))
    large = "<main>" + "<p>Words of a large page.</p>" * 50_000
    pages = [site.url("/page/1"), site.url("/status/404"), file.as_uri(), "raw:" + large, "raw:" + large, "no url"]
    here, there = await crawl(pages, None, 0), await crawl(pages, None, 2)
    for one, two in zip(here, there, strict=True):
        one.response_headers = two.response_headers = None
    assert [plain(result) for result in here] == [plain(result) for result in there]
    assert [result.success for result in there] == [True, False, True, True, True, False]


async def test_pages_are_worked_on_in_other_processes():
    results = await crawl(raw(*range(20)), CrawlerRunConfig(extraction_strategy=Told()), 2)
    assert all(result.success for result in results)
    assert os.getpid() not in {pid_of(result) for result in results}


@pytest.mark.parametrize("number", [0, "auto"])
async def test_small_crawls_start_no_process(number):
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": number}) as crawler:
        seen = []
        async for result in crawler.arun_many(raw(*range(200)), stream=True):
            assert result.success
            seen += workers()
    assert seen == []


async def test_auto_starts_a_worker_under_a_backlog(monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.workers.pool.usable_cores", lambda: 2)
    page = "raw:<main>" + "<p>Some <b>words</b> of <a href=/x>text</a></p>" * 1000
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": "auto"}) as crawler:
        run = crawler.arun_many(itertools.repeat(page), stream=True)
        async with run:
            async for result in run:
                assert result.markdown.startswith("Some **words**")
                if result.index % 50 == 49 and workers():  # to look takes longer than a page
                    break
        assert len(workers()) == 1
    assert not workers()


async def test_auto_keeps_code_of_the_users_here(monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.workers.backlog.WINDOW", 0)
    config = CrawlerRunConfig(extraction_strategy=Told())
    results = await crawl(raw(*range(50)), config, "auto")
    assert {pid_of(result) for result in results} == {os.getpid()}


async def test_a_configuration_that_does_not_travel_is_used_here():
    strategy = Told()
    strategy.lock = threading.Lock()
    results = await crawl(raw(*range(9)), CrawlerRunConfig(extraction_strategy=strategy), 2)
    assert {pid_of(result) for result in results} == {os.getpid()}


async def test_what_the_stages_do_not_read_need_not_travel():
    config = CrawlerRunConfig(url_matcher=lambda url: threading.Lock() is not None, extraction_strategy=Told())
    (result,) = await crawl(raw(1), config, 1)
    assert pid_of(result) != os.getpid()


async def test_a_page_that_ends_its_worker_is_one_failed_result():
    config = CrawlerRunConfig(extraction_strategy=Told())
    pages = raw(*range(10), "exits", *range(10, 20), "raises", *range(20, 30))
    results = await crawl(pages, config, 2)
    failed = {result.index: result.error_message for result in results if not result.success}
    assert failed.keys() == {10, 21}
    assert failed[10] == ENDED
    assert "SystemExit" in failed[21]
    assert not workers()


async def test_a_page_whose_worker_is_killed_is_tried_once_more(tmp_path):
    os.mkfifo(tmp_path / "go")
    config = CrawlerRunConfig(extraction_strategy=Told(str(tmp_path)))
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": 1}) as crawler:
        run = asyncio.ensure_future(gathered(crawler.arun_many(raw("waits", *range(20)), config)))
        first = await told(tmp_path, 1)
        os.kill(first, signal.SIGKILL)
        second = await told(tmp_path, 2)
        await asyncio.to_thread((tmp_path / "go").write_text, "")
        results = await run
    assert first != second
    assert all(result.success for result in results)
    assert pid_of(results[0]) == second


async def told(folder, tries):
    """Wait until a page has begun so often, and return the process that is at it."""
    while True:
        lines = (folder / "told").read_text().split() if (folder / "told").exists() else []
        if len(lines) >= tries:
            return int(lines[tries - 1])
        await asyncio.sleep(0.01)


async def test_a_worker_that_hangs_is_ended_when_nobody_waits_for_its_page(monkeypatch):
    monkeypatch.setattr(feeder, "GRACE", 0.1)
    ends = CrawlerRunConfig(extraction_strategy=Told(), page_timeout=2000, url_matcher=lambda url: "hangs" in url)
    pages = raw("hangs", *range(9))
    results = await crawl(pages, [ends, CrawlerRunConfig(extraction_strategy=Told())], 1)
    assert [result.index for result in results if not result.success] == [0]
    assert results[0].error_message == "The page took longer than 2 s (page_timeout)."
    assert not workers()


async def test_nothing_is_left_of_a_run_that_is_closed_or_cancelled(monkeypatch, tmp_path):
    monkeypatch.setattr(feeder, "GRACE", 0.1)
    os.mkfifo(tmp_path / "go")
    config = CrawlerRunConfig(extraction_strategy=Told(str(tmp_path)))
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": 1}) as crawler:
        run = crawler.arun_many(raw("waits", *range(20)), config, stream=True)
        async with run:
            reading = asyncio.ensure_future(anext(aiter(run)))
            await told(tmp_path, 1)
            reading.cancel()
        again = await crawler.arun_many(raw("after"), config)
        assert again[0].success
    assert not workers()
    assert not [thread for thread in threading.enumerate() if "feeder" in thread.name]


async def test_content_options_that_are_used_are_those_of_the_configuration():
    config = CrawlerRunConfig(
        markdown_generator=DefaultMarkdownGenerator(content_filter=PruningContentFilter()),
        extraction_strategy=JsonCssExtractionStrategy(
            {"name": "all", "baseSelector": "main", "fields": [{"name": "title", "selector": "h1", "type": "text"}]}
        ),
        excluded_tags=["a"],
    )
    (result,) = await crawl(raw("one"), config, 1)
    assert plain(result) == plain(process(PAGE.format("one"), "", config).model_copy(update={
        "url": result.url, "index": 0, "redirected_url": result.redirected_url
    }))  # fmt: skip


async def test_a_worker_that_cannot_be_started_leaves_the_work_here(monkeypatch, caplog):
    monkeypatch.setattr("sys.executable", "/no/such/interpreter")
    results = await crawl(raw(*range(5)), None, 2)
    assert all(result.success for result in results)
    assert "Content workers cannot be started" in caplog.text


async def gathered(run):
    return await run
