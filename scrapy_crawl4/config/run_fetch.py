"""Parameters of a crawl that say how a page is fetched, and how many at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..user_agents import RANDOM, user_agents
from .base import Config, Converted, option
from .checks import count, flag, http_method, member, number, optional, refuse, text
from .enums import CacheMode, MatchMode
from .matching import UrlMatcher, check_matcher
from .proxy import Kept, Proxy, check_proxies
from .proxy_rotation import ProxyRotationStrategy, check_strategy
from .supported import RUN_FETCH

FallbackFetch = Callable[[str], Awaitable[str | None]]

_TEXT = optional(text)
_cache_mode = member(CacheMode)


def _check_cache_mode(name: str, value: Any) -> CacheMode:
    # crawl4ai reads None as ENABLED.
    return CacheMode.ENABLED if value is None else _cache_mode(name, value)


def _check_render(name: str, value: Any) -> str:
    known = ("http", "browser", "auto")
    return str(value) if value in known else refuse(name, "None, 'http', 'browser' or 'auto'", value)


def _check_user_agent_mode(name: str, value: Any) -> str:
    # crawl4ai's BrowserConfig has "" for None.
    return str(value) if value in ("", RANDOM) else refuse(name, "None or 'random'", value)


def _check_wanted(name: str, value: Any) -> Mapping[str, Any]:
    return dict(value or {}) if value is None or isinstance(value, Mapping) else refuse(name, "a dict", value)


def _check_function(name: str, value: Any) -> Any:
    return value if callable(value) else refuse(name, "a coroutine function that takes a URL and returns HTML", value)


class FetchOptions(Config, supported=RUN_FETCH, missing="has no effect yet"):
    """Connection, cache, session, pace, and which URLs a configuration is for."""

    render: str | None = option(default=None, check=optional(_check_render))
    """``"http"`` fetches over HTTP, ``"browser"`` in a browser; ``"auto"`` fetches over HTTP, and goes to the browser
    with pages that are empty until their scripts have run, and with options that only a browser can serve. None is the
    browser where the crawler has a ``BrowserConfig`` or an option needs one, and HTTP otherwise."""
    proxy_config: Converted[Kept, Proxy] = option(default=None, check=check_proxies)
    """The proxy: a ``ProxyConfig``, a dict, or a string such as ``"http://user:password@host:port"``; ``"direct"`` for
    none, even where the environment names one. A list is for escalation: the first try takes the first one, and a
    connection that fails or a status of 403, 407, 429 or from 500 on sends the task to the next one; *max_retries*
    counts rounds over the whole list then."""
    proxy_rotation_strategy: ProxyRotationStrategy | None = option(default=None, check=optional(check_strategy))
    """Gives each task a proxy of its own and each further try another one, such as ``RoundRobinProxyStrategy``."""
    proxy_session_id: str | None = option(default=None, check=_TEXT)
    """With *proxy_rotation_strategy*: tasks with the same one take the same proxy, in all their tries."""
    proxy_session_ttl: float | None = option(default=None, check=optional(number("seconds", positive=True)))
    """Seconds after which a *proxy_session_id* moves on to the next proxy, and again after as many; they count from
    when the crawler was made. None for never."""
    proxy_session_auto_release: bool = option(default=False, check=flag)
    """Whether another run may take another proxy for the same *proxy_session_id*."""
    fetch_ssl_certificate: bool = option(default=False, check=flag)
    """Whether ``ssl_certificate`` of the result tells of the certificate of the connection the page came by."""
    cache_mode: Converted[CacheMode, CacheMode | str | None] = option(default=CacheMode.BYPASS, check=_check_cache_mode)
    """What to do with the cache: ``ENABLED`` reads and writes it, ``READ_ONLY`` and ``WRITE_ONLY`` do one of both,
    ``BYPASS`` and ``DISABLED`` neither; None is ``ENABLED``. Where it is not given, Scrapy's ``HTTPCACHE_ENABLED`` has
    the word."""
    session_id: str | None = option(default=None, check=_TEXT)
    """Tasks of one session share cookies and run one after another."""
    shared_data: dict[str, Any] | None = option(default=None)
    """Anything of yours that is to travel with the configuration; kept as it is."""
    check_cache_freshness: bool = option(default=False, check=flag)
    """Whether the host is asked, by ``ETag`` or ``Last-Modified``, if a cached page is still good; a page that has
    neither is fetched anew."""
    cache_validation_timeout: float = option(default=10.0, check=number("seconds", positive=True))
    """Seconds that the host has for the answer; without one, the cached page is taken."""
    page_timeout: float = option(default=60_000, check=number("milliseconds", positive=True))
    """Milliseconds for a page from its start to its result, over all its tries, redirects and content stages; while
    the dispatcher keeps a task waiting, for its host or for memory, the clock stands."""
    mean_delay: float = option(default=0.1, check=number("seconds"))
    """Shortest delay between two starts on one host, in seconds, for the default dispatcher."""
    max_range: float = option(default=0.3, check=number("seconds"))
    """Random part of that delay, in seconds."""
    semaphore_count: int = option(default=5, check=count(1))
    """Pages in flight at a time, for the default dispatcher."""
    verbose: bool = option(default=False, check=flag)
    """Whether the crawl may print what it does."""
    method: str = option(default="GET", check=http_method)
    """HTTP method."""
    stream: bool = option(default=False, check=flag)
    """Whether awaiting ``arun_many()`` gives an iterator over results in the order they come."""
    url: str | None = option(default=None, check=_TEXT)
    """The URL this configuration was made for; for your own use."""
    check_robots_txt: bool = option(default=False, check=flag)
    """Fetch only what the host's robots.txt allows, at its pace."""
    user_agent: str | None = option(default=None, check=_TEXT)
    """The User-Agent header; None is Scrapy's ``USER_AGENT``."""
    user_agent_mode: str | None = option(default=None, check=optional(_check_user_agent_mode))
    """``"random"`` takes the User-Agent header of a real browser from a list: one for a task, its retries and redirects
    included, and one for all tasks of a ``session_id``. A ``user_agent`` goes before it. Needs the package
    ``fake-useragent`` (the extra ``user-agents``)."""
    user_agent_generator_config: Mapping[str, Any] = option(default=MappingProxyType({}), check=_check_wanted)
    """What browsers the random ones are of, see :func:`scrapy_crawl4.user_agents.user_agents`."""
    deep_crawl_strategy: Any = option(default=None)
    url_matcher: UrlMatcher | None = option(default=None, check=check_matcher)
    """URLs this configuration is for: a glob pattern, a function, or a list of these; None is for all."""
    match_mode: Converted[MatchMode, MatchMode | str] = option(default=MatchMode.OR, check=member(MatchMode))
    """How the parts of a list *url_matcher* count."""
    experimental: dict[str, Any] | None = option(default=None)
    max_retries: int = option(default=0, check=count(0))
    """Further tries after connection errors and statuses of 500 and above, within *page_timeout*; half a second after
    the first try, then twice as long each time, up to 30 s, with jitter."""
    fallback_fetch_function: FallbackFetch | None = option(default=None, check=optional(_check_function))
    """``async fn(url) -> html``, called on your event loop when a page could not be had after all tries: connection
    errors and statuses of 400 and above, but not what robots.txt refuses. The result is made of the HTML that it
    returns; None leaves the page failed. Its time counts for *page_timeout*."""

    def _check_together(self) -> None:
        super()._check_together()
        if self.user_agent_mode == RANDOM:  # read here, where a list that has none of that kind can be said
            user_agents(self.user_agent_generator_config)
        if self.proxy_config is not None and self.proxy_rotation_strategy is not None:
            raise ValueError("proxy_config and proxy_rotation_strategy cannot be given together: leave one at None")


class LegacyCacheOptions(Config, supported=(), missing="was replaced by cache_mode"):
    """crawl4ai's parameters from before ``cache_mode``."""

    bypass_cache: bool = option(default=False)
    disable_cache: bool = option(default=False)
    no_cache_read: bool = option(default=False)
    no_cache_write: bool = option(default=False)
