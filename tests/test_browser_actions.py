"""What is done with a page of a browser before it is read."""

import asyncio
import json

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CrawlerRunConfig,
    CrawlTask,
    UnsupportedOption,
    VirtualScrollConfig,
)

from .browser import FAST, NEEDS_BROWSER, lasting_crawler

pytestmark = NEEDS_BROWSER
FEED = """<!doctype html><title>Feed</title><div id="feed" style="height: 300px; overflow: auto">
<div style="height: {height}px; position: relative" id="rows"></div></div><script>
// Rows of 50 px, of which those that are visible exist.
const feed = document.getElementById("feed"), rows = document.getElementById("rows");
function show() {{
    const first = Math.floor(feed.scrollTop / 50);
    rows.innerHTML = "";
    for (let n = first; n < Math.min(first + 6, {count}); n++)
        rows.insertAdjacentHTML("beforeend", `<p style="position: absolute; top: ${{n * 50}}px">{row}</p>`);
}}
feed.onscroll = show; show();
</script><p>After</p>"""
TEXT = "<p>" + "Rivers carry sand to the sea and the sea returns it to the shore. " * 10 + "</p>"


@pytest.fixture(scope="module")
def shared():
    with lasting_crawler(config=BrowserConfig()) as crawler:
        yield crawler


@pytest.fixture
def crawler(shared, site):
    return shared


# Scripts


async def test_a_script_before_the_wait_brings_about_what_is_waited_for(site, crawler):
    site.put("/asks", "<h1>Asks</h1><button onclick=\"document.body.append('answered')\">?</button>")
    scripts = ["document.querySelector('button').click()", "document.body.dataset.done = 1"]
    result = await crawler.arun(site.url("/asks"), js_code_before_wait=scripts, wait_for="css:[data-done]", **FAST)
    assert (result.success, result.error_message, result.js_execution_result) == (True, "", None)
    assert "answered" in result.html
    failed = await crawler.arun(
        site.url("/asks"), js_code_before_wait="nowhere()", wait_for="css:.never", screenshot=True, **FAST
    )
    assert failed.error_message == "js_code_before_wait failed: ReferenceError: nowhere is not defined."
    assert not failed.success
    assert "# Asks" in failed.markdown  # the page is there, without a wait for what cannot come
    assert failed.screenshot


async def test_scripts_may_lead_the_page_somewhere_else(site, crawler):
    site.put("/start", "<h1>Start</h1><form action=/gate/form></form><a href=/page/3>3</a>")
    site.put("/nothing", b"", status=204)
    leaving = {
        "location.href = '/page/1'; return 1": ("Page 1", [1]),
        "document.querySelector('form').submit()": ("/gate/form", [None]),
        "location.href = '/page/2'; await new Promise(() => {})": ("Page 2", [None]),
        "document.querySelector('a').click()": ("Page 3", [None]),
        "location.href = '/nothing'": ("Start", ["/nothing"]),
        "location.href = '/binary'": ("Start", ["/binary"]),
        "location.href = 'mailto:a@example.org'": ("Start", ["mailto:a@example.org"]),
        "history.pushState({}, '', '/pushed')": ("Start", [None]),
        "alert('x'); confirm('y')": ("Start", [None]),
    }
    tasks = [CrawlTask(site.url("/start"), config=CrawlerRunConfig(js_code=code, **FAST)) for code in leaving]
    run = asyncio.ensure_future(crawler.arun_many(tasks)._result())
    while "/gate/form?" not in site.paths():
        await asyncio.sleep(0.01)
    site.open_gate("form")
    for result, (words, values) in zip(await run, leaving.values(), strict=True):
        assert result.success, result.error_message
        assert words in result.html
        leads = words.startswith("Page")  # then the page may be gone before it says what the script returned
        assert result.js_execution_result in (
            {"success": True, "results": values},
            {"success": True, "results": [None] if leads else values},
        )
    two = await crawler.arun(site.url("/start"), js_code=["location.href = '/page/4'", "document.title"], **FAST)
    assert two.js_execution_result["results"] in (["/page/4", "Page 4"], [None, "Page 4"])
    assert two.redirected_url == site.url("/page/4")
    assert two.status_code == 200


async def test_results_of_scripts_are_plain_values(site, crawler):
    values = {
        "new Date(0)": "1970-01-01T00:00:00.000Z",
        "[/a/g, new URL('http://h/'), new TypeError('x'), 10n, NaN, Infinity, new Date(NaN)]": [
            "/a/g", "http://h/", "TypeError: x", "10", None, None, None,
        ],
        "const a = {b: [1]}; a.a = a; a.c = a.b; return a": {"b": [1], "a": None, "c": [1]},
        "['\\ud800', '\\ud83d\\ude00', '\\ude00\\n\\0', '\"\\\\']": ["\ufffd", "\U0001f600", "\ufffd\n\0", '"\\'],
        "document.body": "ref: <Node>",
        "[undefined, () => 1, Symbol(), null, true, -1.5, 1e300]": [None, None, None, None, True, -1.5, 1e300],
        "new Uint8Array([1, 2])": [1, 2],
    }  # fmt: skip
    site.put("/page", "<h1>Page</h1>")
    site.put("/evil", "<script>JSON.stringify = 1; Array.prototype.toJSON = Object.prototype.toJSON = () => 1</script>")
    for path in ("/page", "/evil"):
        result = await crawler.arun(site.url(path), js_code=list(values), **FAST)
        assert result.js_execution_result == {"success": True, "results": list(values.values())}
        assert json.loads(result.model_dump_json())["js_execution_result"] == result.js_execution_result


async def test_what_scripts_cannot_pass_on_is_said(site, crawler):
    failures = {
        "new Proxy({}, {ownKeys() { throw 1 }})": "the script returned what cannot be passed on",
        "'x'.repeat(17e6)": "the script returned more than 16 MB",
        "new Array(1e9)": "the script returned more than 16 MB",
    }
    for code, words in failures.items():
        result = await crawler.arun(site.url("/page/1"), js_code=code, **FAST)
        assert result.js_execution_result == {"success": False, "error": words}
        assert result.error_message == f"js_code failed: {words}."
        assert "Page 1" in result.html


async def test_scripts_run_where_the_server_forbids_those_of_the_page(site, crawler):
    site.put("/sandbox", "<title>Closed</title>", headers={"Content-Security-Policy": "sandbox"})
    result = await crawler.arun(site.url("/sandbox"), js_code="document.title", page_timeout=10_000, **FAST)
    assert result.js_execution_result == {"success": True, "results": ["Closed"]}


async def test_what_needs_a_page_fails_where_there_is_none(site, crawler):
    for path in ("/json", "/status/204"):
        result = await crawler.arun(site.url(path), js_code="1", wait_for="css:p", **FAST)
        assert (result.success, result.error_message) == (False, "There is no page for wait_for.")
        assert bool(result.html) == (path == "/json")
    fine = await crawler.arun(site.url("/json"), scan_full_page=True, js_code="1", **FAST)
    assert (fine.success, fine.error_message, fine.js_execution_result) == (True, "", None)
    missing = await crawler.arun(site.url("/status/404"), js_code="1", **FAST)
    assert missing.error_message == "HTTP 404 Not Found"


async def test_a_page_on_its_way_is_read_as_one_page(site, crawler):
    site.put("/leaves", "<h1>Old</h1>")

    async def on_its_way(page, **_):
        while "/gate/slow" not in site.paths():
            await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.2, site.open_gate, "slow")  # while it is read

    crawler.crawler_strategy.set_hook("before_retrieve_html", on_its_way)
    try:
        leave = "setTimeout(() => { location.href = '/gate/slow' }, 50)"
        for options in ({}, {"flatten_shadow_dom": True, "process_iframes": True, "remove_overlay_elements": True}):
            result = await crawler.arun(site.url("/leaves"), js_code_before_wait=leave, **options, **FAST)
            assert result.success, result.error_message
            assert result.redirected_url in {site.url("/leaves"), site.url("/gate/slow")}
            assert ("Old" in result.html) == (result.redirected_url == site.url("/leaves"))
    finally:
        crawler.crawler_strategy.set_hook("before_retrieve_html", None)


async def test_a_script_that_never_ends_is_ended(site, crawler):
    config = CrawlerRunConfig(page_timeout=1000, js_code="while (true) {}", **FAST)
    result = await crawler.arun(site.url("/page/1"), config)
    assert result.error_message == "The page took longer than 1 s (page_timeout)."
    assert (await crawler.arun(site.url("/page/1"), **FAST)).success


async def test_js_only_goes_on_with_the_page_of_a_session(site, crawler):
    site.put("/list", "<h1>List</h1><ul><li>1</ul>", headers={"X-Answer": "42"})
    more = CrawlerRunConfig(
        session_id="s", js_only=True, js_code="document.querySelector('ul').innerHTML += '<li>more'", **FAST
    )
    early = await crawler.arun(site.url("/list"), more)
    assert early.error_message == "js_only: the session has no page to go on with; load one first, without js_only."
    assert (await crawler.arun(site.url("/list"), session_id="s", **FAST)).success
    results = [await crawler.arun(site.url(f"/list?{number}"), more) for number in range(2)]
    assert [result.html.count("more") for result in results] == [1, 2]
    assert [result.url for result in results] == [site.url("/list?0"), site.url("/list?1")]
    assert {result.redirected_url for result in results} == {site.url("/list")}
    assert results[1].status_code == 200
    assert results[1].response_headers["x-answer"] == "42"
    assert site.paths().count("/list") == 1
    other = await crawler.arun(CrawlTask(site.url("/list"), headers={"X-B": "1"}), more)
    assert "js_only: the page of the session has another user agent" in other.error_message
    failed = await crawler.arun(site.url("/list"), more.clone(js_code="nowhere()"))
    assert (failed.success, failed.html.count("more")) == (False, 2)
    gone = await crawler.arun(site.url("/list"), more.clone(js_code="location.href = '/page/5'"))
    assert (gone.metadata["title"], gone.redirected_url) == ("Page 5", site.url("/page/5"))
    alone = await crawler.arun(site.url("/list"), more.clone(session_id=None))
    assert alone.error_message == "js_only goes on with the page of a session: give the task a session_id."


async def test_what_needs_scripts_of_the_page_is_refused_without_them(site):
    options = {
        "scan_full_page": True,
        "wait_for_images": True,
        "remove_consent_popups": True,
        "virtual_scroll_config": {"container_selector": "div"},
    }
    async with AsyncWebCrawler(config=BrowserConfig(java_script_enabled=False)) as crawler:
        for name, value in options.items():
            result = await crawler.arun(site.url("/page/1"), **{name: value}, **FAST)
            assert result.error_message == f"{name} needs scripts of the page: leave java_script_enabled at True."
        site.put("/root", "<div><template shadowrootmode=closed>In the root</template></div>")
        result = await crawler.arun(site.url("/root"), flatten_shadow_dom=True, remove_overlay_elements=True, **FAST)
        assert "<div>In the root</div>" in result.html


# Waiting


async def test_wait_for_timeout_bounds_the_wait_alone(site, crawler):
    conditions = {
        "css:#x": "wait_for: 'css:#x' did not appear within 0.2 s (wait_for_timeout).",
        "js:() => false": "wait_for: 'js:() => false' did not come true within 0.2 s (wait_for_timeout).",
    }
    for condition, message in conditions.items():
        late = await crawler.arun(site.url("/page/1"), wait_for=condition, wait_for_timeout=200, pdf=True, **FAST)
        assert (late.success, late.error_message) == (False, message)
        assert "# Page 1" in late.markdown
        assert late.pdf
    site.put("/late", "<p id=a></p><script>setTimeout(() => { a.className = 'late' }, 1200)</script>")
    config = CrawlerRunConfig(wait_for="css:#a", wait_for_timeout=1000, **FAST | {"delay_before_return_html": 1.5})
    fine = await crawler.arun(site.url("/late"), config)
    assert fine.success
    assert "late" in fine.html


async def test_pictures_are_waited_for_but_not_for_ever(site, crawler, monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.browser.waiting.LONGEST_IMAGES", 0.5)
    picture = "<svg xmlns='http://www.w3.org/2000/svg' width='7' height='7'></svg>"
    site.put("/picture.svg", picture, content_type="image/svg+xml")
    site.put(
        "/pictures",
        """<img src=/picture.svg><img src=/missing.svg><script>for (const image of document.images)
        for (const kind of ['load', 'error']) image.addEventListener(kind, () => image.alt = 'is ' + kind)</script>
        <div style="height: 9000px"></div><img loading=lazy src=/picture.svg?lazy>""",
    )
    result = await crawler.arun(site.url("/pictures"), wait_for_images=True, **FAST)
    assert [word in result.html for word in ("is load", "is error")] == [True, True]
    assert "/picture.svg?lazy" not in site.paths()
    site.put("/hanging", "<h1>Text</h1><img src=/gate/picture>")
    hanging = await crawler.arun(site.url("/hanging"), wait_for_images=True, **FAST)
    site.open_gate("picture")
    assert hanging.success


# Scrolling


async def test_an_endless_page_ends(site, crawler, monkeypatch):
    site.put(
        "/endless",
        """<body style="margin: 0"><script>let n = 0; const more = () => {
        while (document.documentElement.scrollHeight < scrollY + innerHeight + 600)
            document.body.insertAdjacentHTML('beforeend', `<p style="height: 600px; margin: 0">block ${n++}</p>`) };
        onscroll = more; more()</script>""",
    )
    monkeypatch.setattr("scrapy_crawl4.browser.scrolling.MORE_WINDOWS", 8)
    config = CrawlerRunConfig(scan_full_page=True, scroll_delay=0.03, **FAST)
    scrolled = [await crawler.arun(site.url("/endless"), config.clone(max_scroll_steps=most)) for most in (3, None)]
    blocks = [result.html.count("block ") - 1 for result in scrolled]  # one is in the script
    assert blocks == [5, 11]  # two windows at first, and one for each step
    limited = await crawler.arun(
        site.url("/endless"), config.clone(max_scroll_steps=10_000, page_timeout=20_000, scroll_delay=3)
    )
    assert limited.success, limited.error_message
    assert 3 <= limited.html.count("block ") - 1 < 10


async def test_a_list_that_only_holds_what_is_visible_is_collected(site, crawler):
    texts = {"/feed": "row ${n}", "/same": "row ${n % 3}", "/linked": "<a href=/row/${n}>row</a>"}
    for path, row in texts.items():
        site.put(path, FEED.format(height=2000, count=40, row=row))
    scroll = VirtualScrollConfig("#feed", scroll_count=50, wait_after_scroll=0.03)
    whole = await crawler.arun(site.url("/feed"), virtual_scroll_config=scroll, wait_for="css:#feed", **FAST)
    assert [f"row {n}<" in whole.html for n in range(40)] == [True] * 40
    assert whole.html.count("row ") == 40 + 1  # one is in the script
    assert whole.html.index("row 39<") < whole.html.index("After")
    part = await crawler.arun(
        site.url("/feed"),
        virtual_scroll_config={
            "container_selector": "#rows", "scroll_count": 2, "scroll_by": 100, "wait_after_scroll": 0.03
        },
        **FAST,
    )  # fmt: skip
    assert part.html.count("row ") == 6 + 2 * 2 + 1
    by_page = await crawler.arun(
        site.url("/feed"), virtual_scroll_config=scroll.clone(scroll_count=1, scroll_by="page_height"), **FAST
    )
    assert by_page.html.count("row ") == 6 + 6 + 1
    linked = await crawler.arun(site.url("/linked"), virtual_scroll_config=scroll, **FAST)
    assert len(linked.links["internal"]) == 40
    same = await crawler.arun(site.url("/same"), virtual_scroll_config=scroll, **FAST)
    assert same.markdown.count("row ") == 6  # those that were there at the same time are not the same
    bad = [
        await crawler.arun(site.url("/feed"), virtual_scroll_config=scroll.clone(container_selector=selector), **FAST)
        for selector in ("#nowhere", "a[")
    ]
    assert [result.error_message for result in bad] == [
        "virtual_scroll_config: there is no element '#nowhere' on the page.",
        "virtual_scroll_config: 'a[' is not a CSS selector.",
    ]
    assert "After" in bad[0].markdown


async def test_a_list_that_grows_keeps_its_items(site, crawler):
    site.put(
        "/grows",
        """<div id=feed style="height: 100px; overflow: auto"></div><script>let n = 0; const more = () => {
        if (n < 30) for (let i = 0; i < 5; i++) feed.insertAdjacentHTML('beforeend', `<p>item ${n++}</p>`) };
        feed.onscroll = more; more()</script>""",
    )
    scroll = VirtualScrollConfig("#feed", scroll_count=20, scroll_by=1000, wait_after_scroll=0.03)
    result = await crawler.arun(site.url("/grows"), virtual_scroll_config=scroll, **FAST)
    assert result.markdown.count("item ") == 30


# Frames and shadow roots


async def test_what_frames_hold_takes_their_place(site, crawler):
    site.put("/deep", "<p>Deep <a href=deep.html>link</a></p>")
    site.put("/dir/inner", "<p>Inner <a href=a.html>a</a> <a href=#b>b</a></p><iframe src=/deep></iframe>")
    foreign = site.url("/dir/inner", host=2)
    frames = f"""<h1>Top</h1><p>Before</p><iframe src=/dir/inner></iframe><iframe src="{foreign}"></iframe>
        <iframe srcdoc="<p>Given</p>"></iframe><iframe src=/gate/frame title=hangs></iframe>
        <iframe sandbox src=/deep></iframe><iframe src=/reset title=fails></iframe><p>After</p>"""
    site.put("/frames", frames)
    plain = await crawler.arun(site.url("/frames"), **FAST)
    assert "Inner" not in plain.html
    run = asyncio.ensure_future(crawler.arun(site.url("/frames"), process_iframes=True, screenshot=True, **FAST))
    result = await run
    site.open_gate("frame")
    words = [word for word in result.markdown.split() if word in {"Before", "Inner", "Deep", "Given", "After"}]
    assert words == ["Before", "Inner", "Deep", "Inner", "Deep", "Given", "Deep", "After"]
    hrefs = {link["href"] for link in [*result.links["internal"], *result.links["external"]]}
    assert {site.url("/dir/a.html"), site.url("/deep.html"), site.url("/dir/a.html", host=2)} <= hrefs
    assert 'class="extracted-iframe-content-0"' in result.html
    assert [f'title="{title}"' in result.html for title in ("hangs", "fails")] == [True, True]
    assert result.html.startswith("<html")
    assert result.success


async def test_framesets_are_pages_too(site, crawler):
    site.put("/set", "<!doctype html><title>Set</title><frameset cols=50%,50%><frame src=/page/1><frame src=/page/2>")
    result = await crawler.arun(site.url("/set"), process_iframes=True, **FAST)
    assert result.success, result.error_message
    assert ["# Page 1" in result.markdown, "# Page 2" in result.markdown] == [True, True]
    assert (result.metadata["title"], result.html[:15]) == ("Set", "<!DOCTYPE html>")


SHADOW = """<!doctype html><html lang=en><title>Shadow</title><noscript><p class=no>Needs &amp; scripts</p></noscript>
<my-card><b slot=name>Name</b>Rest<i slot=nowhere>Nowhere</i></my-card><my-closed>Lost</my-closed>
<div id=declared><template shadowrootmode=closed><p>Declared <slot>Fallback</slot></p></template></div>
<template id=t><p>Template</p></template><script>
window.made = 0;
customElements.define("my-card", class extends HTMLElement {
    constructor() { super(); made++; this.attachShadow({mode: "open"}).innerHTML = `<style>p {}</style>
        <p>Dear <slot name=name></slot>: <slot></slot></p><my-inner><slot name=name slot=deep></slot></my-inner>` } });
customElements.define("my-inner", class extends HTMLElement {
    constructor() { super(); this.attachShadow({mode: "open"}).innerHTML = "<u>Signed <slot name=deep></slot></u>" } });
customElements.define("my-closed", class extends HTMLElement {
    constructor() { super(); this.attachShadow({mode: "closed"}).innerHTML = "<p>Closed words</p>" } });
</script>"""


async def test_shadow_roots_are_put_where_they_are_shown(site, crawler):
    site.put("/shadow", SHADOW)
    config = CrawlerRunConfig(flatten_shadow_dom=True, session_id="shadow", **FAST)
    result = await crawler.arun(site.url("/shadow"), config)
    assert '<p>Dear <b slot="name">Name</b>: Rest</p>' in result.html
    assert "<my-inner><u>Signed </u></my-inner>" in result.html  # it was given away above
    assert "<my-closed><p>Closed words</p></my-closed>" in result.html
    assert "<p>Declared Fallback</p>" in result.html
    assert '<noscript><p class="no">Needs &amp; scripts</p></noscript>' in result.html
    assert '<template id="t"><p>Template</p></template>' in result.html
    shown = result.html.partition("<script>")[0]
    assert [word in shown for word in ("<style>", "Nowhere", "Lost", "<slot")] == [False] * 4
    assert result.html.startswith('<!DOCTYPE html><html lang="en">')
    # The page is as it was.
    left = "[made, document.querySelector('my-closed').shadowRoot,"
    left += " Object.getOwnPropertySymbols(document.querySelector('my-closed')).length]"
    after = await crawler.arun(site.url("/shadow"), session_id="shadow", js_only=True, js_code=left, **FAST)
    assert after.js_execution_result["results"] == [[1, None, 0]]
    assert "Dear" not in after.html.partition("<script>")[0]


async def test_shadow_roots_in_frames_and_frames_in_shadow_roots(site, crawler):
    inner = "<div><template shadowrootmode=open><p>Shadow in a frame</p></template></div>"
    site.put("/inner", inner)
    site.put("/outer", "<div><template shadowrootmode=open><iframe src=/inner></iframe></template></div>")
    result = await crawler.arun(site.url("/outer"), process_iframes=True, flatten_shadow_dom=True, **FAST)
    assert result.markdown.strip() == "Shadow in a frame"


# What lies over a page

PAGE = f"""<!doctype html><title>T</title><body style="margin: 0; overflow: hidden">
<header style="position: sticky; top: 0; z-index: 500">Shop <a href=/cookies>Cookie policy</a></header>
<nav class="menu-popup" style="position: fixed; top: 0; width: 100%; z-index: 999">Menu
<a href=/privacy>Privacy</a></nav><main><h1>Article on cookies</h1>{TEXT}
<p class="cookie-notice">We bake a cookie a day. <button>Accept</button></p></main>
<footer style="position: fixed; bottom: 0">Imprint</footer>"""
FLOATING = "position: fixed; bottom: 0; left: 0; right: 0; z-index: 9999"


def over(site, path, *elements):
    site.put(path, PAGE + "".join(elements))
    return site.url(path)


async def test_consent_dialogs_are_accepted_or_removed(site, crawler):
    accepted = "document.cookie = 'consent=' + this.textContent; "
    dialogs = {
        "/known": f"""<div id="onetrust-consent-sdk" style="{FLOATING}">We use cookies! <button>Settings</button><button
            id="onetrust-accept-btn-handler" onclick="{accepted} this.parentNode.remove()">Fine</button></div>""",
        "/hidden": f"""<div id="CybotCookiebotDialog" style="{FLOATING}">We use cookies! <button
            id="CybotCookiebotDialogBodyButtonAccept" onclick="{accepted} this.parentNode.style.display = 'none'"
            >Fine</button></div>""",
        "/framed": f'<div id="sp_message_container_1" style="{FLOATING}"><iframe srcdoc="cookies!"></iframe></div>',
        "/shadowed": f"""<div id="usercentrics-root" style="{FLOATING}"><template shadowrootmode=open>We use cookies!
            <button data-testid="uc-accept-all-button" onclick="{accepted}">Fine</button></template></div>""",
        "/generic": f"""<div style="{FLOATING}">We use cookies! <a href="/more">More</a><button>Reject</button>
            <button onclick="{accepted} this.parentNode.remove()">Accept all</button></div>""",
        "/german": f"""<dialog id=d>Diese Seite nutzt Cookies! <button onclick="{accepted}">Alle akzeptieren</button>
            </dialog><script>d.showModal()</script>""",
        "/named": '<div class="gdpr-banner" style="position: fixed; bottom: 0">We use cookies! No choice.</div>',
        "/form": f'<div style="{FLOATING}">We use cookies! <form action=/sent><button>Accept</button></form></div>',
        "/static": """<div class="cookie-banner">We use cookies! <button onclick="this.parentNode.remove()">Got it!
            </button></div>""",
    }
    urls = [over(site, path, dialog) for path, dialog in dialogs.items()]
    script = "({overflow: getComputedStyle(document.body).overflowY, cookie: document.cookie})"
    config = CrawlerRunConfig(remove_consent_popups=True, flatten_shadow_dom=True, **FAST)
    results = dict(zip(dialogs, await crawler.arun_many(urls, config), strict=True))
    for path, result in results.items():
        assert result.success, result.error_message
        assert "ookies!" not in result.markdown, path
        for words in ("Shop", "Menu", "Article on cookies", "Rivers carry", "We bake", "Imprint"):
            assert words in result.markdown, (path, words)
        assert "!important" in result.html, path  # the page may be scrolled again
    assert "/sent?" not in site.paths()
    for path, word in (("/known", "Fine"), ("/hidden", "Fine"), ("/shadowed", "Fine"), ("/generic", "Accept all")):
        task = config.clone(session_id=path)
        await crawler.arun(site.url(path), task)
        left = await crawler.arun(site.url(path), task.clone(js_only=True, js_code=script))
        state = left.js_execution_result["results"][0]
        assert (word in state["cookie"], state["overflow"]) == (True, "visible"), path


async def test_pages_without_such_dialogs_stay_as_they_are(site, crawler):
    both = CrawlerRunConfig(remove_consent_popups=True, remove_overlay_elements=True, **FAST)
    pages = {
        "/ordinary": PAGE,
        "/app": f'<div id=app style="position: fixed; inset: 0; z-index: 100"><h2>On cookies</h2>{TEXT}'
        "<button>Accept</button></div>",
        "/dialog": "<header>Shop</header><div role=dialog style='position: fixed; inset: 0; z-index: 100'>Log in: "
        "we use cookies <button>Accept</button></div>",
        "/open": f"<dialog open><h2>Dialog</h2>{TEXT}</dialog><p>Beside</p>",
        "/cards": f"{TEXT * 3}<div style='position: relative'><p class='card-overlay' style='position: "
        "absolute; z-index: 200'>Card</p></div>",
        "/hero": f"<div style='position: fixed; inset: 0'><h1>Hero</h1></div><div style='height: 900px'></div>"
        f"{TEXT * 3}",
        "/nothing": "",
    }
    for path, html in pages.items():
        site.put(path, html)
    urls = [site.url(path) for path in pages]
    plain = await crawler.arun_many(urls, CrawlerRunConfig(**FAST))
    tidied = await crawler.arun_many(urls, both)
    for before, after in zip(plain, tidied, strict=True):
        assert after.success, after.error_message
        assert after.html == before.html


async def test_overlays_are_removed(site, crawler):
    url = over(
        site,
        "/overlays",
        f'<div class="backdrop" style="position: fixed; inset: 0; z-index: 900">{TEXT}</div>',
        '<div role="dialog" aria-modal="true" style="position: fixed; inset: 10%; z-index: 950">Subscribe!</div>',
        f'<div class="x1" style="{FLOATING}; top: 0">Turn off your blocker!</div>',
        '<div class="newsletter" style="position: absolute; top: 0; z-index: 1000">Letters!</div>',
        "<dialog id=d>Wait!</dialog><script>d.showModal()</script>",
    )
    plain, tidied = [await crawler.arun(url, remove_overlay_elements=remove, **FAST) for remove in (False, True)]
    shouted = ("Subscribe!", "Turn off", "Letters!", "Wait!")
    assert [word in plain.markdown for word in shouted] == [True] * 4
    assert [word in tidied.markdown for word in shouted] == [False] * 4
    for words in ("Shop", "Menu", "Article on cookies", "We bake", "Imprint"):
        assert words in tidied.markdown
    assert tidied.markdown.count("Rivers") == 10


async def test_css_selector_means_what_it_means_over_http(site, crawler):
    results = [
        await crawler.arun(site.url("/page/1"), css_selector="h1", render=render, **FAST)
        for render in ("browser", "browser")
    ]
    over_http = await crawler.arun(site.url("/page/1"), css_selector="h1", render="http", mean_delay=0, max_range=0)
    assert {result.markdown for result in results} == {over_http.markdown}
    assert "<table" in results[0].html
    assert "<table" not in results[0].cleaned_html


# Options


def test_values_of_options():
    given = {"container_selector": "#a", "scroll_by": 5}
    config = CrawlerRunConfig(virtual_scroll_config=given, wait_for_timeout=None, max_scroll_steps=3)
    assert config.virtual_scroll_config == VirtualScrollConfig("#a", scroll_by=5)
    assert CrawlerRunConfig.load(config.dump()) == config == config.clone()
    wrong = {
        "wait_for_timeout": (0, "a positive number of milliseconds"),
        "max_scroll_steps": (0, "a whole number, 1 or more"),
        "scroll_delay": (-1, "a number of seconds, 0 or more"),
        "virtual_scroll_config": ("#a", "a VirtualScrollConfig, a dict or None"),
        "js_code_before_wait": (5, "a string or a list of strings"),
        "process_iframes": (1, "True or False"),
    }
    for name, (value, rule) in wrong.items():
        with pytest.raises(ValueError, match=f"{name} must be {rule}"):
            CrawlerRunConfig(**{name: value})
    with pytest.raises(ValueError, match="virtual_scroll_config: VirtualScrollConfig"):
        CrawlerRunConfig(virtual_scroll_config={"container_selector": "a", "height": 1})
    with pytest.raises(UnsupportedOption):
        CrawlerRunConfig(adjust_viewport_to_content=True)
