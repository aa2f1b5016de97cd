"""`scrapy crawl4 --html` and `--downloads` as they are typed: real processes."""

import json
import os
import re
import signal
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator, process
from scrapy_crawl4.commands.filenames import markdown_name
from scrapy_crawl4.commands.options import BadUsage, Options, add_options

from .pdf import pdf

COMMAND = [sys.executable, "-m", "scrapy", "crawl4"]
pytestmark = pytest.mark.slow


def crawl4(*arguments, cwd, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCRAPY_")}
    options = {"capture_output": True, "text": True, "timeout": 50} | options
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=cwd, check=False, env=environment | {"PYTHONWARNINGS": "error"}, **options
    )


def results(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def files(tmp_path):
    """Three files: a page, one in another encoding, a PDF."""
    (tmp_path / "a.html").write_text("<title>A</title><h1>One</h1><a href=b.html>b</a>")
    (tmp_path / "b é.html").write_bytes("<meta charset=koi8-r><h1>Река</h1>".encode("koi8_r"))
    (tmp_path / "c.pdf").write_bytes(pdf([[(100, 700, 10, "On paper.")]]))
    return tmp_path


def test_results_of_files(files):
    done = crawl4("--html", "a.html", "b é.html", "c.pdf", cwd=files)
    assert done.returncode == 0, done.stderr
    lines = results(done.stdout)
    assert [line["url"] for line in lines] == [(files / name).as_uri() for name in ("a.html", "b é.html", "c.pdf")]
    assert [line["index"] for line in lines] == [0, 1, 2]
    markdown = [line["markdown"]["raw_markdown"] for line in lines]
    assert markdown == [f"# One\n\n[b]({(files / 'b.html').as_uri()})", "# Река", "On paper."]
    assert lines[0]["metadata"]["title"] == "A"
    assert done.stderr.startswith("3 of 3 pages (100%) in 0:00:0")


def test_outputs_are_those_of_a_crawl(files):
    done = crawl4("--html", "a.html", "c.pdf", "-O", "out.jsonl", "--markdown", "pages", cwd=files)
    assert (done.returncode, done.stdout) == (0, "")
    assert len(results((files / "out.jsonl").read_text())) == 2
    assert {path.name for path in (files / "pages").iterdir()} == {
        markdown_name((files / name).as_uri()) for name in ("a.html", "c.pdf")
    }
    done = crawl4("--markdown", "-", "--html", files / "a.html", "--url", "https://example.org/x/", cwd=files)
    assert done.stdout == f"<!-- {(files / 'a.html').as_uri()} -->\n\n# One\n\n[b](https://example.org/x/b.html)\n\n"


def test_the_converter_of_the_settings_writes_the_markdown(files):
    (files / "list.html").write_text("<ul><li>a<li><p>b</p><p>c</p></ul>")
    converter = ("-s", "CRAWL4_MARKDOWN_CONVERTER=markdownify")
    default, chosen = (crawl4("--html", "list.html", *more, cwd=files) for more in ((), converter))
    written = [results(done.stdout)[0]["markdown"]["raw_markdown"] for done in (default, chosen)]
    page = (files / "list.html").read_bytes()
    assert written == [
        process(
            page, config=CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(converter=name))
        ).markdown.raw_markdown
        for name in ("turbohtml", "markdownify")
    ]
    assert written[0] != written[1]


def test_standard_input(files):
    page = "just <b>words</b> and <a href=x>é</a>".encode()
    done = crawl4("--html", "-", "a.html", "--url", "https://example.org/", cwd=files, input=page, text=False)
    first, second = results(done.stdout.decode())
    assert first["url"] == "https://example.org/"
    assert first["markdown"]["raw_markdown"] == "just **words** and [é](https://example.org/x)"
    assert second["success"]
    unnamed = crawl4("--html", "-", cwd=files, input="<p>x")
    assert [(line["url"], line["success"]) for line in results(unnamed.stdout)] == [("-", True)]


def test_files_that_cannot_be_read_are_failed_results(files):
    (files / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    done = crawl4("--html", "none.html", files, "picture", "a.html", cwd=files)
    assert done.returncode == 0
    lines = results(done.stdout)
    assert [line["success"] for line in lines] == [False, False, False, True]
    assert [line["error_message"] for line in lines[:3]] == [
        "There is no such file.",
        "This is a folder, not a file.",
        "This is image/png of 9 bytes, not a page",
    ]
    assert "failed file://" in done.stderr
    done = crawl4("--html", "none.html", cwd=files)
    assert done.returncode == 1


def test_nothing_is_fetched_and_no_reactor_started(site, files):
    (files / "links.html").write_text(f"<img src={site.url('/page/1')}><iframe src={site.url('/page/2')}></iframe>")
    program = (
        "import sys\nfrom scrapy.cmdline import execute\n"
        "try:\n    execute(['scrapy', 'crawl4', '--html', 'links.html', '-O', 'out.jsonl'])\n"
        "finally:\n    print('twisted.internet.reactor' in sys.modules, 'aiohttp' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=files, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.stdout.startswith("False "), done.stderr
    assert len(results((files / "out.jsonl").read_text())) == 1
    assert site.paths() == []


def test_memory_does_not_grow_with_the_number_of_files(files):
    page = "<h1>Title</h1>" + "<p>Rivers carry sand to the sea. <a href=x>link</a></p>" * 4_000
    names = []
    for number in range(40):
        names.append(f"large{number}.html")
        (files / names[-1]).write_text(page)

    def peak(count):
        program = (
            "import resource, sys\nfrom scrapy.cmdline import execute\n"
            "try:\n    execute(['scrapy', 'crawl4', '-O', 'out.jsonl', '--html', *sys.argv[1:]])\n"
            "finally:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        command = [sys.executable, "-c", program, *names[:count]]
        done = subprocess.run(command, cwd=files, capture_output=True, text=True, timeout=150, check=False)
        assert len((files / "out.jsonl").read_text().splitlines()) == count, done.stderr
        return int(done.stdout)

    # Forty results that were kept would hold 60 MB.
    assert peak(40) < peak(4) + 25_000


def test_the_end_of_a_pipe_is_an_end(files):
    command = [*COMMAND, "--html", *["a.html"] * 2000]
    with subprocess.Popen(command, cwd=files, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert json.loads(process.stdout.readline())["success"]
        process.stdout.close()
        assert process.wait(50) == 128 + signal.SIGPIPE


def test_ctrl_c_leaves_what_was_finished(files):
    command = [*COMMAND, "--html", *["a.html"] * 20, "-"]
    with subprocess.Popen(
        command, cwd=files, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        lines = [process.stdout.readline() for _ in range(20)]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=150)
    assert process.returncode == 130
    assert [json.loads(line)["index"] for line in lines] == list(range(20))
    assert rest == b""


def test_downloads(site, tmp_path):
    site.put("/logo.png", b"\x89PNG\r\n\x1a\n\x00", content_type="image/png")
    done = crawl4(site.url("/logo.png"), site.url("/page/1"), "--downloads", "kept/here", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = results(done.stdout)
    assert [Path(tmp_path, name).read_bytes()[:4] for name in first["downloaded_files"]] == [b"\x89PNG"]
    assert second["markdown"]["raw_markdown"]
    (tmp_path / "file").touch()
    done = crawl4(site.url("/page/1"), "--downloads", "file/x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"scrapy crawl4: --downloads: cannot write to file/x: .+\.\n", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["http://a.test/", "--html", "x"], "Use URLs or --html FILE, not both."),
        (["--html", "x", "--input", "y"], "--input is for a crawl: leave it out with --html."),
        (["--html", "x", "--concurrency", "3"], "--concurrency is for a crawl: leave it out with --html."),
        (["--html", "x", "--downloads", "d"], "--downloads is for a crawl: leave it out with --html."),
        (["--html", "-", "x", "-"], "Standard input can be read once: give - to --html only once."),
        (["--html", "x", "--url", "y"], "--url must be an absolute URL such as https://example.org/, got 'y'."),
        (["http://a.test/", "--url", "http://b.test/"], "--url is for pages in files: use it with --html."),
        (["--html", "x", "-o", "y", "-O", "z"], "Use -o to add to a file or -O to replace it, not both."),
        (["--html", "x", "--frobnicate"], "Unknown option --frobnicate; 'scrapy crawl4 -h' lists the options."),
    ],
)
def test_bad_usage_is_one_sentence(arguments, message):
    parser = ArgumentParser()
    add_options(parser)
    given_options, urls = parser.parse_known_args(arguments)
    with pytest.raises(BadUsage, match=f"^{re.escape(message)}$"):
        Options.checked(urls, given_options)
