"""The parts that several engines stand on, without processes."""

import asyncio
import random
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import CrawlResult, DispatchResult
from scrapy_crawl4.dispatch import DispatchController, SemaphoreDispatcher, Share
from scrapy_crawl4.engines.board import SLOTS, Board
from scrapy_crawl4.engines.shares import Part, divide, move
from scrapy_crawl4.engines.wire import Wire
from scrapy_crawl4.spill import SpillFile
from scrapy_crawl4.transfer import from_parcel, to_parcel


@given(st.integers(0, 40), st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(0, 9))
def test_all_is_divided_and_nobody_who_wants_has_less_than_one_who_got_more(total, wanted, turn):
    shares = divide(total, wanted, turn)
    assert sum(shares) == total
    short = [share for share, want in zip(shares, wanted, strict=True) if share < want]
    if short:
        assert all(share <= min(short) + 1 for share in shares)


def test_too_few_permits_go_round():
    assert {tuple(divide(1, [9, 9, 9], turn)) for turn in range(3)} == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}


@given(st.integers(0, 10_000))
def test_engines_never_have_more_than_there_is(seed):
    chance = random.Random(seed)
    total, parts = 10, [Part() for _ in range(3)]
    # What each engine was told and has not read, what it goes by, what it has in flight, and its reports on the way.
    mail, caps, taken, told, reports = [[] for _ in parts], [0] * 3, [0] * 3, [0] * 3, [[] for _ in parts]
    for _ in range(200):
        number = chance.randrange(3)
        step = chance.randrange(5)
        if step == 0:
            parts[number].wanted = chance.randrange(20)
            for place in move(parts, total, chance.randrange(3)):
                mail[place].append((parts[place].told, parts[place].cap))
        elif step == 1 and mail[number]:
            told[number], caps[number] = mail[number].pop(0)
        elif step == 2 and taken[number] < caps[number]:
            taken[number] += 1
        elif step == 3 and taken[number]:
            taken[number] -= 1
        elif chance.random() < 0.5:
            reports[number].append((told[number], taken[number]))
        elif reports[number]:
            parts[number].confirm(*reports[number].pop(0))
        assert sum(taken) <= total


def test_a_share_holds_starts_back():
    controller = DispatchController(SemaphoreDispatcher(semaphore_count=5))
    controller.share = Share(permits=1, elsewhere_mb=7.0, before_mb=2.0)
    for task in range(4):
        controller.add(task, "host")
    assert controller.start_next() is not None
    assert controller.start_next() is None
    assert controller.wanted == 4
    assert controller.permits == 1
    assert controller.load().reserved_mb >= 7.0
    controller.share.permits = 3
    assert controller.start_next() is not None
    assert controller.wanted == 3


async def test_messages_of_any_size_arrive_whole_and_in_order():
    mine, theirs = socket.socketpair()
    got, over = [], asyncio.Event()
    sender, receiver = Wire(got.append, over.set), Wire(got.append, over.set)
    for end in (mine, theirs):
        end.setblocking(False)
    await sender.open(mine)
    await receiver.open(theirs)
    messages = [b"x" * size for size in (0, 1, 7, 300_000, 5, 9_000_000, 3, 1 << 18, 2)]
    for message in messages:
        sender.send(message)
    await sender.drained()
    sender.close()
    await over.wait()
    while len(got) < len(messages):
        await asyncio.sleep(0)
    assert got == messages
    receiver.close()
    await asyncio.sleep(0)


def test_a_board_shows_what_is_begun_and_not_ended():
    board, file = Board.made()
    with file:
        other = Board(file.fileno())
    other.begin(1, 0)
    other.begin(1, 5)
    other.begin(2, 5)
    other.end(1, 5)
    other.end(9, 9)
    assert sorted(board.begun()) == [(1, 0), (2, 5)]
    for number in range(SLOTS + 10):
        other.begin(3, number)
    assert len(board.begun()) == SLOTS
    board.close()
    other.close()


PAGE = "<title>T</title><h1>Ä \U0001f600</h1>" + "<p>Word <a href='/x'>link</a></p>" * 200


def result_of(html=PAGE):
    result = CrawlResult.from_html(html, url="http://a.example/", status_code=200).complete()
    result.dispatch_result = DispatchResult(task_id="1", memory_usage=1, peak_memory=2, start_time=3, end_time=4)
    return result


@pytest.mark.parametrize("result", [result_of(), result_of("<p>Short"), CrawlResult.failed("x", "No.", index=3)])
def test_a_result_crosses_whole(result):
    came = from_parcel(to_parcel(result))
    assert came == result
    assert came.model_dump() == result.model_dump()
    assert came.model_dump_json() == result.model_dump_json()
    assert came.model_fields_set == result.model_fields_set


def test_none_where_it_is_no_default_crosses_too():
    result = CrawlResult.failed("x", "No.")
    result.error_message = None
    assert from_parcel(to_parcel(result)).error_message is None


def test_fields_are_unpacked_once():
    came = from_parcel(to_parcel(result_of()))
    assert "html" not in came.__dict__
    assert came.packed_size > len(PAGE)
    assert came.html is came.html
    assert came.links is came.links
    assert came.markdown is came.markdown
    came.links["internal"].clear()
    assert came.links["internal"] == []
    came.cleaned_html = "mine"
    assert came.cleaned_html == "mine"
    del came.media
    with pytest.raises(AttributeError):
        _ = came.media


def test_packed_fields_go_to_a_file_as_they_are():
    result = result_of()
    came = from_parcel(to_parcel(result))
    file = SpillFile()
    assert came.spill(file) > len(PAGE)
    assert came._spilled.packed.keys() <= {"media", "tables", "metadata"} or came.packed_size < 1024 * 5
    assert came == result


def test_threads_that_read_the_same_field_all_get_it():
    result = result_of()
    for _ in range(50):
        came, found = from_parcel(to_parcel(result)), []

        def read(came=came, found=found):
            found.append(came.html)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [PAGE] * 4
