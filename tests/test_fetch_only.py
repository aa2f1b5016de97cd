"""``fetch_only``: what was fetched, and nothing made of it."""

import pytest

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, CrawlResult, process

FETCH = CrawlerRunConfig(fetch_only=True)


async def test_a_page_is_fetched_and_not_read(site, monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.content.pipeline._parse", lambda html: pytest.fail("parsed"))
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many([site.url("/page/1"), site.url("/status/404"), "raw:<p>x"], config=FETCH)
    page, missing, given = results
    assert page.success
    assert "Page 1" in page.html
    assert page.response_headers["content-type"].startswith("text/html")
    assert (page.markdown, page.cleaned_html, page.links) == (None, None, {"internal": [], "external": []})
    assert (missing.success, missing.error_message, missing.status_code) == (False, "HTTP 404 Not Found", 404)
    assert (given.success, given.html) == (True, "<p>x")


def test_it_is_complete_and_written_as_others():
    result = process("<h1>Title</h1>", "http://a.example/", FETCH)
    assert result.pending is None
    assert CrawlResult.model_validate_json(result.model_dump_json()).html == "<h1>Title</h1>"


@pytest.mark.parametrize("name", ["prefetch", "extraction_strategy", "markdown_generator"])
def test_what_needs_content_work_is_refused_beside_it(name):
    from scrapy_crawl4 import DefaultMarkdownGenerator, RegexExtractionStrategy

    values = {
        "prefetch": True,
        "extraction_strategy": RegexExtractionStrategy(),
        "markdown_generator": DefaultMarkdownGenerator(),
    }
    with pytest.raises(ValueError, match=f"fetch_only=True cannot be given together with {name}"):
        CrawlerRunConfig(fetch_only=True, **{name: values[name]})
