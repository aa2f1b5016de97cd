"""Starts that several tasks wait for."""

import asyncio

import pytest

from scrapy_crawl4.browser.starts import SharedStart


async def test_a_start_that_failed_with_nobody_waiting_is_made_again():
    shared: SharedStart[str] = SharedStart()
    may_end = asyncio.Event()

    async def fails():
        await may_end.wait()
        raise ValueError("first")

    async def succeeds():
        return "second"

    first = asyncio.ensure_future(shared.result(fails))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    may_end.set()
    while not shared._task.done():
        await asyncio.sleep(0)
    assert await shared.result(succeeds) == "second"


async def test_all_that_wait_get_one_start():
    shared: SharedStart[object] = SharedStart()
    started = []

    async def start():
        started.append(1)
        await asyncio.sleep(0)
        return object()

    one, other = await asyncio.gather(shared.result(start), shared.result(start))
    assert one is other
    assert await shared.result(start) is not one
    assert len(started) == 2
