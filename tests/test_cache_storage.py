"""The storage in SQLite: several processes, kills, damage, limits of size and age."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from scrapy import Request, Spider
from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler

from scrapy_crawl4.cache import SqliteCacheStorage, schema
from scrapy_crawl4.cache import sqlite_storage as module

from .crawling import ROOT, run_spider

URL = "http://example.org/{}"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def make(folder):
    made = []

    def storage(**settings):
        made.append(SqliteCacheStorage(Settings({"HTTPCACHE_DIR": str(folder), **settings})))
        return made[-1]

    yield storage
    for one in made:
        one.close()


def page(number, body=b"<p>x", **headers):
    return HtmlResponse(URL.format(number), headers={"Content-Type": "text/html", **headers}, body=body)


def store(storage, number, body=b"<p>x", **headers):
    storage.store_response(None, Request(URL.format(number)), page(number, body, **headers))


def found(storage, number):
    response = storage.retrieve_response(None, Request(URL.format(number)))
    return None if response is None else response.body


def stored(storage, numbers):
    return [number for number in numbers if found(storage, number) is not None]


# What comes back


@pytest.mark.parametrize("flushed", [False, True])
@pytest.mark.parametrize("packs", [False, True])
def test_a_response_comes_back_as_it_was(make, flushed, packs):
    storage = make(HTTPCACHE_GZIP=packs)
    headers = {"Content-Type": "text/html; charset=latin-1", "Set-Cookie": ["a=1", "b=2"], "X": b"gr\xfc\xdfe"}
    response = HtmlResponse(URL.format(1), 203, headers, b"gr\xfc\xdfe" * 500, protocol="HTTP/1.1", certificate=b"DER")
    storage.store_response(None, Request(URL.format(1)), response)
    if flushed:
        storage.flush()
    request = Request(URL.format(1))
    again = storage.retrieve_response(None, request)
    for name in ("url", "status", "headers", "body", "protocol", "certificate", "ip_address"):
        assert getattr(again, name) == getattr(response, name), name
    assert type(again) is HtmlResponse
    assert again.text == response.text
    assert isinstance(request.meta["cache_timestamp"], float)
    assert storage.peek(Request(URL.format(1))).headers == response.headers


def test_the_last_one_counts(make):
    storage = make()
    for body in (b"one", b"two"):
        store(storage, 1, body)
    assert found(storage, 1) == b"two"
    storage.flush()
    assert found(storage, 1) == b"two"
    store(storage, 1, b"three")
    storage.flush()
    assert found(storage, 1) == b"three"


def test_an_empty_body_is_one(make):
    storage = make()
    request = Request(URL.format(1))
    storage.store_response(None, request, Response(URL.format(1), 302, {"Location": "/2"}))
    storage.flush()
    again = storage.retrieve_response(None, Request(URL.format(1)))
    assert (again.status, again.body, again.headers["Location"]) == (302, b"", b"/2")


def test_nothing_is_read_where_there_is_nothing(make, folder):
    assert found(make(), 1) is None
    assert not folder.exists()


def test_what_is_read_late_is_gone_from_the_meta_of_a_redirect(make):
    storage = make()
    store(storage, 1)
    request = Request(URL.format(1))
    storage.retrieve_response(None, request)
    assert "cache_timestamp" in request.meta
    onwards = request.replace(url=URL.format(2))
    storage.retrieve_response(None, onwards)
    assert "cache_timestamp" not in onwards.meta


# Age and size


def test_entries_expire(make, monkeypatch):
    storage = make(HTTPCACHE_EXPIRATION_SECS=100)
    store(storage, 1)
    storage.flush()
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 99)
    assert found(storage, 1) == b"<p>x"
    monkeypatch.setattr(module.time, "time", lambda: now + 101)
    assert found(storage, 1) is None
    assert storage.peek(Request(URL.format(1))) is None


def test_what_was_not_used_for_longest_goes(make, monkeypatch, folder):
    storage = make(CRAWL4_CACHE_MAX_MB=1)
    body = os.urandom(50_000)
    now = module.time.time()
    for number in range(15):
        monkeypatch.setattr(module.time, "time", lambda number=number: now + 100 * number)
        store(storage, number, body)
        storage.flush()
    monkeypatch.setattr(module.time, "time", lambda: now + 3000)
    assert found(storage, 0) == body
    storage.flush()
    for number in range(15, 25):
        monkeypatch.setattr(module.time, "time", lambda number=number: now + 4000 + number)
        store(storage, number, body)
        storage.flush()
    left = stored(storage, range(25))
    assert 15 < len(left) < 21
    assert left == [0, *range(25 - len(left) + 1, 25)]
    storage.close()
    assert (folder / "responses.sqlite").stat().st_size <= 2**20


def test_a_smaller_limit_makes_the_file_smaller(make, folder):
    storage = make(CRAWL4_CACHE_MAX_MB=8)
    for number in range(60):
        store(storage, number, os.urandom(100_000))
    storage.close()
    assert (folder / "responses.sqlite").stat().st_size > 5_000_000
    smaller = make(CRAWL4_CACHE_MAX_MB=2)
    store(smaller, 100)
    smaller.close()
    assert (folder / "responses.sqlite").stat().st_size <= 2 * 2**20
    assert found(make(), 100) == b"<p>x"


def test_what_is_larger_than_all_is_not_kept(make):
    storage = make(CRAWL4_CACHE_MAX_MB=1)
    store(storage, 1)
    store(storage, 2, b"x" * 2**20 + b"x")
    storage.flush()
    assert stored(storage, [1, 2]) == [1]


def test_much_at_once_waits_for_the_disk(make):
    storage = make()
    for number in range(30):
        store(storage, number, bytes([number]) * 3_000_000)
    assert [found(storage, number)[:1] for number in range(30)] == [bytes([number]) for number in range(30)]


def test_bodies_are_packed_where_that_is_asked_for(make, folder):
    for packs, size in ((True, 300_000), (False, 1_000_000)):
        storage = make(HTTPCACHE_GZIP=packs)
        store(storage, 1, b"words " * 200_000)
        storage.flush()
        assert found(storage, 1) == b"words " * 200_000
        storage.close()
        assert ((folder / "responses.sqlite").stat().st_size > size) == (not packs)


# Threads and processes


def test_threads_share_one_storage(make):
    storage = make()

    def work(start):
        for number in range(start, start + 50):
            store(storage, number, b"%d" % number)
            assert found(storage, number) == b"%d" % number

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    storage.flush()
    numbers = [100 * thread + number for thread in range(4) for number in range(50)]
    assert [found(storage, number) for number in numbers] == [b"%d" % number for number in numbers]


def test_two_storages_see_what_the_other_wrote(make):
    one, two = make(), make()
    store(one, 1, b"one")
    one.flush()
    assert found(two, 1) == b"one"
    store(two, 1, b"two")
    two.flush()
    assert found(one, 1) == b"two"


WRITER = """
import sys
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.settings import Settings
from scrapy_crawl4.cache import SqliteCacheStorage

folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
storage = SqliteCacheStorage(Settings({"HTTPCACHE_DIR": folder}))
sys.stdin.readline()
for number in range(first, first + count):
    url = f"http://example.org/{number}"
    storage.store_response(None, Request(url), HtmlResponse(url, body=b"%d" % number * 2000))
    if number % 20 == 19:
        storage.flush()
        print(number, flush=True)
storage.close()
"""


def writer(folder, first, count):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WRITER, str(folder), str(first), str(count)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_processes_write_one_file(make, folder):
    processes = [writer(folder, 1000 * number, 200) for number in range(4)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=100) and process.returncode for process in processes] == [0] * 4
    storage = make()
    numbers = [1000 * process + number for process in range(4) for number in range(200)]
    assert [found(storage, number) for number in numbers] == [b"%d" % number * 2000 for number in numbers]


@pytest.mark.slow
def test_a_kill_leaves_a_good_file(make, folder):
    promised = []
    for start in (0, 10_000, 20_000):
        with writer(folder, start, 5_000) as process:
            process.stdin.write("go\n")
            process.stdin.flush()
            for _ in range(1 + start // 5_000):
                promised.append(int(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
    storage = make()
    # All that was there when the line was printed is there still, whole.
    for last in promised:
        for number in range(last // 10_000 * 10_000, last + 1):
            assert found(storage, number) == b"%d" % number * 2000
    store(storage, 1, b"new")
    storage.close()
    assert found(make(), 1) == b"new"
    with closing(sqlite3.connect(folder / "responses.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(folder.glob("*.broken-*"))


# Damage


def foreign(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()


def newer(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def no_database(path):
    path.write_bytes(b"This is no database, and it is long enough to be looked at. " * 100)


def cut(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def garbled(path):
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 4096 * 20)


@pytest.mark.parametrize("damage", [foreign, newer, no_database, cut, garbled])
@pytest.mark.parametrize("first", ["read", "write"])
def test_a_file_that_does_not_serve_is_moved_aside(make, folder, caplog, damage, first):
    path = folder / "responses.sqlite"
    if damage is foreign:
        folder.mkdir()
    else:
        old = make()
        for number in range(50):
            store(old, number, b"%d" % number * 2000)
        old.close()
    damage(path)
    before = path.read_bytes()
    storage = make()
    with caplog.at_level(logging.WARNING):
        if first == "read":
            stored(storage, range(50))
        for number in range(100, 150):
            store(storage, number, b"%d" % number)
        storage.flush()
    assert stored(storage, range(100, 150)) == list(range(100, 150))
    (aside,) = (path for path in folder.glob("responses.sqlite.broken-*") if not path.name.endswith(("-wal", "-shm")))
    assert len(aside.read_bytes()) >= len(before)
    (told,) = [record.getMessage() for record in caplog.records]
    assert "was moved aside as responses.sqlite.broken-" in told
    assert str(folder) not in told
    storage.close()
    assert stored(make(), range(100, 150)) == list(range(100, 150))


def test_a_file_that_goes_under_way_is_made_anew(make, folder):
    storage = make()
    store(storage, 1)
    storage.flush()
    assert found(storage, 1) is not None
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert found(storage, 1) is None
    store(storage, 2)
    storage.flush()
    assert stored(storage, [1, 2]) == [2]


def test_a_place_that_cannot_be_written_costs_nothing_but_the_cache(make, folder, caplog):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file in the way")
    storage = make()
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            store(storage, number)
            storage.flush()
        assert stored(storage, range(3)) == []
    assert [record.getMessage() for record in caplog.records] == [
        "The cache cannot be used: file exists; pages are fetched without it."
    ]


def test_a_lock_of_somebody_else_is_waited_for(make, folder):
    storage = make()
    store(storage, 1)
    storage.flush()
    with closing(sqlite3.connect(folder / "responses.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        store(storage, 2)
        assert stored(storage, [1, 2]) == [1, 2]
        connection.execute("COMMIT")
    storage.flush()
    assert stored(make(), [1, 2]) == [1, 2]


def test_an_error_of_one_entry_is_no_damage(make, folder, monkeypatch, caplog):
    storage = make()
    store(storage, 1)
    storage.flush()

    def too_big(*arguments):
        raise sqlite3.DataError("string or blob too big")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "_put", too_big)
        store(storage, 2)
        storage.flush()
    store(storage, 3)
    storage.flush()
    assert stored(storage, [1, 2, 3]) == [1, 3]
    assert [path.name for path in folder.glob("*.broken-*")] == []
    assert "too big" in caplog.text


def test_the_thread_goes_on_after_anything(make, monkeypatch, caplog):
    storage = make()

    def broken(*arguments):
        raise RuntimeError("anything")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "write", broken)
        store(storage, 1)
        storage.flush()
    store(storage, 2)
    storage.flush()
    assert stored(storage, [1, 2]) == [2]
    assert "could not be written into the cache" in caplog.text


# As Scrapy's own


def test_it_serves_scrapys_interface(folder):
    crawler = get_crawler(Spider, {"HTTPCACHE_DIR": str(folder)})
    spider = crawler._create_spider("x")
    storage = SqliteCacheStorage(crawler.settings)
    storage.open_spider(spider)
    storage.store_response(spider, Request(URL.format(1)), page(1))
    storage.close_spider(spider)
    assert storage.retrieve_response(spider, Request(URL.format(1))).body == b"<p>x"
    storage.close_spider(spider)


PLAIN = """
class TheSpider(Spider):
    name = "plain"

    async def start(self):
        yield Request(url("/page/1"))

    def parse(self, response):
        yield {"cached": "cached" in response.flags}
"""


@pytest.mark.slow
def test_a_project_without_the_add_on_may_name_it(site, tmp_path, folder):
    settings = {
        "HTTPCACHE_ENABLED": True,
        "HTTPCACHE_STORAGE": "scrapy_crawl4.cache.SqliteCacheStorage",
        "HTTPCACHE_DIR": str(folder),
    }
    for expected in (False, True):
        assert run_spider(site, tmp_path, PLAIN, addon=False, **settings).items == [{"cached": expected}]
    assert len(site.requests) == 1
