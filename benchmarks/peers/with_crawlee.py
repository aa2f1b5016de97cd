"""Crawl pages with crawlee; started by ``compare.py`` in an environment of its own.

The variant says what is made of a page: ``html-to-markdown``, ``markdownify``, or nothing.
"""

import asyncio
import logging

from crawlee import ConcurrencySettings
from crawlee.crawlers import HttpCrawler, HttpCrawlingContext
from crawlee.http_clients import CurlImpersonateHttpClient, HttpxHttpClient, ImpitHttpClient
from crawlee.storage_clients import MemoryStorageClient
from html_to_markdown import convert
from markdownify import markdownify
from work import Work, work

CONVERTERS = {
    "html-to-markdown": lambda body: convert(body.decode(errors="replace")).content,
    "markdownify": lambda body: markdownify(body.decode(errors="replace")),
    "": lambda body: body,
}
CLIENTS = {"impit": ImpitHttpClient, "httpx": HttpxHttpClient, "curl": CurlImpersonateHttpClient}


async def main(job: Work) -> None:
    job.start()
    crawler = HttpCrawler(
        http_client=CLIENTS[job.crawler.get("client", "impit")](),
        storage_client=MemoryStorageClient(),
        concurrency_settings=ConcurrencySettings(
            min_concurrency=job.sessions, desired_concurrency=job.sessions, max_concurrency=job.sessions
        ),
        max_request_retries=0,
        use_session_pool=False,
        retry_on_blocked=False,
        configure_logging=False,
    )
    convert = CONVERTERS[job.variant]

    @crawler.router.default_handler
    async def handle(context: HttpCrawlingContext) -> None:
        job.note(context.request.url, convert(await context.http_response.read()))

    await crawler.run(job.urls)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    job = work()
    asyncio.run(main(job))
    job.finish()
