"""Parts of content workers: when one pays, how many there may be, what travels to them."""

import logging
import threading

import pytest

from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator, PruningContentFilter, RegexExtractionStrategy
from scrapy_crawl4.workers.backlog import WINDOW, Backlog
from scrapy_crawl4.workers.cores import usable_cores
from scrapy_crawl4.workers.logs import Records, repeat
from scrapy_crawl4.workers.parcel import pack, unpack

from .test_content_processes import configurations


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def worked(busy, idle, *, waiting, seconds):
    clock = Clock()
    backlog = Backlog(clock)
    pressed = 0
    while clock.now < 100 + seconds:
        backlog.begin()
        clock.now += busy
        backlog.end(waiting=waiting)
        clock.now += idle
        pressed += backlog.presses()
    return pressed


@pytest.mark.parametrize(
    ("busy", "idle", "waiting", "seconds", "pressed"),
    [
        (0.001, 0.0002, True, WINDOW * 1.1, 1),
        (0.001, 0.0002, True, WINDOW * 3.1, 3),
        (0.001, 0.0002, True, WINDOW * 0.9, 0),
        (0.001, 0.0002, False, WINDOW * 9, 0),
        (0.001, 0.002, True, WINDOW * 9, 0),
    ],
)
def test_a_backlog_is_a_thread_that_is_busy_while_others_wait(busy, idle, waiting, seconds, pressed):
    assert worked(busy, idle, waiting=waiting, seconds=seconds) == pressed


def test_one_page_that_takes_long_is_a_backlog_too():
    clock = Clock()
    backlog = Backlog(clock)
    backlog.begin()
    assert not backlog.presses()
    clock.now += WINDOW
    assert backlog.presses()
    assert not backlog.presses(), "another one not before it had its time"


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({}, None),
    ],
)
def test_a_quota_counts_as_so_many_processors(tmp_path, files, most):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    assert usable_cores(tmp_path) == (most or usable_cores(tmp_path / "none"))


def test_the_options_for_content_travel():
    generator = DefaultMarkdownGenerator(content_filter=PruningContentFilter())
    config = CrawlerRunConfig(markdown_generator=generator, excluded_tags=["nav"], url_matcher=lambda url: True)
    for only_own in (True, False):
        packed = pack(config, only_own=only_own)
        assert unpack(packed).excluded_tags == ["nav"]
        assert isinstance(unpack(packed).markdown_generator.content_filter, PruningContentFilter)
        assert pack(config.clone(), only_own=only_own) == packed, "a worker is sent it once"


class Own(CrawlerRunConfig):
    pass


class Strategy(RegexExtractionStrategy):
    pass


@pytest.mark.parametrize("config", [Own(), CrawlerRunConfig(extraction_strategy=Strategy())])
def test_code_of_the_users_travels_where_it_was_asked_for(config):
    assert pack(config, only_own=True) is None
    assert type(unpack(pack(config, only_own=False)).extraction_strategy) is type(config.extraction_strategy)


def test_what_cannot_be_pickled_stays():
    strategy = RegexExtractionStrategy()
    strategy.lock = threading.Lock()
    assert pack(CrawlerRunConfig(extraction_strategy=strategy), only_own=False) is None


def test_what_a_worker_logs_is_logged_here(caplog):
    caplog.set_level(logging.WARNING)
    records = Records()
    log = logging.Logger("mine")  # noqa: LOG001 - without the handlers of pytest
    log.addHandler(records)
    log.warning("about %s", "it", exc_info=ValueError("why"))
    log.info("nothing")
    repeat(records.taken())
    assert records.taken() == []
    assert [(record.name, record.levelname) for record in caplog.records] == [("mine", "WARNING"), ("mine", "INFO")][:1]
    assert "about it\n" in caplog.text
    assert "ValueError: why" in caplog.text


@pytest.mark.parametrize("config", configurations())
def test_what_this_package_brings_travels_always(config):
    assert pack(config, only_own=True) is not None
