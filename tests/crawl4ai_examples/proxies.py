"""After "Rotating Proxies", advanced/proxy-security; also in release notes 0.5.0 and proxy_rotation_demo."""

import asyncio
import re

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CacheMode,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    MemoryAdaptiveDispatcher,
    ProxyConfig,
    RoundRobinProxyStrategy,
)


async def main():
    proxies = ProxyConfig.from_env()
    if not proxies:
        print("set PROXIES")
        return
    browser = BrowserConfig(headless=True, verbose=False)
    config = CrawlerRunConfig(
        cache_mode=CacheMode.BYPASS,
        proxy_rotation_strategy=RoundRobinProxyStrategy(proxies),
        markdown_generator=DefaultMarkdownGenerator(),
    )
    dispatcher = MemoryAdaptiveDispatcher(memory_threshold_percent=80.0, check_interval=0.5, max_session_permit=1)
    async with AsyncWebCrawler(config=browser) as crawler:
        urls = ["https://example.org/page/1"] * (len(proxies) * 2)
        results = await crawler.arun_many(urls=urls, config=config, dispatcher=dispatcher)
        for number, result in enumerate(results):
            if result.success:
                found = re.search(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}", result.html)
                expected = proxies[number % len(proxies)].ip
                print(number, found.group(0), "as expected" if found.group(0) == expected else "another")
            else:
                print(number, "failed", result.error_message)


asyncio.run(main())
