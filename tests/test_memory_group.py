"""Crawls inside real memory control groups, where a wrong guess ends the process."""

import pytest

from .cgroup import memory_group, run_in_group

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

CRAWL = """
import asyncio, json, sys
from scrapy_crawl4 import AsyncWebCrawler, MemoryAdaptiveDispatcher
url, number, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
async def main():
    good = sheds = 0
    messages = set()
    async with AsyncWebCrawler() as crawler:
        urls = [f"{url}?{n}" for n in range(number)]
        run = crawler.arun_many(urls, dispatcher=MemoryAdaptiveDispatcher(max_session_permit=20))
        results = run if mode == "stream" else _each(await run)
        async for result in results:
            good += result.success and len(result.markdown) > 1000
            sheds += result.dispatch_result.sheds
            messages.add(result.error_message)
    print(json.dumps([good, sheds, sorted(messages)]))
async def _each(results):
    for result in results:
        yield result
asyncio.run(main())
"""


@pytest.mark.parametrize("mode", ["stream", "batch"])
def test_sixty_pages_of_six_megabytes_in_450_mb(site, mode):
    with memory_group(450) as group:
        done = run_in_group(group, CRAWL, site.url("/size/6000000"), "60", mode)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[60, ")
    assert done.stdout.endswith(' [""]]\n')


def test_a_page_that_cannot_fit_is_one_failed_result(site):
    with memory_group(300) as group:
        done = run_in_group(group, CRAWL, site.url("/size/60000000"), "2", "stream")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[0, ")
    assert "The page needs about " in done.stdout
    assert "limit is 300 MB" in done.stdout


def test_another_process_in_the_group_that_grows_and_shrinks_costs_no_page(site):
    crawl = (
        """
import subprocess
GROW = "import sys; sys.stdin.readline(); held = bytearray(b'x') * (150 << 20); sys.stdin.readline()"
other = subprocess.Popen([sys.executable, "-c", GROW], stdin=subprocess.PIPE, text=True)
"""
        + MIXED
    )
    with memory_group(450) as group:
        done = run_in_group(group, "import sys\n" + crawl, site.url(""))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "300 ['']\n"


MIXED = """
import asyncio, random
from scrapy_crawl4 import AsyncWebCrawler, MemoryAdaptiveDispatcher
draw = random.Random(3)
sizes = [int(min(8e6, draw.lognormvariate(10.6, 1.4))) + 2000 for _ in range(300)]
sizes[50:250:10] = [6_000_000] * 20
def tell(line):
    other.stdin.write(line + chr(10)); other.stdin.flush()
async def main():
    good, messages, done = 0, set(), 0
    dispatcher = MemoryAdaptiveDispatcher(max_session_permit=20, check_interval=0.2)
    async with AsyncWebCrawler() as crawler:
        urls = [f"{sys.argv[1]}/size/{size}?{n}" for n, size in enumerate(sizes)]
        async for result in crawler.arun_many(urls, dispatcher=dispatcher):
            done += 1
            if done == 100: tell("grow")
            if done == 200: tell("shrink")
            good += result.success
            messages.add(result.error_message)
    other.communicate()
    print(good, sorted(messages))
asyncio.run(main())
"""
