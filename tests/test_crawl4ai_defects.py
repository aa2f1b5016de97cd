"""Defects that were measured in crawl4ai, by their numbers, and that a crawl here does not have.

Those of single parts have their tests beside the part; these go through the facade, against real servers.
"""

import asyncio
import itertools
import json
import socketserver
import threading

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BaseDispatcher,
    CrawlerRunConfig,
    CrawlTask,
    HTTPCrawlerConfig,
    MemoryAdaptiveDispatcher,
    ProxyConfig,
    RateLimiter,
    SemaphoreDispatcher,
)

FAST = SemaphoreDispatcher(8)


@pytest.fixture
async def crawler():
    async with AsyncWebCrawler() as crawler:
        yield crawler


def starts(site):
    return [seen.time for seen in site.requests]


async def test_d12_starts_on_one_host_keep_their_distance(crawler, site):
    dispatcher = SemaphoreDispatcher(10, rate_limiter=RateLimiter(0.2))
    results = await crawler.arun_many(site.urls(6), dispatcher=dispatcher)
    # By the crawler's own clock: when a busy machine lets the server see a request is chance.
    started = sorted(result.dispatch_result.start_time for result in results)
    assert all(later - earlier > 0.19 for earlier, later in itertools.pairwise(started))
    assert len(starts(site)) == 6


async def test_d13_back_off_starts_from_a_delay_of_zero(crawler, site):
    dispatcher = SemaphoreDispatcher(4, rate_limiter=RateLimiter(0, max_delay=10, max_retries=1))
    (result,) = await crawler.arun_many([site.url("/status/429")], dispatcher=dispatcher)
    assert result.status_code == 429
    first, second = starts(site)
    assert second - first > 0.7


async def test_d14_retries_are_made_and_the_reason_is_kept(crawler, site):
    dispatcher = SemaphoreDispatcher(4, rate_limiter=RateLimiter(0, max_delay=0.05, max_retries=2))
    urls = [site.url("/retry-after/x/2?after=0"), site.url("/status/503", host=2)]
    recovered, refused = await crawler.arun_many(urls, dispatcher=dispatcher)
    assert recovered.success
    assert recovered.dispatch_result.retries == 2
    assert refused.error_message == "HTTP 503 Service Unavailable after 2 retries"
    assert refused.dispatch_result.error_message == refused.error_message
    assert len(site.requests) == 6


async def test_d15_a_slow_host_holds_up_no_other(crawler, site):
    slow = [site.url(f"/page/{n}", host=1) for n in range(20)]
    others = [site.url(f"/page/{n}", host=2 + n % 4) for n in range(20)]
    dispatcher = SemaphoreDispatcher(2, rate_limiter=RateLimiter(600))
    fast_results = []
    async with crawler.arun_many(slow + others, dispatcher=dispatcher) as run:
        # The delay is longer than any test: what comes now comes beside hosts that wait.
        for _ in range(5):
            fast_results.append(await anext(run))
        assert run.progress.in_flight == 0
    assert len({result.url.split("/")[2] for result in fast_results}) == 5


@pytest.mark.parametrize("dispatcher", [SemaphoreDispatcher(3), MemoryAdaptiveDispatcher(max_session_permit=3)])
async def test_d16_every_dispatcher_streams(crawler, site, dispatcher):
    seen = [result.index async for result in crawler.arun_many(site.urls(6), dispatcher=dispatcher)]
    assert sorted(seen) == list(range(6))


async def test_d17_max_session_permit_is_the_limit(crawler, site):
    dispatcher = SemaphoreDispatcher(8, max_session_permit=2)
    run = asyncio.ensure_future(crawler.arun_many([site.url("/hang")] * 6, dispatcher=dispatcher)._result())
    assert await asyncio.to_thread(site.wait_active, 2)
    site.release()
    await run
    assert site.peak == 2


async def test_d18_tasks_are_not_made_before_they_start(crawler, site):
    async with crawler.arun_many([site.url("/hang")] * 500, dispatcher=SemaphoreDispatcher(3)) as run:
        first = asyncio.ensure_future(anext(run))
        assert await asyncio.to_thread(site.wait_active, 3)
        assert len(run._client.runner._tasks) == 3
        first.cancel()
        await asyncio.wait({first})
    site.release()


async def test_d19_a_failed_result_does_not_end_a_stream(crawler, site):
    urls = [None, site.url("/reset"), site.url("/status/500"), site.url("/page/1")]
    results = [result async for result in crawler.arun_many(urls, dispatcher=FAST)]
    assert sorted(result.success for result in results) == [False, False, False, True]
    assert all(isinstance(result.error_message, str) for result in results)


async def test_d20_failures_need_no_monitor(crawler, site):
    class Odd(BaseDispatcher):
        def permits(self, load):
            return "many"

    (result,) = await crawler.arun_many([site.url("/page/1")], dispatcher=Odd())
    assert "Odd" in result.error_message


async def test_d21_tasks_start_in_input_order(crawler, site):
    urls = [site.url(f"/page/{name}") for name in "zamqb"]
    await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(1))
    assert [path.removeprefix("/page/") for path in site.paths()] == list("zamqb")


@pytest.fixture
def proxy():
    """A proxy that answers itself with the credentials it was given."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.rfile.readline()
            lines = [line for line in head.decode().splitlines() if line.lower().startswith("proxy-authorization")]
            body = json.dumps({"proxy": self.server.server_address[0], "auth": lines}).encode()
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            )
            self.wfile.write(head % len(body) + body)

    servers = []
    for host in ("127.0.0.2", "127.0.0.3"):
        server = socketserver.ThreadingTCPServer((host, 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
    yield [f"http://127.0.0.{n}:{server.server_address[1]}" for n, (server, _) in enumerate(servers, 2)]
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_w3_proxies_of_concurrent_tasks_stay_apart(crawler, proxy):
    configs = [
        CrawlerRunConfig(proxy_config=ProxyConfig(server=server, username=f"user{n}", password="pass"))
        for n, server in enumerate(proxy)
    ]
    before = [config.clone() for config in configs]
    tasks = [CrawlTask(f"http://example.invalid/{n}", config=configs[n % 2]) for n in range(20)]
    results = await crawler.arun_many(tasks, dispatcher=FAST)
    for n, result in enumerate(results):
        assert result.success, result.error_message
        assert json.loads(result.html)["proxy"] == f"127.0.0.{2 + n % 2}"
        assert len(json.loads(result.html)["auth"]) == 1
    assert configs == before


async def test_w4_nothing_of_one_task_is_seen_by_another(crawler, site):
    config = CrawlerRunConfig(user_agent="One/1", verbose=False)
    tasks = [
        CrawlTask(site.url("/echo"), config=config, headers={"X-Task": "a"}, cookies={"c": "a"}),
        CrawlTask(site.url("/echo"), headers={"X-Task": "b"}, cookies={"c": "b"}),
    ] * 10
    results = await crawler.arun_many(tasks, dispatcher=FAST)
    for n, result in enumerate(results):
        echoed = json.loads(result.html)
        assert echoed["headers"]["x-task"] == "ab"[n % 2]
        assert echoed["cookies"] == {"c": "ab"[n % 2]}
        assert (echoed["headers"]["user-agent"] == "One/1") is (n % 2 == 0)
    assert config == CrawlerRunConfig(user_agent="One/1", verbose=False)
    assert config.url is None


@pytest.mark.parametrize("code", [404, 429, 503])
async def test_w5_error_statuses_are_seen(crawler, site, code):
    (result,) = await crawler.arun_many([site.url(f"/status/{code}")], dispatcher=FAST)
    assert result.status_code == code
    assert result.response_headers
    assert result.html


async def test_w6_a_user_agent_of_a_run_works_over_http(site):
    async with AsyncWebCrawler(config=HTTPCrawlerConfig()) as crawler:
        result = await crawler.arun(site.url("/echo"), CrawlerRunConfig(user_agent="Run/2"))
    assert json.loads(result.html)["headers"]["user-agent"] == "Run/2"


async def test_r1_r2_r3_results_of_a_crawl_are_plain_results(crawler, site):
    import copy
    import pickle

    from scrapy_crawl4 import CrawlResult

    results = await crawler.arun_many([site.url("/page/1"), site.url("/status/404"), "bad"], dispatcher=FAST)
    for result in results:
        assert isinstance(result, CrawlResult)
        assert result[0].dispatch_result == result.dispatch_result
        assert "markdown" in json.loads(result.model_dump_json())
        for copied in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
            assert type(copied) is CrawlResult
            assert copied == result
    assert results[0].model_dump()["dispatch_result"]["bytes_received"] > 0
