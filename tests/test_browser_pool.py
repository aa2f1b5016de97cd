"""Pages that serve one task after another: what they show, how many there are, when they are replaced."""

import asyncio
import gc
import json
from contextlib import asynccontextmanager

import pytest

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlerRunConfig
from scrapy_crawl4.browser import Browser, Identity, LaunchOptions, PageFailed, PageOrder, reset
from scrapy_crawl4.browser import pool as pool_module
from scrapy_crawl4.exceptions import TaskFailed

from .browser import NEEDS_BROWSER, below, browsers, kill, until

pytestmark = NEEDS_BROWSER
CONFIG = CrawlerRunConfig(wait_for="css:#seen.whole", delay_before_return_html=0)
PLAIN = CrawlerRunConfig(delay_before_return_html=0)
SEES = """
async function databases() { return (await indexedDB.databases()).map(each => each.name) }
async function files() {
    const names = [];
    for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
    return names;
}
async function seen() {
    return [document.cookie, localStorage.length, sessionStorage.length, window.name, window.left ?? null,
        await databases(), await caches.keys(), await files(), history.length, history.state,
        (await navigator.serviceWorker.getRegistrations()).length, opener === null, document.referrer,
        await navigator.storage.persisted(), document.hidden, innerWidth, scrollY, Notification.permission];
}
async function tell() {
    const element = document.getElementById("seen");
    element.textContent = JSON.stringify(await seen());
    return element;
}
"""
LEAVES = """
function leave(word) {
    document.cookie = "a=" + word + ";max-age=1000"; localStorage.a = word; sessionStorage.a = word;
    window.name = word; window.left = word;
}
async function leave_all() {
    leave("at once");
    await new Promise(done => indexedDB.open("base").onsuccess = done);
    await caches.open("cache");
    await (await navigator.storage.getDirectory()).getFileHandle("file", {create: true});
    history.pushState({a: 1}, "", "#pushed");
    for (const name of ["pagehide", "visibilitychange", "unload", "beforeunload"])
        addEventListener(name, () => leave(name));
    setInterval(() => leave("meanwhile"), 1);
    new BroadcastChannel("all").onmessage = () => leave("told");
}
"""
HEAD = f"<!doctype html><pre id=seen></pre><script>{SEES}</script>"
LOOKS = f"{HEAD}<script>tell().then(element => element.className = 'whole')</script>"
FRAME = f"<script>{LEAVES} leave_all().catch(() => 0).then(() => parent.postMessage('left', '*'))</script>"


def leaving(more: str = "") -> str:
    """A page that tells what it sees and then leaves all it can; it is whole when *more*, a script, has run too."""
    return f"""{HEAD}<script>{LEAVES}
    function framed(url) {{
        const frame = document.createElement("iframe");
        frame.src = url;
        document.body.append(frame);
        return new Promise(done => addEventListener("message", () => done(frame), {{once: true}}));
    }}
    tell().then(async element => {{ await leave_all(); {more}; element.className = 'whole' }});
    </script>"""


MORE = {
    "what ends with the page": ("", True),
    "a document written anew": (
        """document.open(); document.write("<pre id=seen></pre>"); document.close();
        addEventListener("pagehide", () => leave("rewritten")); element = document.getElementById("seen")""",
        True,
    ),
    "a worker of its own": ("new Worker(URL.createObjectURL(new Blob(['setInterval(() => {}, 1)'])))", False),
    "an answered request": ("await fetch('/echo', {keepalive: true})", True),
    "a service worker": ("await navigator.serviceWorker.register('/worker.js')", False),
    "a shared worker": ("await new Promise(done => new SharedWorker('/shared.js').port.onmessage = done)", False),
    "a request that outlives it": ("fetch('/gate/NUMBER?cookie=late', {keepalive: true}).catch(() => 0)", False),
    "a beacon": ("navigator.sendBeacon('/gate/NUMBER?cookie=late')", False),
    "a beacon at its end": ("addEventListener('pagehide', () => navigator.sendBeacon('/end'))", None),
    "a request at its end": ("window.fetchLater && fetchLater('/gate/NUMBER?cookie=late')", None),
    "a window": ("window.open('/leaves-too')", False),
    "a frame": ("await framed('/frame')", False),
    "a frame that went with a beacon": (
        """const frame = await framed("/frame");
        frame.contentWindow.onpagehide = () => navigator.sendBeacon("/gate/NUMBER?cookie=late");
        frame.remove()""",
        False,
    ),
    "a frame of another site": ("await framed('OTHER/frame')", False),
}
"""Scripts that leave more, and whether the page is used again after them; None where that is up to the browser."""


@asynccontextmanager
async def opened(**options):
    browser = Browser(LaunchOptions(**options))
    try:
        yield browser
    finally:
        await browser.close()


async def settled(browser):
    """Wait until the pages that were given back are clean or closed."""
    while cleaning := tuple(browser._pool._cleaning):
        await asyncio.wait(cleaning)
    return browser._pool


def order(url, config=CONFIG, **fields):
    return PageOrder(url, config, fields.pop("identity", Identity()), **fields)


def seen_in(captured):
    return json.loads(captured.body.decode().partition('<pre id="seen"')[2].partition(">")[2].partition("</pre>")[0])


@pytest.fixture
def pages(site):
    other = site.url("", host=2).rstrip("/")
    for number, (more, _) in enumerate(MORE.values()):
        site.put(f"/leaves/{number}", leaving(more.replace("OTHER", other).replace("NUMBER", str(number))))
        site.put(f"/looks/{number}", LOOKS)
    site.put("/leaves-too", leaving())
    site.put("/frame", FRAME)
    site.put("/looks", LOOKS)
    site.put("/end", "", headers={"Set-Cookie": "late=1"})
    site.put("/worker.js", "", content_type="text/javascript")
    site.put("/shared.js", "onconnect = event => event.ports[0].postMessage(1)", content_type="text/javascript")
    return site


async def test_a_page_that_is_used_again_is_like_a_new_one(pages):
    async with opened() as browser:
        new = seen_in(await browser.show(order(pages.url("/looks"))))
        assert new[:6] == ["", 0, 0, "", None, []]
        (used,) = (await settled(browser))._idle
        for number, (name, (_, again)) in enumerate(MORE.items()):
            left = await browser.show(order(pages.url(f"/leaves/{number}")))
            assert left.error == "", name
            pool = await settled(browser)
            assert again is None or (pool._idle == [used]) is again, name
            pages.open_gate(str(number))
            while pages.active:
                await asyncio.sleep(0.01)
            after = seen_in(await browser.show(order(pages.url(f"/looks/{number}"))))
            assert after == new, name
            (used,) = (await settled(browser))._idle
        assert len(browser._pool.process.browser.contexts) == 1


async def test_tasks_that_differ_in_what_a_page_sees_have_pages_of_their_own(site):
    identities = [
        (Identity(user_agent=f"agent/{number % 4}"), [{"name": "own", "value": str(number // 4), "url": site.url("/")}])
        for number in range(8)
    ]

    async def show(number):
        identity, cookies = identities[number % 8]
        return number, await browser.show(
            order(f"{site.url('/echo')}?{number}", PLAIN, identity=identity, cookies=cookies)
        )

    async with opened() as browser:
        for number, captured in await asyncio.gather(*map(show, range(8))):
            seen = json.loads(captured.body)
            assert seen["headers"]["user-agent"] == f"agent/{number % 4}"
            assert seen["cookies"] == {"own": str(number // 4)}
        pool = await settled(browser)
        contexts = len(pool.process.browser.contexts)
        assert (pool.used, pool.idle) == (0, contexts)
        for number in range(8, 12):  # no page more
            _, captured = await show(number)
            assert json.loads(captured.body)["cookies"] == {"own": "0"}
        assert len((await settled(browser)).process.browser.contexts) == contexts
        plain = json.loads((await browser.show(order(site.url("/echo"), PLAIN))).body)
        assert plain["cookies"] == {}


async def test_pages_are_thrown_away_where_they_cannot_be_clean(site):
    async with opened() as browser:
        with pytest.raises(PageFailed):
            await browser.show(order(site.url("/reset"), PLAIN))
        assert ((await settled(browser)).idle, len(browser._pool.process.browser.contexts)) == (0, 0)
        await browser.show(order("", PLAIN, html="<p>Given</p>"))
        assert (await settled(browser)).idle == 0
        hanging = asyncio.ensure_future(browser.show(order(site.url("/hang"), PLAIN)))
        while not site.active:
            await asyncio.sleep(0.01)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert browser._pool.process.browser.contexts == []
        for _ in range(2):  # what is loaded again is asked for again, not taken from the cache
            await browser.show(order(site.url("/page/1"), PLAIN))
            await settled(browser)
        assert site.paths().count("/page/1") == 2


async def test_pages_that_crash_while_they_are_kept_serve_nobody(site):
    async with opened() as browser:
        for start in (0, 4):
            urls = [site.url(f"/page/{start + number}") for number in range(4)]
            captured = await asyncio.gather(*(browser.show(order(url, PLAIN)) for url in urls))
            assert all(f"Page {start + number}" in each.body.decode() for number, each in enumerate(captured))
            assert (await settled(browser)).idle
            kill(below("--type=renderer"))
        await until(lambda: not any(tab.is_open for tab in browser._pool._idle))
        await browser.show(order(site.url("/page/8"), PLAIN))
        pool = await settled(browser)
        assert (pool.used, pool.idle, len(pool.process.browser.contexts)) == (0, 1, 1)


async def test_pages_that_were_kept_too_long_are_closed_once(site, monkeypatch, caplog):
    async def show_six(identity):
        orders = [order(site.url(f"/page/{number}"), PLAIN, identity=identity) for number in range(6)]
        await asyncio.gather(*map(browser.show, orders))
        return await settled(browser)

    async with opened() as browser:
        assert (await show_six(Identity())).idle > 2
        monkeypatch.setattr(pool_module, "LONGEST_IDLE", -1)
        assert (await show_six(Identity(user_agent="another"))).idle == 0
        assert browser._pool.process.browser.contexts == []
    gc.collect()  # an error of a task that nobody waits for is only told with its end
    assert [message for message in caplog.messages if "Pool" in message] == []


async def test_no_answer_stays_that_was_for_a_visitor(site):
    """Answers that a script or a prefetch got, or that came while there was a cookie, are asked for again."""
    kept = {"Cache-Control": "private, max-age=600"}
    for path in ("/fetched", "/prefetched"):
        site.put(path, "1", headers=kept)
    for path in ("/own.js", "/plain.js"):
        site.put(path, "1", headers=kept, content_type="text/javascript")
    pages = [
        ("<script>fetch('/fetched').then(() => document.body.id = 'there')</script>", {}, "/fetched", 2),
        ("<link rel=prefetch href=/prefetched onload='document.body.id = `there`'>", {}, "/prefetched", 2),
        ("<script src=/own.js></script><p id=there>", {"Set-Cookie": "who=alice"}, "/own.js", 2),
        ("<script src=/plain.js></script><p id=there>", {}, "/plain.js", 1),
    ]
    wait = CrawlerRunConfig(wait_for="css:#there", delay_before_return_html=0)
    async with opened() as browser:
        for number, (text, headers, asked, times) in enumerate(pages):
            site.put(f"/first/{number}", f"<!doctype html><body>{text}", headers=headers)
            site.put(f"/then/{number}", f"<script src={asked}></script>")
            await browser.show(order(site.url(f"/first/{number}"), wait))
            await settled(browser)
            await browser.show(order(site.url(f"/then/{number}"), PLAIN))
            await settled(browser)
            assert site.paths().count(asked) == times, text
        assert len(browser._pool.process.browser.contexts) == 1  # of one page that was used again


async def test_a_fragment_makes_no_other_address(site):
    async with opened() as browser:
        for fragment in ("", "#a", "#b"):
            site.put("/frag", f"<p>{fragment}", headers={"Cache-Control": "max-age=600"})
            captured = await browser.show(order(f"{site.url('/frag')}{fragment}", PLAIN))
            assert f"<p>{fragment}</p>" in captured.body.decode()
            await settled(browser)


async def test_what_leads_to_no_page_is_asked_for_once(site):
    addresses = ("mailto:a@example.org", "tel:1", "own://x", "javascript:alert(1)")
    async with opened() as browser:
        for number, address in enumerate(addresses):
            site.put(f"/leads/{number}", "", status=302, headers={"Location": address})
            with pytest.raises(PageFailed, match="no page"):
                await browser.show(order(site.url(f"/leads/{number}"), PLAIN))
    assert len(site.paths()) == len(addresses)


async def test_a_session_keeps_its_cookies_whatever_happens_to_its_tasks(site):
    sets = CrawlerRunConfig(js_code="document.cookie = 'login=yes;path=/'", delay_before_return_html=0)

    async def cookies():
        captured = await browser.show(order(site.url("/echo"), PLAIN, session="s"))
        return json.loads(captured.body)["cookies"]

    async with opened() as browser:
        await browser.show(order(site.url("/page/1"), sets, session="s"))
        with pytest.raises(PageFailed):  # the page is closed, and its session noted
            await browser.show(order(site.url("/reset"), PLAIN, session="s"))
        with pytest.raises(PageFailed):
            await browser.show(order(site.url("/page/2"), PLAIN, session="s", identity=Identity(timezone="No/Where")))
        assert await cookies() == {"login": "yes"}
        kill(below("--type=renderer"))
        await until(lambda: not browser._sessions._tabs["s"][1].is_open)
        assert await cookies() == {"login": "yes"}
        pool, tab = browser._sessions._tabs.pop("s")
        parked = asyncio.ensure_future(browser._sessions.park("s", pool, tab))
        await until(lambda: "s" in browser._sessions._parked)
        assert [cookie["name"] for cookie in (await browser.state("s"))["cookies"]] == ["login"]
        await parked
        await cookies()
        pool, tab = browser._sessions._tabs.pop("s")
        parked = asyncio.ensure_future(browser._sessions.park("s", pool, tab))
        await until(lambda: "s" in browser._sessions._parked)
        await browser.end_session("s")
        await parked
        assert await cookies() == {}


async def test_slow_pages_keep_few_browsers_and_the_end_does_not_wait_for_them(site):
    async with opened(most_pages=1) as browser:
        slow = []
        for number in range(5):
            slow.append(asyncio.ensure_future(browser.show(order(site.url(f"/gate/{number}"), PLAIN))))
            await until(lambda: site.active == len(slow))
        assert len(browsers()) == 3
        await browser.close()
        assert browsers() == []
        for ended in await asyncio.gather(*slow, return_exceptions=True):
            assert isinstance(ended, TaskFailed)


async def test_a_page_serves_so_many_tasks_and_a_browser_so_many_pages(site, monkeypatch):
    monkeypatch.setattr(reset, "MOST_USES", 4)
    async with opened() as browser:
        for number in range(9):
            await browser.show(order(site.url(f"/page/{number}"), PLAIN))
            pool = await settled(browser)
            assert pool.idle == (number not in (3, 7))
            assert len(pool.process.browser.contexts) == pool.idle
    async with AsyncWebCrawler(config=BrowserConfig(max_pages_before_recycle=3)) as crawler:
        held = asyncio.ensure_future(crawler.arun(site.url("/gate/held"), config=PLAIN))
        while not site.active:
            await asyncio.sleep(0.01)
        (first,) = browsers()
        cookie = "document.cookie = 'kept=1;path=/'"
        await crawler.arun(site.url("/page/1"), js_code=cookie, session_id="s", delay_before_return_html=0)
        results = await crawler.arun_many([site.url(f"/page/{number}") for number in range(2, 6)], config=PLAIN)
        assert len(browsers()) > 1
        site.open_gate("held")
        assert all(result.success for result in (*results, await held))
        while first.is_running():
            await asyncio.sleep(0.01)
        again = await crawler.arun(site.url("/echo"), session_id="s", config=PLAIN)
        assert json.loads(again.html)["cookies"] == {"kept": "1"}
