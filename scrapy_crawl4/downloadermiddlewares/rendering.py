"""Which requests of a crawl the browser shows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.http.request import NO_CALLBACK
from scrapy.utils.asyncio import is_asyncio_available, run_in_thread
from scrapy.utils.httpobj import urlparse_cached

from ..browser import BrowserMissing, Downloads
from ..browser.auto import RenderedHosts, why_browser
from ..browser.pages import PAGE
from ..cache.meta import DONT_CACHE
from ..cache.use import READING, WRITING
from ..config import config_in
from ..config.rendering import AUTO, BROWSER, HTTP, in_browser, needing_browser
from ..config.settings import Crawl4Settings
from ..downloader import DispatchDownloader
from ..errors import describe
from ..exceptions import UnsupportedOption

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from ..config import CrawlerRunConfig

logger = logging.getLogger(__name__)

MOVED = "crawl4_rendered"
"""Meta key of a request with ``render="auto"``: whether the browser is to show its page, once that is known."""
OURS = (DONT_CACHE, "dont_redirect")
"""Keys of Scrapy's that keep its middlewares from doing what the browser does; their values leave with the mark."""
SCHEMES = frozenset({"http", "https", "file"})


class Rendering:
    """Marks the requests whose pages the browser shows.

    :param crawler: whose requests they are. ``CRAWL4_RENDER`` of its settings counts where a request says nothing.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._default = Crawl4Settings.from_settings(crawler.settings).render
        self._hosts = RenderedHosts()
        self._missing = False

    def concerns(self, request: Request) -> bool:
        """Return whether a *request* without a configuration has to be looked at."""
        return self._default != HTTP or PAGE in request.meta

    def route(self, request: Request, config: CrawlerRunConfig | None) -> None:
        """Mark *request* if the browser is to show its page, and take a mark away that it has from another one.

        :param config: what it carries; None without one.
        :raises UnsupportedOption: when its configuration, or all of this crawl, asks for what cannot be had.
        """
        for key in request.meta.pop(PAGE, ()):
            request.meta.pop(key, None)
        render = self._render(request, config)
        if render == HTTP:
            return
        asked = config is not None and bool(needing_browser(config))
        if told := self._impossible() or _refusal(request, config):
            if asked or self._impossible():
                raise UnsupportedOption(told)
            return
        if render == BROWSER:
            added = tuple(key for key in OURS if key not in request.meta)
            request.meta.update(dict.fromkeys(added, True), **{PAGE: added})

    def looks_at(self, request: Request, config: CrawlerRunConfig | None) -> bool:
        """Return whether the response to *request*, which came over HTTP, may yet be one for the browser."""
        if PAGE in request.meta or MOVED in request.meta or self._missing:
            return False
        return self._wanted(request, config) == AUTO and not _refusal(request, config)

    async def judged(self, request: Request, response: Response) -> Request | Response:
        """Return *response*, or the request to have the browser show its page where scripts have yet to make it."""
        empty = bool(await run_in_thread(why_browser, response))
        self._hosts.learn(_host(request), empty=empty)
        return _moved(request, to_browser=True) if empty else response

    def failed(self, request: Request, error: Exception) -> Request | None:
        """Return the request to fetch over HTTP what the browser could not show for ``render="auto"``, or None."""
        if not isinstance(error, BrowserMissing | Downloads) or PAGE not in request.meta:
            return None
        if self._wanted(request, config_in(request.meta)) != AUTO:
            return None
        if isinstance(error, BrowserMissing) and not self._missing:
            self._missing = True
            logger.warning(
                "render='auto' goes on without a browser, and pages that are empty until their scripts run stay so: %s",
                describe(error),
                extra={"spider": self._crawler.spider},
            )
        return _moved(request, to_browser=False)

    def _render(self, request: Request, config: CrawlerRunConfig | None) -> str:
        """Return where the page of *request* is fetched now."""
        wanted = self._wanted(request, config)
        if wanted != AUTO:
            return wanted
        known = request.meta.get(MOVED)
        if known is None:
            session = config is not None and config.session_id is not None
            known = session or (not self._missing and self._hosts.expects_empty(_host(request)))
        return BROWSER if known else HTTP

    def _wanted(self, request: Request, config: CrawlerRunConfig | None) -> str:
        """Return what *config* says, and without it the settings: of pages, not of files for pipelines."""
        if config is not None and in_browser(config, has_browser=False, is_local=False):
            return BROWSER
        if config is not None and config.render is not None:
            return config.render
        return HTTP if request.callback is NO_CALLBACK else self._default

    def _impossible(self) -> str:
        """Return the sentence that says why this crawl has no browser, ``""`` where it may have one."""
        if not is_asyncio_available():
            return "Pages of the browser need asyncio: leave the setting TWISTED_REACTOR at its default."
        if not isinstance(self._crawler.engine.downloader, DispatchDownloader):
            return "Pages of the browser need the setting DOWNLOADER to be a DispatchDownloader: leave it out."
        return ""


def _refusal(request: Request, config: CrawlerRunConfig | None) -> str:
    """Return the sentence for a *request* that the browser cannot make, ``""`` for one that it can."""
    if urlparse_cached(request).scheme not in SCHEMES:
        return "The browser shows pages of http, https and file URLs: use render='http' for others."
    if request.method != "GET" or request.body:
        return "The browser only sends GET requests without a body: use render='http' for others."
    if request.meta.get("dont_redirect"):
        return "The browser follows all redirects: leave dont_redirect out of the meta, or use render='http'."
    if config is not None and config.is_given("cache_mode") and config.cache_mode in READING | WRITING:
        return "Pages of the browser are not cached yet: leave cache_mode at BYPASS, or use render='http'."
    return ""


def _moved(request: Request, *, to_browser: bool) -> Request:
    return request.replace(meta={**request.meta, MOVED: to_browser}, dont_filter=True)


def _host(request: Request) -> str:
    return urlparse_cached(request).hostname or ""
