"""The example project's dispatchers: as values, named by settings in `scrapy crawl`, and through the facade."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import AsyncWebCrawler, BaseDispatcher, RateLimiter
from scrapy_crawl4.dispatch import Load
from scrapy_crawl4.dispatch.loading import make_dispatcher

from .crawling import ROOT, environment, run_spider
from .server import Site
from .simulation import Reply, Run

PROJECT = ROOT / "example_project"
PATH = "example_project.dispatchers."


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PROJECT))


def made(name: str, **settings: object) -> BaseDispatcher:
    return make_dispatcher({"CRAWL4_DISPATCHER": PATH + name, **settings})


def at(hour: int):
    return lambda: datetime(2026, 1, 31, hour, 59)  # noqa: DTZ001 - the machine's clock has no zone either


# Values


@pytest.mark.parametrize(
    ("night", "nightly"),
    [((22, 6), {22, 23, 0, 1, 2, 3, 4, 5}), ((1, 4), {1, 2, 3}), ((0, 24), set(range(24))), ((23, 0), {23})],
)
def test_time_of_day(night, nightly):
    from example_project.dispatchers import TimeOfDay

    policies = [TimeOfDay(2, 9, night, clock=at(hour)) for hour in range(24)]
    assert [policy.permits(Load()) for policy in policies] == [9 if hour in nightly else 2 for hour in range(24)]


@given(done=st.integers(0, 10**6), share=st.floats(0, 1), most=st.floats(0.01, 1), permits=st.integers(1, 100))
def test_error_rate(done, share, most, permits):
    from example_project.dispatchers import ErrorRate

    failed = round(done * share)
    answer = ErrorRate(most, permits).permits(Load(done=done, failed=failed))
    assert 1 <= answer <= permits
    if done < 10 or not failed:
        assert answer == permits
    elif failed / done >= most:
        assert answer == 1


def test_pause_file(tmp_path):
    from example_project.dispatchers import PauseFile

    file = tmp_path / "pause"
    policy = PauseFile(str(file), 7)
    assert policy.permits(Load()) == 7
    file.touch()
    assert policy.permits(Load()) == 0


def test_their_settings_arrive_beside_ours():
    night = made("TimeOfDay", NIGHT_PERMITS="3", NIGHT_BEGINS="0", NIGHT_ENDS="24", CRAWL4_MAX_SESSION_PERMIT=5)
    assert (night.permits(Load()), night.day_permits, night.max_session_permit) == (3, 2, 5)
    errors = made("ErrorRate", MOST_FAILED="0.2", CRAWL4_BASE_DELAY=2)
    assert (errors.most_failed, errors.rate_limiter) == (0.2, RateLimiter(2))
    pause = made("PauseFile", PAUSE_FILE="/nowhere", CRAWL4_CHECK_INTERVAL_SECS=0.2)
    assert (str(pause.pause_file), pause.check_interval) == ("/nowhere", 0.2)


def test_an_answer_that_changes_by_itself_counts_after_one_check_interval():
    class Until(BaseDispatcher):
        check_interval = 2.0

        def permits(self, load):
            return 0 if load.elapsed < 7 else 3

    run = Run(Until(5), serve=lambda session: Reply(1.0)).crawl((n, "h") for n in range(4))
    # Checks are at 0, 2, 4, 6 and 8 s.
    assert run.started() == [8, 8, 8, 9]


# scrapy crawl


@contextmanager
def crawling(site: Site, folder: Path, dispatcher: str, *settings: str, links: str) -> Iterator[subprocess.Popen[str]]:
    """`scrapy crawl articles` in the example project, on a page with twelve links."""
    site.put("/many", "".join(f'<a href="{site.url(links.format(n), host=1 + n % 3)}">{n}</a>' for n in range(12)))
    given = (f"CRAWL4_DISPATCHER={PATH}{dispatcher}", "CRAWL4_CHECK_INTERVAL_SECS=0.1", "DOWNLOAD_DELAY=0", *settings)
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "scrapy", "crawl", "articles", "-a", f"start={site.url('/many')}"),
            *("-O", str(folder / "pages.jsonl"), "-s", "DEPTH_LIMIT=1"),
            *(part for setting in given for part in ("-s", setting)),
        ],
        cwd=PROJECT,
        env={**environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], folder: Path) -> int:
    """Wait for the end and return the number of pages."""
    _, log = process.communicate(timeout=100)
    assert process.returncode == 0, log
    assert "Traceback" not in log, log
    assert "ERROR" not in log, log
    return len((folder / "pages.jsonl").read_text("utf-8").splitlines())


def test_time_of_day_in_scrapy_crawl(site, tmp_path):
    settings = ("NIGHT_PERMITS=3", "NIGHT_BEGINS=0", "NIGHT_ENDS=24")
    with crawling(site, tmp_path, "TimeOfDay", *settings, links="/gate/all?{}") as process:
        assert site.wait_active(3)
        site.open_gate("all")
        assert ended(process, tmp_path) == 13
    assert site.peak == 3


def test_error_rate_in_scrapy_crawl(site, tmp_path, monkeypatch):
    """There, a session fails that ends without a response."""
    source = """
    class TheSpider(Spider):
        name = "errors"

        async def start(self):
            for number in range(10):
                try:
                    await self.crawler.engine.download_async(Request(url("/reset"), meta={"dont_retry": True}))
                except Exception as error:
                    yield {"error": type(error).__name__}
            for number in range(6):
                yield Request(url(f"/slow/0.02?{number}", host=2))

        def parse(self, response):
            yield {"url": response.url}
    """
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    crawl = run_spider(site, tmp_path, source, CRAWL4_DISPATCHER=PATH + "ErrorRate", CRAWL4_MAX_SESSION_PERMIT=4)
    assert [sorted(item) for item in crawl.items] == [["error"]] * 10 + [["url"]] * 6
    assert site.peaks["127.0.0.2"] == 1


def test_pause_file_in_scrapy_crawl(site, tmp_path):
    pause = tmp_path / "pause"
    settings = (f"PAUSE_FILE={pause}", "CRAWL4_MAX_SESSION_PERMIT=2")
    with crawling(site, tmp_path, "PauseFile", *settings, links="/gate/all?{}") as process:
        assert site.wait_active(2)
        pause.touch()
        before = len(site.requests)
        site.open_gate("all")
        assert site.wait_active(0)
        resumed = monotonic()
        pause.unlink()
        assert ended(process, tmp_path) == 13
    assert site.peak == 2
    assert all(seen.time > resumed for seen in site.requests[before:]), "nothing was started during the pause"


# The facade


async def test_named_by_the_settings_of_a_crawler(site):
    settings = {
        "CRAWL4_DISPATCHER": PATH + "TimeOfDay",
        "NIGHT_PERMITS": 3,
        "NIGHT_BEGINS": 0,
        "NIGHT_ENDS": 24,
    }
    async with AsyncWebCrawler(settings=settings) as crawler:
        run = asyncio.ensure_future(_batch(crawler, site.urls(8, "/gate/all?{}", hosts=3)))
        assert await asyncio.to_thread(site.wait_active, 3)
        site.open_gate("all")
        assert all(result.success for result in await run)
    assert site.peak == 3


async def _batch(crawler, urls, **options):
    return await crawler.arun_many(urls, **options)


async def test_error_rate_through_the_facade(site):
    """There, a page with an HTTP error has failed."""
    from example_project.dispatchers import ErrorRate

    async def urls():
        for url in site.urls(10, "/status/404?{}"):
            yield url
        while run.progress.done < 10:
            await asyncio.sleep(0.01)
        for number in range(6):
            yield site.url(f"/slow/0.02?{number}", host=2)

    async with AsyncWebCrawler() as crawler:
        run = crawler.arun_many(urls(), dispatcher=ErrorRate(0.5, max_session_permit=6))
        results = await run
    assert [result.success for result in results] == [False] * 10 + [True] * 6
    assert site.peaks["127.0.0.2"] == 1


async def test_no_error_through_the_facade(site):
    from example_project.dispatchers import ErrorRate

    async with AsyncWebCrawler() as crawler:
        run = asyncio.ensure_future(
            _batch(crawler, site.urls(20, "/gate/all?{}"), dispatcher=ErrorRate(0.5, max_session_permit=6))
        )
        assert await asyncio.to_thread(site.wait_active, 6)
        site.open_gate("all")
        assert all(result.success for result in await run)
    assert site.peak == 6


async def test_a_flag_of_the_program(site):
    """Any object with `permits()` of its own; here one that a thread switches."""
    going = threading.Event()

    class Flagged(BaseDispatcher):
        check_interval = 0.05

        def permits(self, load):
            return self.max_session_permit if going.is_set() else 0

    async with AsyncWebCrawler() as crawler:
        run = asyncio.ensure_future(_batch(crawler, site.urls(5), dispatcher=Flagged(2)))
        other = await _batch(crawler, site.urls(3, "/text?{}"))
        assert all(result.success for result in other)
        assert not [path for path in site.paths() if path.startswith("/page/")]
        threading.Thread(target=going.set).start()
        assert all(result.success for result in await run)


async def test_pause_file_through_the_facade(site, tmp_path):
    pause = tmp_path / "pause"
    settings = {
        "CRAWL4_DISPATCHER": PATH + "PauseFile",
        "PAUSE_FILE": str(pause),
        "CRAWL4_MAX_SESSION_PERMIT": 2,
        "CRAWL4_CHECK_INTERVAL_SECS": 0.05,
    }
    async with AsyncWebCrawler(settings=settings) as crawler:
        run = asyncio.ensure_future(_batch(crawler, site.urls(6, "/gate/all?{}")))
        assert await asyncio.to_thread(site.wait_active, 2)
        pause.touch()
        site.open_gate("all")
        assert await asyncio.to_thread(site.wait_active, 0)
        resumed = monotonic()
        pause.unlink()
        assert all(result.success for result in await run)
    assert all(seen.time > resumed for seen in site.requests[2:])
