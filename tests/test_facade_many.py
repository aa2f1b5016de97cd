"""What arun_many gives for what it is given."""

import asyncio
import itertools
import pickle

import pytest
from scrapy import Request

from scrapy_crawl4 import (
    AsyncHTTPCrawlerStrategy,
    AsyncWebCrawler,
    BrowserConfig,
    CrawlerRunConfig,
    CrawlResult,
    CrawlRun,
    CrawlTask,
    HTTPCrawlerConfig,
    MemoryAdaptiveDispatcher,
    RateLimiter,
    SemaphoreDispatcher,
)

FAST = SemaphoreDispatcher(8)


@pytest.fixture
async def crawler():
    async with AsyncWebCrawler() as crawler:
        yield crawler


async def test_batch_is_a_list_in_input_order(crawler, site):
    urls = [site.url("/slow/0.2"), *site.urls(20)]
    results = await crawler.arun_many(urls, dispatcher=FAST)
    assert isinstance(results, list)
    assert [result.url for result in results] == urls
    assert [result.index for result in results] == list(range(21))
    assert all(result.success and result.status_code == 200 for result in results)
    assert "# Page 2" in results[3].markdown
    assert urls[3] in results[3].markdown


async def test_a_batch_awaited_again_gives_the_same_list(crawler, site):
    run = crawler.arun_many(site.urls(2), dispatcher=FAST)
    results = await run
    assert len(results) == 2
    assert await run is results


async def test_await_with_stream_gives_an_iterator_in_completion_order(crawler, site):
    urls = [site.url("/gate/late"), *site.urls(5)]
    seen = []
    async for result in await crawler.arun_many(urls, stream=True, dispatcher=FAST):
        seen.append(result.index)
        if len(seen) == 5:
            site.open_gate("late")
    assert sorted(seen) == list(range(6))
    assert seen[-1] == 0


async def test_async_for_streams_without_await_and_whatever_the_config_says(crawler, site):
    run = crawler.arun_many(site.urls(5), CrawlerRunConfig(stream=False), FAST)
    assert isinstance(run, CrawlRun)
    assert {result.index async for result in run} == set(range(5))


async def test_config_stream_makes_await_return_the_run(crawler, site):
    run = await crawler.arun_many(site.urls(2), CrawlerRunConfig(stream=True), FAST)
    assert isinstance(run, CrawlRun)
    assert len([result async for result in run]) == 2


async def test_results_arrive_while_the_input_is_still_read(crawler, site):
    got_first = asyncio.Event()

    async def urls():
        yield site.url("/page/1")
        await got_first.wait()
        yield site.url("/page/2")

    async for result in crawler.arun_many(urls(), dispatcher=FAST):
        got_first.set()
        assert result.success
    assert got_first.is_set()


async def test_generators_sync_and_async(crawler, site):
    async def later():
        for url in site.urls(3):
            yield url

    assert len(await crawler.arun_many((url for url in site.urls(3)), dispatcher=FAST)) == 3
    assert len(await crawler.arun_many(later(), dispatcher=FAST)) == 3
    assert len(await crawler.arun_many(dict.fromkeys(site.urls(3), 1), dispatcher=FAST)) == 3
    assert await crawler.arun_many([], dispatcher=FAST) == []


async def test_infinite_input_is_read_at_most_lookahead_ahead(crawler, site):
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield site.url(f"/page/{read}")

    taken = 0
    async with crawler.arun_many(endless(), dispatcher=FAST, lookahead=10) as run:
        async for _ in run:
            taken += 1
            assert read - taken <= 10
            if taken == 50:
                break
    assert read <= 60


async def test_duplicates_are_each_fetched_and_returned(crawler, site):
    url = site.url("/page/1")
    results = await crawler.arun_many([url] * 4, dispatcher=FAST)
    assert [result.url for result in results] == [url] * 4
    assert site.paths().count("/page/1") == 4


async def test_bad_elements_become_failed_results_and_the_run_goes_on(crawler, site):
    bad = [None, "", "not a url", "ftp://example.org/", "http://", "http://[", 7, b"http://x/", "http://h:port/"]
    results = await crawler.arun_many([*bad, site.url("/page/1")], dispatcher=FAST)
    assert [result.success for result in results] == [False] * len(bad) + [True]
    for result in results[:-1]:
        assert result.error_message.endswith(".")
        assert "\n" not in result.error_message
        assert result.model_dump_json()
    assert "NoneType" in results[0].error_message
    assert "'ftp'" in results[3].error_message


@pytest.mark.parametrize("urls", ["http://example.org", b"http://example.org", 5, None])
async def test_urls_must_be_an_iterable(urls):
    with pytest.raises(TypeError, match="urls must be an iterable"):
        AsyncWebCrawler().arun_many(urls)


async def test_an_error_of_the_input_reaches_the_consumer_behind_the_results(crawler, site):
    def urls():
        yield site.url("/page/1")
        yield site.url("/page/2")
        raise LookupError("no more")

    seen = []
    with pytest.raises(LookupError, match="no more"):
        async for result in crawler.arun_many(urls(), dispatcher=FAST):
            seen.append(result.index)
    assert sorted(seen) == [0, 1]


async def test_raw_html_and_files(crawler, tmp_path, site):
    page = tmp_path / "page.html"
    page.write_text("<title>File</title><h1>From disk</h1><a href='next.html'>next</a>")
    raw = "raw:<h1>Raw</h1><a href='/x'>x</a>"
    config = CrawlerRunConfig(base_url="https://example.org/dir/")
    tasks = [CrawlTask(raw, config=config), page.as_uri(), "raw://<p>two</p>", "file:///no/such/file"]
    first, second, third, fourth = await crawler.arun_many(tasks, dispatcher=FAST)
    assert first.markdown.startswith("# Raw")
    assert first.url == raw
    assert first.links["internal"][0]["href"] == "https://example.org/x"
    assert second.success
    assert second.markdown.startswith("# From disk")
    assert second.metadata["title"] == "File"
    assert third.markdown.strip() == "two"
    assert not fourth.success
    assert "no such file" in fourth.error_message
    assert str(tmp_path) not in fourth.error_message
    assert site.requests == []


async def test_local_items_wait_for_no_host(crawler):
    slow = SemaphoreDispatcher(20, rate_limiter=RateLimiter(3600))
    results = await crawler.arun_many([f"raw:<p>{n}</p>" for n in range(50)], dispatcher=slow)
    assert all(result.success for result in results)


async def test_tasks_carry_headers_cookies_and_meta(crawler, site):
    echo = site.url("/echo")
    tasks = [
        CrawlTask(echo, headers={"X-One": "1"}, cookies={"a": "b"}),
        CrawlTask(echo, config=CrawlerRunConfig(user_agent="Mine/1.0")),
        Request(echo, method="POST", body=b"hello", headers={"X-Two": "2"}),
    ]
    results = await crawler.arun_many(tasks, dispatcher=FAST)
    assert "x-one" in results[0].html
    assert "b" in results[0].html
    assert "Mine/1.0" in results[1].html
    assert "hello" in results[2].html
    assert "x-two" in results[2].html
    assert "x-one" not in results[1].html


async def test_a_request_of_the_user_is_never_written_to(crawler, site):
    request = Request(site.url("/redirect/1"), meta={"mine": [1]}, headers={"A": "1"})
    before = (dict(request.meta), request.headers.copy(), request.url)
    await crawler.arun_many([request, request], dispatcher=FAST)
    assert (dict(request.meta), request.headers, request.url) == before


async def test_session_id_keeps_cookies_and_other_tasks_never_see_them(crawler, site):
    first = CrawlTask(site.url("/set-cookie/token/secret"), session_id="s")
    await crawler.arun_many([first], dispatcher=FAST)
    tasks = [CrawlTask(site.url("/echo"), session_id="s"), CrawlTask(site.url("/echo"))]
    with_session, without = await crawler.arun_many(tasks, dispatcher=FAST)
    assert "secret" in with_session.html
    assert "secret" not in without.html


async def test_cookie_jars_of_single_tasks_do_not_pile_up(crawler, site):
    from scrapy.downloadermiddlewares.cookies import CookiesMiddleware

    await crawler.arun_many([site.url(f"/set-cookie/n/{n}") for n in range(30)], dispatcher=FAST)
    jars = crawler._engine.crawler.get_downloader_middleware(CookiesMiddleware).jars
    assert len(jars) == 0


async def test_first_matching_config_wins(crawler, site):
    configs = [
        CrawlerRunConfig(url_matcher="*/page/1", excluded_tags=["h1"]),
        CrawlerRunConfig(url_matcher=lambda url: url.endswith("/page/2")),
    ]
    one, two, three = await crawler.arun_many(site.urls(4)[1:], configs, FAST)
    assert "# Page 1" not in one.markdown
    assert "# Page 2" in two.markdown
    assert not three.success
    assert three.error_message == f"No matching configuration found for URL: {site.url('/page/3')}"
    assert three.metadata == {"status": "no_config_match"}


async def test_a_single_configs_matcher_is_honoured(crawler, site):
    results = await crawler.arun_many(site.urls(2), CrawlerRunConfig(url_matcher="*/page/0"), FAST)
    assert [result.success for result in results] == [True, False]


async def test_a_matcher_that_raises_fails_its_url_only(crawler, site):
    def matcher(url):
        if url.endswith("/1"):
            raise KeyError("oops")
        return True

    results = await crawler.arun_many(site.urls(3), CrawlerRunConfig(url_matcher=matcher), FAST)
    assert [result.success for result in results] == [True, False, True]
    assert "url_matcher failed" in results[1].error_message


async def test_overrides_replace_config_fields_without_writing_to_it(crawler, site):
    config = CrawlerRunConfig()
    (result,) = await crawler.arun_many([site.url("/page/1")], config, FAST, excluded_tags=["h1"])
    assert "# Page 1" not in result.markdown
    assert config == CrawlerRunConfig()
    with pytest.raises(TypeError, match="no_such_option"):
        crawler.arun_many([site.url("/page/1")], no_such_option=1)


async def test_http_error_statuses_fail_with_their_content(crawler, site):
    codes = [400, 403, 404, 410, 500, 502]
    results = await crawler.arun_many([site.url(f"/status/{code}") for code in codes], dispatcher=FAST)
    for code, result in zip(codes, results, strict=True):
        assert (result.success, result.status_code) == (False, code)
        assert result.error_message.startswith(f"HTTP {code} ")
        assert result.html
        assert result.markdown
        assert result.response_headers


async def test_redirects(crawler, site):
    (result,) = await crawler.arun_many([site.url("/redirect/2")], dispatcher=FAST)
    assert result.success
    assert result.url == site.url("/redirect/2")
    assert result.redirected_url != result.url
    assert result.status_code == 200


async def test_faults_of_the_network_are_failed_results_with_one_sentence(crawler, site):
    urls = [
        site.url("/truncated"),
        site.url("/reset"),
        "http://127.0.0.1:1/",
        "http://no-such-host.invalid/",
        site.url("/binary"),
        site.url("/page/1"),
    ]
    results = await crawler.arun_many(urls, dispatcher=FAST)
    assert [result.success for result in results] == [False] * 5 + [True]
    for result in results[:-1]:
        assert result.error_message
        assert "\n" not in result.error_message
        assert "Traceback" not in result.error_message


async def test_page_timeout_covers_the_whole_task(crawler, site):
    hanging = CrawlTask(site.url("/hang"), config=CrawlerRunConfig(page_timeout=300))
    results = await crawler.arun_many([hanging, site.url("/page/1")], dispatcher=FAST)
    assert [result.success for result in results] == [False, True]
    assert "page_timeout" in results[0].error_message
    site.release()


async def test_robots_txt(crawler, site):
    site.set_robots("User-agent: *\nDisallow: /page/\n")
    config = CrawlerRunConfig(check_robots_txt=True)
    page, other = await crawler.arun_many([site.url("/page/1"), site.url("/text")], config, FAST)
    assert not page.success
    assert page.status_code == 403
    assert "robots.txt" in page.error_message
    assert other.success
    assert site.paths().count("/robots.txt") == 1
    (page,) = await crawler.arun_many([site.url("/page/1")], dispatcher=FAST)
    assert page.success


async def test_permits_are_kept(crawler, site):
    await crawler.arun_many(site.urls(40, hosts=4), dispatcher=SemaphoreDispatcher(3))
    assert site.peak <= 3
    await crawler.arun_many(site.urls(40), CrawlerRunConfig(semaphore_count=2, mean_delay=0, max_range=0))
    assert site.peak <= 3


async def test_permits_are_used(crawler, site):
    run = asyncio.ensure_future(collect(crawler.arun_many([site.url("/hang")] * 10, dispatcher=SemaphoreDispatcher(6))))
    assert await asyncio.to_thread(site.wait_active, 6)
    site.release()
    assert len(await run) == 10
    assert site.peak == 6


async def collect(run):
    return [result async for result in run]


async def test_rate_limited_tasks_are_retried_after_what_the_host_asks(crawler, site):
    limits = SemaphoreDispatcher(4, rate_limiter=RateLimiter(0, max_delay=2))
    (result,) = await crawler.arun_many([site.url("/retry-after/a/2?after=1")], dispatcher=limits)
    assert result.success
    assert result.dispatch_result.retries == 2
    times = [seen.time for seen in site.requests]
    assert all(later - earlier >= 0.99 for earlier, later in itertools.pairwise(times))
    assert result.dispatch_result.wait_time >= 1.9


async def test_rate_limited_for_ever_ends_after_max_retries(crawler, site):
    limits = SemaphoreDispatcher(4, rate_limiter=RateLimiter(0, max_delay=0.05, max_retries=3))
    (result,) = await crawler.arun_many([site.url("/status/429")], dispatcher=limits)
    assert not result.success
    assert result.status_code == 429
    assert result.error_message == "HTTP 429 Too Many Requests after 3 retries"
    assert len(site.requests) == 4


async def test_max_retries_tries_server_errors_again(crawler, site):
    (result,) = await crawler.arun_many([site.url("/retry-after/b/1?code=500")], dispatcher=FAST, max_retries=2)
    assert result.success
    assert result.dispatch_result.retries == 1


async def test_dispatch_result_is_on_the_result(crawler, site):
    result = await crawler.arun(site.url("/page/1"), mean_delay=0, max_range=0)
    record = result.dispatch_result
    assert record is result[0].dispatch_result
    assert record.start_time <= record.end_time
    assert record.memory_usage > 0
    assert record.peak_memory >= record.memory_usage
    assert record.bytes_received == len(result.html.encode())
    assert record.retries == 0
    assert "dispatch_result" in result.model_dump()


async def test_arun(crawler, site):
    result = await crawler.arun(site.url("/page/7"), CrawlerRunConfig(stream=True))
    assert isinstance(result, CrawlResult)
    assert result.success
    assert (await crawler.arun(None)).success is False


async def test_progress(crawler, site):
    run = crawler.arun_many([*site.urls(3), site.url("/status/404"), site.url("/hang")], dispatcher=FAST)
    assert run.progress.done == 0
    async with run:
        for _ in range(4):
            await anext(run)
        await asyncio.to_thread(site.wait_active, 1)
        progress = run.progress
        assert (progress.done, progress.failed, progress.in_flight, progress.waiting) == (4, 1, 1, 0)
    site.release()


async def test_http_config(site):
    config = HTTPCrawlerConfig(method="POST", json={"a": 1}, headers={"X-H": "1"}, follow_redirects=False)
    async with AsyncWebCrawler(config=config) as crawler:
        echo, redirect = await crawler.arun_many([site.url("/echo"), site.url("/redirect/1")], dispatcher=FAST)
    assert "POST" in echo.html
    assert "x-h" in echo.html
    assert redirect.status_code in (301, 302)


async def test_http_strategy_is_another_way_to_give_the_http_config(site):
    http = HTTPCrawlerConfig(method="POST", headers={"X-H": "1"}, follow_redirects=False)
    for beside in (None, BrowserConfig(verbose=False)):
        strategy = AsyncHTTPCrawlerStrategy(browser_config=http)
        async with AsyncWebCrawler(crawler_strategy=strategy, config=beside) as crawler:
            echo, redirect = await crawler.arun_many([site.url("/echo"), site.url("/redirect/1")], dispatcher=FAST)
        assert "POST" in echo.html
        assert "x-h" in echo.html
        assert redirect.status_code in (301, 302)
    async with AsyncWebCrawler(crawler_strategy=AsyncHTTPCrawlerStrategy()) as crawler:
        assert (await crawler.arun(site.url("/page/1"))).success


def test_http_strategy_beside_another_config():
    for config in (HTTPCrawlerConfig(), BrowserConfig(headers={"A": "b"})):
        with pytest.raises(ValueError, match="crawler_strategy and config cannot be given together"):
            AsyncWebCrawler(crawler_strategy=AsyncHTTPCrawlerStrategy(), config=config)
    assert AsyncWebCrawler(AsyncHTTPCrawlerStrategy(), BrowserConfig(verbose=True)).verbose
    with pytest.raises(TypeError, match="browser_config must be an HTTPCrawlerConfig"):
        AsyncHTTPCrawlerStrategy(BrowserConfig())


async def test_a_list_of_results_is_for_async_for_too(crawler, site):
    urls = site.urls(3)
    results = await crawler.arun_many(urls, dispatcher=FAST)
    assert isinstance(results, list)
    assert [result.url for result in results] == urls
    assert [result.url async for result in results] == urls
    assert pickle.loads(pickle.dumps(results)) == results


async def test_default_dispatcher_follows_the_config(crawler, site):
    run = crawler.arun_many(site.urls(1), CrawlerRunConfig(semaphore_count=7, mean_delay=0.25, max_range=0.5))
    dispatcher = run._client._plan.dispatcher
    assert isinstance(dispatcher, MemoryAdaptiveDispatcher)
    assert dispatcher.max_session_permit == 7
    assert dispatcher.rate_limiter == RateLimiter((0.25, 0.75))
