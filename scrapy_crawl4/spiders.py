"""A spider that makes a result of every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.spidermiddlewares.httperror import HttpError

from .config import META_KEY, config_in
from .errors import describe
from .results import CrawlResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from .config import CrawlerRunConfig

HTTP_ERRORS = range(400, 600)


class Crawl4Spider(Spider):
    """Yields one :class:`~scrapy_crawl4.CrawlResult` for each of its URLs, whatever happens to it.

    Use it as it is or subclass it. All attributes can be given to the constructor, or with ``-a`` on the command line.
    An HTTP error, a host that does not answer or a URL that is none gives a failed result.
    """

    name = "crawl4"
    urls: Iterable[str] | str = ()
    """Pages to start from, beside ``start_urls``; of any length, read as the crawl goes on. A string is split at
    white space."""
    follow: bool | str = False
    """Whether to follow links: those to hosts of ``allowed_domains``, or without it those within the page's site."""
    config: CrawlerRunConfig | Mapping[str, Any] | None = None
    """The configuration of the spider's requests, or a dict of its parameters; None takes the defaults. It is their
    ``meta["crawl4"]``: with the add-on, how a page is fetched goes by it too. A request of yours that has a
    configuration there keeps it."""
    handle_httpstatus_list = tuple(HTTP_ERRORS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config_in({META_KEY: self.config})  # what is no configuration is said before the crawl
        if isinstance(self.follow, str):
            self.follow = self.follow.strip().lower() in {"1", "true", "yes", "on"}
        self._started: set[str] = set()

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each URL, and a failed result for what is no URL."""
        for url in self._all_urls():
            try:
                # Each URL has its result, so duplicates are fetched as often as they are given.
                request = self._request(url, dont_filter=True)
            except (TypeError, ValueError) as error:
                yield CrawlResult.failed(str(url), f"Not a URL to fetch: {error}.")
                continue
            if self.follow:
                self._started.add(request.url)
            yield request

    async def parse(self, response: Response) -> AsyncIterator[Any]:
        """Yield the result of *response*, and requests for the links to follow."""
        result = CrawlResult.from_response(response, self._config_for(response))
        # The links of an error page lead away from what was asked for.
        if self.follow and response.status not in HTTP_ERRORS:
            await result.acomplete()
            for request in self._followed(result):
                yield request
        yield result

    def failed(self, failure: Failure) -> Iterator[CrawlResult]:
        """Yield the result of a request that has no response to parse."""
        error = failure.value
        assert error is not None
        if isinstance(error, HttpError):
            response, sentence = error.response, describe(error)
            config = self._config_for(response)
            yield CrawlResult.from_response(response, config, success=False, error_message=sentence)
            return
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy puts it there
        url = request.meta.get("redirect_urls", [request.url])[0]
        yield CrawlResult.failed(url, describe(error))

    def _all_urls(self) -> Iterator[str]:
        for urls in (self.start_urls, self.urls):
            yield from urls.split() if isinstance(urls, str) else urls

    def _request(self, url: str, **arguments: Any) -> Request:
        meta = {} if self.config is None else {META_KEY: self.config}
        return Request(url, callback=self.parse, errback=self.failed, meta=meta, **arguments)

    def _config_for(self, response: Response) -> CrawlerRunConfig | None:
        return config_in(response.meta) or config_in({META_KEY: self.config})

    def _followed(self, result: CrawlResult) -> Iterator[Request]:
        kinds = ("internal", "external") if getattr(self, "allowed_domains", None) else ("internal",)
        for kind in kinds:
            for link in result.links[kind]:
                url = link["href"].partition("#")[0]
                if url.startswith(("http://", "https://")) and url not in self._started:
                    yield self._request(url)
