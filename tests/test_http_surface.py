"""What is said of a request reaches the server, and nobody else."""

import asyncio
import json

import pytest
from scrapy import Request

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    CrawlTask,
    HTTPCrawlerConfig,
    RateLimiter,
    SemaphoreDispatcher,
    UnsupportedOption,
)


def seen(result):
    """What /echo saw."""
    assert result.success, result.error_message
    return json.loads(result.html)


@pytest.fixture
async def crawler(site):
    async with AsyncWebCrawler() as crawler:
        yield crawler


async def echoed(site, http=None, element=None, **overrides):
    async with AsyncWebCrawler(config=http) as crawler:
        return seen(await crawler.arun(element or site.url("/echo"), config=CrawlerRunConfig(**overrides)))


# Methods and bodies


@pytest.mark.parametrize(
    ("http", "config", "method"),
    [
        (HTTPCrawlerConfig(method="POST"), {}, "POST"),
        (HTTPCrawlerConfig(method="purge"), {}, "PURGE"),
        (None, {"method": "PUT"}, "PUT"),
        (HTTPCrawlerConfig(method="POST"), {"method": "DELETE"}, "DELETE"),
    ],
)
async def test_method(site, http, config, method):
    assert (await echoed(site, http, **config))["method"] == method


async def test_a_dict_is_sent_as_a_form(site):
    told = await echoed(site, HTTPCrawlerConfig(method="POST", data={"q": "a b&ü", "n": ["1", "2"]}))
    assert told["body"] == "q=a+b%26%C3%BC&n=1&n=2"
    assert told["headers"]["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("data", ["plain ü", "plain ü".encode()])
async def test_text_and_bytes_are_sent_as_they_are(site, data):
    told = await echoed(site, HTTPCrawlerConfig(method="POST", data=data, headers={"content-type": "text/x-mine"}))
    assert told["body"] == "plain ü"
    assert told["headers"]["content-type"] == "text/x-mine"


@pytest.mark.parametrize("value", [{"q": ["ü", None]}, [], 0, "text"])
async def test_json_is_sent_as_json(site, value):
    told = await echoed(site, HTTPCrawlerConfig(method="POST", json=value))
    assert json.loads(told["body"]) == value
    assert told["headers"]["content-type"] == "application/json"


# Headers


async def test_headers_of_a_task_go_before_those_of_its_config_and_these_before_those_of_all(site):
    http = HTTPCrawlerConfig(headers={"X-A": "all", "x-b": "all", "User-Agent": "all"})
    assert (await echoed(site, http))["headers"]["user-agent"] == "all"
    told = await echoed(site, http, user_agent="run")
    assert (told["headers"]["user-agent"], told["headers"]["x-a"]) == ("run", "all")
    task = CrawlTask(site.url("/echo"), headers={"x-a": "task", "X-B": "task", "USER-AGENT": "task"})
    headers = (await echoed(site, http, task, user_agent="run"))["headers"]
    assert (headers["user-agent"], headers["x-a"], headers["x-b"]) == ("task", "task", "task")


async def test_a_request_keeps_its_own_and_gets_the_rest(site):
    http = HTTPCrawlerConfig(headers={"X-A": "all", "X-B": "all"}, method="PUT")
    request = Request(site.url("/echo"), headers={"X-A": "own"})
    told = await echoed(site, http, request, user_agent="run")
    assert (told["method"], told["headers"]["x-a"], told["headers"]["x-b"]) == ("GET", "own", "all")
    assert told["headers"]["user-agent"] == "run"
    assert dict(request.headers) == {b"X-A": [b"own"]}
    request = Request(site.url("/echo"), headers={"User-Agent": "own"})
    assert (await echoed(site, None, request, user_agent="run"))["headers"]["user-agent"] == "own"


async def test_cookies_of_a_task_are_its_own(site, crawler):
    tasks = [CrawlTask(site.url("/echo"), cookies={"a": str(number)}) for number in range(3)]
    results = await crawler.arun_many([*tasks, site.url("/echo")], mean_delay=0, max_range=0)
    assert [seen(result)["cookies"] for result in results] == [{"a": "0"}, {"a": "1"}, {"a": "2"}, {}]


# User agents


async def test_random_user_agents(site, crawler):
    config = CrawlerRunConfig(user_agent_mode="random", mean_delay=0, max_range=0, semaphore_count=20)
    results = await crawler.arun_many([site.url("/echo")] * 20, config=config)
    agents = {seen(result)["headers"]["user-agent"] for result in results}
    assert len(agents) > 5
    assert all(agent.startswith("Mozilla/5.0 (") for agent in agents)
    mobile = config.clone(user_agent_generator_config={"device_type": "mobile", "os_type": "android"})
    assert "Android" in seen(await crawler.arun(site.url("/echo"), config=mobile))["headers"]["user-agent"]
    named = config.clone(user_agent="me")
    assert seen(await crawler.arun(site.url("/echo"), config=named))["headers"]["user-agent"] == "me"


async def test_a_task_keeps_its_user_agent(site, crawler):
    """In its retries and redirects."""
    config = CrawlerRunConfig(user_agent_mode="random", mean_delay=0, max_range=0)
    dispatcher = SemaphoreDispatcher(rate_limiter=RateLimiter((0, 0), max_delay=0))
    urls = [site.url(f"/redirect-to?url=/retry-after/{key}/2") for key in "abcdefgh"]
    results = await crawler.arun_many(urls, config=config, dispatcher=dispatcher)
    assert [result.dispatch_result.retries for result in results] == [2] * 8
    agents = {key: {r.headers["user-agent"] for r in site.requests if f"/{key}/2" in r.path} for key in "abcdefgh"}
    assert [len(of_one) for of_one in agents.values()] == [1] * 8
    assert len(set.union(*agents.values())) > 1


async def test_a_session_keeps_its_user_agent(site, crawler):
    config = CrawlerRunConfig(user_agent_mode="random", session_id="mine")
    told = [seen(await crawler.arun(site.url("/echo"), config=config)) for _ in range(4)]
    assert len({one["headers"]["user-agent"] for one in told}) == 1
    tasks = [CrawlTask(site.url("/echo"), session_id=f"s{number % 2}") for number in range(8)]
    results = await crawler.arun_many(tasks, user_agent_mode="random", mean_delay=0, max_range=0)
    agents = [seen(result)["headers"]["user-agent"] for result in results]
    assert (agents[0::2], agents[1::2]) == ([agents[0]] * 4, [agents[1]] * 4)


# Redirects


async def test_redirects_are_recorded(site, crawler):
    result = await crawler.arun(site.url("/redirect/2"))
    assert (result.url, result.redirected_url) == (site.url("/redirect/2"), site.url("/page/0"))
    assert (result.status_code, result.redirected_status_code) == (200, 200)
    assert result.crawl_stats == {
        "attempts": 1,
        "retries": 0,
        "proxies_used": [{"proxy": None, "status_code": 200}],
        "redirects": [
            {"url": site.url("/redirect/2"), "status_code": 302},
            {"url": site.url("/redirect/1"), "status_code": 302},
        ],
        "fallback_fetch_used": False,
        "resolved_by": "direct",
        "rendered_by": "http",
        "rendered_because": None,
    }


async def test_a_page_may_send_on_by_itself(site, crawler):
    site.put("/hop", '<meta http-equiv="refresh" content="0; url=/page/3">')
    result = await crawler.arun(site.url("/hop"))
    assert result.redirected_url == site.url("/page/3")
    assert result.crawl_stats["redirects"] == [{"url": site.url("/hop"), "status_code": None}]


async def test_redirects_off(site):
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(follow_redirects=False)) as crawler:
        result = await crawler.arun(site.url("/redirect/2"))
        assert (result.success, result.status_code) == (True, 302)
        assert result.response_headers["location"] == "/redirect/1"
        site.put("/hop", '<p>here</p><meta http-equiv="refresh" content="0; url=/page/3">')
        assert "here" in (await crawler.arun(site.url("/hop"))).markdown
        assert (await crawler.arun(site.url("/redirect-to?url=file:///etc/hosts"))).success


@pytest.mark.parametrize("path", ["/redirect/25", "/loop"])
async def test_endless_redirects_end(site, crawler, path):
    site.put("/loop", "", status=302, headers={"Location": "/loop"})
    result = await crawler.arun(site.url(path))
    assert not result.success
    told = "The page redirects too often: the setting REDIRECT_MAX_TIMES says how often is enough."
    assert result.error_message == told
    assert len(site.requests) == 21


@pytest.mark.parametrize("goal", ["file:///etc/hosts", "ftp://127.0.0.1/x", "data://text/html,hi"])
async def test_redirects_do_not_lead_out_of_http(site, crawler, goal):
    scheme = goal.partition(":")[0]
    result = await crawler.arun(site.url(f"/redirect-to?url={goal}"))
    assert (result.success, result.status_code) == (False, 302)
    assert result.error_message == (
        f"The page redirects to a URL of the scheme '{scheme}', which is not followed: only http and https are."
    )
    assert len(site.requests) == 1
    site.put("/hop", f'<meta http-equiv="refresh" content="0; url={goal}">stays')
    assert "stays" in (await crawler.arun(site.url("/hop"))).html


async def test_redirect_to_no_url(site, crawler):
    result = await crawler.arun(site.url("/redirect-to?url=javascript:alert(1)"))
    assert result.error_message == "The page redirects to 'javascript:alert(1)', which is no URL of a page."


@pytest.mark.parametrize("element", ["task", "request"])
async def test_secrets_stay_with_their_host(site, crawler, element):
    other = site.url("/echo", host=2)
    url = site.url(f"/redirect-to?url={other}")
    headers, cookies = {"Authorization": "Bearer secret"}, {"a": "secret"}
    made = {"task": CrawlTask, "request": Request}[element](url, headers=headers, cookies=cookies)
    told = seen(await crawler.arun(made))
    assert told["url"] == other
    assert "secret" not in json.dumps(told)
    assert site.requests[0].headers["authorization"] == "Bearer secret"
    assert site.requests[0].headers["cookie"] == "a=secret"


async def test_session_cookies_are_kept_by_host(site, crawler):
    config = CrawlerRunConfig(session_id="s")
    await crawler.arun(site.url("/set-cookie/a/1"), config=config)
    assert seen(await crawler.arun(site.url("/echo"), config=config))["cookies"] == {"a": "1"}
    assert seen(await crawler.arun(site.url("/echo", host=2), config=config))["cookies"] == {}
    assert seen(await crawler.arun(site.url("/echo")))["cookies"] == {}


# What is left when all else fails

FAILED = "HTTP 404 Not Found; fallback_fetch_function failed:"


async def test_a_function_gets_what_could_not_be_fetched(site, crawler):
    loop, asked = asyncio.get_running_loop(), []

    async def fetch(url):
        assert asyncio.get_running_loop() is loop
        asked.append(url)
        await asyncio.sleep(0)
        return "<title>Kept</title><p>An <a href='/old'>old</a> copy</p>"

    config = CrawlerRunConfig(fallback_fetch_function=fetch, mean_delay=0, max_range=0)
    urls = [site.url(path) for path in ("/page/1", "/status/404", "/reset")]
    results = await crawler.arun_many(urls, config=config)
    assert sorted(asked) == sorted(urls[1:])
    assert [result.success for result in results] == [True] * 3
    assert [result.crawl_stats["resolved_by"] for result in results] == ["direct", "fallback_fetch", "fallback_fetch"]
    assert [result.crawl_stats["fallback_fetch_used"] for result in results] == [False, True, True]
    assert results[1].metadata["title"] == "Kept"
    assert results[1].links["internal"][0]["href"] == site.url("/old")
    assert results[1].crawl_stats["proxies_used"] == [{"proxy": None, "status_code": 404}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "HTTP 404 Not Found"),
        ("", "HTTP 404 Not Found"),
        (b"bytes", f"{FAILED} TypeError: it must return HTML as a string or None, got bytes."),
        (OSError("no net"), f"{FAILED} OSError: no net."),
    ],
)
async def test_a_function_that_has_no_page_either(site, crawler, given, message):
    async def fetch(url):
        if isinstance(given, Exception):
            raise given
        return given

    result = await crawler.arun(site.url("/status/404"), fallback_fetch_function=fetch)
    assert (result.success, result.status_code, result.error_message) == (False, 404, message)
    assert (result.crawl_stats["fallback_fetch_used"], result.crawl_stats["resolved_by"]) == (True, None)


async def test_no_function_passes_by_robots_txt(site, crawler):
    async def fetch(url):
        raise AssertionError("never called")

    site.set_robots("User-agent: *\nDisallow: /")
    result = await crawler.arun(site.url("/page/1"), fallback_fetch_function=fetch, check_robots_txt=True)
    assert (result.success, result.status_code) == (False, 403)
    assert result.crawl_stats["fallback_fetch_used"] is False


async def test_the_time_of_a_function_counts(site, crawler):
    ended = asyncio.Event()

    async def fetch(url):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    result = await crawler.arun(site.url("/status/404"), fallback_fetch_function=fetch, page_timeout=1500)
    assert result.error_message == "The page took longer than 1.5 s (page_timeout)."
    await ended.wait()


@pytest.mark.parametrize("name", ["deep_crawl_strategy", "experimental"])
def test_what_has_no_effect_is_refused(name):
    with pytest.raises(UnsupportedOption, match=name):
        CrawlerRunConfig(**{name: {"a": 1}})
