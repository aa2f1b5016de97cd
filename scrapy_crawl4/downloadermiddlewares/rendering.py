"""Which requests of a crawl the browser shows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
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
from .landing_robots import LandingRobots

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from ..config import CrawlerRunConfig

logger = logging.getLogger(__name__)

MOVED = "crawl4_rendered"
"""Meta key of a request with ``render="auto"``: its URL and whether the browser is to show that page, once it is known.

The URL is there because spiders copy the meta of a response to requests for other pages."""
OURS = (DONT_CACHE, "dont_redirect")
"""Keys of Scrapy's that keep its middlewares from doing what the browser does; their values leave with the mark."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SCHEMES = frozenset({"http", "https", "file"})


class Rendering:
    """Marks the requests whose pages the browser shows.

    :param crawler: whose requests they are. ``CRAWL4_RENDER`` of its settings counts where a request says nothing.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._default = Crawl4Settings.from_settings(crawler.settings).render
        self._follows = crawler.settings.getbool(RedirectMiddleware.enabled_setting)
        self._hosts = RenderedHosts()
        self._landings = LandingRobots(crawler)
        self._missing = False

    def concerns(self, request: Request) -> bool:
        """Return whether a *request* without a configuration has to be looked at."""
        return self._default != HTTP or PAGE in request.meta

    def route(self, request: Request, config: CrawlerRunConfig | None) -> None:
        """Mark *request* if the browser is to show its page, and take a mark away that it has from another one.

        :param config: what it carries; None without one.
        :raises UnsupportedOption: when its configuration, or all of this crawl, asks for what cannot be had.
        """
        _unmark(request)
        render = self._render(request, config)
        if render == HTTP:
            return
        asked = config is not None and bool(needing_browser(config))
        if told := self._impossible() or self._refusal(request, config):
            if asked or self._impossible():
                raise UnsupportedOption(told)
            return
        if render == BROWSER:
            added = tuple(key for key in OURS if key not in request.meta)
            request.meta.update(dict.fromkeys(added, True), **{PAGE: added})

    def looks_at(self, request: Request, config: CrawlerRunConfig | None) -> bool:
        """Return whether :meth:`judged` has to see the response to *request* before its spider does."""
        return PAGE in request.meta or MOVED in request.meta or self._may_move(request, config)

    async def judged(self, request: Request, response: Response) -> Request | Response:
        """Return *response*, or the request to have the browser show its page where scripts have yet to make it.

        :raises IgnoreRequest: when robots.txt forbids an address that the browser was led to.
        """
        config = config_in(request.meta)
        is_shown, may_move = PAGE in request.meta, self._may_move(request, config)
        _forget(request)
        if is_shown:
            await self._landings.check(request, response, config)
        elif may_move:
            empty = bool(await run_in_thread(why_browser, response))
            self._hosts.learn(_host(request), empty=empty)
            if empty:
                return _moved(request, to_browser=True)
        return response

    def failed(self, request: Request, error: Exception) -> Request | None:
        """Return the request to fetch over HTTP what the browser could not show for ``render="auto"``, or None."""
        is_shown = PAGE in request.meta
        _forget(request)
        if not isinstance(error, BrowserMissing | Downloads) or not is_shown:
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
        known = _verdict(request)
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

    def _may_move(self, request: Request, config: CrawlerRunConfig | None) -> bool:
        """Return whether the page of *request*, which comes over HTTP, may yet be one for the browser."""
        if self._missing or _verdict(request) is not None:
            return False
        return self._wanted(request, config) == AUTO and not self._refusal(request, config)

    def _impossible(self) -> str:
        """Return the sentence that says why this crawl has no browser, ``""`` where it may have one."""
        if not is_asyncio_available():
            return "Pages of the browser need asyncio: leave the setting TWISTED_REACTOR at its default."
        if not isinstance(self._crawler.engine.downloader, DispatchDownloader):
            return "Pages of the browser need the setting DOWNLOADER to be a DispatchDownloader: leave it out."
        return ""

    def _refusal(self, request: Request, config: CrawlerRunConfig | None) -> str:
        """Return the sentence for a *request* that the browser cannot make, ``""`` for one that it can."""
        if urlparse_cached(request).scheme not in SCHEMES:
            return "The browser shows pages of http, https and file URLs: use render='http' for others."
        if request.method != "GET" or request.body:
            return "The browser only sends GET requests without a body: use render='http' for others."
        if what := self._keeps_redirects(request):
            return f"The browser follows all redirects: leave out {what}, or use render='http'."
        if config is not None and config.is_given("cache_mode") and config.cache_mode in READING | WRITING:
            return "Pages of the browser are not cached yet: leave cache_mode at BYPASS, or use render='http'."
        return ""

    def _keeps_redirects(self, request: Request) -> str:
        """Return what has a spider get redirects themselves in place of where they lead, ``""`` for nothing.

        Not ``handle_httpstatus_all``: that is about what becomes of errors, and a rendered page has a status as well.
        """
        if request.meta.get("dont_redirect"):
            return "dont_redirect of the meta"
        if not self._follows:
            return "REDIRECT_ENABLED = False"
        own = getattr(self._crawler.spider, "handle_httpstatus_list", None) or ()
        listed = REDIRECTS.intersection([*own, *(request.meta.get("handle_httpstatus_list") or ())])
        return f"status {min(listed)} of handle_httpstatus_list" if listed else ""


def _verdict(request: Request) -> bool | None:
    """Return whether the browser is to show the page of *request*, None where nobody knows yet."""
    url, to_browser = request.meta.get(MOVED) or ("", None)
    return to_browser if url == request.url else None


def _moved(request: Request, *, to_browser: bool) -> Request:
    return request.replace(meta={**request.meta, MOVED: (request.url, to_browser)}, dont_filter=True)


def _unmark(request: Request) -> None:
    """Take away what an earlier pass has set to have the browser show the page."""
    for key in request.meta.pop(PAGE, ()):
        request.meta.pop(key, None)


def _forget(request: Request) -> None:
    """Leave nothing of ours in the meta: spiders copy it to other requests."""
    _unmark(request)
    request.meta.pop(MOVED, None)


def _host(request: Request) -> str:
    return urlparse_cached(request).hostname or ""
