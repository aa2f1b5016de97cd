"""After "Multiple Crawling Strategies", release notes 0.5.0, and "Content Processing", http_based_crawler_strategy."""

import asyncio

from scrapy_crawl4 import (
    AsyncHTTPCrawlerStrategy,
    AsyncWebCrawler,
    CacheMode,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    HTTPCrawlerConfig,
    PruningContentFilter,
)

http = HTTPCrawlerConfig(method="GET", headers={"User-Agent": "Bot/1.0"}, follow_redirects=True, verify_ssl=True)
config = CrawlerRunConfig(
    cache_mode=CacheMode.BYPASS,
    markdown_generator=DefaultMarkdownGenerator(
        content_filter=PruningContentFilter(threshold=0.48, threshold_type="fixed", min_word_threshold=10)
    ),
    word_count_threshold=5,
    excluded_tags=["script", "style", "nav"],
    exclude_external_links=True,
)


async def main():
    async with AsyncWebCrawler(crawler_strategy=AsyncHTTPCrawlerStrategy(browser_config=http)) as crawler:
        result = await crawler.arun("https://example.org/echo")
        print(result.status_code, "Bot/1.0" in result.html)
        for result in await crawler.arun_many(
            ["https://example.org/blog/1", "https://example.org/page/1"], config=config
        ):
            print(result.status_code, 0 < len(result.markdown.fit_markdown) <= len(result.markdown.raw_markdown))


asyncio.run(main())
