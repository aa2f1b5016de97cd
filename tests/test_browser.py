"""Pages of a real browser, from the facade."""

import asyncio
import base64
import contextlib
import io
import json
import struct

import psutil
import pypdf
import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CrawlerRunConfig,
    CrawlTask,
    HTTPCrawlerConfig,
    MemoryAdaptiveDispatcher,
    RateLimiter,
    SemaphoreDispatcher,
)
from scrapy_crawl4.browser.sizes import read_limited
from scrapy_crawl4.meter import PageTooLarge

from .browser import FAST, NEEDS_BROWSER, browsers, lasting_crawler

pytestmark = NEEDS_BROWSER
SPA = """<!doctype html><title>Shop</title><div id="app"></div><script>
setTimeout(() => { document.getElementById("app").innerHTML = '<h1>Rendered</h1><a href="/page/1">One</a>' }, 30)
</script>"""
LEAVES = """<!doctype html><pre id="seen"></pre><script>
document.getElementById("seen").textContent = JSON.stringify([document.cookie, localStorage.getItem("a"),
    sessionStorage.getItem("a"), window.name, window.left === undefined ? null : window.left]);
function leave(word) {
    document.cookie = "a=" + word + ";max-age=1000"; localStorage.a = word; sessionStorage.a = word;
    window.name = word; window.left = word;
}
leave("at once");
addEventListener("pagehide", () => leave("at the end"));
setInterval(() => leave("meanwhile"), 1);
</script>"""


@pytest.fixture(scope="module")
def shared():
    with lasting_crawler(config=BrowserConfig(headers={"X-All": "1"})) as crawler:
        yield crawler


@pytest.fixture
def crawler(shared, site):
    return shared


class _Growing:
    """A page that has another size each time it is read."""

    def __init__(self, sizes):
        self._sizes = sizes

    async def evaluate(self, _, arguments):
        most = arguments[0]
        size = self._sizes.pop(0) if len(self._sizes) > 1 else self._sizes[0]
        return size if size > most else "x" * size


def echoed(result):
    return json.loads(result.html)


# Fetching


async def test_a_page_is_what_its_scripts_made_of_it(site, crawler):
    site.put("/spa", SPA, headers={"X-Answer": "42"})
    result = await crawler.arun(site.url("/spa"), wait_for="css:h1", **FAST)
    assert (result.success, result.error_message, result.status_code) == (True, "", 200)
    assert (result.url, result.redirected_url) == (site.url("/spa"), site.url("/spa"))
    assert result.markdown.startswith("# Rendered")
    assert result.metadata["title"] == "Shop"
    assert [link["href"] for link in result.links["internal"]] == [site.url("/page/1")]
    assert result.response_headers["x-answer"] == "42"
    assert not {"content-length", "content-encoding"} & result.response_headers.keys()
    assert result.dispatch_result.bytes_received == len(result.html.encode())


async def test_without_scripts_it_is_the_page_as_sent(site):
    site.put("/spa", SPA)
    async with AsyncWebCrawler(config=BrowserConfig(java_script_enabled=False)) as crawler:
        result = await crawler.arun(site.url("/spa"), delay_before_return_html=0.1)
        script = await crawler.arun(site.url("/spa"), js_code="document.title", **FAST)
    assert result.success
    assert "Rendered" not in result.markdown
    assert script.js_execution_result == {"success": True, "results": ["Shop"]}


async def test_the_final_response_counts_and_what_led_there_is_recorded(site, crawler):
    site.put("/goes-on", f"<script>location.href = '{site.url('/redirect/1')}'</script>")
    redirected, gone_on = await crawler.arun_many(
        [site.url("/redirect/2"), site.url("/goes-on")], wait_for="css:table", **FAST
    )
    assert redirected.redirected_url == gone_on.redirected_url == site.url("/page/0")
    assert redirected.status_code == gone_on.status_code == redirected.redirected_status_code == 200
    assert redirected.crawl_stats["redirects"] == [
        {"url": site.url(f"/redirect/{number}"), "status_code": 302} for number in (2, 1)
    ]
    assert gone_on.crawl_stats["redirects"] == [
        {"url": site.url("/goes-on"), "status_code": None},
        {"url": site.url("/redirect/1"), "status_code": 302},
    ]


async def test_what_goes_wrong_is_one_sentence(site, crawler):
    urls = [site.url("/status/404"), site.url("/reset"), "http://127.0.0.1:9/", site.url("/binary")]
    missing, reset, refused, binary = await crawler.arun_many(urls, **FAST)
    assert (missing.success, missing.status_code, missing.error_message) == (False, 404, "HTTP 404 Not Found")
    assert "Status 404" in missing.markdown
    assert reset.error_message == "Connection failed: the server reset the connection."
    assert refused.error_message == "The browser refuses to connect to this port."
    assert binary.error_message == "This is a file to download, not a page: render='http' fetches it."
    assert {reset.status_code, refused.status_code, binary.status_code} == {None}
    assert {reset.success, refused.success, binary.success} == {False}


async def test_files_that_are_no_pages_stay_as_they_are(site, crawler):
    results = await crawler.arun_many([site.url("/json"), site.url("/text")], **FAST)
    assert json.loads(results[0].html)["numbers"] == [1, 2, 3]
    assert results[1].html.startswith("Plain text of")
    assert "<pre" not in results[0].html + results[1].html
    names = {"latin-1": "caf\xe9", "euc-jp": "\u6771\u4eac"}
    for name, text in names.items():
        site.put(f"/{name}", text.encode(name), content_type=f"text/plain; charset={name}")
    results = await crawler.arun_many([site.url(f"/{name}") for name in names], **FAST)
    assert [result.html for result in results] == list(names.values())


async def test_answers_without_content_have_their_status(site, crawler):
    for status in (403, 404):
        site.put(f"/empty/{status}", "", status=status, headers={"X-Answer": "42"})
        result = await crawler.arun(site.url(f"/empty/{status}"), **FAST)
        # Chromium shows an error page of its own here, and chromium-headless-shell an empty one.
        assert (result.status_code, str(result.markdown)) == (status, ""), result.error_message
        assert result.response_headers["x-answer"] == "42"
    site.put("/mail", "", status=302, headers={"Location": "mailto:a@example.org"})
    mail = await crawler.arun(site.url("/mail"), **FAST)
    assert mail.error_message == "The address leads to something that is no page."


async def test_sound_and_films_are_files_to_download(site, crawler):
    site.put("/a.wav", b"RIFFxxxxWAVE" * 10, content_type="audio/wav")
    site.put("/a.webm", b"\x1aE\xdf\xa3junk", content_type="video/webm")
    results = await crawler.arun_many([site.url("/a.wav"), site.url("/a.webm")], **FAST)
    told = {result.error_message for result in results}
    assert told == {"This is a file to download, not a page: render='http' fetches it."}


async def test_xml_is_what_was_sent_unless_a_page_is_made_of_it(site, crawler):
    sitemap = '<?xml version="1.0"?><urlset><url><loc>http://h/</loc></url></urlset>'
    xhtml = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><script>document.body.append("made")</script></body></html>'
    )
    sheet = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
        <xsl:template match="/"><html><body><h1>Styled</h1></body></html></xsl:template></xsl:stylesheet>"""
    site.put("/sheet.xsl", sheet, content_type="text/xml")
    for kind in ("application/xml", "text/xml; charset=utf-8"):
        for body in (sitemap, "<urlset><url>"):
            site.put("/x.xml", body, content_type=kind)
            assert (await crawler.arun(site.url("/x.xml"), **FAST)).html == body
    site.put("/page.xml", xhtml, content_type="application/xml")
    site.put(
        "/styled.xml", f'<?xml-stylesheet type="text/xsl" href="/sheet.xsl"?>{sitemap[21:]}', content_type="text/xml"
    )
    made, styled = await crawler.arun_many([site.url("/page.xml"), site.url("/styled.xml")], **FAST)
    assert "made</body>" in made.html
    assert "Styled" in styled.html or "xsl" in styled.html  # browsers without style sheets for XML are on their way


async def test_a_page_that_grows_while_it_is_read_is_not_let_in_unmeasured(monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.browser.sizes.AT_ONCE", 1000)
    admitted = []
    for sizes in ([2000], [2000, 5000, 5000]):
        page = _Growing(list(sizes))
        html = await read_limited(page, "", None, admitted.append)
        assert len(html) == sizes[-1]
    assert admitted == [2000, 2000, 5000]
    with pytest.raises(PageTooLarge):
        await read_limited(_Growing([2000 * number for number in range(1, 50)]), "", None, admitted.append)


async def test_a_rate_limit_is_reported_and_the_task_tried_again(site, crawler):
    pace = RateLimiter(base_delay=(0, 0), max_retries=2)
    dispatcher = MemoryAdaptiveDispatcher(rate_limiter=pace)
    limited = await crawler.arun_many([site.url("/retry-after/a/1?code=429&after=0")], dispatcher=dispatcher, **FAST)
    assert (limited[0].success, limited[0].dispatch_result.retries) == (True, 1)


async def test_faults_are_tried_again(site, crawler):
    result = await crawler.arun(site.url("/status/500"), max_retries=1, **FAST)
    assert result.error_message == "HTTP 500 Internal Server Error after 1 retry"
    assert site.paths().count("/status/500") == 2
    assert [used["status_code"] for used in result.crawl_stats["proxies_used"]] == [500, 500]


async def test_robots_txt_is_obeyed(site, crawler):
    site.set_robots("User-agent: *\nDisallow: /page/1\n")
    urls = [site.url("/page/1"), site.url("/page/2")]
    refused, allowed = await crawler.arun_many(urls, check_robots_txt=True, **FAST)
    assert (refused.success, refused.status_code) == (False, 403)
    assert refused.error_message.startswith("robots.txt disallows")
    assert allowed.success
    assert "/page/1" not in site.paths()


async def test_what_the_browser_does_not_do_is_refused(site):
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(method="POST", data={"a": "b"})) as crawler:
        posted = await crawler.arun(site.url("/echo"), render="browser")
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(follow_redirects=False)) as crawler:
        unfollowed = await crawler.arun(site.url("/redirect/1"), render="browser")
    assert "GET" in posted.error_message
    assert "follow_redirects" in unfollowed.error_message
    assert site.paths() == []


# Routing


async def test_render_says_where_a_page_is_fetched(site, crawler):
    site.put("/spa", SPA)
    over_http = await crawler.arun(site.url("/spa"), render="http", mean_delay=0, max_range=0)
    assert "Rendered" not in over_http.markdown
    assert echoed(await crawler.arun(site.url("/echo"), render="http"))["headers"]["x-all"] == "1"
    async with AsyncWebCrawler() as plain:
        results = [
            await plain.arun(site.url("/spa")),
            await plain.arun(site.url("/spa"), render="browser", delay_before_return_html=0.2),
            await plain.arun(site.url("/spa"), wait_for="css:h1"),
        ]
    assert ["Rendered" in result.markdown for result in results] == [False, True, True]


async def test_raw_pages_and_files_are_shown_only_where_that_is_asked_for(crawler, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(SPA, "utf-8")
    for url in (f"raw:{SPA}", file.as_uri()):
        assert "Rendered" not in (await crawler.arun(url)).markdown
        shown = await crawler.arun(url, process_in_browser=True, delay_before_return_html=0.2)
        assert "Rendered" in shown.markdown
        assert (await crawler.arun(url, render="browser", wait_for="css:h1")).success
    based = await crawler.arun("raw:<a href=a>b</a>", process_in_browser=True, base_url="https://example.org/x/")
    assert based.links["internal"][0]["href"] == "https://example.org/x/a"


# Who a page is


async def test_no_task_sees_what_another_one_is(site, crawler):
    config = CrawlerRunConfig(**FAST)
    tasks = [
        CrawlTask(
            site.url("/echo"),
            config=config.clone(user_agent=f"agent/{number}"),
            headers={"X-Own": str(number)},
            cookies={"own": str(number)},
        )
        for number in range(4)
    ]
    results = await crawler.arun_many(tasks, dispatcher=SemaphoreDispatcher(4))
    for number, result in enumerate(results):
        seen = echoed(result)
        assert seen["headers"]["user-agent"] == f"agent/{number}"
        assert (seen["headers"]["x-own"], seen["headers"]["x-all"]) == (str(number), "1")
        assert seen["cookies"] == {"own": str(number)}


async def test_a_page_leaves_nothing_for_the_next_one(site, crawler):
    site.put("/leaves", LEAVES)
    results = await crawler.arun_many([site.url("/leaves")] * 6, dispatcher=SemaphoreDispatcher(2), **FAST)
    for result in results:
        assert result.success, result.error_message
        assert '["",null,null,"",null]' in result.html


async def test_tasks_of_a_session_go_on_with_its_page(site, crawler):
    site.put("/leaves", LEAVES)
    tasks = [CrawlTask(site.url("/leaves"), session_id="s") for _ in range(2)]
    first, second = await crawler.arun_many(tasks, **FAST)
    seen = [json.loads(r.html.partition('<pre id="seen">')[2].partition("</pre>")[0]) for r in (first, second)]
    assert min(cookie for cookie, *_ in seen) == ""
    assert sum(bool(cookie) and bool(local) and bool(session) for cookie, local, session, *_ in seen) == 1
    other = await crawler.arun(CrawlTask(site.url("/echo"), session_id="s", headers={"X-B": "1"}), **FAST)
    assert echoed(other)["cookies"].keys() == {"a"}  # another identity, the same session
    assert other.session_id == "s"
    failed = await crawler.arun(CrawlTask(site.url("/reset"), session_id="s"), **FAST)
    assert not failed.success
    assert echoed(await crawler.arun(CrawlTask(site.url("/echo"), session_id="s"), **FAST))["cookies"]
    assert echoed(await crawler.arun(site.url("/echo"), **FAST))["cookies"] == {}


async def test_what_the_browser_config_says_of_all_pages(site, tmp_path):
    state = {
        "cookies": [{"name": "kept", "value": "1", "domain": "127.0.0.1", "path": "/"}],
        "origins": [{"origin": site.url("").rstrip("/"), "localStorage": [{"name": "a", "value": "stored"}]}],
    }
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state), "utf-8")
    sizes = "document.title = localStorage.a + innerWidth + 'x' + innerHeight"
    site.put("/sizes", f"<img src=/page/1><script>{sizes}</script>")
    config = BrowserConfig(
        viewport={"width": 640, "height": 480},
        storage_state=file,
        cookies=[{"name": "given", "value": "2", "url": site.url("/")}],
        user_agent="robot/1",
        text_mode=True,
        light_mode=True,
        extra_args=["--host-resolver-rules=MAP shop.test 127.0.0.1"],
        browser_type="chromium",
        headless=True,
    )
    async with AsyncWebCrawler(config=config) as crawler:
        assert crawler.browser_config == config
        seen = echoed(await crawler.arun(site.url("/echo"), **FAST))
        result = await crawler.arun(site.url("/sizes"), wait_until="load", **FAST)
        mapped = await crawler.arun(site.url("/page/2").replace(site.hosts[0], "shop.test"), **FAST)
        over_http = echoed(await crawler.arun(site.url("/echo"), render="http"))
        command = " ".join(browsers()[0].cmdline())
    assert seen["cookies"] == {"kept": "1", "given": "2"}
    assert seen["headers"]["user-agent"] == over_http["headers"]["user-agent"] == "robot/1"
    assert over_http["cookies"] == {"given": "2"}
    assert result.metadata["title"] == "stored640x480"
    assert mapped.success, mapped.error_message  # extra_args
    assert "/page/1" not in site.paths()  # text_mode leaves pictures out
    assert "--mute-audio" in command  # light_mode


async def test_the_size_of_a_window(site):
    site.put("/size", "<script>document.title = innerWidth + 'x' + innerHeight</script>")
    async with AsyncWebCrawler(config=BrowserConfig(viewport_width=700, viewport_height=500)) as crawler:
        assert (await crawler.arun(site.url("/size"), **FAST)).metadata["title"] == "700x500"


async def test_certificates_are_checked_where_that_is_asked_for(tls_url, crawler):
    assert (await crawler.arun(tls_url, **FAST)).success
    async with AsyncWebCrawler(config=BrowserConfig(ignore_https_errors=False)) as strict:
        shown, fetched = await strict.arun(tls_url, **FAST), await strict.arun(tls_url, render="http")
    assert shown.error_message == "TLS failed: cert authority invalid."
    assert fetched.error_message.startswith("TLS failed: ")


async def test_verbose_tells_of_each_page(site, capfd):
    async with AsyncWebCrawler(config=BrowserConfig(verbose=True)) as crawler:
        await crawler.arun(site.url("/page/1"), render="http")
    assert site.url("/page/1") in "".join(capfd.readouterr())


async def test_the_proxy_of_all_pages(site):
    async with AsyncWebCrawler(config=BrowserConfig(proxy_config="http://127.0.0.1:9")) as crawler:
        result = await crawler.arun(site.url("/page/1"), **FAST)
        direct = await crawler.arun(site.url("/page/1"), proxy_config="direct", **FAST)
    assert result.crawl_stats["proxies_used"][0]["proxy"] == "http://127.0.0.1:9"
    assert result.error_message == "Connection failed: the proxy cannot be reached."
    assert direct.success, direct.error_message


async def test_a_window_needs_a_display(site, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    async with AsyncWebCrawler(config=BrowserConfig(headless=False)) as crawler:
        result = await crawler.arun(site.url("/page/1"), max_retries=3)
    sentences = (
        "The browser did not start: there is no display, which headless=False needs",
        "The browser has no windows, which headless=False needs: install Chromium or Chrome.",
    )
    assert result.error_message.startswith(sentences)


# What is done with a page


async def test_what_is_waited_for(site, crawler):
    site.put("/late", "<p id=a></p><script>setTimeout(() => { window.late = 1; a.className = 'late' }, 50)</script>")
    url = site.url("/late")
    for condition in ("css:.late", ".late", "js:() => window.late === 1", "() => window.late === 1"):
        assert 'class="late"' in (await crawler.arun(url, wait_for=condition, **FAST)).html
    bad = await crawler.arun(url, wait_for="js:() => nowhere.there", **FAST)
    assert bad.error_message == "wait_for failed: ReferenceError: nowhere is not defined."
    never = await crawler.arun(url, wait_for="css:.never", page_timeout=500, **FAST)
    assert never.error_message == "The page took longer than 0.5 s (page_timeout)."


async def test_wait_until_says_how_far_a_page_is_loaded(site, crawler):
    site.put("/slow-picture", "<img src=/gate/picture><h1>Text</h1>")
    early = await crawler.arun(site.url("/slow-picture"), **FAST)
    late = await crawler.arun(site.url("/slow-picture"), wait_until="load", page_timeout=500, **FAST)
    assert early.success
    assert "page_timeout" in late.error_message


async def test_delay_before_return_html_lets_a_page_settle(site, crawler):
    site.put("/spa", SPA)
    result = await crawler.arun(site.url("/spa"), delay_before_return_html=0.3)
    assert "Rendered" in result.markdown


async def test_scripts_of_the_user(site, crawler):
    scripts = [
        "document.querySelector('h1').textContent",
        "const n = 40; return n + 2;",
        "await new Promise(done => setTimeout(done, 5)); document.body.append('added');",
        "({a: [1, null]})",
    ]
    result = await crawler.arun(site.url("/page/1"), js_code=scripts, **FAST)
    assert result.js_execution_result == {"success": True, "results": ["Page 1", 42, None, {"a": [1, None]}]}
    assert "added" in result.html
    for script, words in (("nowhere()", "ReferenceError: nowhere is not defined"), ("JSON.parse('{')", "SyntaxError")):
        failed = await crawler.arun(site.url("/page/1"), js_code=script, **FAST)
        assert (failed.success, failed.js_execution_result["success"]) == (False, False)
        assert words in failed.js_execution_result["error"]
        assert failed.error_message.startswith(f"js_code failed: {words}")
        assert "Page 1" in failed.markdown


async def test_what_loads_on_sight_is_there_after_scrolling(site, crawler):
    site.put(
        "/endless",
        """<div style="height: 2000px"></div><div id=end></div><script>new IntersectionObserver(seen => {
        if (seen[0].isIntersecting) document.getElementById('end').textContent = 'on' + 'sight' }).observe(
        document.getElementById('end'))</script>""",
    )
    assert "onsight" not in (await crawler.arun(site.url("/endless"), **FAST)).html
    assert "onsight" in (await crawler.arun(site.url("/endless"), scan_full_page=True, **FAST)).html


async def test_pictures_and_prints(site, crawler):
    site.put("/tall", "<title>Tall</title><h1>Printed words</h1><div style='height: 1500px; background: red'></div>")
    result = await crawler.arun(site.url("/tall"), screenshot=True, pdf=True, **FAST)
    picture = base64.b64decode(result.screenshot)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height > 1500) == (1080, True)
    assert "Printed words" in pypdf.PdfReader(io.BytesIO(result.pdf)).pages[0].extract_text()
    assert json.loads(result.model_dump_json())["screenshot"] == result.screenshot


# Ends


async def test_a_cancelled_run_closes_its_pages_at_once(site, crawler):
    run = crawler.arun_many([site.url("/hang")] * 2, **FAST)
    task = asyncio.ensure_future(run._result())
    while site.active < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while site.active:
        await asyncio.sleep(0.01)
    assert (await crawler.arun(site.url("/page/1"), **FAST)).success


async def test_a_script_that_never_ends_keeps_nobody(site, crawler):
    site.put("/busy", "<script>while (true) {}</script>")
    busy, fine = await crawler.arun_many(
        [CrawlTask(site.url("/busy"), config=CrawlerRunConfig(page_timeout=1500, **FAST)), site.url("/page/1")], **FAST
    )
    assert busy.error_message == "The page took longer than 1.5 s (page_timeout)."
    assert fine.success, fine.error_message


async def test_dialogs_and_popups_keep_nobody(site, crawler):
    site.put("/asks", "<script>window.open('/page/2'); alert('x'); document.title = confirm('y') + 'ed'</script>")
    result = await crawler.arun(site.url("/asks"), **FAST)
    assert result.metadata["title"] == "falseed"


async def test_a_browser_that_is_killed_comes_back(site, crawler):
    run = asyncio.ensure_future(crawler.arun(site.url("/gate/killed"), **FAST))
    while not site.active:
        await asyncio.sleep(0.01)
    for process in browsers():
        process.kill()
    while site.paths().count("/gate/killed") < 2:
        await asyncio.sleep(0.01)
    site.open_gate("killed")
    result = await run
    assert (result.success, result.dispatch_result.retries) == (True, 0)
    assert len(browsers()) == 1


async def test_a_page_that_crashes_is_said(site, crawler):
    site.put("/waits", "<script>fetch('/gate/loaded')</script>")
    crashing = asyncio.ensure_future(crawler.arun(site.url("/waits"), wait_for="css:.never", **FAST))
    while "/gate/loaded" not in site.paths():
        await asyncio.sleep(0.01)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "--type=renderer" in process.cmdline():
                process.kill()
    result = await crashing
    assert result.error_message == "The page crashed in the browser."
    assert (await crawler.arun(site.url("/page/1"), **FAST)).success


async def test_without_a_browser_the_result_says_what_to_do(site, monkeypatch):
    monkeypatch.setenv("CRAWL4_BROWSER_EXECUTABLE", "/no/such/program")
    async with AsyncWebCrawler() as crawler:
        result = await crawler.arun(site.url("/page/1"), screenshot=True, max_retries=5)
        assert (await crawler.arun(site.url("/page/1"))).success
    assert result.error_message == (
        "CRAWL4_BROWSER_EXECUTABLE names no program that can be run: correct it or unset it."
    )
    assert result.crawl_stats["attempts"] == 1
