"""What goes wrong in a browser, and what comes of it: one sentence for the task, nothing for those beside it."""

import asyncio
import contextlib
import os

import psutil
import pytest

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlerRunConfig, CrawlTask, SemaphoreDispatcher

from .browser import FAST, NEEDS_BROWSER, below, browsers, kill, lasting_crawler, until

pytestmark = NEEDS_BROWSER
LATE = "The page took longer than 1.5 s (page_timeout)."
CRASHED = "The page crashed in the browser."
HTML = "<!doctype html><h1>Words</h1>"


@pytest.fixture(scope="module")
def shared():
    with lasting_crawler(config=BrowserConfig()) as crawler:
        yield crawler


@pytest.fixture
def crawler(shared, site):
    return shared


async def beside(crawler, site, faulty, **options):
    """The results of `faulty` tasks; the page that is fetched at the same time is as it should be."""
    *results, fine = await crawler.arun_many(
        [*faulty, site.url("/page/7")], dispatcher=SemaphoreDispatcher(8), **{**FAST, **options}
    )
    assert fine.success, fine.error_message
    assert "Page 7" in fine.markdown
    return results


# Pages that never end

NEVER = {
    "/endless-script": "<script>while (true) {}</script>",
    "/endless-microtasks": "<script>(function again() { Promise.resolve().then(again) })()</script>",
    "/endless-alerts": "<script>while (true) alert(1)</script>",
    "/endless-moves": "<script>location.href = '?' + Math.random()</script>",
    "/endless-reloads": "<script>setTimeout(() => location.reload(), 10)</script>",
}


async def test_a_page_that_never_ends_ends_at_its_deadline(site, crawler):
    for path, script in NEVER.items():
        site.put(path, HTML + script)
    site.put("/still", HTML)
    site.put(
        "/grows", HTML + "<script>setInterval(() => document.body.append(document.createElement('p')), 1)</script>"
    )
    limit = CrawlerRunConfig(page_timeout=1500, **FAST)
    wanted = [
        CrawlTask(site.url("/hang"), config=limit),
        *(CrawlTask(site.url(path), config=limit.clone(wait_for="css:.never")) for path in NEVER),
        CrawlTask(site.url("/still"), config=limit.clone(js_code="while (true) {}")),
        CrawlTask(site.url("/still"), config=limit.clone(js_code="await new Promise(() => {})")),
        CrawlTask(site.url("/still"), config=limit.clone(wait_for="js:() => { while (true) {} }")),
        CrawlTask(site.url("/still"), config=limit.clone(wait_for="css:.never")),
    ]
    results = await beside(crawler, site, wanted)
    assert [result.error_message for result in results] == [LATE] * len(wanted)
    assert {result.success for result in results} == {False}
    # Their pages are gone, whatever their scripts do.
    await until(lambda: not site.active)
    assert len(browsers()) == 1


async def test_redirects_without_end_are_said(site, crawler):
    site.put("/round", "", status=302, headers={"Location": "/round"})
    (result,) = await beside(crawler, site, [site.url("/round")])
    assert result.error_message == "Not fetched: too many redirects."


async def test_a_body_without_end_ends_at_its_deadline(site, crawler):
    async def pour(reader, writer):
        # Of its connections to spare, a browser ends some without a word.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><p>")
            try:
                while True:
                    writer.write(b"word " * 100)
                    await writer.drain()
                    await asyncio.sleep(0.01)
            finally:
                poured.set()

    poured = asyncio.Event()
    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        (result,) = await beside(crawler, site, [CrawlTask(url, config=CrawlerRunConfig(page_timeout=6000, **FAST))])
        assert result.error_message == "The page took longer than 6 s (page_timeout)."
        await poured.wait()


# Pages that ask for more than a page

ASKS = {
    "dialogs": "for (let n = 0; n < 5; n++) alert(n); document.title = confirm('?') + String(prompt('!'))",
    "a question before it goes": "onbeforeunload = event => { event.preventDefault(); event.returnValue = 'stay' }",
    "no end while it goes": "addEventListener('pagehide', () => { while (true) {} })",
    "a printer": "print()",
    "a place": "navigator.geolocation.getCurrentPosition(() => {}, () => {})",
    "notifications": "Notification.requestPermission()",
    "a camera": "navigator.mediaDevices?.getUserMedia({ video: true }).catch(() => {})",
    "a file": "const input = document.createElement('input'); input.type = 'file'; input.click()",
    "its end": "window.close(); setTimeout(() => window.close())",
    "other windows": "for (let n = 0; n < 3; n++) window.open('/page/' + n)",
    "pages of the browser": "location.href = 'chrome://version'",
    "files": "location.href = 'file:///etc/passwd'",
    "data": "location.href = 'data:text/html,other'",
    "another program": "location.href = 'mailto:somebody@example.org'",
    "a download": "location.href = '/binary'",
    "a download by a link": "const a = document.createElement('a'); a.href = '/binary'; a.download = ''; a.click()",
    "frames in frames": "if (Math.random() < 0.9) document.write('<iframe src=?' + Math.random() + '>')",
    "workers": "new Worker(URL.createObjectURL(new Blob(['while (true) {}'])))",
    "addresses": "for (let n = 0; n < 300; n++) history.pushState(null, '', '?' + n)",
    "full screen": "document.documentElement.requestFullscreen().catch(() => {})",
    "a lock of the pointer": "document.documentElement.requestPointerLock()",
    "a payment": "new PaymentRequest([{supportedMethods: 'https://example.org/'}], {total: {label: '', amount:"
    " {currency: 'EUR', value: '1'}}}).show().catch(() => {})",
}


async def test_what_a_page_asks_for_keeps_nobody(site, crawler):
    paths = [f"/asks/{number}" for number in range(len(ASKS))]
    for path, script in zip(paths, ASKS.values(), strict=True):
        site.put(path, f"{HTML}<script>{script}</script>")
    results = await beside(crawler, site, [site.url(path) for path in paths])
    assert {name: result.error_message for name, result in zip(ASKS, results, strict=True) if not result.success} == {}
    assert {name for name, result in zip(ASKS, results, strict=True) if "Words" not in result.html} == set()
    assert results[0].metadata["title"] == "falsenull"
    # The pages that were busy on their way out have gone, and so have the windows.
    again = await beside(crawler, site, [site.url(paths[0])])
    assert again[0].success
    assert len(browsers()) == 1


async def test_pages_that_ask_who_is_there(site, crawler):
    site.put("/asks", HTML, status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    (result,) = await beside(crawler, site, [site.url("/asks")])
    assert (result.success, result.status_code) == (False, 401)
    assert result.error_message == "HTTP 401 Unauthorized"


# Browsers that are killed


async def test_whatever_is_killed_comes_back(site, crawler):
    """The browser, its driver and its helpers, between two tasks."""
    await beside(crawler, site, [])
    victims = {
        "the driver": ["run-driver"],
        "the browser": ["--user-data-dir=", "--remote-debugging-pipe"],
        "network": ["network.mojom.NetworkService"],
        "pictures": ["--type=gpu-process"],
        "pages": ["--type=renderer"],
    }
    for words in victims.values():
        killed = below(*words)
        assert killed
        kill(killed)
        await asyncio.to_thread(psutil.wait_procs, killed, 60)
        await beside(crawler, site, [])
        assert len(browsers()) == 1


async def test_a_page_whose_browser_is_killed_is_tried_once_more(site, crawler):
    """Its driver, the browser, all of it; while it loads, while it waits, while it is captured."""
    gate = "<script>fetch('/gate/{}').then(() => document.body.append('!'))</script>"
    site.put("/waits", HTML + gate.format("waits"))
    site.put("/tall", HTML + "<div style='height: 12000px'></div>" + gate.format("tall"))
    stages = [
        ("loads", "/gate/loads", CrawlerRunConfig(**FAST), ["run-driver"]),
        (
            "waits",
            "/waits",
            CrawlerRunConfig(wait_for="js:() => document.body.innerText.includes('!')", **FAST),
            ["--user"],
        ),
        ("tall", "/tall", CrawlerRunConfig(screenshot=True, pdf=True, **FAST), [""]),
    ]
    for gate, path, config, words in stages:
        run = asyncio.ensure_future(crawler.arun(site.url(path), config=config))
        await until(lambda gate=gate, run=run: f"/gate/{gate}" in site.paths() or run.done())
        kill(below(*words))
        await until(lambda path=path, run=run: site.paths().count(path) > 1 or run.done())
        site.open_gate(gate)
        result = await run
        assert result.success, (path, result.error_message)
        assert site.paths().count(path) == 2
        assert len(browsers()) == 1


async def test_a_browser_that_is_killed_by_each_try_is_left_at_that(site, crawler):
    """The page that kills it fails; those that are open beside it come after all."""
    await beside(crawler, site, [])
    others = [asyncio.ensure_future(crawler.arun(site.url(f"/gate/{name}"), **FAST)) for name in "abc"]
    deadly = asyncio.ensure_future(crawler.arun(site.url("/gate/deadly"), **FAST))
    await until(lambda: site.active == 4 or any(task.done() for task in (deadly, *others)))
    kill(browsers())
    for name in "abc":
        site.open_gate(name)
    await until(lambda: site.paths().count("/gate/deadly") == 2 or deadly.done())
    kill(browsers())
    failed = await deadly
    assert failed.error_message == "The browser ended while the page was open."
    for result in await asyncio.gather(*others):
        assert result.success, result.error_message
    assert site.paths().count("/gate/deadly") == 2
    await beside(crawler, site, [])


async def test_starts_that_are_interrupted(site):
    """A task whose time is up does not take the browser along that others wait for; one that dies is started again."""
    before = {browser.pid for browser in browsers()}

    def started():
        return [browser for browser in browsers() if browser.pid not in before]

    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        config = CrawlerRunConfig(page_timeout=50, **FAST)
        late = await crawler.arun(site.url("/page/1"), config=config)
        assert late.error_message == "The page took longer than 0.05 s (page_timeout)."
        await until(started)
        (first,) = started()
        assert (await crawler.arun(site.url("/page/2"), **FAST)).success
        assert started() == [first]
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        run = asyncio.ensure_future(crawler.arun(site.url("/page/1"), **FAST))
        await until(started)
        kill(started())
        result = await run
        assert result.success, result.error_message


async def test_a_start_that_hangs_is_given_up(site, monkeypatch):
    """Its driver is stopped; the next task starts another one."""
    before = {process.pid for process in below()}

    def drivers():
        return [process for process in below("run-driver") if process.pid not in before]

    for longest in ("browser.LONGEST_START", "driver.LONGEST_STOP", "folders.PATIENCE"):
        monkeypatch.setattr(f"scrapy_crawl4.browser.{longest}", 1)
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        run = asyncio.ensure_future(crawler.arun(site.url("/page/1"), **FAST))
        await until(drivers)
        (stopped,) = drivers()
        stopped.suspend()
        result = await run
        assert result.error_message == "The browser did not start in time. Run 'scrapy crawl4-doctor'."
        monkeypatch.setattr("scrapy_crawl4.browser.browser.LONGEST_START", 60)
        assert (await crawler.arun(site.url("/page/2"), **FAST)).success
        kill([stopped])


# Memory


async def test_pages_that_take_all_memory_crash_alone(site):
    site.put(
        "/takes", HTML + "<script>const all = []; while (true) all.push(new Array(1e5).fill(Math.random()))</script>"
    )
    site.put(
        "/buffers",
        HTML + "<script>try { new ArrayBuffer(2 ** 53 - 1) } catch (error) { document.title = error.name }</script>",
    )
    config = BrowserConfig(extra_args=["--js-flags=--max-old-space-size=64"])
    async with AsyncWebCrawler(config=config) as crawler:
        takes, buffers = await beside(crawler, site, [site.url("/takes"), site.url("/buffers")])
        assert takes.error_message == CRASHED
        assert buffers.metadata["title"] == "RangeError"
        assert (await crawler.arun(site.url("/takes"), max_retries=0, **FAST)).error_message == CRASHED
        await beside(crawler, site, [])


async def test_pages_that_are_too_large_stay_in_the_browser(site):
    """A text and a file that are larger than is wanted."""
    # In an attribute: to lay out a line of so many letters takes Chromium long.
    text = HTML + "<script>document.body.dataset.long = 'x'.repeat({})</script>"
    site.put("/long", text.format("5e6"))
    site.put("/file", b"x" * 5_000_000, content_type="text/plain")
    config = BrowserConfig()
    async with AsyncWebCrawler(config=config, settings={"DOWNLOAD_MAXSIZE": 4_500_000}) as crawler:
        for result in await beside(crawler, site, [site.url(path) for path in ("/long", "/file")]):
            assert result.error_message == "The page is larger than the limit of 4500000 bytes (DOWNLOAD_MAXSIZE)."


# Callers


async def windows(browser) -> int:
    """How many pages there are."""
    session = await browser.new_browser_cdp_session()
    told = await session.send("Target.getTargets")
    await session.detach()
    return sum(target["type"] == "page" for target in told["targetInfos"])


async def test_whatever_a_caller_does_no_pages_are_left(site):
    """Runs that are cancelled at any moment, streams that are left, consumers that raise, two crawlers at once."""
    started, counts = [], []
    site.put("/waits", HTML + "<script>fetch('/gate/waits')</script>")

    async def count(page, **_):
        counts.append((await windows(started[0]), len(started[0].contexts)))

    async with (
        AsyncWebCrawler(config=BrowserConfig()) as crawler,
        AsyncWebCrawler(config=BrowserConfig()) as other,
    ):
        crawler.set_hook("on_browser_created", lambda browser, **_: started.append(browser))
        await crawler.arun(site.url("/page/0"), **FAST)
        for sign in (lambda: True, lambda: site.active, lambda: "/gate/waits" in site.paths()):
            config = CrawlerRunConfig(wait_for="css:.never", screenshot=True, **FAST)
            tasks = [site.url("/waits")] * 2
            run = asyncio.ensure_future(crawler.arun_many(tasks, config, dispatcher=SemaphoreDispatcher(2))._result())
            await until(sign)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
        urls = [site.url("/page/1"), *[site.url("/hang")] * 2]
        for error in (None, ValueError):
            with contextlib.suppress(ValueError):
                dispatcher = SemaphoreDispatcher(3)
                async with await crawler.arun_many(urls, stream=True, dispatcher=dispatcher, **FAST) as stream:
                    async for result in stream:
                        assert result.success
                        if error is None:
                            break
                        raise error
        await until(lambda: not site.active)
        crawler.set_hook("before_goto", count)
        fine = await asyncio.gather(*(each.arun(site.url("/page/7"), **FAST) for each in (crawler, other)))
        assert [result.success for result in fine] == [True, True]
        # One for the task, and those that tasks which ended well have left for others: of those that did not, none.
        (pages, contexts), *_ = counts
        assert pages == contexts <= 4


async def test_a_child_that_is_forked_lets_the_browser_be(site, crawler):
    await beside(crawler, site, [])
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    await beside(crawler, site, [])
    assert len(browsers()) == 1
