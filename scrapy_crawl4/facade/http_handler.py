"""The facade's HTTP: Scrapy's aiohttp download handler, the fastest of those Scrapy ships."""

from __future__ import annotations

from typing import ClassVar

from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler


class FacadeHttpHandler(AiohttpDownloadHandler):
    """Scrapy's handler, made on the first request, and without the warning at every start that it is experimental."""

    experimental: ClassVar[bool] = False
    lazy: bool = True
    """A crawler that fails to start has no client session then that nobody would close."""
