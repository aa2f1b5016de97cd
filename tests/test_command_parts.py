"""The parts of `scrapy crawl4` that need no crawl: file names, options, input, order, outputs."""

import asyncio
import contextlib
import json
import os
import re
import threading
from argparse import ArgumentParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.commands.filenames import markdown_name
from scrapy_crawl4.commands.options import BadUsage, Options, add_options
from scrapy_crawl4.commands.ordered import Ordered
from scrapy_crawl4.commands.output import JsonLines, MarkdownFolder, StandardOutput, markdown_page
from scrapy_crawl4.commands.urls import open_input, urls_of
from scrapy_crawl4.results import CrawlResult

WAIT = 80


def page(url="http://a.test/", index=0, text="Hello"):
    return CrawlResult(url=url, index=index, success=True, html=f"<p>{text}</p>", markdown=text)


# File names


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://example.org/docs/page.html?q=1&r=2#part", "example.org-docs-page.html-q-1-r-2-part-"),
        ("http://example.org/", "example.org-"),
        ("HTTP://EXAMPLE.ORG/A", "EXAMPLE.ORG-A-"),
        ("https://example.org/../../etc/passwd", "example.org-..-..-etc-passwd-"),
        ("https://example.org/%2e%2e%2f\x00\n/x", "example.org-2e-2e-2f-x-"),
        ("file:///etc/passwd", "file-etc-passwd-"),
        ("raw:<html><body>../../x</body></html>", "raw-"),
        ("https://пример.рф/страница", ""),
        ("", ""),
        ("...", ""),
        ("-o", "o-"),
    ],
)
def test_names_are_readable(url, start):
    name = markdown_name(url)
    assert re.fullmatch(re.escape(start) + r"[0-9a-f]{12}\.md", name)


URLS = st.one_of(
    st.text(),
    st.from_regex(r"\Ahttps?://[^\s]{0,300}\Z"),
    st.sampled_from(["../", "/", "..", ".", "CON", "nul", "a" * 5000, "\ud800", "~", "~root/x"]).map(
        "http://h/".__add__
    ),
)


@given(URLS)
def test_names_are_safe(url):
    name = markdown_name(url)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.md", name)
    assert len(name.encode()) <= 143
    assert os.path.basename(name) == name
    assert name == markdown_name(url)


@given(st.lists(URLS, unique=True))
def test_names_are_unique_even_where_case_does_not_count(urls):
    assert len({markdown_name(url).lower() for url in urls}) == len(urls)


# Options


def parsed(*arguments):
    parser = ArgumentParser()
    add_options(parser)
    given_options, urls = parser.parse_known_args(list(arguments))
    return Options.checked(urls, given_options)


def test_options_have_defaults():
    options = parsed("http://a.test/")
    assert options == Options(("http://a.test/",), None, None, False, None, False, None, None)
    assert options.json_on_stdout


@pytest.mark.parametrize(
    ("arguments", "on_stdout"),
    [
        (["u", "-o", "-"], True),
        (["u", "-o", "x"], False),
        (["u", "--markdown", "d"], False),
        (["u", "--markdown", "d", "-o", "-"], True),
        (["u", "--markdown", "-"], False),
    ],
)
def test_json_goes_to_standard_output_unless_told_otherwise(arguments, on_stdout):
    assert parsed(*arguments).json_on_stdout is on_stdout


def test_a_dash_is_standard_input():
    assert parsed("-").input == "-"
    assert parsed("-", "http://a.test/").urls == ("http://a.test/",)
    assert parsed("--input", "-", "-").input == "-"


def test_overwrite_is_output():
    assert (parsed("u", "-O", "x").output, parsed("u", "-O", "x").overwrite) == ("x", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Nothing to crawl: give URLs, or a file of them with --input."),
        (["u", "--concurrency", "0"], "--concurrency must be a whole number of at least 1, got '0'."),
        (["u", "--concurrency=-3"], "--concurrency must be a whole number of at least 1, got '-3'."),
        (["u", "--concurrency", "many"], "--concurrency must be a whole number of at least 1, got 'many'."),
        (["u", "--concurrency", "²"], "--concurrency must be a whole number of at least 1, got '²'."),
        (["u", "--frobnicate"], "Unknown option --frobnicate; 'scrapy crawl4 -h' lists the options."),
        (["u", "-o", "x", "-O", "y"], "Use -o to add to a file or -O to replace it, not both."),
        (
            ["u", "-o", "-", "--markdown", "-"],
            "Standard output takes JSON Lines (-o -) or Markdown (--markdown -), not both.",
        ),
        (["-", "--input", "x"], "Use - or --input FILE, not both."),
        (["u", "--job", ""], "--job needs the name of a folder."),
        (["u", "--render", "chrome"], "--render must be http, browser or auto, got 'chrome'."),
        (["u", "--job", "j", "-o", "j/out.jsonl"], "The file of -o or -O must not lie in the folder of --job."),
        (["u", "--job", "a/../j/", "-O", "./j/x/out"], "The file of -o or -O must not lie in the folder of --job."),
    ],
)
def test_bad_usage_is_one_sentence(arguments, message):
    with pytest.raises(BadUsage, match=f"^{re.escape(message)}$"):
        parsed(*arguments)


def test_a_file_beside_the_folder_of_the_job_is_none_in_it():
    assert parsed("u", "--job", "j", "-o", "jobs.jsonl").output == "jobs.jsonl"


# Input


def test_a_program_without_standard_streams_is_told_so(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(OSError, match="Bad file descriptor"):
        open_input("-")
    with pytest.raises(OSError, match="Bad file descriptor"):
        StandardOutput(markdown_page, contextlib.nullcontext)


async def read(text, given_urls=(), tmp_path=None):
    path = tmp_path / "urls.txt"
    path.write_bytes(text)
    source = open_input(str(path))
    try:
        return [url async for url in urls_of(given_urls, source)]
    finally:
        os.close(source)


async def test_input_skips_blank_lines_and_comments(tmp_path):
    text = "\ufeffhttp://a.test/\n\n  # no\n#no\n \t http://b.test/#part \r\nhttp://c.test/".encode()
    urls = await read(text, ["http://first.test/"], tmp_path)
    assert urls == ["http://first.test/", "http://a.test/", "http://b.test/#part", "http://c.test/"]


async def test_input_that_is_not_utf8_is_still_read(tmp_path):
    assert await read(b"http://a.test/\xff\nhttp://b.test/\n", (), tmp_path) == [
        "http://a.test/\ufffd",
        "http://b.test/",
    ]


async def test_long_lines_and_blocks(tmp_path):
    urls = [f"http://a.test/{'x' * number}" for number in (0, 65_000, 3, 200_000, 1)]
    assert await read("\n".join(urls).encode(), (), tmp_path) == urls


async def test_input_is_read_no_faster_than_it_is_wanted(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_bytes(b"http://a.test/\n" * 1_000_000)
    source = open_input(str(path))
    async with contextlib.aclosing(urls_of((), source)) as urls:
        assert [await anext(urls) for _ in range(10)] == ["http://a.test/"] * 10
        assert os.lseek(source, 0, os.SEEK_CUR) <= 64 * 1024
    os.close(source)


async def test_a_pipe_that_gives_nothing_does_not_hold_up_the_loop():
    read_end, write_end = os.pipe()
    urls = urls_of((), read_end)
    first = asyncio.ensure_future(anext(urls))
    await asyncio.sleep(0)
    assert not first.done()
    os.write(write_end, b"http://a.test/\nhttp://b")
    async with asyncio.timeout(WAIT):
        assert await first == "http://a.test/"
        second = asyncio.ensure_future(anext(urls))
        os.write(write_end, b".test/\n")
        assert await second == "http://b.test/"
        os.close(write_end)
        assert [url async for url in urls] == []
    os.close(read_end)


async def test_input_can_be_left_while_a_read_goes_on():
    read_end, write_end = os.pipe()
    urls = urls_of((), read_end)
    waiting = asyncio.ensure_future(anext(urls))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await urls.aclose()
    os.close(write_end)
    for thread in threading.enumerate():
        if thread.name == "crawl4-input":
            thread.join(WAIT)
    os.close(read_end)


async def test_a_read_error_is_raised(tmp_path):
    source = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(IsADirectoryError):
        await anext(urls_of((), source))
    os.close(source)


# Order


@given(st.permutations(range(30)))
def test_results_come_in_order(order):
    ordered = Ordered()
    written = [result.index for index in order for result in ordered.ready(page(index=index))]
    assert written == list(range(30))
    assert ordered.rest() == []


def test_what_is_held_back_is_there_at_the_end():
    ordered = Ordered()
    assert [result.index for result in ordered.ready(page(index=0))] == [0]
    assert ordered.ready(page(index=5)) == ordered.ready(page(index=3)) == []
    assert [result.index for result in ordered.rest()] == [3, 5]
    assert ordered.rest() == []


async def test_reading_waits_for_a_slow_first_page():
    ordered = Ordered(window=3)
    taken = []

    async def source():
        for number in range(10):
            taken.append(number)
            yield str(number)

    tasks = ordered.admit(source())
    assert [await anext(tasks) for _ in range(3)] == ["0", "1", "2"]
    blocked = asyncio.ensure_future(anext(tasks))
    await asyncio.sleep(0)
    for index in (1, 2):
        ordered.ready(page(index=index))
    await asyncio.sleep(0)
    assert not blocked.done()
    assert len(taken) == 4
    ordered.ready(page(index=0))
    async with asyncio.timeout(WAIT):
        assert await blocked == "3"
    assert [await anext(tasks) for _ in range(2)] == ["4", "5"]
    await tasks.aclose()


# Outputs


def test_json_lines_are_appended(tmp_path):
    path = tmp_path / "out.jsonl"
    for start in (0, 2):
        out = JsonLines(str(path))
        out.write(page(index=start))
        out.write(page(index=start + 1, text="two\nlines \u2028 \x85 é"))
        out.close()
    lines = path.read_bytes().split(b"\n")
    assert [json.loads(line)["index"] for line in lines[:-1]] == [0, 1, 2, 3]
    assert lines[-1] == b""
    assert json.loads(lines[1])["markdown"]["raw_markdown"] == "two\nlines \u2028 \x85 é"


def test_json_lines_start_on_a_line_of_their_own(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text('{"index": 7, "cut')
    out = JsonLines(str(path))
    out.write(page())
    out.close()
    first, second = path.read_text().splitlines()
    assert first == '{"index": 7, "cut'
    assert json.loads(second)["index"] == 0


def test_each_line_is_there_as_soon_as_it_is_written(tmp_path):
    path = tmp_path / "out.jsonl"
    out = JsonLines(str(path))
    for index in range(3):
        out.write(page(index=index, text="x" * 1_000_000))
        assert [json.loads(line)["index"] for line in path.read_text().splitlines()] == list(range(index + 1))
    out.close()


def test_overwriting_empties_the_file(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old\n")
    out = JsonLines(str(path), overwrite=True)
    out.write(page())
    out.close()
    assert len(path.read_text().splitlines()) == 1


def test_json_lines_into_a_pipe(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    out = JsonLines(str(fifo))
    out.write(page())
    out.close()
    assert json.loads(os.read(reader, 65536))["index"] == 0
    os.close(reader)


def test_a_pipe_that_does_not_block_gets_all_of_a_line(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    out = JsonLines(str(fifo))
    os.set_blocking(out._fd, False)
    os.set_blocking(reader, True)
    writing = threading.Thread(target=out.write, args=[page(text="x" * 1_000_000)])
    writing.start()
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(reader, 65536)
    writing.join(WAIT)
    out.close()
    os.close(reader)
    assert json.loads(line)["html"] == f"<p>{'x' * 1_000_000}</p>"


def test_markdown_files(tmp_path):
    out = MarkdownFolder(str(tmp_path / "new" / "pages"))
    out.write(page("http://a.test/one", text="# One é"))
    out.write(page("http://a.test/two", text="# Old"))
    out.write(page("http://a.test/two", text="# Two"))
    out.write(CrawlResult.failed("http://a.test/three", "HTTP 404 Not Found", status_code=404))
    files = {path.name: path.read_text("utf-8") for path in (tmp_path / "new" / "pages").iterdir()}
    assert files == {markdown_name("http://a.test/one"): "# One é", markdown_name("http://a.test/two"): "# Two"}


def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / markdown_name("http://a.test/")).symlink_to(outside)
    MarkdownFolder(str(folder)).write(page("http://a.test/", text="page"))
    assert outside.read_text() == "mine"
    assert (folder / markdown_name("http://a.test/")).read_text() == "page"


def test_lone_surrogates_do_not_lose_a_page(tmp_path):
    MarkdownFolder(str(tmp_path)).write(page("http://a.test/", text="a\ud800b"))
    assert (tmp_path / markdown_name("http://a.test/")).read_text() == "a?b"


def test_a_page_of_markdown_says_where_it_is_from():
    text = markdown_page(page("http://a.test/a--b-->c", text="# One")).decode()
    assert text.startswith("<!-- http://a.test/a")
    assert text.endswith(" -->\n\n# One\n\n")
    assert "--" not in text.removeprefix("<!--").partition("-->")[0]
    assert markdown_page(CrawlResult.failed("http://a.test/", "no")) == b""
