"""Downloader middlewares are called as Scrapy calls them, less often."""

from __future__ import annotations

import asyncio
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.stats import DownloaderStats
from scrapy.downloadermiddlewares.useragent import UserAgentMiddleware
from scrapy.exceptions import IgnoreRequest, _InvalidOutput
from scrapy.http import HtmlResponse, Response
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.request import request_httprepr
from scrapy.utils.test import get_crawler
from twisted.internet.defer import succeed

from scrapy_crawl4.middleware_chain import IDLE_REQUESTS, IDLE_RESPONSES, MiddlewareChain, lean
from scrapy_crawl4.transfer_stats import request_size

PAGE = b"<html><head><title>x</title></head><body>text</body></html>"
REFRESH = b'<html><head><meta http-equiv="%b" content="0; url=/there"></head></html>'
SPELLED = (
    b"refresh",
    b"Refresh",
    b"&#114;efresh",
    b"REFRESH",
)
BODIES = (PAGE, b"", *(REFRESH % word for word in SPELLED), (REFRESH % b"refresh").decode().encode("utf-16"))


def manager(**settings):
    crawler = get_crawler(settings_dict={"TELNETCONSOLE_ENABLED": False, **settings})
    crawler.spider = crawler._create_spider("test")
    made = DownloaderMiddlewareManager.from_crawler(crawler)
    for middleware in made.middlewares:
        for name in ("spider_opened", "open_spider"):
            if hasattr(middleware, name):
                getattr(middleware, name)(crawler.spider)
    return made


def pass_through(made, request, response):
    """What comes out for *response* to *request*, and what was counted."""

    async def download(request):
        return response

    async def through():
        try:
            return await made.download_async(download, request)
        except (IgnoreRequest, OSError) as error:
            return error

    found = asyncio.run(through())
    return found, made.crawler.stats.get_stats()


def shown(found):
    if isinstance(found, Request):
        return found.url, found.method, dict(found.headers), found.meta
    if isinstance(found, Response):
        return found.url, found.status, dict(found.headers), found.body, type(found)
    return repr(found)


statuses = st.sampled_from([200, 204, 301, 302, 304, 307, 400, 404, 429, 500, 503])
header_values = st.fixed_dictionaries(
    {},
    optional={
        "Location": st.sampled_from(["/there", "http://other.example/", "data:,x"]),
        "Set-Cookie": st.sampled_from(["a=b", "c=d; path=/x"]),
        "Content-Encoding": st.sampled_from(["gzip", "unknown"]),
    },
)


@given(
    status=statuses,
    headers=header_values,
    body=st.sampled_from(BODIES),
    cookies=st.sampled_from([{}, {"own": "1"}]),
    meta=st.sampled_from([{}, {"cookiejar": 1}, {"dont_redirect": True}, {"dont_obey_robotstxt": True}]),
    method=st.sampled_from(["GET", "POST", "HEAD"]),
)
def test_what_comes_out_is_what_scrapy_makes(status, headers, body, cookies, meta, method):
    outcomes = []
    for wrap in (lambda made: made, lean):
        made = wrap(manager())
        request = Request("http://a.example/x?y=z", method=method, cookies=dict(cookies), meta=dict(meta))
        response = HtmlResponse(request.url, status=status, headers=headers, body=body)
        found, stats = pass_through(made, request, response)
        outcomes.append((shown(found), dict(request.headers), stats))
    assert isinstance(made, MiddlewareChain)
    assert outcomes[0] == outcomes[1]


@given(
    method=st.sampled_from(["GET", "POST", "PATCH"]),
    path=st.text(string.ascii_letters + "/;?#=&é", max_size=20),
    names=st.lists(st.sampled_from(["Accept", "X-One", "X-Two"]), max_size=4),
    body=st.binary(max_size=20),
)
def test_the_size_of_a_request_is_that_of_what_scrapy_writes(method, path, names, body):
    headers = [(name, f"value {number}") for number, name in enumerate(names)]
    request = Request(f"http://user@a.example:80/{path}", method=method, headers=headers, body=body)
    assert request_size(request) == len(request_httprepr(request))


def test_a_plain_page_wakes_only_who_has_to_do_with_it(monkeypatch):
    called = []
    for kinds, name in ((IDLE_REQUESTS, "process_request"), (IDLE_RESPONSES, "process_response")):
        for kind in kinds:
            if kind.__name__ == "RobotsTxtMiddleware":
                continue
            usual = getattr(kind, name)

            def noted(self, *args, usual=usual, **kwargs):
                called.append((type(self).__name__, usual.__name__))
                return usual(self, *args, **kwargs)

            monkeypatch.setattr(kind, name, noted)
    made = lean(manager())
    timeout = {"download_timeout": 9}
    request = Request("http://a.example/", dont_filter=True, meta=dict(timeout))
    pass_through(made, request, HtmlResponse(request.url, body=PAGE))
    assert called == []
    request = Request("http://a.example/", meta=dict(timeout))
    pass_through(made, request, HtmlResponse(request.url, status=500, body=REFRESH % b"refresh"))
    assert called == [
        ("OffsiteMiddleware", "process_request"),
        ("MetaRefreshMiddleware", "process_response"),
    ]


class OwnRedirects(RedirectMiddleware):
    def process_response(self, request, response, spider=None):
        response.headers["Seen"] = "yes"
        return response


class OwnCookies(CookiesMiddleware):
    def process_request(self, request, spider=None):
        request.headers["Mine"] = "yes"


class OwnStats(DownloaderStats):
    def process_request(self, request, spider=None):
        self.stats.inc_value("own")


class OfCoroutines:
    async def process_request(self, request):
        await asyncio.sleep(0)

    async def process_response(self, request, response):
        await asyncio.sleep(0)
        return response.replace(body=b"other")


class OfDeferreds:
    def process_request(self, request):
        return succeed(None)

    def process_response(self, request, response):
        return succeed(response)


class Wrong:
    def process_request(self, request):
        return "no request"


class WrongLater:
    async def process_response(self, request, response):
        return None


def chain(*kinds):
    names = {kind: 1 + place for place, kind in enumerate(kinds)}
    return lean(manager(DOWNLOADER_MIDDLEWARES=names))


def test_subclasses_and_others_are_always_called():
    made = chain(OwnRedirects, OwnCookies, OwnStats, OfCoroutines)
    request = Request("http://a.example/")
    found, stats = pass_through(made, request, HtmlResponse(request.url, body=PAGE))
    assert found.headers["Seen"] == b"yes"
    assert found.body == b"other"
    assert request.headers["Mine"] == b"yes"
    assert stats["own"] == 1


@pytest.mark.filterwarnings("ignore::scrapy.exceptions.ScrapyDeprecationWarning")
def test_methods_that_return_deferreds_are_waited_for():
    found, _ = pass_through(chain(OfDeferreds), Request("http://a.example/"), HtmlResponse("http://a.example/"))
    assert found.status == 200


@pytest.mark.parametrize("kind", [Wrong, WrongLater])
def test_what_is_neither_request_nor_response_is_refused(kind):
    with pytest.raises((_InvalidOutput, TypeError)):
        pass_through(chain(kind), Request("http://a.example/"), HtmlResponse("http://a.example/"))


def test_a_manager_of_somebody_elses_class_stays():
    class Own(DownloaderMiddlewareManager):
        pass

    made = Own(crawler=get_crawler())
    assert lean(made) is made


def headers_of(made, **given):
    request = Request("http://a.example/", **given)
    pass_through(made, request, HtmlResponse(request.url, body=PAGE))
    return dict(request.headers)


HEADERS = {"Accept": "text/html", "x-two": ["1", "2"], "X-Number": 3, "Accept-Encoding": "br"}


@pytest.mark.parametrize(
    "given", [{}, {"headers": {"accept": "*/*", "user-agent": "mine"}}, {"encoding": "latin-1"}, {"meta": {"a": 1}}]
)
def test_default_headers_are_those_that_scrapy_sets(given):
    settings = {"DEFAULT_REQUEST_HEADERS": HEADERS, "USER_AGENT": "bot/é"}
    usual, made = manager(**settings), chain_of(**settings)
    assert headers_of(made, **given) == headers_of(usual, **given)
    assert headers_of(made, **given) == headers_of(usual, **given)


def test_default_headers_of_one_request_are_not_those_of_the_next():
    made = chain_of(DEFAULT_REQUEST_HEADERS=HEADERS)
    headers_of(made)[b"X-Two"].append(b"3")
    assert headers_of(made)[b"X-Two"] == [b"1", b"2"]


def test_a_user_agent_that_changes_counts_from_then_on():
    made = chain_of(USER_AGENT="one")
    assert headers_of(made)[b"User-Agent"] == [b"one"]
    next(each for each in made.middlewares if type(each) is UserAgentMiddleware).user_agent = "two"
    assert headers_of(made)[b"User-Agent"] == [b"two"]


def chain_of(**settings):
    return lean(manager(**settings))


@pytest.mark.parametrize(
    ("settings", "meta", "expected"),
    [
        ({}, {"http_user": "a", "http_pass": "b"}, [b"Basic YTpi"]),
        ({"HTTPAUTH_USER": "a", "HTTPAUTH_PASS": "b", "HTTPAUTH_DOMAIN": None}, {}, [b"Basic YTpi"]),
        ({}, {}, None),
    ],
)
def test_logins_are_sent(settings, meta, expected):
    outcomes = [headers_of(wrap(manager(**settings)), meta=dict(meta)) for wrap in (lambda made: made, lean)]
    assert outcomes[0] == outcomes[1]
    assert outcomes[1].get(b"Authorization") == expected


@pytest.mark.parametrize("meta", [{}, {"proxy": "http://u:p@proxy.example"}, {"proxy": None}, {"_auth_proxy": "x"}])
def test_proxies_are_those_that_scrapy_takes(meta, monkeypatch):
    seen = []
    for variable in ({}, {"http_proxy": "http://v:q@other.example:3128"}):
        for name, value in variable.items():
            monkeypatch.setenv(name, value)
        for wrap in (lambda made: made, lean):
            headers = {"Proxy-Authorization": "Basic x"}
            request = Request("http://a.example/", meta=dict(meta), headers=headers)
            pass_through(wrap(manager()), request, HtmlResponse(request.url, body=PAGE))
            seen.append((dict(request.headers), request.meta))
    assert seen[0] == seen[1]
    assert seen[2] == seen[3]


class OwnCollector(MemoryStatsCollector):
    def inc_value(self, key, count=1, start=0, spider=None):
        super().inc_value(f"own/{key}", count, start)


def test_a_collector_of_somebody_elses_class_sees_every_count():
    made = chain_of(STATS_CLASS=OwnCollector)
    _, stats = pass_through(made, Request("http://a.example/"), HtmlResponse("http://a.example/", body=PAGE))
    assert stats["own/downloader/request_count"] == 1
    assert stats["own/downloader/response_status_count/200"] == 1
    assert "downloader/request_count" not in stats
