"""Every kind of body through the facade, from files and in projects: a sensible result or one sentence."""
# ruff: noqa: RUF001 - texts in Cyrillic letters

import codecs
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy.http import Headers, Response

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, HTTPCrawlerConfig, SemaphoreDispatcher
from scrapy_crawl4.exceptions import TaskFailed
from scrapy_crawl4.facade.downloads import file_name
from scrapy_crawl4.kept_files import keep

from .crawling import run_spider
from .pdf import pdf

FAST = SemaphoreDispatcher(semaphore_count=8)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PAPER = pdf([[(100, 700, 10, "On paper.")]], info="/Title (Paper)")
RUSSIAN = "Река несёт песок к морю, а море возвращает его берегу."
FEED = "<rss version='2.0'><channel><title>News</title><item><title>One</title><link>/one</link></item></channel></rss>"

KINDS = {
    "/page": ("<h1>Hi</h1>", "text/html", "# Hi"),
    "/xhtml": ("<html><script src='x'/><h1>Hi</h1></html>", "application/xhtml+xml", "# Hi"),
    "/plain": ("a <b>", "text/plain", "a <b>"),
    "/markdown": ("# Hi", "text/markdown", "# Hi"),
    "/data": ('{"a": 1}', "application/json", '```json\n{"a": 1}\n```'),
    "/xml": ("<a>1</a>", "application/xml", "```xml\n<a>1</a>\n```"),
    "/csv": ("a,b\n1,2", "text/csv", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
    "/feed": (FEED, "application/rss+xml", "# News\n\n- [One](SITE/one)"),
    "/pdf": (PAPER, "application/pdf", "On paper."),
    "/cp1251": (f"<p>{RUSSIAN}".encode("cp1251"), "text/html; charset=windows-1251", RUSSIAN),
    "/meta": (f"<meta charset=koi8-r><p>{RUSSIAN}".encode("koi8_r"), "text/html", RUSSIAN),
    "/unlabelled": (f"<p>{RUSSIAN}".encode("cp1251"), "text/html", RUSSIAN),
    "/bom": (codecs.BOM_UTF8 + f"<p>{RUSSIAN}".encode(), "text/html; charset=koi8-r", RUSSIAN),
    "/utf16": (f"<p>{RUSSIAN}".encode("utf-16"), "text/html", RUSSIAN),
    "/nothing": ("<h1>Hi</h1>", "", "# Hi"),
    "/nonsense": ("<h1>Hi</h1>", "nonsense", "# Hi"),
    "/nothing-pdf": (PAPER, "", "On paper."),
    "/mislabelled-pdf": (PAPER + b"\x00", "text/plain", "On paper."),
    "/empty": ("", "image/png", ""),
}
FAILING = {
    "/picture": (PNG, "image/png", "This is image/png of 108 bytes, not a page"),
    "/unnamed-picture": (PNG, "", "This is image/png of 108 bytes, not a page"),
    "/mislabelled-picture": (PNG, "text/plain", "This is image/png of 108 bytes, not a page"),
    "/zip": (b"PK\x03\x04 x", "application/zip", "This is application/zip of 6 bytes, not a page"),
    "/html-as-binary": ("<p>x", "application/octet-stream", "This is application/octet-stream of 4 bytes, not a page"),
    "/broken-pdf": (b"%PDF-1.4 x", "application/pdf", "Stage pdf failed: The PDF cannot be read: "),
}
HINT = "; HTTPCrawlerConfig(downloads_path=...) keeps such files"


@pytest.fixture
def filled(site):
    """The site with a body of each kind."""
    for path, (body, content_type, _) in (KINDS | FAILING).items():
        site.put(path, body, content_type=content_type)
    return site


async def test_every_kind_over_http(filled):
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many([filled.url(path) for path in KINDS | FAILING], dispatcher=FAST)
    home = filled.url("").rstrip("/")
    for path, result in zip(KINDS | FAILING, results, strict=True):
        assert result.status_code == 200
        if path in KINDS:
            assert result.success, (path, result.error_message)
            assert result.markdown == KINDS[path][2].replace("SITE", home), path
        else:
            assert not result.success
            assert result.error_message.startswith(FAILING[path][2]), path
            assert result.error_message.endswith(HINT) == ("not a page" in FAILING[path][2])
        assert result.downloaded_files is None


async def test_every_kind_from_files(tmp_path):
    endings = {"/page": ".html", "/plain": ".txt", "/csv": ".csv", "/feed": ".rss", "/pdf": ".pdf", "/data": ".json"}
    endings |= {"/xhtml": ".xhtml", "/xml": ".xml", "/meta": ".htm", "/utf16": "", "/nothing": ".unknown"}
    for path, ending in endings.items():
        body = KINDS[path][0]
        (tmp_path / f"file{path[1:]}{ending}").write_bytes(body.encode() if isinstance(body, str) else body)
    files = {path: tmp_path / f"file{path[1:]}{ending}" for path, ending in endings.items()}
    picture = tmp_path / "picture"
    picture.write_bytes(PNG)
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(downloads_path=tmp_path / "kept")) as crawler:
        *results, image = await crawler.arun_many(
            [path.as_uri() for path in [*files.values(), picture]], dispatcher=FAST
        )
    for path, result in zip(files, results, strict=True):
        assert result.success, (path, result.error_message)
        assert result.markdown == KINDS[path][2].replace("SITE", "file://"), path
    assert image.error_message == "This is image/png of 108 bytes, not a page"
    assert not (tmp_path / "kept").exists()


@pytest.mark.slow
def test_every_kind_in_a_project(filled, tmp_path):
    source = f"""
    from scrapy_crawl4 import CrawlResult

    class TheSpider(Spider):
        name = "kinds"

        async def start(self):
            for path in {list(KINDS | FAILING)!r}:
                yield Request(url(path))

        def parse(self, response):
            yield CrawlResult.from_response(response)
    """
    crawl = run_spider(filled, tmp_path, source)
    items = {item["url"].removeprefix(filled.url("").rstrip("/")): item for item in crawl.items}
    assert items.keys() == (KINDS | FAILING).keys(), crawl.log
    home = filled.url("").rstrip("/")
    for path, (_, _, markdown) in KINDS.items():
        assert items[path]["success"], (path, items[path]["error_message"])
        assert items[path]["markdown"] == markdown.replace("SITE", home), path
    for path, (_, _, message) in FAILING.items():
        assert items[path]["error_message"].startswith(message), path
        assert not items[path]["success"]


# Downloads


async def test_what_is_no_page_is_kept_when_asked(filled, tmp_path):
    folder = tmp_path / "a" / "b"
    paths = [*FAILING, "/pdf", "/page", "/status/404", "/empty"]
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(downloads_path=str(folder))) as crawler:
        results = await crawler.arun_many([filled.url(path) for path in paths], dispatcher=FAST)
    by_path = dict(zip(paths, results, strict=True))
    for path in set(FAILING) - {"/broken-pdf"}:
        result = by_path[path]
        body = FAILING[path][0]
        assert result.success, result.error_message
        (name,) = result.downloaded_files
        assert Path(name).parent == folder
        assert Path(name).read_bytes() == (body.encode() if isinstance(body, str) else body)
        assert (result.html, result.markdown, result.status_code) == ("", "", 200)
        assert result.url == filled.url(path)
        assert result.response_headers["content-type"] == FAILING[path][1]
    assert by_path["/pdf"].markdown == "On paper."
    assert Path(by_path["/pdf"].downloaded_files[0]).read_bytes() == PAPER
    assert not by_path["/broken-pdf"].success
    assert len(by_path["/broken-pdf"].downloaded_files) == 1
    assert [by_path[path].downloaded_files for path in ("/page", "/status/404", "/empty")] == [None] * 3
    assert len(list(folder.iterdir())) == len(FAILING) + 1


async def test_each_url_has_a_file_of_its_own(site, tmp_path):
    for number in range(6):
        site.put(f"/{number}/logo.png", PNG + bytes([number]), content_type="image/png")
    urls = [site.url(f"/{number}/logo.png") for number in range(6)] * 2
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(downloads_path=tmp_path)) as crawler:
        results = await crawler.arun_many(urls, dispatcher=FAST)
    names = [Path(result.downloaded_files[0]) for result in results]
    assert len(set(names)) == 12
    assert [name.read_bytes()[-1] for name in names] == [*range(6), *range(6)]
    assert {path.name for path in tmp_path.iterdir()} == {"logo.png", *(f"logo ({n}).png" for n in range(1, 12))}


async def test_a_folder_that_cannot_be_written_fails_the_page_only(filled, tmp_path):
    (tmp_path / "file").touch()
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(downloads_path=tmp_path / "file")) as crawler:
        results = await crawler.arun_many([filled.url("/picture"), filled.url("/page")], dispatcher=FAST)
    assert [result.success for result in results] == [False, True]
    assert results[0].error_message.startswith("The file could not be written to downloads_path: ")
    assert str(tmp_path) not in results[0].error_message


async def test_without_pypdf_a_pdf_is_a_file_or_a_sentence(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.facade.downloads.can_read_pdf", lambda: False)
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(downloads_path=tmp_path)) as crawler:
        result = await crawler.arun(filled.url("/pdf"), CrawlerRunConfig())
    assert result.success
    assert [Path(name).read_bytes() for name in result.downloaded_files] == [PAPER]
    assert result.markdown == ""


def test_files_of_many_threads_do_not_meet(tmp_path):
    start = threading.Barrier(8)

    def write(number):
        start.wait()
        return keep(bytes([number]) * 1000, "x.bin", str(tmp_path))

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(write, range(8)))
    assert [Path(name).read_bytes()[0] for name in names] == list(range(8))
    assert len(list(tmp_path.iterdir())) == 8


def test_nothing_is_overwritten_where_links_cannot_be_made(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    names = [keep(body, "x", str(tmp_path)) for body in (b"1", b"2")]
    assert [Path(name).name for name in names] == ["x", "x (1)"]
    assert [Path(name).read_bytes() for name in names] == [b"1", b"2"]


def test_a_link_in_the_folder_leads_nobody_out(tmp_path):
    outside = tmp_path / "outside"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x.png").symlink_to(outside)
    assert Path(keep(b"1", "x.png", str(folder))).name == "x (1).png"
    assert not outside.exists()


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        TaskFailed, match=r"^The file could not be written to downloads_path: no space left on device\.$"
    ):
        keep(b"1", "x", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def named(url="https://example.org/a/b.png", disposition=None, media_type="image/png"):
    headers = Headers({} if disposition is None else {"Content-Disposition": disposition})
    return file_name(Response(url, headers=headers), media_type)


@pytest.mark.parametrize(
    ("url", "disposition", "name"),
    [
        ("https://example.org/a/b.png?c=d#e", None, "b.png"),
        ("https://example.org/", None, "download.png"),
        ("https://example.org/logo", None, "logo.png"),
        ("https://example.org/%2e%2e%2f%2e%2e%2fetc%2fpasswd", None, "passwd.png"),
        ("https://example.org/..", None, "download.png"),
        ("https://example.org/.bashrc", None, "bashrc.png"),
        ("https://example.org/a%00b%0a.png", None, "a_b_.png"),
        ("https://example.org/%D1%8F.png", None, "я.png"),
        ("https://example.org/x", 'attachment; filename="my file.pdf"', "my file.pdf"),
        ("https://example.org/x", "attachment; filename=../../x.sh", "x.sh"),
        ("https://example.org/x", 'attachment; filename="C:\\\\temp\\\\x.sh"', "x.sh"),
        ("https://example.org/x", "attachment; filename*=UTF-8''%D1%8F.zip", "я.zip"),
        ("https://example.org/x", "attachment; filename*=nonsense''%D1%8F.zip", None),
        ("https://example.org/x.gif", "attachment", "x.gif"),
        ("https://example.org/x.gif", 'attachment; filename=""', "x.gif"),
        ("https://example.org/x.gif", 'inline; filename="/"', "x.gif"),
        ("https://example.org/" + "x" * 300 + ".tar.gz", None, "x" * 117 + ".gz"),
    ],
)
def test_file_names(url, disposition, name):
    found = named(url, disposition)
    if name is not None:
        assert found == name
    assert os.path.basename(found) == found != ""


@settings(deadline=None)
@given(st.text(max_size=300), st.binary(max_size=200))
def test_any_name_stays_in_the_folder(segment, disposition):
    response = Response("https://example.org/", headers=Headers({"Content-Disposition": disposition}))
    response._url = f"https://example.org/{segment}"
    name = file_name(response, "image/png")
    assert os.path.basename(name) == name
    assert name not in {"", ".", ".."}
    assert not name.startswith(".")
    assert len(name.encode()) <= 143
    assert not set(name) & set('\0\n/\\:*?"<>|')
