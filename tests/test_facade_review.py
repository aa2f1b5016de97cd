"""What users give that nobody would give on purpose, and values that change while a run reads them."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress

import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.utils.test import get_crawler

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CacheMode,
    CrawlerRunConfig,
    CrawlTask,
    HTTPCrawlerConfig,
    ProxyConfig,
    ProxyRotationStrategy,
    SemaphoreDispatcher,
)
from scrapy_crawl4.downloadermiddlewares.run_config import RequestConfigError, RunConfigMiddleware
from scrapy_crawl4.errors import describe

from .proxy import Proxy

FAST = SemaphoreDispatcher(8)
SECRET = "s3cret"


@pytest.fixture
async def crawler(tmp_path):
    async with AsyncWebCrawler(base_directory=tmp_path) as crawler:
        yield crawler


def seen(result):
    """What /echo saw."""
    assert result.success, result.error_message
    return json.loads(result.html)


# What makes no request


class NoProxy(ProxyRotationStrategy):
    def choose(self, turn):
        raise RuntimeError("none left")


@pytest.mark.parametrize("mode", [CacheMode.ENABLED, CacheMode.BYPASS])
@pytest.mark.parametrize(
    "given",
    [
        {"headers": {1: "one"}},
        {"meta": {"cookiejar": []}},
        {"config": CrawlerRunConfig(proxy_rotation_strategy=NoProxy())},
    ],
    ids=["header", "jar", "proxy"],
)
async def test_what_makes_no_request_is_one_failed_result(crawler, site, given, mode):
    if "config" in given:
        given = {"config": given["config"].clone(cache_mode=mode)}
    tasks = [CrawlTask(site.url("/page/1"), **given), site.url("/page/2")]
    results = await crawler.arun_many(tasks, dispatcher=FAST, cache_mode=mode)
    assert [result.success for result in results] == [False, True]
    assert results[0].error_message


async def test_a_function_that_raises_is_named(crawler, site):
    result = await crawler.arun(site.url("/page/1"), proxy_rotation_strategy=NoProxy())
    assert result.error_message == "proxy_rotation_strategy failed: RuntimeError: none left"
    middleware = RunConfigMiddleware(get_crawler())
    config = CrawlerRunConfig(url_matcher=lambda url: 1 / 0)
    with pytest.raises(RequestConfigError, match=r"^url_matcher failed: ZeroDivisionError: division by zero\.$"):
        await middleware.process_request(Request(site.url("/page/1"), meta={"crawl4": config}))


class BrokenMapping(Mapping):
    def __getitem__(self, key):
        raise RuntimeError("nothing here")

    def __iter__(self):
        raise RuntimeError("nothing here")

    def __len__(self):
        return 1


@pytest.mark.parametrize("name", ["headers", "cookies", "meta"])
async def test_a_mapping_that_raises_is_one_failed_result(crawler, site, name):
    tasks = [CrawlTask(site.url("/page/1"), **{name: BrokenMapping()}), site.url("/page/2")]
    results = await crawler.arun_many(tasks, dispatcher=FAST)
    assert [result.success for result in results] == [False, True]
    assert results[0].url == site.url("/page/1")


@pytest.mark.parametrize("url", ["http://\ud800/", "http://127.0.0.1/\ud800", "file:///\ud800"])
async def test_a_url_with_half_a_character_is_one_failed_result(crawler, site, url):
    results = await crawler.arun_many([url, site.url("/page/1")], dispatcher=FAST)
    assert [result.success for result in results] == [False, True]
    assert results[0].error_message == "Not a valid URL: it has a character that cannot be sent."
    assert results[0].model_dump_json()


@pytest.mark.parametrize("host", [".", "..", "a..b", "a" * 64 + ".invalid"])
async def test_a_host_name_that_cannot_be(crawler, host):
    result = await crawler.arun(f"http://{host}/")
    assert result.error_message == "The host name is not valid: a part of it is empty or too long."


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), True])
def test_a_number_beyond_all_floats_is_refused_by_name(value):
    with pytest.raises(ValueError, match="page_timeout must be a positive number of milliseconds"):
        CrawlerRunConfig(page_timeout=value)


async def test_half_a_character_in_a_session_is_no_obstacle_to_json(crawler, site):
    result = await crawler.arun(CrawlTask(site.url("/page/1"), session_id="\ud800"))
    assert result.success
    assert json.loads(result.model_dump_json())["session_id"] == "\ufffd"
    result = await crawler.arun("raw:<p>\ud800", url_matcher="http*")
    assert "\ufffd" in json.loads(result.model_dump_json())["dispatch_result"]["error_message"]


async def test_a_function_that_ends_the_program_fails_its_page_only(crawler, site):
    async def leave(url):
        raise SystemExit(3)

    result = await crawler.arun(site.url("/status/404"), fallback_fetch_function=leave)
    assert result.error_message == "HTTP 404 Not Found; fallback_fetch_function failed: it wants to end the program."


# Precedence, and values that change


async def test_a_method_that_is_given_goes_before_that_of_all_even_if_it_is_get(site):
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(method="POST")) as crawler:
        tasks = [CrawlTask(site.url("/echo"), config=config) for config in (CrawlerRunConfig(method="GET"), None)]
        results = await crawler.arun_many(tasks, dispatcher=FAST)
    assert [seen(result)["method"] for result in results] == ["GET", "POST"]


async def test_a_run_goes_by_the_configurations_as_they_were_when_it_was_made(site):
    http, config = HTTPCrawlerConfig(headers={"X-A": "first"}), CrawlerRunConfig(user_agent="first")
    async with AsyncWebCrawler(config=http) as crawler:
        http.headers = {"X-A": "second"}
        run = crawler.arun_many([site.url("/echo")], config=config, dispatcher=FAST)
        config.user_agent = "second"
        (result,) = await run
    headers = seen(result)["headers"]
    assert (headers["x-a"], headers["user-agent"]) == ("first", "first")


# Passwords


def test_a_login_in_the_address_of_a_proxy_is_taken_out_of_it():
    proxy = ProxyConfig(server=f"http://us%40er:{SECRET}%2F@host:8080")
    assert (proxy.server, proxy.username, proxy.password) == ("http://host:8080", "us@er", f"{SECRET}/")
    assert (proxy.ip, proxy.url) == ("host", f"http://us%40er:{SECRET}%2F@host:8080")
    assert SECRET not in repr(CrawlerRunConfig(proxy_config=proxy))
    assert proxy == ProxyConfig.from_string(proxy.url) == proxy.clone()
    assert ProxyConfig("http://other:word@host", "user").username == "user"


@pytest.mark.parametrize("address", [f"http://u:{SECRET}@", f"http://u:{SECRET}@h:port", f"http://h:1:u:{SECRET}"])
def test_an_address_that_is_none_is_refused_without_its_password(address):
    with pytest.raises(ValueError, match="server must be the address of a proxy") as refused:
        CrawlerRunConfig(proxy_config=address)
    assert SECRET not in str(refused.value)


async def test_a_proxy_in_meta_that_is_none_is_told_without_its_password(crawler, site):
    task = CrawlTask(site.url("/page/1"), meta={"proxy": f"http://user:{SECRET}@host:port"})
    result = await crawler.arun(task)
    assert not result.success
    assert SECRET not in result.model_dump_json()


def test_no_sentence_has_a_login():
    assert describe(OSError(f"no way to http://user:{SECRET}@host/a@b")) == "OSError: no way to http://host/a@b."


# robots.txt


async def test_robots_txt_is_one_for_all_who_log_in_at_a_host(crawler, site, caplog):
    places = [f"user{number}:{SECRET}@127.0.0.1:{site.port}" for number in range(4)]
    urls = [f"http://{place}/page/{number}" for number, place in enumerate(places)]
    results = await crawler.arun_many([*urls, site.url("/page/9")], dispatcher=FAST, check_robots_txt=True)
    assert all(result.success for result in results)
    assert site.paths().count("/robots.txt") == 1
    await crawler.arun(f"http://user:{SECRET}@127.0.0.1:1/", check_robots_txt=True)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("scrapy_crawl4")]
    assert "robots.txt of 127.0.0.1:1 could not be read" in " ".join(told)
    assert SECRET not in " ".join(told)


async def test_a_robots_txt_that_never_comes_leaves_time_for_the_pages(crawler, site):
    site.hold_robots()
    results = await crawler.arun_many(site.urls(6), dispatcher=FAST, check_robots_txt=True, page_timeout=2000)
    assert all(result.success for result in results)
    assert site.paths().count("/robots.txt") == 1


@pytest.mark.parametrize("status", [0, 403, 500])
async def test_a_proxy_at_fault_is_no_leave_to_go_by_robots_txt(crawler, site, status):
    site.set_robots("User-agent: *\nDisallow: /page/\n")
    with Proxy(status=status) as bad, Proxy() as good:
        first = bad.server if status else "http://127.0.0.1:1"
        proxies = [first, good.server]
        tasks = [site.url("/page/1"), site.url("/echo")]
        results = await crawler.arun_many(tasks, dispatcher=FAST, proxy_config=proxies, check_robots_txt=True)
    assert [(result.success, result.status_code) for result in results] == [(False, 403), (True, 200)]
    assert results[0].error_message == "robots.txt disallows this URL."
    assert "/page/1" not in site.paths()


# Headers of servers


@pytest.fixture
async def answering():
    """A server that answers everything with what is put into the list."""
    answer = []

    async def serve(reader, writer):
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer[0])
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield answer, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize("header", ["Server: café", "Set-Cookie: a=café", "Content-Disposition: inline; filename=é"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
async def test_a_header_in_any_encoding_costs_no_page(crawler, answering, header, encoding):
    answer, url = answering
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n{header}\r\n\r\n"
    answer.append(head.encode(encoding) + b"<p>ok")
    for _ in range(2):
        result = await crawler.arun(url, cache_mode=CacheMode.ENABLED, session_id="a")
        assert result.success, result.error_message
        assert result.html == "<p>ok"
        assert result.model_dump_json()


async def test_a_redirect_to_a_place_in_latin_1(crawler, answering, site):
    answer, url = answering
    site.put("/caf%E9", "<p>a coffee")
    place = site.url("/caf").encode() + b"\xe9"
    answer.append(b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n")
    result = await crawler.arun(url)
    assert result.redirected_url == site.url("/caf%E9")


# Cookies


async def test_cookies_may_be_given_as_a_header(site):
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(headers={"Cookie": "all=1; both=2"})) as crawler:
        other = f"/redirect-to?url={site.url('/echo', host=2)}"
        tasks = [
            site.url("/echo"),
            CrawlTask(site.url("/echo"), headers={"cookie": "own=3; ;both=4=5"}, cookies={"own": "6"}),
            Request(site.url("/echo"), headers={"Cookie": "own=7"}, cookies=[{"name": "more", "value": "8"}]),
            site.url(other),
        ]
        results = await crawler.arun_many(tasks, dispatcher=FAST)
    assert [seen(result)["cookies"] for result in results] == [
        {"all": "1", "both": "2"},
        {"own": "6", "both": "4=5"},
        {"own": "7", "more": "8"},
        {},
    ]


async def test_cookies_in_a_header_without_cookies_of_scrapys(site):
    async with AsyncWebCrawler(settings={"COOKIES_ENABLED": False}) as crawler:
        result = await crawler.arun(CrawlTask(site.url("/echo"), headers={"Cookie": "own=1"}))
    assert seen(result)["cookies"] == {"own": "1"}


def jars(crawler):
    return dict(crawler._engine.crawler.get_downloader_middleware(CookiesMiddleware).jars)


async def test_only_jars_with_cookies_are_kept(crawler, site):
    tasks = [CrawlTask(site.url(f"/page/{number}"), session_id=f"session {number}") for number in range(9)]
    tasks += [CrawlTask(site.url("/reset"), session_id="reset"), Request(site.url("/page/1"), meta={"cookiejar": 7})]
    tasks.append(CrawlTask(site.url("/set-cookie/a/b"), session_id="kept"))
    await crawler.arun_many(tasks, dispatcher=FAST)
    assert list(jars(crawler)) == ["kept"]


async def test_robots_txt_leaves_no_cookies(crawler, site):
    site.put("/robots.txt", "User-agent: *\nDisallow:\n", headers={"Set-Cookie": "a=b"})
    await crawler.arun(site.url("/page/1"), check_robots_txt=True)
    assert jars(crawler) == {}
