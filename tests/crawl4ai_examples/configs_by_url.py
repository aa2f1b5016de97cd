"""After "URL-Specific Configurations", advanced/multi-url-crawling and api/arun_many."""

import asyncio

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    PDFContentScrapingStrategy,
    PruningContentFilter,
)

pdf = CrawlerRunConfig(url_matcher="*.pdf", scraping_strategy=PDFContentScrapingStrategy())
blog = CrawlerRunConfig(
    url_matcher=["*/blog/*", "*/article/*", "*python.org*"],
    markdown_generator=DefaultMarkdownGenerator(content_filter=PruningContentFilter(threshold=0.48)),
)
scrolled = CrawlerRunConfig(
    url_matcher=lambda url: "github.com" in url,
    js_code="window.scrollTo(0, 500);",
)
api = CrawlerRunConfig(url_matcher=lambda url: "api" in url or url.endswith(".json"))
other = CrawlerRunConfig()

URLS = [
    "https://site1.example.org/files/dummy.pdf",
    "https://site2.example.org/blog/1",
    "https://site3.example.org/github.com/playwright",
    "https://site4.example.org/api/data.json",
    "https://site5.example.org/page/5",
]


async def main():
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls=URLS, config=[pdf, blog, scrolled, api, other])
        for result in results:
            fit = len(result.markdown.fit_markdown or "") if result.success else 0
            print(result.success, len(result.markdown or "") > 3, fit > 0, result.error_message)


asyncio.run(main())
