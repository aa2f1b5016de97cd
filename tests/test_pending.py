"""The record of pending requests: what counts after a kill, and what does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scrapy_crawl4.exceptions import JobError
from scrapy_crawl4.pending import FILE_NAME, PendingRequests

from .crawling import environment

KILLED = """
import os, signal, sys
from pathlib import Path
from scrapy_crawl4.pending import PendingRequests

folder = Path(sys.argv[1])
feed = (folder / "items.jsonl").open("ab")
record = PendingRequests(folder)
for number in range(1, 8):
    record.add(number, b"request %d" % number)
feed.write(b"1\\n2\\n")
feed.flush()
record.remove([1, 2])
record.commit([folder / "items.jsonl"])
record.add(8, b"request 8")
record.remove([3])
feed.write(b"3\\nhalf a li")
feed.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], env=environment(), timeout=60, check=False)
    assert done.returncode == -9


@pytest.mark.slow
def test_a_kill_leaves_the_last_commit_and_its_files(tmp_path: Path) -> None:
    killed(tmp_path)
    feed = tmp_path / "items.jsonl"
    assert feed.read_bytes() == b"1\n2\n3\nhalf a li"
    with PendingRequests(tmp_path) as record:
        assert record.ended == ""
        assert [number for number, _ in record] == [3, 4, 5, 6, 7]
        assert len(record) == 5
        assert record.last_number == 7
        record.cut_grown()
    assert feed.read_bytes() == b"1\n2\n"


@pytest.mark.slow
def test_a_file_that_took_the_place_of_another_is_not_cut(tmp_path: Path) -> None:
    killed(tmp_path)
    feed = tmp_path / "items.jsonl"
    feed.rename(tmp_path / "kept.jsonl")
    feed.write_bytes(b"somebody else's, and longer")
    with PendingRequests(tmp_path) as record:
        record.cut_grown()
        assert feed.read_bytes() == b"somebody else's, and longer"
        feed.unlink()
        record.cut_grown()


def test_after_an_orderly_end_nothing_is_cut(tmp_path: Path) -> None:
    feed = tmp_path / "items.jsonl"
    feed.write_bytes(b"1\n")
    with PendingRequests(tmp_path) as record:
        assert record.ended is None
        record.add(1, b"one")
        record.commit([feed], ended="a mark")
    feed.write_bytes(b"1\n2\n")
    with PendingRequests(tmp_path) as record:
        assert record.ended == "a mark"
        record.cut_grown()
        assert list(record) == [(1, b"one")]
        record.clear()
        assert list(record) == []
        assert record.last_number == 0
    assert feed.read_bytes() == b"1\n2\n"


def test_a_file_that_was_moved_away_stops_no_commit(tmp_path: Path) -> None:
    with PendingRequests(tmp_path) as record:
        record.add(1, b"one")
        record.commit([tmp_path / "moved.jsonl"])
    with PendingRequests(tmp_path) as record:
        assert len(record) == 1


def test_what_was_not_committed_does_not_count(tmp_path: Path) -> None:
    with PendingRequests(tmp_path) as record:
        record.add(1, b"one")
    with PendingRequests(tmp_path) as record:
        assert record.ended is None
        assert len(record) == 0


def test_a_second_user_is_refused(tmp_path: Path) -> None:
    with PendingRequests(tmp_path) as record:
        record.commit()
        with pytest.raises(JobError, match="in use by another crawl"):
            PendingRequests(tmp_path)
    PendingRequests(tmp_path).close()


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(os.urandom(8192))
    with pytest.raises(JobError, match=r"crawl4\.pending in JOBDIR cannot be read"):
        PendingRequests(tmp_path)
