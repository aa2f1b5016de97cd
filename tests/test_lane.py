"""Items cross loops in batches, none lost."""

import asyncio
import threading

from scrapy_crawl4.facade.lane import Lane


async def test_items_put_in_one_turn_arrive_as_one_batch():
    batches = []
    lane = Lane(asyncio.get_running_loop(), batches.append)
    for n in range(1000):
        lane.put(n)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert batches == [list(range(1000))]
    assert lane.wakeups == 1


async def test_items_of_other_threads_all_arrive_in_order():
    got = {n: [] for n in range(4)}
    full = asyncio.Event()

    def deliver(batch):
        for thread, n in batch:
            got[thread].append(n)
        if sum(map(len, got.values())) == 40_000:
            full.set()

    lane = Lane(asyncio.get_running_loop(), deliver)
    threads = [
        threading.Thread(target=lambda thread=thread: [lane.put((thread, n)) for n in range(10_000)])
        for thread in range(4)
    ]
    for thread in threads:
        thread.start()
    await full.wait()
    for thread in threads:
        thread.join()
    assert got == {thread: list(range(10_000)) for thread in range(4)}
    assert lane.wakeups < 40_000


def test_putting_on_a_closed_loop_does_nothing():
    loop = asyncio.new_event_loop()
    loop.close()
    Lane(loop, print).put(1)
