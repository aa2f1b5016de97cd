"""Content workers in whole programs: scripts, projects, and what is left when one is killed."""

import json
import signal
import subprocess
import sys

import psutil
import pytest

from .crawling import environment, run_spider

pytestmark = pytest.mark.slow

SCRIPT = """
import asyncio, json, os, sys
from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, ExtractionStrategy

print("begun", file=sys.stderr)


class Mine(ExtractionStrategy):
    def extract(self, url, html, *args, **kwargs):
        if "stays" in html:
            print(os.getpid(), flush=True)
            asyncio.Event and __import__("threading").Event().wait()
        return [{"pid": os.getpid()}]

    run = lambda self, url, sections, *args, **kwargs: self.extract(url, "".join(sections))


async def main(pages):
    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": 1}) as crawler:
        results = await crawler.arun_many(pages, CrawlerRunConfig(extraction_strategy=Mine(input_format="html")))
    print(json.dumps([os.getpid(), [json.loads(result.extracted_content)[0]["pid"] for result in results]]))


asyncio.run(main(["raw:" + text for text in sys.argv[1:]]))
"""


def started(folder, *pages):
    script = folder / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), *pages]
    return subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )


def test_a_script_without_a_main_guard_and_a_strategy_of_its_own(tmp_path):
    with started(tmp_path, "<p>a", "<p>b") as process:
        output, log = process.communicate(timeout=60)
    own, others = json.loads(output)
    assert len(others) == 2
    assert own not in others
    assert log == "begun\n", "the script is run once"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_with_its_program_however_that_ends(tmp_path, how):
    with started(tmp_path, "<p>stays") as process:
        worker = psutil.Process(int(process.stdout.readline()))
        if how == signal.SIGINT:
            worker.send_signal(how)  # a terminal sends it to all
        process.send_signal(how)
        if how == signal.SIGINT:
            # What the run waits for is given up some seconds later.
            process.communicate(timeout=60)
        worker.wait(30)
        assert process.wait(60) != 0
    assert not worker.is_running()


SPIDER = """
import threading
from scrapy_crawl4 import CrawlResult, CrawlerRunConfig, ExtractionStrategy


class Pid(ExtractionStrategy):
    def extract(self, url, html, *args, **kwargs):
        if "Page 3<" in html:
            os._exit(1)
        return [{"pid": os.getpid()}]

    run = lambda self, url, sections, *args, **kwargs: self.extract(url, "".join(sections))


class TheSpider(Spider):
    name = "results"

    async def start(self):
        for number in range(12):
            config = CrawlerRunConfig(extraction_strategy=Pid(input_format="html"))
            yield Request(url(f"/page/{number}"), meta={"crawl4": config})

    def parse(self, response):
        yield CrawlResult.from_response(response)

    def closed(self, reason):
        self.crawler.stats.set_value("pid", os.getpid())
"""


@pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])
def test_a_project(site, tmp_path, reactor):
    crawl = run_spider(site, tmp_path, SPIDER, reactor=reactor, CRAWL4_CONTENT_WORKERS=2)
    assert len(crawl.items) == 12, crawl.log
    failed = [item for item in crawl.items if not item["success"]]
    assert [(item["url"], item["error_message"]) for item in failed] == [
        (site.url("/page/3"), "The content worker ended while it worked on this page.")
    ]
    pids = {json.loads(item["extracted_content"])[0]["pid"] for item in crawl.items if item["success"]}
    assert crawl.stats["pid"] not in pids
    assert crawl.stats["crawl4/content/pages_count"] == 12
    assert crawl.stats["crawl4/results/failed_count"] == 1
    assert not [one for one in psutil.process_iter() if one.pid in pids]
