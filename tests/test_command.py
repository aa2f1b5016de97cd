"""`scrapy crawl4` as it is typed: real processes, a local site, in and outside a project."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from scrapy.cmdline import execute

from scrapy_crawl4.commands.filenames import markdown_name

from .terminal import WAIT, Terminal, screen_of

COMMAND = [sys.executable, "-m", "scrapy", "crawl4"]
INTERRUPTED = 130


@pytest.fixture
def outside(tmp_path):
    """A folder that is in no project."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path):
    """A folder inside a project whose settings are ordinary ones."""
    folder = tmp_path / "project"
    (folder / "shop").mkdir(parents=True)
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = shop.settings\n")
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "settings.py").write_text(
        'BOT_NAME = "shop"\n'
        'USER_AGENT = "shop (a crawler of a test)"\n'
        "ROBOTSTXT_OBEY = True\n"
        'ADDONS = {"scrapy_crawl4.Addon": 500}\n'
        "CRAWL4_MAX_SESSION_PERMIT = 3\n"
    )
    return folder


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCRAPY_")}
    return kept | {"TERM": "xterm-256color", "PYTHONWARNINGS": "error"}


def crawl4(*arguments, cwd, **options):
    options = {"capture_output": True, "text": True, "timeout": 2 * WAIT, "env": environment()} | options
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, check=False, **options)


@contextmanager
def started(*arguments, cwd, **options):
    """A crawl under way; it is ended with the block."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment()} | options
    with subprocess.Popen([*COMMAND, *arguments], cwd=cwd, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def results(text):
    return [json.loads(line) for line in text.splitlines()]


def indices(text):
    return [result["index"] for result in results(text)]


# Output


def test_json_lines_on_standard_output(site, outside):
    urls = [site.url("/page/1"), site.url("/status/404"), site.url("/page/2"), "not a url", site.url("/page/1")]
    done = crawl4(*urls, cwd=outside)
    assert done.returncode == 0
    lines = results(done.stdout)
    assert [line["url"] for line in lines] == urls
    assert [line["index"] for line in lines] == [0, 1, 2, 3, 4]
    assert [line["success"] for line in lines] == [True, False, True, False, True]
    assert lines[0]["markdown"]["raw_markdown"].split("\n\n")[1] == "# Page 1"
    assert lines[1]["error_message"] == "HTTP 404 Not Found"
    *failures, summary = done.stderr.splitlines()
    assert any(re.fullmatch(rf"404 {re.escape(urls[1])} \(\d+\.\d s\): HTTP 404 Not Found", line) for line in failures)
    assert any(line.startswith("failed not a url (0.0 s): ") for line in failures)
    assert len(failures) == 2
    assert summary.startswith("5 of 5 pages (100%) in 0:00:0")
    assert "2 failed" in summary


def test_a_file_of_json_lines_is_added_to_or_replaced(site, outside):
    out = outside / "pages.jsonl"
    for url in site.urls(2):
        done = crawl4(url, "-o", "pages.jsonl", cwd=outside)
        assert (done.returncode, done.stdout) == (0, "")
    assert [result["url"] for result in results(out.read_text())] == site.urls(2)
    crawl4(site.url("/page/7"), "-O", str(out), cwd=outside)
    assert [result["url"] for result in results(out.read_text())] == [site.url("/page/7")]


def test_markdown_files(site, outside):
    urls = site.urls(3)
    done = crawl4(*urls, site.url("/status/500"), "--markdown", "pages", "-s", "RETRY_ENABLED=0", cwd=outside)
    assert (done.returncode, done.stdout) == (0, "")
    files = {path.name: path.read_text() for path in (outside / "pages").iterdir()}
    assert files.keys() == {markdown_name(url) for url in urls}
    assert files[markdown_name(urls[1])].split("\n\n")[1] == "# Page 1"


def test_markdown_on_standard_output(site, outside):
    done = crawl4(*site.urls(2), "--markdown", "-", cwd=outside)
    assert re.findall(r"^<!-- (.*) -->\n\n.*\n\n# (.*)$", done.stdout, re.MULTILINE) == [
        (site.url("/page/0"), "Page 0"),
        (site.url("/page/1"), "Page 1"),
    ]


def test_json_and_markdown_together(site, outside):
    done = crawl4(*site.urls(2), "--markdown", "pages", "-o", "-", cwd=outside)
    assert len(results(done.stdout)) == len(list((outside / "pages").iterdir())) == 2


def test_results_come_in_the_order_of_the_urls(site, outside):
    with started(site.url("/gate/late"), *site.urls(4), cwd=outside) as process:
        assert site.wait_for(lambda site: len(site.paths()) == 5)
        site.open_gate("late")
        out, _ = process.communicate(timeout=WAIT)
    assert indices(out) == [0, 1, 2, 3, 4]


def test_stream_writes_results_as_pages_finish(site, outside):
    with started(site.url("/gate/late"), *site.urls(4), "--stream", cwd=outside) as process:
        first = [process.stdout.readline() for _ in range(4)]
        site.open_gate("late")
        out, _ = process.communicate(timeout=WAIT)
    assert sorted(indices(b"".join(first))) == [1, 2, 3, 4]
    assert indices(out) == [0]


# Input


def test_urls_from_a_file(site, outside):
    lines = ["# pages", "", *site.urls(3), "   ", f"  {site.url('/page/9')}  "]
    (outside / "urls.txt").write_text("\n".join(lines))
    done = crawl4(site.url("/page/5"), "--input", "urls.txt", cwd=outside)
    assert [result["url"] for result in results(done.stdout)] == [
        site.url("/page/5"),
        *site.urls(3),
        site.url("/page/9"),
    ]


@pytest.mark.parametrize("arguments", [["-"], ["--input", "-"]])
def test_urls_from_standard_input_are_crawled_while_it_is_open(site, outside, arguments):
    with started(*arguments, cwd=outside, stdin=subprocess.PIPE) as process:
        for url in site.urls(3):
            process.stdin.write(f"{url}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["url"] == url
        out, _ = process.communicate(timeout=WAIT)
    assert (process.returncode, out) == (0, b"")


def test_a_long_list_is_read_as_it_is_needed(site, outside):
    def endless():
        for number in range(10_000_000):
            yield f"{site.url('/page/{}')}\n".format(number).encode()

    with started("-", "--stream", "-s", "CRAWL4_LOOKAHEAD=10", cwd=outside, stdin=subprocess.PIPE) as process:
        os.set_blocking(process.stdin.fileno(), False)
        written = 0
        for line in endless():
            try:
                written += os.write(process.stdin.fileno(), line)
            except BlockingIOError:
                break
        assert json.loads(process.stdout.readline())["success"]
        # A pipe and a block, not the list.
        assert written < 1_000_000
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)
    assert process.returncode == INTERRUPTED


def test_no_urls_in_the_input_are_no_failure(outside):
    done = crawl4("-", cwd=outside, input="# nothing\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("0 pages in 0:00:00")


# Exit status


def test_status_1_if_every_page_failed(site, outside):
    done = crawl4(site.url("/status/404"), site.url("/status/410"), cwd=outside)
    assert done.returncode == 1
    assert [result["status_code"] for result in results(done.stdout)] == [404, 410]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Nothing to crawl: give URLs, or a file of them with --input."),
        (["URL", "--concurrency", "0"], "--concurrency must be a whole number of at least 1, got '0'."),
        (["URL", "--colour"], "Unknown option --colour; 'scrapy crawl4 -h' lists the options."),
        (["--input", "none.txt"], "--input: cannot read none.txt: no such file or directory."),
        (["--input", "."], "--input: cannot read .: it is a folder."),
        (["URL", "-o", "none/pages.jsonl"], "Cannot write to none/pages.jsonl: no such file or directory."),
        (["URL", "-o", "."], "Cannot write to .: is a directory."),
        (["URL", "--markdown", "file/pages"], "--markdown: cannot write to file/pages: not a directory."),
        (
            ["URL", "-s", "CRAWL4_DISPATCHER=nowhere.Dispatcher"],
            "CRAWL4_DISPATCHER: 'nowhere.Dispatcher' cannot be imported; give the path of a dispatcher, such as ",
        ),
        (["URL", "-s", "CRAWL4_MAX_SESION_PERMIT=3"], "CRAWL4_MAX_SESION_PERMIT is not a setting; did you mean "),
        (["URL", "--logfile", "none/log"], "Cannot write the log to none/log: no such file or directory."),
        (["URL", "-s", "CRAWL4_MAX_SESSION_PERMIT=-3"], "CRAWL4_MAX_SESSION_PERMIT must be "),
    ],
)
def test_status_2_and_one_sentence_for_bad_usage(site, outside, monkeypatch, capfd, arguments, message):
    (outside / "file").touch()
    monkeypatch.chdir(outside)
    words = [site.url("/page/1") if word == "URL" else word for word in arguments]
    with pytest.raises(SystemExit) as end:
        execute(["scrapy", "crawl4", *words])
    assert end.value.code == 2
    captured = capfd.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith(f"scrapy crawl4: {message}")
    assert captured.out == ""
    assert site.requests == []


@pytest.mark.parametrize(
    ("closed", "arguments", "message"),
    [
        ("stdout", ["raw:<p>x"], "Cannot write to standard output: bad file descriptor."),
        ("stdout", ["--html", "f.html", "--markdown", "-"], "Cannot write to standard output: bad file descriptor."),
        ("stdin", ["-"], "--input: cannot read -: bad file descriptor."),
        ("stdin", ["--html", "-"], "--html: cannot read standard input: bad file descriptor."),
    ],
)
def test_status_2_without_a_standard_stream(monkeypatch, capfd, closed, arguments, message):
    monkeypatch.setattr(sys, closed, None)
    with pytest.raises(SystemExit) as end:
        execute(["scrapy", "crawl4", *arguments])
    assert end.value.code == 2
    assert capfd.readouterr().err == f"scrapy crawl4: {message}\n"


def test_ctrl_c_before_the_crawl_begins_is_quiet(monkeypatch, capfd):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("scrapy_crawl4.commands.session.plan", interrupt)
    with pytest.raises(SystemExit) as end:
        execute(["scrapy", "crawl4", "raw:<p>x"])
    assert (end.value.code, capfd.readouterr().err) == (INTERRUPTED, "")


def test_status_2_of_the_process(outside):
    done = crawl4(cwd=outside)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "scrapy crawl4: Nothing to crawl: give URLs, or a file of them with --input.\n"


@pytest.mark.parametrize(
    "wrong",
    [
        ["-s", "CRAWL4_MAX_SESSION_PERMIT=x"],
        ["--logfile", "none/log"],
        ["--markdown", "pages.jsonl/pages"],
        ["--input", "none.txt"],
    ],
)
def test_bad_usage_leaves_the_output_as_it_was(site, outside, monkeypatch, wrong):
    (outside / "pages.jsonl").write_text("old\n")
    monkeypatch.chdir(outside)
    with pytest.raises(SystemExit) as end:
        execute(["scrapy", "crawl4", site.url("/page/1"), "-O", "pages.jsonl", *wrong])
    assert end.value.code == 2
    assert (outside / "pages.jsonl").read_text() == "old\n"


def test_status_1_if_the_output_cannot_be_written(site, outside):
    done = crawl4(*site.urls(3), "-o", "/dev/full", cwd=outside)
    assert done.returncode == 1
    assert "scrapy crawl4: cannot go on: no space left on device." in done.stderr.splitlines()
    assert "Traceback" not in done.stderr


def test_input_that_breaks_off_loses_no_finished_page(site, outside):
    # Reading one's own memory fails, at an address where there is none.
    done = crawl4(*site.urls(3), "--input", "/proc/self/mem", cwd=outside)
    assert done.returncode == 1
    assert indices(done.stdout) == [0, 1, 2]
    assert "scrapy crawl4: cannot go on: input/output error." in done.stderr.splitlines()


def test_a_reader_that_has_seen_enough_ends_the_crawl(site, outside):
    with started("-", "--stream", cwd=outside, stdin=subprocess.PIPE) as process:
        process.stdin.write(f"{site.url('/page/1')}\n".encode())
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(f"{site.url('/page/2')}\n".encode())
        process.stdin.flush()
        assert process.wait(WAIT) == 128 + signal.SIGPIPE
        errors = process.stderr.read().decode()
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors


# Ctrl-C


def test_ctrl_c_writes_what_was_finished(site, outside, request):
    terminal = Terminal(columns=120)
    request.addfinalizer(terminal.close)
    urls = [site.url("/hang"), *site.urls(5)]
    with started(*urls, "-o", "pages.jsonl", "--concurrency", "8", cwd=outside, stderr=terminal.stream) as process:
        terminal.read_until("5 of 6 pages")
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == INTERRUPTED
    # The first page is not there, and the others did not wait for it.
    assert indices((outside / "pages.jsonl").read_text()) == [1, 2, 3, 4, 5]
    shown = terminal.read_until("5 of 6 pages (83%) in")
    assert "Traceback" not in shown


def test_ctrl_c_while_waiting_for_standard_input(site, outside):
    with started("-", "--stream", cwd=outside, stdin=subprocess.PIPE) as process:
        process.stdin.write(f"{site.url('/page/1')}\n".encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["success"]
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == INTERRUPTED
        (summary,) = process.stderr.read().decode().splitlines()
    assert summary.startswith("1 page in 0:00:0")


def test_a_second_ctrl_c_is_quiet_too(site, outside):
    with started(site.url("/hang"), cwd=outside) as process:
        assert site.wait_active(1)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == INTERRUPTED
        assert "Traceback" not in process.stderr.read().decode()


# Settings


def test_settings_of_the_command_line(site, outside):
    done = crawl4(site.url("/page/1"), "-s", "USER_AGENT=me", "-s", "LOG_LEVEL=INFO", cwd=outside)
    assert done.returncode == 0
    assert site.requests[0].headers["user-agent"] == "me"
    assert "[scrapy" in done.stderr


def test_settings_of_the_project(site, project):
    site.set_robots("User-agent: *\nDisallow: /page/3\n")
    done = crawl4(*site.urls(8), cwd=project / "shop")
    assert done.returncode == 0
    assert {seen.headers["user-agent"] for seen in site.requests} == {"shop (a crawler of a test)"}
    assert [result["index"] for result in results(done.stdout) if not result["success"]] == [3]
    assert "/page/3" not in site.paths()
    assert site.peak <= 3


def test_what_is_for_spiders_is_left_alone(site, project):
    (project / "items.json").write_text("[]")
    with (project / "shop" / "settings.py").open("a") as settings:
        settings.write(
            'FEEDS = {"items.json": {"format": "json", "overwrite": True}}\n'
            'ITEM_PIPELINES = {"shop.pipelines.Missing": 300}\n'
            'JOBDIR = "state"\n'
            "CLOSESPIDER_PAGECOUNT = 1\n"
        )
    done = crawl4(*site.urls(5), cwd=project)
    assert done.returncode == 0
    assert all(result["success"] for result in results(done.stdout))
    assert (project / "items.json").read_text() == "[]"
    assert not (project / "state").exists()


def test_concurrency(site, project):
    done = crawl4(*site.urls(6, "/slow/0.2?{}"), "--concurrency", "2", cwd=project)
    assert done.returncode == 0
    assert site.peak == 2


def test_retries_as_for_a_spider(site, outside):
    done = crawl4(site.url("/status/500"), "-s", "RETRY_TIMES=1", cwd=outside)
    assert done.returncode == 1
    assert len(site.requests) == 2


def test_the_log_goes_to_a_file(site, outside):
    done = crawl4(site.url("/page/1"), "--logfile", "crawl.log", "-L", "DEBUG", cwd=outside)
    assert "Spider opened" not in done.stderr
    assert "Spider opened" in (outside / "crawl.log").read_text()


def test_scrapy_lists_the_command(outside):
    done = subprocess.run([*COMMAND[:-1], "-h"], capture_output=True, text=True, timeout=WAIT, cwd=outside, check=False)
    assert re.search(r"^  crawl4 +Crawl URLs into LLM-ready JSON Lines or Markdown$", done.stdout, re.MULTILINE)
    assert "--concurrency N" in crawl4("-h", cwd=outside).stdout


# On a terminal


def test_a_terminal_shows_a_progress_bar(site, outside, request):
    terminal = Terminal(columns=120)
    request.addfinalizer(terminal.close)
    urls = [*site.urls(3), site.url("/status/404"), site.url("/gate/last")]
    with started(*urls, "-o", "pages.jsonl", cwd=outside, stderr=terminal.stream) as process:
        shown = terminal.read_until("80%  4 of 5 pages")
        assert "━" in shown
        terminal.read_until("1 failed, 1 of 16 in flight, 0 waiting")
        terminal.read_until(" pages/s, memory ")
        site.open_gate("last")
        assert process.wait(WAIT) == 0
    terminal.read_until("5 of 5 pages (100%) in")
    failure, summary, rest = screen_of(terminal.seen)
    assert failure.startswith(f"404 {site.url('/status/404')}")
    assert summary.startswith("5 of 5 pages (100%) in 0:00:")
    assert rest == ""


def test_results_and_bar_share_a_terminal(site, outside, request):
    terminal = Terminal(columns=200)
    request.addfinalizer(terminal.close)
    urls = [site.url("/page/1"), site.url("/gate/last")]
    with started(*urls, "--markdown", "-", cwd=outside, stdout=terminal.stream, stderr=terminal.stream) as process:
        terminal.read_until("50%  1 of 2 pages")
        site.open_gate("last")
        assert process.wait(WAIT) == 0
    terminal.read_until("2 of 2 pages (100%) in")
    screen = screen_of(terminal.seen)
    assert f"<!-- {urls[0]} -->" in screen
    assert "# Page 1" in screen
    assert not any("━" in line for line in screen)
