"""After examples/demo_multi_config_clean.py, part 2: no configuration for the last URL."""

import asyncio

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    MatchMode,
    PDFContentScrapingStrategy,
    PruningContentFilter,
)


async def main():
    configs = [
        CrawlerRunConfig(url_matcher="*.pdf", scraping_strategy=PDFContentScrapingStrategy()),
        CrawlerRunConfig(
            url_matcher=["*/blog/*", "*/article/*", "*python.org*"],
            markdown_generator=DefaultMarkdownGenerator(content_filter=PruningContentFilter(threshold=0.48)),
        ),
        CrawlerRunConfig(
            url_matcher=lambda url: "github.com" in url,
            js_code="window.scrollTo(0, 500);",
        ),
        CrawlerRunConfig(
            url_matcher=["*.json", lambda url: "api" in url or "httpbin.org" in url], match_mode=MatchMode.OR
        ),
        CrawlerRunConfig(
            url_matcher=[
                lambda url: url.startswith("http"),
                "*.org/*",
                lambda url: any(part in url for part in ("docs", "documentation", "reference")),
                lambda url: not url.endswith((".pdf", ".json")),
            ],
            match_mode=MatchMode.AND,
        ),
    ]
    urls = [
        "https://site1.example.org/files/dummy.pdf",
        "https://site2.example.org/python.org/1",
        "https://site3.example.org/github.com/playwright",
        "https://site4.example.org/httpbin.org/json",
        "https://site5.example.org/reference.org/docs",
        "https://site6.example.org/page/6",
    ]
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls=urls, config=configs)
        for result in results:
            if result.success:
                print("ok", result.url, len(result.markdown) > 3)
                if hasattr(result.markdown, "fit_markdown") and result.markdown.fit_markdown:
                    print("fit", len(result.markdown.fit_markdown) < len(result.markdown))
                if hasattr(result, "extracted_content") and result.extracted_content:
                    print(str(result.extracted_content)[:100])
            else:
                print("failed", result.url, result.error_message)


if __name__ == "__main__":
    asyncio.run(main())
