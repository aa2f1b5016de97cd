"""Scrapy requests for the tasks of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from scrapy import Request
from scrapy.http import JsonRequest

from ..browser.fetch import placed
from ..config import META_KEY, ProxyConfig
from .tasks import CrawlTask

if TYPE_CHECKING:
    from ..config import BrowserConfig
    from .plan import Plan
    from .tasks import Work

TIMEOUT_MARGIN = 1.0
"""Seconds that the download may take beyond ``page_timeout``, so that the session's own deadline comes first: what is
retried and what is said must not depend on which of two equal timers fires first."""


def make_request(work: Work, plan: Plan, attempt: int = 0) -> Request:
    """Return a new request for *work*; a user's own ``scrapy.Request`` is copied, never written to.

    What a ``scrapy.Request`` says of itself goes before what the configurations say: its method and body count, and
    of the headers and meta those that it does not have are added. The headers and meta of a :class:`CrawlTask` go
    before those of its configuration, and these before the headers of all requests. A Cookie header names cookies.

    :param attempt: how many tries there were before.
    """
    request = _request(work, plan, attempt)
    # Scrapy replaces the header by what is in the jar.
    if header := request.headers.get("Cookie"):
        request.cookies = [*_in_header(header), *_listed(request.cookies)]
    return request


def _request(work: Work, plan: Plan, attempt: int) -> Request:
    element, http = work.element, plan.http
    headers = _headers(work, plan)
    if isinstance(element, Request):
        request = element.replace(dont_filter=True, cookies=_cookies(element.cookies, _said(work, plan), element.url))
        request.meta.update(_meta(work, plan, attempt) | element.meta | {META_KEY: work.config})
        for name, value in headers.items():
            request.headers.setdefault(name, value)
        return request
    task = element if isinstance(element, CrawlTask) else None
    given: dict[str, Any] = {
        "method": work.config.method if work.config.is_given("method") else http.method,
        "headers": headers | _lower((task and task.headers) or {}),
        "cookies": _cookies((task and task.cookies) or {}, _said(work, plan), work.url),
        "meta": _meta(work, plan, attempt) | dict((task and task.meta) or {}) | {META_KEY: work.config},
        "dont_filter": True,
    }
    if http.json is not None:
        return JsonRequest(work.url, data=http.json, **given)
    given["headers"] = _form_headers(http.data) | given["headers"]
    return Request(work.url, body=_body(http.data), **given)


def _headers(work: Work, plan: Plan) -> dict[str, str]:
    headers = _lower(plan.http.headers or {})
    key = session_key(work)
    agent = plan.draw.user_agent(work.config, None if isinstance(key, int) else key, work.index)
    return headers if agent is None else headers | {"user-agent": agent}


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Name each header in one way, so that of two that differ in case the stronger one counts."""
    return {name.lower(): value for name, value in headers.items()}


def _meta(work: Work, plan: Plan, attempt: int) -> dict[str, Any]:
    config = work.config
    meta: dict[str, Any] = {
        "cookiejar": session_key(work),
        "dont_obey_robotstxt": not config.check_robots_txt,
        "download_timeout": config.page_timeout / 1000 + TIMEOUT_MARGIN,
    }
    if not plan.http.follow_redirects:
        meta["dont_redirect"] = True
    said = _said(work, plan)
    if said is not None and (proxy := said.proxy_config) is not None:
        meta["proxy"] = proxy.url if isinstance(proxy, ProxyConfig) else None
    return meta | plan.draw.proxy_meta(config, work.index, attempt)


def obeys_robots(work: Work) -> bool:
    """Return whether robots.txt is asked before *work* is fetched; a task's own meta has the last word."""
    own = getattr(work.element, "meta", None) or {}
    return not own.get("dont_obey_robotstxt", not work.config.check_robots_txt)


def session_key(work: Work) -> str | int:
    """Return the name of the cookie jar of *work*: its session's, or one that only this task has."""
    own = work.element.session_id if isinstance(work.element, CrawlTask) else None
    return own or work.config.session_id or id(work)


def _said(work: Work, plan: Plan) -> BrowserConfig | None:
    """Return what is said of all pages that are fetched as that of *work* is."""
    return plan.browser if work.rendered else plan.everywhere


def _cookies(own: Any, said: BrowserConfig | None, url: str) -> Any:
    """Return *own* cookies, a mapping or a list, behind those that all pages have."""
    everywhere = [placed(cookie, url) for cookie in (said and said.cookies) or ()]
    if not everywhere:
        return dict(own) if isinstance(own, Mapping) else own
    return [*everywhere, *_listed(own)]


def _listed(cookies: Any) -> list[Any]:
    if isinstance(cookies, Mapping):
        return [{"name": name, "value": value} for name, value in cookies.items()]
    return list(cookies)


def _in_header(header: bytes) -> list[Any]:
    parts = [part.partition("=") for part in header.decode("utf-8", "replace").split(";")]
    return [{"name": name.strip(), "value": value.strip()} for name, _, value in parts if name.strip()]


def _body(data: Any) -> bytes | str | None:
    if data is None or isinstance(data, (bytes, str)):
        return data
    return urlencode(data, doseq=True)


def _form_headers(data: Any) -> dict[str, str]:
    is_form = data is not None and not isinstance(data, (bytes, str))
    return {"content-type": "application/x-www-form-urlencoded"} if is_form else {}
