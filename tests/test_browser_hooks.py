"""Hooks: functions of the user that are called while the browser shows a page."""

import asyncio
import threading

import pytest

from scrapy_crawl4 import (
    AsyncHTTPCrawlerStrategy,
    AsyncPlaywrightCrawlerStrategy,
    AsyncWebCrawler,
    BrowserConfig,
    HTTPCrawlerConfig,
    SemaphoreDispatcher,
    UnsupportedOption,
)
from scrapy_crawl4.browser.hooks import NAMES, Hooks

from .browser import FAST, NEEDS_BROWSER, browsers

BROWSER = NEEDS_BROWSER[0]
IS_THERE = NEEDS_BROWSER[1]


def marked(function):
    return BROWSER(IS_THERE(function))


# Setting them


def test_hooks_are_values():
    first = Hooks().with_hook("before_goto", print)
    second = first.with_hook("after_goto", print)
    assert ("after_goto" in first, "after_goto" in second, bool(Hooks()), bool(first)) == (False, True, False, True)
    assert "before_goto" not in second.with_hook("before_goto", None)
    assert not Hooks().with_hook("on_browser_created", print).touch_pages
    assert second.touch_pages


def test_what_is_no_hook_is_refused():
    crawler = AsyncWebCrawler()
    with pytest.raises(
        ValueError, match=r"no hook 'before_go': did you mean 'before_goto'\? The hooks are .*after_goto"
    ):
        crawler.set_hook("before_go", print)
    with pytest.raises(ValueError, match=r"no hook 'x': the hooks are on_browser_created, .*before_return_html\."):
        crawler.crawler_strategy.set_hook("x", print)
    with pytest.raises(TypeError, match="The hook before_goto must be a function or None, got str"):
        crawler.set_hook("before_goto", "print")
    with pytest.raises(UnsupportedOption, match=r"AsyncHTTPCrawlerStrategy has no hooks .*DOWNLOADER_MIDDLEWARES"):
        AsyncWebCrawler(AsyncHTTPCrawlerStrategy()).set_hook("before_request", print)


def test_the_strategy_is_another_way_to_give_the_browser_config():
    config = BrowserConfig(user_agent="a")
    strategy = AsyncPlaywrightCrawlerStrategy(browser_config=config)
    for beside in (None, config, config.clone(), BrowserConfig(verbose=True)):
        crawler = AsyncWebCrawler(crawler_strategy=strategy, config=beside)
        assert crawler.browser_config == config
        assert crawler.crawler_strategy is strategy
    assert AsyncWebCrawler(AsyncPlaywrightCrawlerStrategy()).browser_config == BrowserConfig()
    assert AsyncWebCrawler(AsyncPlaywrightCrawlerStrategy(), config).browser_config is config
    assert AsyncWebCrawler(config=config).crawler_strategy.browser_config is config
    assert AsyncWebCrawler().browser_config is None
    for other in (BrowserConfig(user_agent="b"), HTTPCrawlerConfig()):
        with pytest.raises(ValueError, match="crawler_strategy and config cannot be given together"):
            AsyncWebCrawler(strategy, other)
    with pytest.raises(TypeError, match="browser_config must be a BrowserConfig or None, got HTTPCrawlerConfig"):
        AsyncPlaywrightCrawlerStrategy(HTTPCrawlerConfig())
    with pytest.raises(UnsupportedOption, match="logger"):
        AsyncPlaywrightCrawlerStrategy(logger=object())


# Being called


def recorder(calls, name):
    def called(subject, **arguments):
        calls.append((name, type(subject).__name__, arguments))

    async def awaited(subject, **arguments):
        await asyncio.sleep(0)
        called(subject, **arguments)

    return awaited if name.endswith(("created", "html")) else called


@marked
async def test_they_are_called_in_order_with_what_crawl4ai_gives_them(site):
    calls, threads = [], set()

    async def goes(page, context, url, config, **_):
        threads.add(threading.current_thread() is threading.main_thread())
        await context.add_cookies([{"name": "hooked", "value": "1", "url": url}])
        await page.set_extra_http_headers({"X-Hook": config.shared_data["word"]})

    strategy = AsyncPlaywrightCrawlerStrategy(browser_config=BrowserConfig(user_agent="hooked/1"))
    for name in NAMES:
        strategy.set_hook(name, recorder(calls, name))
    async with AsyncWebCrawler(crawler_strategy=strategy) as crawler:
        shown = await crawler.arun(site.url("/page/1"), js_code="document.body.append('by script'); 7", **FAST)
        assert shown.success, shown.error_message
        assert [name for name, *_ in calls] == list(NAMES)
        kinds = {name: kind for name, kind, _ in calls}
        assert kinds.pop("on_browser_created") == "Browser"
        assert set(kinds.values()) == {"Page"}
        given = {name: set(arguments) for name, _, arguments in calls}
        assert given.pop("on_browser_created") == {"context"}
        assert all(arguments >= {"context", "config"} for arguments in given.values())
        of = {name: arguments for name, _, arguments in calls}
        assert of["before_goto"]["url"] == of["after_goto"]["url"] == site.url("/page/1")
        assert of["after_goto"]["response"].status == 200
        assert of["on_user_agent_updated"]["user_agent"] == "hooked/1"
        assert of["on_execution_ended"]["result"] == shown.js_execution_result
        assert "by script" in of["before_return_html"]["html"] == shown.html

        for name in NAMES:
            crawler.set_hook(name, None)
        crawler.set_hook("before_goto", goes)
        calls.clear()
        first = await crawler.arun(site.url("/echo"), shared_data={"word": "said"}, **FAST)
        crawler.set_hook("before_goto", None)
        second = await crawler.arun(site.url("/echo"), **FAST)
        raw = await crawler.arun("raw:<p>x</p>", process_in_browser=True, **FAST)
    assert '"x-hook": "said"' in first.html
    assert '"hooked": "1"' in first.html
    assert "hooked" not in second.html.replace("hooked/1", "")  # what a hook leaves, no other page sees
    assert raw.success
    assert calls == []
    assert threads == {False}  # the engine's loop, not the caller's


@marked
async def test_what_they_raise_is_the_error_of_the_task(site):
    async def fails(page, **_):
        raise ValueError("/home/somebody/today is no day")

    async def waits(page, **_):
        await asyncio.Event().wait()

    async def closes(page, **_):
        await page.close()
        await page.title()

    async def cancels(page, **_):
        raise asyncio.CancelledError

    sentences = {
        fails: "The hook {} failed: ValueError: (file) is no day.",
        waits: "The page took longer than 1 s (page_timeout).",
        closes: "The hook {} failed: Target page, context or browser has been closed.",
        cancels: "The hook {} failed: it was cancelled from inside.",
        lambda page: None: "The hook {} failed: TypeError: ",
    }
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        crawler.set_hook("on_browser_created", fails)
        unstarted = await crawler.arun(site.url("/page/1"), **FAST)
        assert unstarted.error_message == sentences[fails].format("on_browser_created")
        assert browsers() == []
        crawler.set_hook("on_browser_created", None)
        names = ("on_page_context_created", "before_goto", "after_goto", "before_return_html", "before_retrieve_html")
        for name, (hook, sentence) in zip(names, sentences.items(), strict=True):
            crawler.set_hook(name, hook)
            timeout = 1000 if hook is waits else 60_000
            result = await crawler.arun(site.url("/page/1"), page_timeout=timeout, **FAST)
            assert not result.success
            assert result.error_message.startswith(sentence.format(name)), result.error_message
            crawler.set_hook(name, None)
        good, over_http = (
            await crawler.arun(site.url("/page/1"), **FAST),
            await crawler.arun(site.url("/page/2"), render="http"),
        )
        assert good.success
        assert over_http.success


@marked
async def test_a_run_keeps_the_hooks_that_it_began_with(site):
    seen = []
    urls = [site.url(f"/page/{number}") for number in range(4)]

    async with AsyncWebCrawler() as crawler:

        def first(page, url, **_):
            seen.append(("first", url))
            crawler.set_hook("before_goto", lambda page, url, **_: seen.append(("second", url)))

        crawler.set_hook("before_goto", first)
        one = crawler.arun_many(urls[:2], render="browser", dispatcher=SemaphoreDispatcher(1), **FAST)
        results = await one
        results += await crawler.arun_many(urls[2:], render="browser", dispatcher=SemaphoreDispatcher(1), **FAST)
    assert all(result.success for result in results)
    assert seen == [("first", urls[0]), ("first", urls[1]), ("second", urls[2]), ("second", urls[3])]
