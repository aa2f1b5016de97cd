"""Scrapy requests for the tasks of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from scrapy import Request
from scrapy.http import JsonRequest

from ..config import META_KEY
from .tasks import CrawlTask

if TYPE_CHECKING:
    from ..config import CrawlerRunConfig, HTTPCrawlerConfig
    from .tasks import Work

TIMEOUT_MARGIN = 1.0
"""Seconds that the download may take beyond ``page_timeout``, so that the session's own deadline comes first: what is
retried and what is said must not depend on which of two equal timers fires first."""


def make_request(work: Work, http: HTTPCrawlerConfig) -> Request:
    """Return a new request for *work*; a user's own ``scrapy.Request`` is copied, never written to."""
    element = work.element
    if isinstance(element, Request):
        request = element.replace(dont_filter=True)
        request.meta.update(_meta(work, http) | element.meta | {META_KEY: work.config})
        return request
    task = element if isinstance(element, CrawlTask) else None
    headers = {**(http.headers or {}), **_config_headers(work.config), **((task and task.headers) or {})}
    meta = _meta(work, http) | dict((task and task.meta) or {}) | {META_KEY: work.config}
    cookies: Any = dict((task and task.cookies) or {})
    method = work.config.method if work.config.method != "GET" else http.method
    if http.json is not None:
        return JsonRequest(
            work.url, data=http.json, method=method, headers=headers, cookies=cookies, meta=meta, dont_filter=True
        )
    return Request(
        work.url,
        method=method,
        body=_body(http.data),
        headers=_form_headers(http.data) | headers,
        cookies=cookies,
        meta=meta,
        dont_filter=True,
    )


def _config_headers(config: CrawlerRunConfig) -> dict[str, str]:
    return {"User-Agent": config.user_agent} if config.user_agent else {}


def _meta(work: Work, http: HTTPCrawlerConfig) -> dict[str, Any]:
    config = work.config
    meta: dict[str, Any] = {
        "cookiejar": session_key(work),
        "dont_obey_robotstxt": not config.check_robots_txt,
        "download_timeout": config.page_timeout / 1000 + TIMEOUT_MARGIN,
    }
    if not http.follow_redirects:
        meta["dont_redirect"] = True
    proxy = config.proxy_config
    if proxy is not None:
        meta["proxy"] = proxy.url
    return meta


def obeys_robots(work: Work) -> bool:
    """Return whether robots.txt is asked before *work* is fetched; a task's own meta has the last word."""
    own = getattr(work.element, "meta", None) or {}
    return not own.get("dont_obey_robotstxt", not work.config.check_robots_txt)


def session_key(work: Work) -> str | int:
    """Return the name of the cookie jar of *work*: its session's, or one that only this task has."""
    own = work.element.session_id if isinstance(work.element, CrawlTask) else None
    return own or work.config.session_id or id(work)


def _body(data: Any) -> bytes | str | None:
    if data is None or isinstance(data, (bytes, str)):
        return data
    return urlencode(data, doseq=True)


def _form_headers(data: Any) -> dict[str, str]:
    is_form = data is not None and not isinstance(data, (bytes, str))
    return {"Content-Type": "application/x-www-form-urlencoded"} if is_form else {}
