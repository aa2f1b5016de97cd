"""Pages are worked on on the engine's loop, small ones at once and larger ones in steps, and nothing else is."""

import asyncio
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest
from scrapy.http import HtmlResponse, TextResponse

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BM25ContentFilter,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    PruningContentFilter,
    RegexExtractionStrategy,
)
from scrapy_crawl4.content import pipeline
from scrapy_crawl4.facade.at_once import (
    MOST_BYTES,
    MOST_BYTES_IN_STEPS,
    MOST_FETCHED,
    MOST_MARKS,
    MOST_TAGS,
    MOST_TAGS_IN_STEPS,
    AtOnce,
    Length,
    work_on,
)
from scrapy_crawl4.facade.bridge import THREAD_NAME
from scrapy_crawl4.workers.pool import ContentPool

PAGE = b"<html><body><p>A page of some words</p></body></html>"
USUAL = CrawlerRunConfig()


@pytest.fixture
def threads(monkeypatch):
    """Names of the threads that pages are parsed on."""
    names = []
    parse = pipeline._parse

    def noted(html):
        names.append(threading.current_thread().name)
        return parse(html)

    monkeypatch.setattr(pipeline, "_parse", noted)
    return names


@pytest.fixture
def pool():
    made = ContentPool(0)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("config", "body", "length"),
    [
        (USUAL, PAGE, Length.SHORT),
        (CrawlerRunConfig(word_count_threshold=5), PAGE, Length.SHORT),
        (USUAL, b"x" * (MOST_BYTES + 1), Length.LONG),
        (USUAL, b"<b>" * (MOST_TAGS + 1), Length.LONG),
        (USUAL, b"x" * (MOST_BYTES_IN_STEPS + 1), Length.UNKNOWN),
        (USUAL, b"<b>" * (MOST_TAGS_IN_STEPS + 1), Length.UNKNOWN),
        (USUAL, b"$" * (MOST_MARKS + 1), Length.UNKNOWN),
        (CrawlerRunConfig(fetch_only=True), b"<b>" * (MOST_TAGS + 1), Length.SHORT),
        (CrawlerRunConfig(fetch_only=True), b"x" * (MOST_FETCHED + 1), Length.UNKNOWN),
        (CrawlerRunConfig(css_selector="p"), PAGE, Length.UNKNOWN),
        (CrawlerRunConfig(extraction_strategy=RegexExtractionStrategy()), PAGE, Length.UNKNOWN),
        (CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator()), PAGE, Length.SHORT),
        (CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(PruningContentFilter())), PAGE, Length.UNKNOWN),
        (
            CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(BM25ContentFilter("words"))),
            PAGE,
            Length.UNKNOWN,
        ),
        (CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(converter="markdownify")), PAGE, Length.UNKNOWN),
    ],
)
def test_how_long_the_work_takes(config, body, length):
    assert work_on(config, body) is length


async def test_only_pages_of_html_are_taken_and_only_while_nobody_else_works(pool):
    at_once = AtOnce(pool)
    page = HtmlResponse("http://a.example/", body=PAGE)
    assert at_once.takes(USUAL, page) is Length.SHORT
    assert at_once.takes(USUAL, TextResponse("http://a.example/", body=PAGE)) is Length.UNKNOWN
    with pool.turn:
        assert at_once.takes(USUAL, page) is Length.UNKNOWN
    fixed = ContentPool(1)
    assert AtOnce(fixed).takes(USUAL, page) is Length.UNKNOWN
    fixed.close()


async def test_all_but_very_large_pages_are_read_on_the_engines_loop(site, threads):
    line = b"<p>A paragraph of words.</p>"
    site.put("/large", b"<html><body>" + line * 8000 + b"</body></html>")
    site.put("/very-large", b"<html><body>" + line * 40_000 + b"</body></html>")
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": 0}) as crawler:
        results = [await crawler.arun(site.url(path)) for path in ("/page/1", "/large", "/very-large")]
    assert all(result.success for result in results)
    assert results[1].markdown.count("A paragraph of words.") == 8000
    warmed_up, small, large, very_large = threads
    assert warmed_up.startswith("scrapy-crawl4-content")
    assert small == large == THREAD_NAME
    assert very_large.startswith("scrapy-crawl4-content")


@pytest.fixture
def a_second_each(monkeypatch):
    """Let each look at the clock take a second, so that no two works fit into a round."""
    clock = iter(range(10_000))
    monkeypatch.setattr("scrapy_crawl4.facade.at_once.time.monotonic", lambda: next(clock))


def count_rounds():
    """Count the next 200 rounds of the loop."""
    rounds = [0]

    def count():
        rounds[0] += 1
        if rounds[0] < 200:
            asyncio.get_running_loop().call_soon(count)

    count()
    return rounds


async def test_a_round_of_the_loop_has_a_bounded_part_of_the_work(pool, a_second_each):
    at_once, rounds = AtOnce(pool), count_rounds()
    done = []
    await asyncio.gather(*(at_once.run(lambda n=n: done.append((n, rounds[0]))) for n in range(20)))
    assert [number for number, _ in done] == list(range(20))
    assert len({at for _, at in done}) == 20


async def test_what_fits_into_a_round_is_done_side_by_side(pool, monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.facade.at_once.time.monotonic", lambda: 1.0)
    at_once, rounds = AtOnce(pool), count_rounds()
    done = await asyncio.gather(*(at_once.run(lambda: rounds[0]) for _ in range(20)))
    assert len(set(done)) == 1


async def test_steps_take_turns_with_small_pages_and_not_with_those_of_another_page(pool, a_second_each):
    at_once = AtOnce(pool)
    done = []

    def steps(name):
        for number in range(3):
            done.append(f"{name}{number}")
            yield
        return name

    small = [at_once.run(lambda n=n: done.append(n)) for n in range(3)]
    ended = await asyncio.gather(at_once.run_in_steps(steps("a")), at_once.run_in_steps(steps("b")), *small)
    assert ended[:2] == ["a", "b"]
    assert [name for name in done if isinstance(name, str)] == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert done[:2] == ["a0", 0]
    assert done.index(2) < done.index("a2")


async def test_steps_that_nobody_waits_for_any_more_are_closed_and_the_next_go_on(pool):
    at_once = AtOnce(pool)
    begun, closed = asyncio.Event(), []

    def steps():
        try:
            while True:
                begun.set()
                yield
        finally:
            closed.append("endless")

    def next_steps():
        yield
        return "next"

    endless = asyncio.ensure_future(at_once.run_in_steps(steps()))
    following = asyncio.ensure_future(at_once.run_in_steps(next_steps()))
    await begun.wait()
    endless.cancel()
    assert await following == "next"
    assert closed == ["endless"]


async def test_work_has_the_context_of_who_asked_for_it(pool):
    at_once = AtOnce(pool)
    whose = ContextVar("whose")

    async def ask(name):
        whose.set(name)
        return await at_once.run(whose.get)

    assert await asyncio.gather(*map(ask, "abc")) == ["a", "b", "c"]


async def test_a_large_page_whose_stage_fails_has_its_other_parts(site, monkeypatch):
    monkeypatch.setattr(pipeline, "extract_metadata", lambda *given: 1 / 0)
    site.put("/large", b"<html><body>" + b"<p>A paragraph of words.</p>" * 8000 + b"</body></html>")
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": 0}) as crawler:
        result = await crawler.arun(site.url("/large"))
    assert result.error_message == "Stage metadata failed: ZeroDivisionError: division by zero"
    assert result.markdown.count("A paragraph of words.") == 8000


async def test_who_gives_up_waiting_holds_up_nobody(pool, a_second_each):
    at_once = AtOnce(pool)
    done = []
    tasks = [asyncio.ensure_future(at_once.run(lambda n=n: done.append(n))) for n in range(10)]
    await asyncio.sleep(0)
    for task in tasks[1::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert done == [0, 2, 4, 6, 8]


async def test_what_a_page_raises_is_its_own(pool):
    at_once = AtOnce(pool)

    def fail():
        raise ValueError("broken")

    works = [fail, lambda: next(iter(())), lambda: "fine"]
    results = await asyncio.gather(*map(at_once.run, works), return_exceptions=True)
    assert [str(result) for result in results] == ["broken", "The content stages failed: StopIteration()", "fine"]


async def test_who_gives_up_while_the_work_is_done_holds_up_nobody(pool):
    at_once = AtOnce(pool)
    first = asyncio.ensure_future(at_once.run(lambda: first.cancel()))
    second = asyncio.ensure_future(at_once.run(lambda: "fine"))
    assert await second == "fine"
    assert first.cancelled()


PROGRAM = """
import asyncio, sys
from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig

class Loaded:
    def process_response(self, request, response):
        print("scrapy_crawl4.content.pipeline" in sys.modules, "turbohtml.clean" in sys.modules)
        return response

async def main():
    async with AsyncWebCrawler(settings={"DOWNLOADER_MIDDLEWARES": {Loaded: 10}}) as crawler:
        await crawler.arun(sys.argv[1], config=CrawlerRunConfig(fetch_only=True))
        await crawler.arun(sys.argv[1])

asyncio.run(main())
"""


async def test_what_content_work_needs_is_loaded_before_the_first_page_comes_and_only_if_any_is_wanted(site):
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", PROGRAM, site.url("/page/1")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["False False", "True True"]
