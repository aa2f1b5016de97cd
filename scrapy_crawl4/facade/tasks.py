"""What users put into a run, and what the run makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request

from ..config import CrawlerRunConfig, config_in
from ..dispatch import LOCAL
from ..errors import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

RAW_PREFIXES = ("raw://", "raw:")
LONGEST_ECHO = 200
"""Characters of a bad element that a failed result repeats."""


@dataclass(frozen=True, slots=True)
class CrawlTask:
    """One URL with what is its own.

    url: ``http``, ``https``, ``file`` or ``raw:<html>``.
    config: used instead of the run's; None uses the run's.
    session_id: tasks with the same one share cookies; None keeps this task's cookies to itself.
    headers: added to the request, and stronger than the config's.
    cookies: sent with the request, name to value.
    meta: Scrapy's ``Request.meta`` for the request; its key ``crawl4`` is a config too, weaker than *config*.
    """

    url: str
    config: CrawlerRunConfig | None = None
    session_id: str | None = None
    headers: Mapping[str, str] | None = field(default=None, hash=False)
    cookies: Mapping[str, str] | None = field(default=None, hash=False)
    meta: Mapping[str, Any] | None = field(default=None, hash=False)


FIELDS: Mapping[str, tuple[type, str]] = {
    "config": (CrawlerRunConfig, "CrawlerRunConfig"),
    "session_id": (str, "string"),
    "headers": (Mapping, "mapping"),
    "cookies": (Mapping, "mapping"),
    "meta": (Mapping, "mapping"),
}
"""What the fields of a :class:`CrawlTask` must be, for the check and for the sentence."""


@dataclass(slots=True, eq=False)
class Work:
    """A checked element: what a session does."""

    index: int
    url: str
    config: CrawlerRunConfig
    host: str
    kind: str
    """``http``, ``file`` or ``raw``."""
    element: str | CrawlTask | Request
    rendered: bool = False
    """Whether the browser shows its page."""
    may_move: bool = False
    """Whether it may still turn out that the browser has to show its page, or cannot (``render="auto"``)."""
    because: str | None = None
    """Why the browser has to show its page, ``""`` if it need not; None where nobody looked."""
    kept: Response | None = None
    """What came over HTTP, until it is known that the browser can show the page."""
    seconds_left: float = 0.0
    """What is left of its ``page_timeout``, in seconds."""
    proxies_used: list[dict[str, Any]] = field(default_factory=list)
    """What each try that ended met: ``{"proxy": ..., "status_code": ...}``, None where there was none."""

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Give it its whole time again: it was taken back through no fault of the page's."""
        self.seconds_left = self.config.page_timeout / 1000


class BadElement(Exception):  # noqa: N818 - a state of an element, caught by the run
    """An element that cannot be crawled; becomes a failed result with this sentence."""

    def __init__(self, url: str, message: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.url = url
        self.message = message
        self.metadata = metadata


def make_work(index: int, element: object, configs: Sequence[CrawlerRunConfig]) -> Work:
    """Check *element* and choose its config; raise :class:`BadElement` with the reason it can't be crawled."""
    url = _url_of(element)
    kind, host = _place(url)
    config = _own_config(url, element) or _matching(url, configs)
    return Work(index, url, config, host, kind, element)  # type: ignore[arg-type]  # _url_of checked the type


def located(element: object) -> tuple[str, str]:
    """Return the kind of *element* and the host whose pace it keeps; raise :class:`BadElement` as :func:`make_work`."""
    return _place(_url_of(element))


def raw_html(url: str) -> str:
    """Return the page inside a ``raw:`` URL."""
    return url[len(next(prefix for prefix in RAW_PREFIXES if url.startswith(prefix))) :]


def _url_of(element: object) -> str:
    if isinstance(element, str):
        return element.strip()
    if isinstance(element, Request):
        return element.url
    if isinstance(element, CrawlTask):
        url: object = element.url
        if isinstance(url, str):
            return url.strip()
        element = url
    raise BadElement(
        shown_url(element), f"A URL must be a string, a CrawlTask or a scrapy.Request, got {type(element).__name__}."
    )


def shown_url(element: object) -> str:
    """Return what stands for the URL of an *element* that cannot be read: its URL all the same, or its ``repr``."""
    try:
        url = getattr(element, "url", element)
        return "" if url is None else url if isinstance(url, str) else repr(url)[:LONGEST_ECHO]
    except Exception:  # noqa: BLE001 - a user's class
        return f"<{type(element).__name__}>"


def _own_config(url: str, element: object) -> CrawlerRunConfig | None:
    """Return the config of a :class:`CrawlTask`, whose fields are checked, or the one in the meta of a request."""
    if isinstance(element, CrawlTask):
        for name, (kind, shown) in FIELDS.items():
            value = getattr(element, name)
            if value is not None and not isinstance(value, kind):
                raise BadElement(url, f"CrawlTask.{name} must be a {shown} or None, got {type(value).__name__}.")
        if element.config is not None:
            return element.config
    try:
        return config_in(getattr(element, "meta", None))
    except (TypeError, ValueError) as error:
        raise BadElement(url, str(error)) from error


def _place(url: str) -> tuple[str, str]:
    """Return the kind of *url* and the host whose pace it keeps."""
    if url.startswith("raw:"):
        return "raw", LOCAL
    try:
        url.encode()
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except UnicodeError:
        raise BadElement(url, "Not a valid URL: it has a character that cannot be sent.") from None
    except ValueError as error:
        raise BadElement(url, f"Not a valid URL: {error}.") from None
    if parts.scheme == "file":
        return "file", LOCAL
    if parts.scheme in ("http", "https") and host:
        # As requests and responses spell it, so that both are the same host to dispatch.
        return "http", host if host.isascii() else urlsplit(Request(url).url).hostname or host
    raise BadElement(url, _why_not(url, parts.scheme))


def _why_not(url: str, scheme: str) -> str:
    if not url:
        return "The URL is empty."
    if not scheme or scheme in ("http", "https"):
        return f"Not a URL that can be crawled: {url[:LONGEST_ECHO]!r} needs a scheme and a host, as in https://example.org/."
    return f"Unsupported URL scheme {scheme[:LONGEST_ECHO]!r}: use http, https, file or raw."


def _matching(url: str, configs: Sequence[CrawlerRunConfig]) -> CrawlerRunConfig:
    try:
        for config in configs:
            if config.is_match(url):
                return config
    except (Exception, SystemExit) as error:
        raise BadElement(url, f"url_matcher failed: {describe(error)}") from error
    raise BadElement(url, f"No matching configuration found for URL: {url}", {"status": "no_config_match"})
