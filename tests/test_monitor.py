"""CrawlerMonitor: what it prints on a terminal and elsewhere, and that it never gets in the way of a run."""

import asyncio
import contextlib
import copy
import io
import os
import pickle
import re
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.config.enums import DisplayMode
from scrapy_crawl4.dispatch.progress import Progress
from scrapy_crawl4.monitor import CrawlerMonitor, text
from scrapy_crawl4.monitor.view import MonitorView

from .terminal import WAIT, Terminal, screen_of

SOME = Progress(
    done=40,
    failed=3,
    waiting=120,
    in_flight=16,
    retried=2,
    bytes_received=5 * 2**20,
    elapsed=10.0,
    permits=20,
    memory_mb=512,
    memory_limit_mb=2048,
)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    yield terminal
    terminal.close()


def closed(view):
    """Close `view` and wait until its last line is out."""
    view.close()
    assert view.drawn.wait(WAIT)


def test_a_terminal_gets_a_bar_and_figures(terminal):
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01)
    view = monitor.view(total=1000)
    view.update(SOME)
    shown = terminal.read_until("memory 512 of 2,048 MB (25%)")
    assert "━" in shown
    assert "4%  40 of 1,000 pages" in shown
    assert "3 failed, 16 of 20 in flight, 120 waiting, 2 retried, 4.0 pages/s" in shown
    closed(view)
    shown = terminal.read_until("memory at most 512 MB")
    assert "40 of 1,000 pages (4%) in 0:00:10, 3 failed, 2 retried, 4.0 pages/s, 5.0 MB received" in shown


def test_a_terminal_shows_finished_tasks_in_detail(terminal):
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01, max_visible_rows=2)
    view = monitor.view()
    for number in range(5):
        view.task_finished(f"http://a.test/{number}", "ok", 0.25)
    shown = terminal.read_until("http://a.test/4")
    closed(view)
    assert "http://a.test/3" in shown
    assert "http://a.test/2" not in shown


def test_aggregated_mode_shows_only_figures(terminal):
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01, display_mode=DisplayMode.AGGREGATED)
    view = monitor.view(total=3)
    view.task_finished("http://a.test/fine", "ok", 0.25)
    view.update(Progress(done=1, elapsed=1))
    terminal.read_until("1 of 3 pages")
    closed(view)
    assert "http://a.test/fine" not in terminal.read_until("33%) in")


def test_failed_tasks_get_a_line_that_stays(terminal):
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01, display_mode="AGGREGATED")
    view = monitor.view(total=3)
    view.task_finished("http://a.test/x", "404", 0.5, "HTTP 404 Not Found")
    terminal.read_until("404 http://a.test/x (0.5 s): HTTP 404 Not Found\n")
    closed(view)


def test_the_bar_leaves_the_terminal_for_other_output_and_at_the_end(terminal):
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=60)
    view = monitor.view(total=10)
    terminal.read_until("0 of 10 pages")
    with monitor.above():
        terminal.stream.write("a line of output\n")
        terminal.stream.flush()
    terminal.read_until("a line of output\n")
    closed(view)
    terminal.read_until("in 0:00:00")
    screen = screen_of(terminal.seen)
    assert screen[0] == "a line of output"
    assert screen[1].startswith("0 of 10 pages (0%) in 0:00:00")
    assert screen[2:] == [""]


def test_a_frame_fits_the_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal(columns=30, lines=4)
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01)
    view = monitor.view(total=1000)
    view.update(SOME)
    for number in range(10):
        view.task_finished(f"http://a.test/{number}/{'long' * 50}", "ok", 0.25)
    terminal.read_until("3 failed")
    frame = screen_of(terminal.seen)
    closed(view)
    terminal.close()
    assert len(frame) <= 4
    assert all(len(line) < 30 for line in frame)


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_terminal_that_cannot_go_back_gets_plain_lines(monkeypatch, term):
    monkeypatch.setenv("TERM", term)
    terminal = Terminal()
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01)
    view = monitor.view(total=40)
    view.update(SOME)
    closed(view)
    assert terminal.read_until("in 0:00:10")
    terminal.close()
    assert "\x1b" not in terminal.seen


def test_plain_lines_elsewhere():
    out = io.StringIO()
    view = CrawlerMonitor(file=out, refresh_rate=0.01).view(total=40)
    view.update(SOME)
    view.task_finished("http://a.test/x", "404", 0.5, "HTTP 404 Not Found")
    closed(view)
    assert out.getvalue().splitlines() == [
        "404 http://a.test/x (0.5 s): HTTP 404 Not Found",
        "40 of 40 pages (100%) in 0:00:10, 3 failed, 2 retried, 4.0 pages/s, 5.0 MB received, memory at most 512 MB",
    ]


def test_plain_lines_come_now_and_then(monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.monitor.screen.PLAIN_INTERVAL_SECS", 0.0)
    read, write = os.pipe()
    with os.fdopen(read) as lines, os.fdopen(write, "w") as stream:
        view = CrawlerMonitor(file=stream, refresh_rate=0.01).view()
        view.update(SOME)
        line = next(line for line in lines if "40" in line)
        closed(view)
    assert line.startswith("40 pages, 3 failed, 16 of 20 in flight, 120 waiting, 2 retried, 4.0 pages/s, memory 512")


def test_too_many_failures_are_counted(monkeypatch):
    out = io.StringIO()
    view = CrawlerMonitor(file=out, refresh_rate=60, max_visible_rows=2).view()
    draws = []
    take = view.take
    monkeypatch.setattr(view, "take", lambda: draws.append(take()) or draws[-1])
    for number in range(1000):
        view.task_finished(f"http://a.test/{number}", "404", 0.5, "HTTP 404 Not Found")
    closed(view)
    lines = out.getvalue().splitlines()
    listed = [line for line in lines if line.startswith("404 ")]
    counted = sum(int(line.split()[2].replace(",", "")) for line in lines if line.startswith("..."))
    assert max(len(draw.failures) for draw in draws) <= 2
    assert len(listed) == sum(len(draw.failures) for draw in draws)
    assert len(listed) + counted == 1000


def test_without_ui_nothing_is_printed(capsys):
    monitor = CrawlerMonitor(enable_ui=False)
    threads = threading.active_count()
    view = monitor.view(3)
    view.update(SOME)
    view.task_finished("http://a.test/", "404", 1, "HTTP 404 Not Found")
    assert threading.active_count() == threads
    view.close()
    assert capsys.readouterr() == ("", "")


def test_the_default_is_standard_error(capsys):
    view = CrawlerMonitor().view(3)
    closed(view)
    assert capsys.readouterr() == ("", "0 of 3 pages (0%) in 0:00:00, 0 failed, 0.0 pages/s\n")


def test_stop_takes_the_bar_away_and_start_draws_it_again(terminal):
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01)
    view = monitor.view(total=10)
    terminal.read_until("0 of 10 pages")
    monitor.stop()
    monitor.stop()
    view.update(Progress(done=5))
    monitor.start()
    monitor.start()
    terminal.read_until("5 of 10 pages")
    closed(view)


def test_a_stopped_monitor_prints_nothing():
    out = io.StringIO()
    monitor = CrawlerMonitor(file=out)
    monitor.stop()
    closed(monitor.view(3))
    assert out.getvalue() == ""


def test_runs_at_the_same_time_have_views_of_their_own(terminal):
    monitor = CrawlerMonitor(file=terminal.stream, refresh_rate=0.01)
    one, two = monitor.view(total=10), monitor.view(total=20)
    one.update(Progress(done=1))
    two.update(Progress(done=2))
    terminal.read_until("1 of 10 pages")
    terminal.read_until("2 of 20 pages")
    closed(one)
    terminal.read_until("1 of 10 pages (10%) in")
    closed(two)
    terminal.read_until("2 of 20 pages (10%) in")


def test_one_monitor_serves_one_run_after_the_other():
    out = io.StringIO()
    monitor = CrawlerMonitor(file=out)
    first = monitor.view(1)
    first.update(Progress(done=1, failed=1))
    closed(first)
    closed(monitor.view(1))
    assert [line[:6] for line in out.getvalue().splitlines()] == ["1 of 1", "0 of 1"]
    assert "0 failed" in out.getvalue().splitlines()[1]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_has_the_options_and_none_of_the_runs(copied):
    out = io.StringIO()
    monitor = CrawlerMonitor(7, 2.0, True, 90, max_visible_rows=3, display_mode=DisplayMode.AGGREGATED, file=out)
    view = monitor.view()
    other = copied(monitor)
    options = ["urls_total", "refresh_rate", "enable_ui", "max_width", "max_visible_rows", "display_mode"]
    assert [getattr(other, name) for name in options] == [7, 2.0, True, 90, 3, DisplayMode.AGGREGATED]
    closed(view)
    assert "0 of 7 pages" in out.getvalue()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"urls_total": -1}, "urls_total must be a whole number of at least 0, got -1."),
        ({"refresh_rate": 0}, "refresh_rate must be above 0, got 0."),
        ({"refresh_rate": "fast"}, "refresh_rate must be a number, got 'fast'."),
        ({"max_width": 10}, "max_width must be at least 20, got 10."),
        ({"max_visible_rows": 1.5}, "max_visible_rows must be a whole number of at least 0, got 1.5."),
        (
            {"display_mode": "loud"},
            "display_mode must be one of DisplayMode.DETAILED, DisplayMode.AGGREGATED, got 'loud'.",
        ),
    ],
)
def test_bad_options_name_themselves(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        CrawlerMonitor(**options)


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match="colour"):
        CrawlerMonitor(colour=True)


def test_a_stream_that_is_gone_does_not_harm_the_run(caplog):
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    view = CrawlerMonitor(file=stream, refresh_rate=0.01).view(3)
    view.task_finished("http://a.test/", "404", 1, "HTTP 404 Not Found")
    closed(view)
    assert caplog.records == []
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_stream_with_another_encoding_gets_what_it_can_show():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    view = CrawlerMonitor(file=stream).view(3)
    view.task_finished("http://a.test/é", "404", 1, "HTTP 404 Not Found")
    closed(view)
    assert b"404 http://a.test/? (1.0 s)" in raw.getvalue()


def test_an_open_view_does_not_keep_the_program_alive():
    code = "from scrapy_crawl4.monitor import CrawlerMonitor; CrawlerMonitor(refresh_rate=3600).view(3)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 0
    assert done.stderr == "0 of 3 pages (0%) in 0:00:00, 0 failed, 0.0 pages/s\n"


def test_importing_the_monitor_does_not_import_rich():
    code = "import sys; import scrapy_crawl4.monitor; print([name for name in sys.modules if name.startswith('rich')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=WAIT)
    assert done.stdout == "[]\n"


# What crawl4ai's monitor does wrong.


def test_m1_both_documented_signatures_work():
    CrawlerMonitor(max_visible_rows=15, display_mode=DisplayMode.DETAILED)
    CrawlerMonitor(urls_total=10, refresh_rate=0.5, enable_ui=False, max_width=100)
    CrawlerMonitor(10, 0.5, False, 100)


def test_m2_no_terminal_is_needed():
    code = (
        "from scrapy_crawl4.monitor import CrawlerMonitor\n"
        "monitor = CrawlerMonitor(); monitor.start(); monitor.view(3).close(); monitor.stop()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT,
        start_new_session=True,  # so that there is no terminal at all
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "0 of 3 pages (0%) in 0:00:00, 0 failed, 0.0 pages/s\n"


async def test_m2_a_stuck_reader_holds_up_neither_the_loop_nor_stop():
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 4096)
    os.set_blocking(write, True)
    stream = os.fdopen(write, "w")
    monitor = CrawlerMonitor(file=stream, refresh_rate=0.01)
    view = monitor.view(3)
    view.task_finished("http://a.test/", "404", 1, "HTTP 404 Not Found")
    async with asyncio.timeout(WAIT):
        view.update(SOME)
        view.close()
        monitor.stop()
        monitor.start()
        view.close()
    assert not view.drawn.is_set()

    def drained():
        with os.fdopen(read, "rb") as lines:
            while b"HTTP 404 Not Found" not in (line := lines.readline()):
                pass
            return line

    assert await asyncio.to_thread(drained)
    assert await asyncio.to_thread(view.drawn.wait, WAIT)
    stream.close()


def test_m3_figures_are_right():
    line = text.figures(SOME)
    assert "memory 512 of 2,048 MB (25%)" in line  # not MB divided by bytes
    assert "3 failed" in line
    assert "2 retried" in line
    assert text.counted(SOME, 200) == "40 of 200 pages (20%)"
    assert text.duration(2 * 86400 + 3 * 3600 + 5) == "2d 3:00:05"


def test_m3_urls_total_is_the_total_of_runs_that_do_not_know_theirs():
    out = io.StringIO()
    view = CrawlerMonitor(urls_total=50, file=out).view(None)
    view.update(Progress(done=25))
    closed(view)
    assert out.getvalue().startswith("25 of 50 pages (50%)")


def test_m3_more_pages_than_announced_are_no_more_than_all():
    view = MonitorView(10, rows=5)
    view.update(Progress(done=12))
    assert text.counted(view.take().progress, view.take().total) == "12 of 12 pages (100%)"


def test_m3_memory_is_bounded():
    view = MonitorView(None, rows=5)
    for number in range(10_000):
        view.task_finished("raw:" + "x" * 10_000, "404", float(number), "y" * 10_000)
    state = view.take()
    assert len(state.recent) == len(state.failures) == 5
    assert state.more_failures == 9_995
    assert max(len(task.url) for task in state.recent) == max(len(task.error) for task in state.recent) == 300


def test_clean_keeps_escape_sequences_off_the_terminal():
    assert text.clean("a\x1b[31m\nb\u202e") == "a [31m b "


@given(st.text())
def test_clean_gives_one_printable_line(value):
    cleaned = text.clean(value)
    assert cleaned.isprintable()
    assert len(cleaned) <= 300
    assert len(cleaned) == min(len(value), 300)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_percent_is_100_only_at_the_end(done, total):
    percent = text.percent(done, total)
    assert 0 <= percent <= 100
    assert (percent == 100) == (done >= total)


@given(st.floats(0, 10**9))
def test_duration_adds_up(seconds):
    match = re.fullmatch(r"(?:(\d+)d )?(\d+):(\d\d):(\d\d)", text.duration(seconds))
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    assert ((days * 24 + hours) * 60 + minutes) * 60 + rest == int(seconds)
    assert hours < 24 or not days
