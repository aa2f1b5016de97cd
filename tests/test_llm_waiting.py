"""Pages that wait for a model, beside each other and beside pages that do not."""

import asyncio
import json
import threading

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    LLMConfig,
    LLMExtractionStrategy,
    SemaphoreDispatcher,
)

from .crawling import run_spider
from .llm_server import Model
from .test_pipelines import EACH_REACTOR

PAGES = 20


def asking(model, **options):
    strategy = LLMExtractionStrategy(LLMConfig("openai/m", "token", model.url, backoff_base_delay=0))
    return CrawlerRunConfig(extraction_strategy=strategy, **options)


def word(asked):
    return asked.page.split()[-1]


def plenty():
    return SemaphoreDispatcher(semaphore_count=PAGES, max_session_permit=PAGES)


@pytest.fixture
def crawler_settings():
    return {"CRAWL4_LLM_CONCURRENCY": PAGES}


async def test_pages_wait_for_the_model_together(crawler_settings):
    all_wait = threading.Barrier(PAGES)

    def script(asked):
        all_wait.wait(30)
        return json.dumps([{"word": word(asked)}])

    with Model(script) as model:
        async with AsyncWebCrawler(settings=crawler_settings) as crawler:
            urls = [f"raw:<p>page word{number}</p>" for number in range(PAGES)]
            results = await crawler.arun_many(urls, config=asking(model), dispatcher=plenty())
    assert [result.error_message for result in results] == [""] * PAGES
    found = [json.loads(result.extracted_content)[0]["word"] for result in results]
    assert found == [f"word{number}" for number in range(PAGES)]
    assert {result.metadata["llm_usage"]["requests"] for result in results} == {1}


async def test_pages_over_the_limit_wait_for_others():
    now, most, lock = 0, 0, threading.Lock()
    three = threading.Barrier(3)

    def script(asked):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        three.wait(30)
        with lock:
            now -= 1
        return "[]"

    with Model(script) as model:
        async with AsyncWebCrawler(settings={"CRAWL4_LLM_CONCURRENCY": "3"}) as crawler:
            urls = [f"raw:<p>word{number}</p>" for number in range(12)]
            results = await crawler.arun_many(urls, config=asking(model), dispatcher=plenty())
    assert all(result.success for result in results)
    assert most == 3


async def test_pages_without_a_model_are_not_held_up():
    done = threading.Event()

    def script(asked):
        model.wait(done)
        return "[]"

    with Model(script) as model:
        configs = [asking(model, url_matcher=lambda url: "slow" in url), CrawlerRunConfig()]
        async with AsyncWebCrawler() as crawler:
            urls = [f"raw:<p>{'slow' if number < 4 else 'fast'}{number}</p>" for number in range(PAGES)]
            order = []
            async for result in crawler.arun_many(urls, config=configs, dispatcher=plenty(), stream=True):
                order.append(result.index)
                if len(order) == PAGES - 4:
                    done.set()
    assert sorted(order[-4:]) == [0, 1, 2, 3]


@pytest.mark.parametrize("how", ["aclose", "crawler"])
async def test_the_end_of_a_run_ends_the_waits(how):
    asked = threading.Semaphore(0)

    def script(request):
        asked.release()
        return model.never()

    with Model(script) as model:
        crawler = AsyncWebCrawler()
        async with crawler:
            run = crawler.arun_many([f"raw:<p>{n}</p>" for n in range(6)], config=asking(model), dispatcher=plenty())
            waiting = asyncio.ensure_future(run._result())
            for _ in range(6):
                await asyncio.to_thread(asked.acquire)
            if how == "aclose":
                await run.aclose()
        await asyncio.wait({waiting})
    assert not any(thread.name.startswith("scrapy-crawl4-models") for thread in threading.enumerate())


async def test_page_timeout_ends_the_wait():
    with Model(lambda asked: model.never()) as model:
        async with AsyncWebCrawler() as crawler:
            result = await crawler.arun("raw:<p>x</p>", config=asking(model, page_timeout=200))
            assert result.error_message == "The page took longer than 0.2 s (page_timeout)."
            assert (await crawler.arun("raw:<p>y</p>")).success


async def test_a_model_that_fails_fails_the_stage_only():
    with Model("no") as model:
        async with AsyncWebCrawler() as crawler:
            result = await crawler.arun("raw:<p>x</p>", config=asking(model))
    assert not result.success
    assert result.error_message.startswith("Stage extraction failed: The model's answer cannot be read")
    assert result.markdown == "x"


async def test_fetched_pages_ask_too(site):
    with Model('[{"a": 1}]') as model:
        async with AsyncWebCrawler() as crawler:
            results = await crawler.arun_many([site.url("/page/1"), site.url("/page/2")], config=asking(model))
    assert [json.loads(result.extracted_content) for result in results] == [[{"a": 1, "error": False}]] * 2


SPIDER = """
import os
from scrapy_crawl4 import CrawlerRunConfig, CrawlResult, LLMConfig, LLMExtractionStrategy


class TheSpider(Spider):
    name = "asking"
    custom_settings = {"CRAWL4_LLM_CONCURRENCY": 12, "CONCURRENT_REQUESTS": 20}

    async def start(self):
        strategy = LLMExtractionStrategy(LLMConfig("openai/m", "token", os.environ["MODEL_URL"]))
        self.config = CrawlerRunConfig(extraction_strategy=strategy)
        for number in range(16):
            yield Request(url(f"/page/{number}"), cb_kwargs={"asks": number < 12})

    def parse(self, response, asks):
        yield CrawlResult.from_response(response, self.config if asks else None)
"""


@EACH_REACTOR
def test_items_wait_for_the_model_together(site, tmp_path, monkeypatch, reactor):
    all_wait = threading.Barrier(12)

    def script(asked):
        all_wait.wait(30)
        return json.dumps([{"page": asked.page.partition("\n")[0]}])

    with Model(script) as model:
        monkeypatch.setenv("MODEL_URL", model.url)
        crawl = run_spider(site, tmp_path, SPIDER, reactor=reactor)
    found = {item["url"]: json.loads(item["extracted_content"] or "null") for item in crawl.items}
    assert len(found) == 16
    assert sorted(items[0]["page"] for items in found.values() if items) == sorted(
        f"Address: {site.url(f'/page/{number}')}" for number in range(12)
    )
    assert crawl.stats["crawl4/content/pages_count"] == 16
