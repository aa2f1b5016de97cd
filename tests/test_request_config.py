"""The configuration that a single request carries in its meta."""

import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request

from scrapy_crawl4 import AsyncWebCrawler, Crawl4Spider, CrawlerRunConfig, CrawlTask, UnsupportedOption
from scrapy_crawl4.config import config_in
from scrapy_crawl4.config.supported import RUN_FETCH
from scrapy_crawl4.downloadermiddlewares.run_config import EFFECTIVE, ELSEWHERE, NEEDS

from .crawling import run_spider
from .server import Site

PAGE = "raw:<title>t</title><p>one</p><p class=x>two</p>"


def test_a_config_and_a_dict_of_parameters_are_the_same():
    config = CrawlerRunConfig(css_selector=".x")
    assert config_in({"crawl4": config}) is config
    assert config_in({"crawl4": {"css_selector": ".x"}}) == config
    assert config_in({}) is config_in(None) is config_in({"crawl4": None}) is None


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (7, TypeError, "must be a CrawlerRunConfig or a dict, got int"),
        ({"nope": 1}, TypeError, "no parameter 'nope'"),
        ({"page_timeout": -5}, ValueError, "page_timeout must be a positive number"),
        ({"deep_crawl_strategy": 1}, UnsupportedOption, "deep_crawl_strategy"),
    ],
)
async def test_what_is_none_is_said(value, error, words):
    with pytest.raises(error, match=words):
        config_in({"crawl4": value})
    async with AsyncWebCrawler() as crawler:
        result = await crawler.arun(CrawlTask(PAGE, meta={"crawl4": value}))
    assert not result.success
    assert words in result.error_message


async def test_the_facade_takes_it_from_tasks_and_requests(site):
    async with AsyncWebCrawler() as crawler:
        task = CrawlTask(PAGE, meta={"crawl4": {"css_selector": ".x"}})
        stronger = CrawlTask(PAGE, config=CrawlerRunConfig(), meta={"crawl4": {"css_selector": ".x"}})
        site.put("/two", "<p>one</p><p class=x>two</p>")
        request = Request(site.url("/two"), meta={"crawl4": {"css_selector": ".x"}})
        narrow, wide, fetched = await crawler.arun_many([task, stronger, request])
    assert narrow.markdown.strip() == "two"
    assert "one" in wide.markdown
    assert "one" not in fetched.markdown


SPIDER = """
from scrapy_crawl4 import CacheMode, CrawlerRunConfig, CrawlResult


class TheSpider(Spider):
    name = "configured"

    async def start(self):
        for path, arguments in REQUESTS:
            yield Request(url(path), errback=self.failed, dont_filter=True, **arguments)

    def parse(self, response):
        yield CrawlResult.from_response(response)

    def failed(self, failure):
        yield {"url": failure.request.url, "failed": str(failure.value), "kind": type(failure.value).__name__}
"""


def spider(*requests: tuple[str, str]) -> str:
    """A spider of requests: each a path and, as code, the arguments of the request."""
    pairs = ", ".join(f"({path!r}, {arguments})" for path, arguments in requests)
    return SPIDER.replace("REQUESTS", f"[{pairs}]")


def meta(**parameters: Any) -> str:
    return f"dict(meta={{'crawl4': {parameters!r}}})"


KINDS_OF_REACTOR = pytest.mark.parametrize("reactor", ["asyncio", "select"])


@pytest.mark.slow
def test_options_have_their_effect_on_one_request(site: Site, tmp_path: Path) -> None:
    source = spider(
        ("/echo?plain", "{}"),
        ("/echo?none", "dict(meta={'crawl4': None})"),
        ("/echo?agent", meta(user_agent="Agent/1", css_selector="h1")),
        ("/echo?own", "dict(headers={'User-Agent': 'Own'}, meta={'crawl4': {'user_agent': 'Agent/1'}})"),
        ("/echo?object", "dict(meta={'crawl4': CrawlerRunConfig(user_agent='Agent/2', url_matcher='*object')})"),
        ("/echo?post", meta(method="POST")),
        ("/redirect-to?url=/echo&code=303", meta(method="POST", user_agent="Agent/3")),
    )
    crawl = run_spider(site, tmp_path, source, USER_AGENT="Usual")
    assert crawl.stats["crawl4/results/success_count"] == 7, crawl.log
    seen = {(seen.method, seen.path.partition("?")[2]): seen.headers["user-agent"] for seen in site.requests}
    assert seen == {
        ("GET", "plain"): "Usual",
        ("GET", "none"): "Usual",
        ("GET", "agent"): "Agent/1",
        ("GET", "own"): "Own",
        ("GET", "object"): "Agent/2",
        ("POST", "post"): "Usual",
        ("POST", "url=/echo&code=303"): "Agent/3",
        ("GET", ""): "Agent/3",
    }


@pytest.mark.slow
def test_a_random_user_agent_stays_that_of_its_task_and_session(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("fake_useragent", reason="the extra user-agents is not installed")
    source = spider(
        *[("/redirect/1", meta(user_agent_mode="random"))],
        *[(f"/echo?{number}", meta(user_agent_mode="random", session_id="s")) for number in range(3)],
    )
    run_spider(site, tmp_path, source)
    agents = {seen.path: seen.headers["user-agent"] for seen in site.requests}
    assert all(agent.startswith("Mozilla/5.0") for agent in agents.values())
    assert agents["/redirect/1"] == agents["/page/0"]
    assert len({agent for path, agent in agents.items() if path.startswith("/echo")}) == 1


@pytest.mark.slow
def test_sessions_keep_their_cookies_to_themselves(site: Site, tmp_path: Path) -> None:
    source = spider(
        ("/set-cookie/color/red", meta(session_id="red")),
        ("/set-cookie/color/blue", meta(session_id="blue")),
        ("/echo?red", meta(session_id="red")),
        ("/echo?blue", meta(session_id="blue")),
        ("/echo?none", "{}"),
        ("/echo?own", "dict(meta={'cookiejar': 'blue', 'crawl4': {'session_id': 'red'}})"),
    )
    crawl = run_spider(site, tmp_path, source, CONCURRENT_REQUESTS=1, CRAWL4_MAX_SESSION_PERMIT=1)
    cookies = {seen.path: seen.headers.get("cookie") for seen in site.requests if seen.path.startswith("/echo")}
    assert cookies == {
        "/echo?red": "color=red",
        "/echo?blue": "color=blue",
        "/echo?none": None,
        "/echo?own": "color=blue",
    }
    assert {item["session_id"] for item in crawl.items} == {"red", "blue", None}


@pytest.mark.slow
def test_a_proxy_is_asked_for_one_request(site: Site, tmp_path: Path) -> None:
    proxy = f"http://user:secret@127.0.0.2:{site.port}"
    away = f"http://127.0.0.1:{site.port}"
    # The environment's proxy gives way to the request's, and to none at all.
    source = "import os\nos.environ['http_proxy'] = 'http://127.0.0.1:1'\n" + textwrap.dedent(
        spider(
            ("/page/1", meta(proxy_config=proxy)),
            ("/page/2", f"dict(meta={{'proxy': '{away}', 'crawl4': {{'proxy_config': '{proxy}'}}}})"),
            ("/page/3", meta(page_timeout=5000)),
        )
    )
    crawl = run_spider(site, tmp_path, source, RETRY_TIMES=0)
    outcomes = {item["url"]: item.get("kind") for item in crawl.items}
    assert outcomes[site.url("/page/3")] == "DownloadConnectionRefusedError"
    headers = {seen.path: seen.headers.get("proxy-authorization") for seen in site.requests}
    # Through a proxy, the request line has the whole URL.
    assert headers == {site.url("/page/1"): "Basic dXNlcjpzZWNyZXQ=", site.url("/page/2"): None}


@pytest.mark.slow
def test_each_try_has_its_proxy(site: Site, tmp_path: Path) -> None:
    proxies = [site.url(host=number).rstrip("/").replace("//", f"//user{number}:x@") for number in (2, 3)]
    rotated = f"CrawlerRunConfig(proxy_rotation_strategy=RoundRobinProxyStrategy({proxies!r}))"
    source = "from scrapy_crawl4.config.proxy_rotation import RoundRobinProxyStrategy\n" + textwrap.dedent(
        spider(
            ("/status/403", meta(proxy_config=proxies)),
            ("/status/404", meta(proxy_config=proxies)),
            ("/page/1", f"dict(meta={{'crawl4': {rotated}}})"),
            ("/page/2", f"dict(meta={{'crawl4': {rotated}}})"),
        )
    )
    crawl = run_spider(site, tmp_path, source, HTTPERROR_ALLOW_ALL=True)
    assert len(crawl.items) == 4
    login = {"Basic dXNlcjI6eA==": 2, "Basic dXNlcjM6eA==": 3}
    asked = sorted((seen.path.rpartition("/")[2], login[seen.headers["proxy-authorization"]]) for seen in site.requests)
    assert [(path, host) for path, host in asked if path in {"403", "404"}] == [("403", 2), ("403", 3), ("404", 2)]
    assert {host for path, host in asked if path in {"1", "2"}} == {2, 3}


@pytest.mark.slow
def test_time_and_retries_are_those_of_the_request(site: Site, tmp_path: Path) -> None:
    source = spider(
        ("/hang", meta(page_timeout=1000, max_retries=0)),
        ("/status/500?a", meta(max_retries=1)),
        ("/status/500?b", "dict(meta={'max_retry_times': 0, 'crawl4': {'max_retries': 5}})"),
        ("/status/500?c", meta(user_agent="A")),
    )
    crawl = run_spider(site, tmp_path, source, RETRY_TIMES=2, HTTPERROR_ALLOW_ALL=True)
    tries = Counter(site.paths())
    assert tries == {"/hang": 1, "/status/500?a": 2, "/status/500?b": 1, "/status/500?c": 3}
    (late,) = [item for item in crawl.items if "failed" in item]
    assert late["kind"] == "DownloadTimeoutError"
    assert "1.0 seconds" in late["failed"]


ROBOTS = "User-agent: Bad\nDisallow: /\n\nUser-agent: *\nDisallow: /private\n"


@pytest.mark.slow
@KINDS_OF_REACTOR
def test_robots_txt_is_asked_for_the_request_that_wants_it(site: Site, tmp_path: Path, reactor: str) -> None:
    site.set_robots(ROBOTS)
    source = spider(
        ("/private/0", "{}"),
        *[(f"/private/{number}", meta(check_robots_txt=True)) for number in range(1, 5)],
        ("/page/5", meta(check_robots_txt=True)),
        ("/page/6", meta(check_robots_txt=True, user_agent="Bad")),
        ("/private/7", "dict(meta={'dont_obey_robotstxt': True, 'crawl4': {'check_robots_txt': True}})"),
    )
    site.put("/private/0", "<p>open</p>")
    site.put("/private/7", "<p>open</p>")
    crawl = run_spider(site, tmp_path, source, reactor=reactor)
    assert sorted(site.paths()) == ["/page/5", "/private/0", "/private/7", "/robots.txt"]
    refused = {item["url"]: item["failed"] for item in crawl.items if "failed" in item}
    assert set(refused) == {
        site.url(path) for path in ("/private/1", "/private/2", "/private/3", "/private/4", "/page/6")
    }
    assert set(refused.values()) == {"Forbidden by robots.txt"}
    assert crawl.stats["robotstxt/request_count"] == 1


@pytest.mark.slow
def test_a_request_may_do_without_robots_txt(site: Site, tmp_path: Path) -> None:
    site.set_robots(ROBOTS)
    source = spider(
        ("/private/1", meta(check_robots_txt=False)),
        ("/private/2", meta(check_robots_txt=True)),
        ("/private/3", meta(css_selector="h1")),
    )
    site.put("/private/1", "<p>open</p>")
    crawl = run_spider(site, tmp_path, source, ROBOTSTXT_OBEY=True)
    assert sorted(site.paths()) == ["/private/1", "/robots.txt"]
    assert crawl.stats["robotstxt/forbidden"] == 2


@pytest.mark.slow
def test_what_cannot_be_honoured_fails_the_request_with_a_sentence(site: Site, tmp_path: Path) -> None:
    source = spider(
        ("/page/0", "dict(meta={'crawl4': 7})"),
        ("/page/1", meta(nope=1)),
        ("/page/2", meta(page_timeout=-1)),
        ("/page/3", meta(semaphore_count=9)),
        ("/page/4", meta(mean_delay=1.0)),
        ("/page/5", meta(stream=True)),
        ("/page/6", meta(url_matcher="*/other/*")),
        ("/page/7", meta(session_id="s")),
        ("/page/8", meta(max_retries=3)),
        ("/page/10", meta(proxy_config=["http://a:1", "http://b:1"])),
        ("/page/11", meta(screenshot=True, method="POST")),
        ("/page/12", meta(render="browser", cache_mode="enabled")),
        ("/page/9", meta(max_retries=0, session_id=None, semaphore_count=5, stream=False, shared_data={"a": 1})),
    )
    crawl = run_spider(site, tmp_path, source, COOKIES_ENABLED=False, RETRY_ENABLED=False)
    assert site.paths() == ["/page/9"]
    failed = {item["url"].rpartition("/")[2]: item["failed"] for item in crawl.items if "failed" in item}
    assert {item["kind"] for item in crawl.items if "failed" in item} == {"RequestConfigError"}
    assert failed["0"] == "Request.meta['crawl4'] must be a CrawlerRunConfig or a dict, got int."
    assert failed["1"].startswith("CrawlerRunConfig has no parameter 'nope'")
    assert failed["2"].startswith("page_timeout must be a positive number of milliseconds")
    assert "use the setting CRAWL4_MAX_SESSION_PERMIT" in failed["3"]
    assert "use the setting CRAWL4_BASE_DELAY" in failed["4"]
    assert failed["5"].startswith("stream has no effect in meta['crawl4'] of a single request")
    assert failed["6"] == f"No matching configuration found for URL: {site.url('/page/6')}"
    assert failed["7"] == "session_id has no effect while the setting COOKIES_ENABLED is off."
    assert failed["8"] == "max_retries has no effect while the setting RETRY_ENABLED is off."
    assert failed["10"] == "proxy_config with several proxies has no effect while the setting RETRY_ENABLED is off."
    assert failed["11"].startswith("The browser only sends GET requests without a body")
    assert failed["12"].startswith("Pages of the browser are not cached yet")
    assert len(failed) == 12
    assert all(f"is not made: {sentence}" in crawl.log for sentence in failed.values())
    assert "Traceback" not in crawl.log


def test_every_option_of_the_fetch_has_an_effect_or_is_refused() -> None:
    assert EFFECTIVE <= RUN_FETCH
    assert ELSEWHERE.keys() <= RUN_FETCH - EFFECTIVE
    assert NEEDS.keys() <= EFFECTIVE


@pytest.mark.slow
def test_a_spiders_own_configuration_is_that_of_its_requests(site: Site, tmp_path: Path) -> None:
    source = """
    from scrapy_crawl4 import Crawl4Spider


    class TheSpider(Crawl4Spider):
        name = "configured"
        config = {"user_agent": "Mine", "css_selector": "h1"}
        urls = [url("/page/7")]

        async def start(self):
            async for request in super().start():
                yield request
            yield Request(url("/page/8"), callback=self.parse, meta={"crawl4": {"css_selector": "main h1"}})
            yield Request(url("/page/9"), callback=self.parse)
            yield Request(url("/status/500"), callback=self.parse, errback=self.failed, meta={"crawl4": {"x": 1}})
    """
    crawl = run_spider(site, tmp_path, source, USER_AGENT="Usual")
    found = {item["url"].rpartition("/")[2]: item for item in crawl.items}
    assert {name: (item["markdown"] or "").strip() for name, item in found.items()} == {
        "7": "# Page 7",
        "8": "# Page 8",
        "9": "# Page 9",
        "500": "",
    }
    assert found["500"]["error_message"].startswith("CrawlerRunConfig has no parameter 'x'")
    assert {seen.path: seen.headers["user-agent"] for seen in site.requests} == {
        "/page/7": "Mine",
        "/page/8": "Usual",
        "/page/9": "Usual",
    }


def test_a_spider_with_a_wrong_configuration_does_not_start() -> None:
    with pytest.raises(TypeError, match="must be a CrawlerRunConfig or a dict, got str"):
        Crawl4Spider(config="fast")
