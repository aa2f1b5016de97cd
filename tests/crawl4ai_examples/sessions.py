"""After examples/browser_optimization_example.py, with extra_args: one session for all, and one for each at a time."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlerRunConfig, DefaultMarkdownGenerator

BROWSER = BrowserConfig(
    headless=True,
    extra_args=["--disable-gpu", "--disable-dev-shm-usage", "--no-sandbox"],
    viewport={"width": 800, "height": 600},
)
CONFIG = CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator())


async def one_by_one(urls):
    crawler = AsyncWebCrawler(config=BROWSER)
    await crawler.start()
    try:
        for url in urls:
            result = await crawler.arun(url=url, config=CONFIG, session_id="session1")
            print("one by one", url, result.success, len(result.markdown.raw_markdown) > 100)
    finally:
        await crawler.close()


async def together(urls, at_once):
    crawler = AsyncWebCrawler(config=BROWSER)
    await crawler.start()
    try:
        for start in range(0, len(urls), at_once):
            batch = urls[start : start + at_once]
            tasks = [crawler.arun(url=url, config=CONFIG, session_id=f"session_{n}") for n, url in enumerate(batch)]
            for url, result in zip(batch, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
                if isinstance(result, Exception):
                    print("error", url, result)
                else:
                    print("together", url, result.success, len(result.markdown.raw_markdown) > 100)
    finally:
        await crawler.close()


async def main():
    urls = [f"https://example.org/page/{number}" for number in range(1, 5)]
    await one_by_one(urls)
    await together(urls, at_once=2)


if __name__ == "__main__":
    asyncio.run(main())
