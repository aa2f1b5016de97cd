"""The configuration that a single request carries in its meta."""

import pytest
from scrapy import Request

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, CrawlTask, UnsupportedOption
from scrapy_crawl4.config import config_in

PAGE = "raw:<title>t</title><p>one</p><p class=x>two</p>"


def test_a_config_and_a_dict_of_parameters_are_the_same():
    config = CrawlerRunConfig(css_selector=".x")
    assert config_in({"crawl4": config}) is config
    assert config_in({"crawl4": {"css_selector": ".x"}}) == config
    assert config_in({}) is config_in(None) is config_in({"crawl4": None}) is None


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (7, TypeError, "must be a CrawlerRunConfig or a dict, got int"),
        ({"nope": 1}, TypeError, "no parameter 'nope'"),
        ({"page_timeout": -5}, ValueError, "page_timeout must be a positive number"),
        ({"screenshot": True}, UnsupportedOption, "screenshot"),
    ],
)
async def test_what_is_none_is_said(value, error, words):
    with pytest.raises(error, match=words):
        config_in({"crawl4": value})
    async with AsyncWebCrawler() as crawler:
        result = await crawler.arun(CrawlTask(PAGE, meta={"crawl4": value}))
    assert not result.success
    assert words in result.error_message


async def test_the_facade_takes_it_from_tasks_and_requests(site):
    async with AsyncWebCrawler() as crawler:
        task = CrawlTask(PAGE, meta={"crawl4": {"css_selector": ".x"}})
        stronger = CrawlTask(PAGE, config=CrawlerRunConfig(), meta={"crawl4": {"css_selector": ".x"}})
        site.put("/two", "<p>one</p><p class=x>two</p>")
        request = Request(site.url("/two"), meta={"crawl4": {"css_selector": ".x"}})
        narrow, wide, fetched = await crawler.arun_many([task, stronger, request])
    assert narrow.markdown.strip() == "two"
    assert "one" in wide.markdown
    assert "one" not in fetched.markdown
