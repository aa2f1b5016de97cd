"""What is kept of a page of the browser beside its HTML."""

import asyncio
import base64
import email
import io
import json
import logging
import os
from pathlib import Path

import pypdf
import pytest

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlerRunConfig, CrawlResult, CrawlTask, SemaphoreDispatcher
from scrapy_crawl4.browser.capture import console, network, picture
from scrapy_crawl4.browser.capture.charset import decoded
from scrapy_crawl4.spill import SpillFile

from .browser import FAST, NEEDS_BROWSER, lasting_crawler
from .pdf import pdf
from .png import first_column, packed, size_of

pytestmark = NEEDS_BROWSER
WIDTH = 240
STRIPE = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def shared(folder):
    """Its pages are narrow, so that pictures are small."""
    config = BrowserConfig(viewport_width=WIDTH, viewport_height=300, accept_downloads=True, downloads_path=folder)
    with lasting_crawler(config=config) as crawler:
        yield crawler


@pytest.fixture
def crawler(shared, site, folder):
    for file in folder.iterdir():
        file.unlink()
    site.put("/favicon.ico", b"", content_type="image/x-icon")  # asked for once, whichever page is the first
    return shared


def png_of(result):
    assert result.success, result.error_message
    return base64.b64decode(result.screenshot)


def colour(number):
    return number % 251, number // 251, 77


def striped(height):
    """A page of stripes, each of another colour, behind what stays where it is in the window."""
    stripes = "".join(
        f"<div style='height:{STRIPE}px;background:rgb{colour(number)}'></div>" for number in range(height // STRIPE)
    )
    fixed = "position:fixed;left:0;width:100%;height:10px;background:red"
    return (
        f"<style>body{{margin:0}}</style>{stripes}<div style='{fixed};top:0'></div><div style='{fixed};bottom:0'></div>"
    )


def stripes_at(top, rows):
    """The first column of such rows, with what stays at the window's top and bottom."""
    return [
        (255, 0, 0) if row < 10 or 290 <= row < 300 else colour((top + row) // STRIPE) for row in range(rows)
    ]  # fmt: skip


async def test_a_very_tall_page_is_in_one_picture_row_by_row(site, crawler):
    height = 24_000
    site.put("/tall", striped(height))
    picture_of = png_of(await crawler.arun(site.url("/tall"), screenshot=True, **FAST))
    assert size_of(picture_of) == (WIDTH, height)
    assert first_column(picture_of) == stripes_at(0, height)
    site.put("/less", striped(1010))
    small = png_of(await crawler.arun(site.url("/less"), screenshot=True, screenshot_height_threshold=99, **FAST))
    assert first_column(small) == stripes_at(0, 1000)


async def test_what_the_window_shows_and_when(site, crawler):
    site.put("/tall", striped(2000))
    options = {"js_code": "scrollTo(0, 500)", "screenshot": True}
    seen = png_of(await crawler.arun(site.url("/tall"), force_viewport_screenshot=True, **options, **FAST))
    assert first_column(seen) == stripes_at(500, 300)
    late = "<body style='margin:0'><script>setTimeout(() => { document.body.style.background = '#00f' }, 50)</script>"
    site.put("/late", late)
    changed = png_of(await crawler.arun(site.url("/late"), screenshot=True, screenshot_wait_for=0.5, **FAST))
    assert set(first_column(changed)) == {(0, 0, 255)}


async def test_a_picture_ends_where_it_would_be_too_large(site, crawler, monkeypatch, caplog):
    monkeypatch.setattr(picture, "MOST_PIXELS", WIDTH * 400)
    monkeypatch.setattr(picture, "PART_PIXELS", WIDTH * 150)
    site.put("/tall", striped(2000))
    with caplog.at_level(logging.WARNING):
        seen = png_of(await crawler.arun(site.url("/tall"), screenshot=True, **FAST))
    assert first_column(seen) == stripes_at(0, 400)
    assert "too tall for a screenshot, which ends at 400 pixels" in caplog.text


async def test_a_page_that_its_scripts_made_is_in_its_picture(site, crawler):
    heading = "<h1 style='margin:0 0 0 20px;height:80px;box-shadow:-20px 0 #0a0'>Rendered</h1>"
    script = f"<script>setTimeout(() => {{ app.innerHTML = `{heading}` }}, 30)</script>"
    site.put("/spa", f"<body style='margin:0'><div id=app></div>{script}")
    result = await crawler.arun(site.url("/spa"), wait_for="css:h1", screenshot=True, **FAST)
    assert result.markdown.startswith("# Rendered")
    assert first_column(png_of(result)) == [(0, 170, 0)] * 80 + [(255, 255, 255)] * 220


async def test_files_are_in_pictures_as_the_browser_shows_them(site, crawler):
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><rect width='100%' height='100%' fill='#f80'/></svg>"
    site.put("/a.svg", svg, content_type="image/svg+xml")
    shown = await crawler.arun(site.url("/a.svg"), screenshot=True, **FAST)
    assert set(first_column(png_of(shown))) == {(255, 136, 0)}
    data = await crawler.arun(site.url("/json"), screenshot=True, pdf=True, **FAST)
    assert size_of(png_of(data)) == (WIDTH, 300)
    assert json.loads(data.html)["numbers"] == [1, 2, 3]
    assert "numbers" in text_of(data)


def text_of(result):
    assert result.success, result.error_message
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(result.pdf)).pages)


async def test_a_print_has_what_is_for_paper_with_its_background(site, crawler):
    site.put(
        "/print",
        "<style>@media print { .screen { display: none } h1 { page-break-before: always } } "
        "p { background: #123456 } @media screen { .paper { display: none } }</style>"
        "<p class=screen>seen</p><p class=paper>printed</p><h1>Second</h1>",
    )
    result = await crawler.arun(site.url("/print"), pdf=True, **FAST)
    pages = pypdf.PdfReader(io.BytesIO(result.pdf)).pages
    assert [page.extract_text().strip() for page in pages] == ["printed", "Second"]
    assert b" .0706 .2039 .3373 rg" in pages[0].get_contents().get_data()


async def test_captures_end_in_time(site, crawler):
    site.put("/busy", "<script>addEventListener('beforeprint', () => { while (true) {} })</script>")
    printed = await crawler.arun(site.url("/busy"), pdf=True, page_timeout=1500, **FAST)
    waiting = await crawler.arun(
        site.url("/page/1"), screenshot=True, screenshot_wait_for=99, page_timeout=1000, **FAST
    )
    assert printed.error_message == "The page took longer than 1.5 s (page_timeout)."
    assert waiting.error_message == "The page took longer than 1 s (page_timeout)."


async def test_an_archive_has_all_that_the_page_shows(site, crawler):
    dot = packed([b"\xff\0\0"], [0], 3)
    site.put("/dot.png", dot, content_type="image/png")
    site.put("/style.css", "h1 { color: #010203 }", content_type="text/css")
    site.put("/page", "<link rel=stylesheet href=style.css><h1>K\xf6ln</h1><img src=dot.png>")
    result = await crawler.arun(site.url("/page"), capture_mhtml=True, wait_until="load", **FAST)
    parts = {part["Content-Location"]: part for part in email.message_from_string(result.mhtml).walk()}
    assert "K\xf6ln" in parts[site.url("/page")].get_payload(decode=True).decode()
    assert parts[site.url("/dot.png")].get_payload(decode=True) == dot
    assert b"rgb(1, 2, 3)" in parts[site.url("/style.css")].get_payload(decode=True)


async def test_a_pdf_is_read_and_is_its_own_print(site, crawler, folder):
    document = pdf([[(20, 700, 12, "Words of a document")]])
    site.put("/a.pdf", document, content_type="application/pdf")
    result = await crawler.arun(site.url("/a.pdf"), pdf=True, capture_network_requests=True, **FAST)
    assert (result.success, result.pdf, result.status_code) == (True, document, 200)
    assert "Words of a document" in result.markdown
    assert result.downloaded_files == [str(folder / "a.pdf")]
    assert (folder / "a.pdf").read_bytes() == document
    # Nothing of the page that shows it.
    assert all(event["url"].startswith(site.url("/")) for event in result.network_requests)
    assert events(result, "response")["a.pdf"]["status"] == 200


async def test_a_pdf_is_read_without_downloads(site):
    document = pdf([[(20, 700, 12, "Words of a document")]])
    site.put("/shown.pdf", document, content_type="application/pdf")
    site.put("/sent.pdf", document, content_type="application/pdf", headers={"Content-Disposition": "attachment"})
    async with AsyncWebCrawler(config=BrowserConfig(), settings={"DOWNLOAD_MAXSIZE": len(document)}) as crawler:
        for path in ("/shown.pdf", "/sent.pdf"):
            result = await crawler.arun(site.url(path), pdf=True, **FAST)
            assert (result.success, result.pdf, result.status_code) == (True, document, 200), result.error_message
            assert "Words of a document" in result.markdown
        site.put("/long.pdf", document + b"\n", content_type="application/pdf")
        long = await crawler.arun(site.url("/long.pdf"), **FAST)
        assert "DOWNLOAD_MAXSIZE" in long.error_message


async def test_all_of_it_can_be_written_and_leave_memory(site, crawler):
    site.put("/loud", "<script>console.log('x'.repeat(9000))</script>" + "<p>words</p>" * 100)
    result = await crawler.arun(
        site.url("/loud"), screenshot=True, pdf=True, capture_mhtml=True,
        capture_network_requests=True, capture_console_messages=True, fetch_ssl_certificate=True, **FAST,
    )  # fmt: skip
    names = ("screenshot", "pdf", "mhtml", "network_requests", "console_messages")
    before = {name: getattr(result, name) for name in names}
    assert all(before.values())
    assert CrawlResult.model_validate_json(result.model_dump_json()).model_dump() == result.model_dump()
    assert result.spill(SpillFile(None)) > 0
    assert result._spilled.places.keys() >= set(names)
    assert {name: getattr(result, name) for name in names} == before


# Network and console


def events(result, kind):
    """Event of each request, by the end of its path."""
    return {
        event["url"].partition("?url=")[0].rpartition("/")[2]: event
        for event in result.network_requests
        if event["event_type"] == kind
    }


async def test_requests_and_answers(site, crawler):
    script = "fetch('/echo', {method: 'POST', body: 'posted'}); fetch('/reset').catch(() => document.title = 'done')"
    site.put("/page", f"<img src=/binary><script>{script}</script>", headers={"Set-Cookie": "b=2"})
    task = CrawlTask(site.url("/redirect-to?url=/page"), headers={"Authorization": "Basic eDp5"}, cookies={"a": "1"})
    options = {"capture_network_requests": True, "wait_until": "networkidle", "wait_for": "js:document.title"}
    result = await crawler.arun(task, **options, **FAST)
    assert result.success, result.error_message
    asked, answered, failed = (events(result, kind) for kind in ("request", "response", "request_failed"))
    page, echo = asked["page"], asked["echo"]
    assert (page["method"], page["resource_type"], page["is_navigation_request"]) == ("GET", "document", True)
    sent = {seen.path.partition("?")[0]: seen.headers for seen in site.requests}
    assert page["headers"]["cookie"] == "a=1"
    for name in ("page", "redirect-to", "echo", "binary"):
        assert asked[name]["headers"] == sent[f"/{name}"]
    assert (echo["method"], echo["post_data"], echo["is_navigation_request"]) == ("POST", "posted", False)
    assert page["post_data"] is None
    answer = answered["page"]
    assert (answer["status"], answer["status_text"], answer["from_service_worker"]) == (200, "OK", False)
    assert answer["headers"]["set-cookie"] == "b=2"
    assert answer["request_timing"]["responseEnd"] > 0
    assert "fetch('/echo'" in answer["body"]["text"]
    assert json.loads(answered["echo"]["body"]["text"])["cookies"] == {"a": "1", "b": "2"}
    assert answered["binary"]["body"] == {"text": None}
    assert answered["page"]["timestamp"] >= page["timestamp"]
    assert next(iter(answered.values()))["status"] == 302
    assert failed["reset"]["failure_text"] == "net::ERR_CONNECTION_RESET"
    assert failed["reset"].keys() == {
        "event_type", "url", "method", "resource_type", "failure_text", "timestamp",
    }  # fmt: skip


async def test_what_is_recorded_has_limits(site, crawler, monkeypatch):
    monkeypatch.setattr(network, "MOST_EVENTS", 4)
    monkeypatch.setattr(network, "LONGEST_TEXT", 900)
    monkeypatch.setattr(console, "MOST_MESSAGES", 3)
    monkeypatch.setattr(console, "LONGEST_TEXT", 5)
    site.put("/loud", "<script>for (let n = 0; n < 9; n++) console.log('message ' + n);</script>" + " " * 999)
    site.put("/few", "<script>for (let n = 0; n < 9; n++) fetch('/page/' + n)</script>")
    options = {"capture_network_requests": True, "capture_console_messages": True, "wait_until": "networkidle"}
    loud, few = await crawler.arun_many([site.url("/loud"), site.url("/few")], **options, **FAST)
    assert [message["text"] for message in loud.console_messages] == ["messa"] * 3 + ["A pag"]
    assert loud.console_messages[-1]["type"] == "console_capture_error"
    assert loud.network_requests[1]["body"] == {"text": None}
    assert "for (let" in few.network_requests[1]["body"]["text"]
    assert len(few.network_requests) == 5
    assert few.network_requests[-1]["event_type"] == "request_capture_error"
    assert few.network_requests[-1]["error"] == "A page has more than 4 events: the others are not recorded."


async def test_bodies_are_read_in_encodings_of_the_web(site, crawler):
    names = {"euc-jp": "\u6771", "latin-1": "\xf6", "punycode": "\xff", "idna": "\xff", "undefined": "\xff"}
    for name in names:
        body = {"euc-jp": "\u6771".encode("euc-jp"), "latin-1": b"\xf6"}.get(name, b"\xff")
        site.put(f"/{name}", body, content_type=f"text/plain; charset={name}")
    fetches = ", ".join(f"fetch('/{name}').then(answer => answer.text())" for name in names)
    site.put("/page", f"<script>Promise.all([{fetches}]).then(() => document.title = 'done')</script>")
    result = await crawler.arun(site.url("/page"), capture_network_requests=True, wait_for="js:document.title", **FAST)
    answered = events(result, "response")
    assert {name: answered[name]["body"]["text"] for name in names} == names
    for name in ("punycode", "idna", "undefined", "a\0b"):
        assert decoded(b"a\xff", f"text/plain; charset={name}") == "a\ufffd"
    assert decoded(b"\xf6", "text/plain; charset=latin-1") == "\xf6"


async def test_urls_and_headers_that_are_recorded_have_limits(site, crawler, monkeypatch):
    monkeypatch.setattr(network, "LONGEST_URL", 5000)
    monkeypatch.setattr(network, "LONGEST_HEADERS", 5000)
    monkeypatch.setattr(network, "MOST_TEXT", 40_000)
    fetches = "fetch(`/json?${n}${'y'.repeat(6000)}`, {headers: {'X-Long': 'z'.repeat(6000)}})"
    site.put("/page", f"<script>Promise.all([...Array(20).keys()].map(n => {fetches}))"
             ".then(() => document.title = 'done')</script>")  # fmt: skip
    result = await crawler.arun(site.url("/page"), capture_network_requests=True, wait_for="js:document.title", **FAST)
    asked = [event for event in result.network_requests if event["event_type"] == "request" and "yyy" in event["url"]]
    assert len(asked) == 20
    assert {len(event["url"]) for event in asked} >= {5000, 2048}
    assert {len(event["headers"]) for event in asked} == {0}


async def test_a_capture_that_fails_leaves_the_page(site, crawler):
    site.put("/fonts", "<h1>Page</h1><script>Object.defineProperty(document, 'fonts', {})</script>")
    result = await crawler.arun(site.url("/fonts"), screenshot=True, capture_mhtml=True, **FAST)
    assert (result.success, result.status_code, result.screenshot) == (False, 200, None)
    assert result.error_message.startswith("screenshot failed: TypeError: Cannot read properties of undefined")
    assert "# Page" in result.markdown
    assert result.mhtml


async def test_messages_of_the_console(site, crawler):
    site.put(
        "/page",
        "<script>\nconsole.log('a', 1); console.warn('b'); console.error('c')\n</script>"
        "<script>\nfunction late() { nowhere() }\nsetTimeout(late)</script>",
    )
    options = {"capture_console_messages": True, "delay_before_return_html": 0.3}
    result = await crawler.arun(site.url("/page"), mean_delay=0, max_range=0, **options)
    said = [(message["type"], message["text"], message.get("location")) for message in result.console_messages]
    where = site.url("/page")
    assert said == [
        ("log", "a 1", f"{where}:2:9"),
        ("warning", "b", f"{where}:2:30"),
        ("error", "c", f"{where}:2:49"),
        ("error", "nowhere is not defined", None),
    ]
    assert result.console_messages[-1]["stack"].startswith("ReferenceError: nowhere is not defined\n    at late")
    assert result.network_requests is None


async def test_each_task_hears_its_own_page(site, crawler):
    for name in "abc":
        site.put(f"/{name}", f"<script>console.log('{name}'); fetch('/json?{name}')</script>")
    options = {"capture_console_messages": True, "capture_network_requests": True, "wait_until": "networkidle"}
    tasks = [CrawlTask(site.url(f"/{name}"), session_id="s") for name in "ab"]
    tasks.append(CrawlTask(site.url("/c"), config=CrawlerRunConfig(session_id="s", **FAST)))
    first, second, quiet = await crawler.arun_many(tasks, **options, **FAST)
    third = await crawler.arun(CrawlTask(site.url("/a"), session_id="s"), **options, **FAST)
    for result, name in ((first, "a"), (second, "b"), (third, "a")):
        assert [message["text"] for message in result.console_messages] == [name]
        assert events(result, "response").keys() - {"favicon.ico"} == {name, f"json?{name}"}
    assert quiet.success, quiet.error_message


# Downloads


async def test_addresses_of_files(site, crawler, folder):
    evil = {"Content-Disposition": 'attachment; filename="../../.e vil?.html"'}
    site.put("/evil", "one", headers=evil)
    urls = [site.url("/evil"), site.url("/evil"), site.url("/redirect-to?url=/binary")]
    results = await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(2), **FAST)
    for result in results:
        assert (result.success, result.status_code, result.html) == (True, 200, ""), result.error_message
    first, second, binary = (Path(*result.downloaded_files) for result in results)
    assert first != second
    assert {file.parent for file in (first, second, binary)} == {folder}
    assert {file.read_bytes() for file in (first, second)} == {b"one"}
    assert not first.name.startswith(".")
    assert first.suffix == ".html"
    assert (binary.name, binary.read_bytes()) == ("binary", bytes(range(256)))
    assert results[2].redirected_url == site.url("/binary")
    assert results[2].crawl_stats["redirects"] == [{"url": urls[2], "status_code": 302}]
    assert results[0].response_headers["content-disposition"] == evil["Content-Disposition"]
    assert len(os.listdir(folder)) == 3


async def test_files_of_pages(site, crawler, folder):
    links = "<a id=a href=/binary target=_blank>A</a><a id=b href='data:text/plain,hi' download='b.txt'>B</a>"
    site.put("/links", links)
    # Downloads that begin later than half a second after the last script are nobody's.
    clicks = ["for (const link of document.links) link.click()", "new Promise(go => setTimeout(go, 1000))"]
    result, other = await crawler.arun_many(
        [site.url("/links"), CrawlTask(site.url("/page/1"))], js_code=clicks, **FAST
    )
    assert result.success, result.error_message
    assert {Path(file).name for file in result.downloaded_files} == {"binary", "b.txt"}
    assert (folder / "b.txt").read_text() == "hi"
    assert other.downloaded_files is None
    for start in ("location.href = '/binary'", "setTimeout(() => { location.href = '/binary' })"):
        site.put("/at-once", f"<h1>Thanks</h1><script>{start}</script>")
        thanks = await crawler.arun(site.url("/at-once"), wait_until="load", page_timeout=20_000, **FAST)
        assert "Thanks" in thanks.markdown, thanks.error_message
        assert len(thanks.downloaded_files) == 1


async def test_files_that_a_page_shows_are_kept_as_over_http(site, crawler, folder):
    site.put("/dot.png", packed([b"\xff\0\0"], [0], 3), content_type="image/png")
    shown = await crawler.arun(site.url("/dot.png"), **FAST)
    fetched = await crawler.arun(site.url("/dot.png"), render="http", mean_delay=0, max_range=0)
    assert [Path(*result.downloaded_files).name for result in (shown, fetched)] == ["dot.png", "dot (1).png"]


async def test_downloads_that_do_not_end_leave_nothing(site, crawler, folder):
    cut, held = (f"/truncated?type=application/octet-stream{more}" for more in ("", "&hold"))
    for name, file in (("cut", cut), ("held", held)):
        site.put(f"/{name}", f"<h1>Page</h1><a href='{file}'>file</a>")
    clicks = "document.links[0].click()"
    failed = await crawler.arun(site.url(cut), **FAST)
    assert (failed.success, failed.error_message) == (False, "The download failed: canceled.")
    page = await crawler.arun(site.url("/cut"), js_code=clicks, **FAST)
    assert (page.success, page.error_message) == (False, "The download failed: canceled.")
    assert page.markdown.startswith("# Page")
    late = await crawler.arun(site.url(held), page_timeout=1500, **FAST)
    assert late.error_message == "The page took longer than 1.5 s (page_timeout)."
    before = site.paths().count(held)
    task = asyncio.ensure_future(crawler.arun(site.url("/held"), js_code=clicks, **FAST))
    while site.paths().count(held) == before:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert os.listdir(folder) == []


async def test_a_folder_that_cannot_be_written_is_said(site, tmp_path):
    (tmp_path / "file").write_text("in the way")
    config = BrowserConfig(accept_downloads=True, downloads_path=tmp_path / "file")
    async with AsyncWebCrawler(config=config) as crawler:
        result = await crawler.arun(site.url("/binary"), **FAST)
    assert result.error_message == "The file could not be written to downloads_path: file exists."


# The final response


async def test_the_certificate_is_the_one_that_http_shows(site, tls_url):
    # A browser of its own, which ends before the server does: connections that it holds in reserve would outlive it.
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        shown = await crawler.arun(tls_url, fetch_ssl_certificate=True, **FAST)
        again = await crawler.arun(f"{tls_url}to?url={site.url('/page/1')}", fetch_ssl_certificate=True, **FAST)
        fetched = await crawler.arun(tls_url, fetch_ssl_certificate=True, render="http", mean_delay=0, max_range=0)
    assert shown.ssl_certificate["raw_cert"]
    assert shown.ssl_certificate == fetched.ssl_certificate
    assert (again.redirected_url, again.ssl_certificate) == (site.url("/page/1"), None)


async def test_the_response_of_what_is_shown_counts(site, crawler):
    site.put("/meta", "<meta http-equiv=refresh content='0;url=/status/404'>")
    site.put("/push", "<h1>Push</h1><script>history.pushState({}, '', '/pushed#there')</script>", headers={"X-A": "1"})
    site.put("/stays", "<h1>Stays</h1><script>setTimeout(() => { location.href = '/status/204' })</script>")
    site.put("/x.xhtml", "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>X</h1></body></html>",
             content_type="application/xhtml+xml")  # fmt: skip
    site.put("/x.xml", "<feed><entry>One</entry></feed>", content_type="text/xml")
    meta = await crawler.arun(site.url("/meta"), wait_for="css:table", **FAST)
    assert (meta.status_code, meta.redirected_url) == (404, site.url("/status/404"))
    assert meta.crawl_stats["redirects"] == [{"url": site.url("/meta"), "status_code": None}]
    push = await crawler.arun(site.url("/push"), **FAST)
    assert (push.status_code, push.redirected_url) == (200, site.url("/pushed#there"))
    assert push.response_headers["x-a"] == "1"
    stays = await crawler.arun(site.url("/stays"), wait_until="load", page_timeout=20_000, **FAST)
    assert (stays.success, stays.status_code, stays.redirected_url) == (True, 200, site.url("/stays"))
    assert "Stays" in stays.markdown
    empty = await crawler.arun(site.url("/status/204"), **FAST)
    assert (empty.success, empty.status_code, empty.html) == (True, 204, ""), empty.error_message
    assert empty.redirected_url == site.url("/status/204")
    xhtml, xml = await crawler.arun_many([site.url("/x.xhtml"), site.url("/x.xml")], **FAST)
    assert (xhtml.status_code, xhtml.markdown.strip()) == (200, "# X")
    assert (xml.status_code, "One" in xml.html) == (200, True)
