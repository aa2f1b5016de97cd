"""The engine in every kind of program: each test runs a real one."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

HEAD = """
import asyncio, sys, threading
from scrapy_crawl4 import AsyncWebCrawler, SemaphoreDispatcher, crawl_many
FAST = SemaphoreDispatcher(8)
async def crawl(urls):
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls, dispatcher=FAST)
        return [result.success for result in results]
urls = sys.argv[1:]
"""


def program(code, *args, head=HEAD):
    return [sys.executable, "-W", "error", "-c", head + textwrap.dedent(code), *args]


def run(code, *args, head=HEAD, expect=0):
    done = subprocess.run(
        program(code, *args, head=head), capture_output=True, text=True, timeout=150, check=False, env={**os.environ}
    )
    assert done.returncode == expect, done.stderr
    return done


def test_asyncio_run_prints_nothing_and_leaves_nothing(site):
    done = run(
        """
        print(asyncio.run(crawl(urls)))
        import logging
        assert logging.root.handlers == []
        """,
        *site.urls(3),
    )
    assert done.stdout == "[True, True, True]\n"
    assert done.stderr == ""


def test_several_event_loops_one_after_another(site):
    done = run("for _ in range(3): print(asyncio.run(crawl(urls)))", *site.urls(2))
    assert done.stdout == "[True, True]\n" * 3
    assert done.stderr == ""


def test_one_crawler_on_several_loops(site):
    done = run(
        """
        crawler = AsyncWebCrawler()
        async def one(): return (await crawler.arun(urls[0], mean_delay=0)).success
        print(asyncio.run(one()), asyncio.run(one()))
        asyncio.run(crawler.close())
        """,
        *site.urls(1),
    )
    assert done.stdout == "True True\n"
    assert done.stderr == ""


def test_threads_with_loops_of_their_own(site):
    done = run(
        """
        found = []
        def work(): found.extend(asyncio.run(crawl(urls)))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(found)
        """,
        *site.urls(2),
    )
    assert done.stdout == f"{[True] * 8}\n"
    assert done.stderr == ""


def test_a_forked_child_starts_an_engine_of_its_own(site):
    done = run(
        """
        import multiprocessing
        def child(): print(asyncio.run(crawl(urls)), flush=True)
        for _ in range(2):
            print(asyncio.run(crawl(urls)), flush=True)
            process = multiprocessing.get_context("fork").Process(target=child)
            process.start()
            process.join(20)
            assert process.exitcode == 0, process.exitcode
        """,
        *site.urls(1),
    )
    assert done.stdout == "[True]\n" * 4
    assert done.stderr == ""


def test_a_forked_child_uses_the_crawler_of_its_parent(site):
    done = run(
        """
        import os
        crawler = AsyncWebCrawler()
        async def one(): return (await crawler.arun(urls[0], mean_delay=0)).success
        async def child():
            async with asyncio.timeout(20):
                print(await one(), flush=True)
                await crawler.close()
        print(asyncio.run(one()), flush=True)
        for first in (crawler.close, child):
            if (pid := os.fork()) == 0:
                asyncio.run(first())
                os._exit(0)
            os.waitpid(pid, 0)
        print(asyncio.run(one()))
        asyncio.run(crawler.close())
        """,
        *site.urls(1),
    )
    assert done.stdout == "True\n" * 3
    assert done.stderr == ""


def test_a_loop_that_is_closed_under_a_run_ends_it(site):
    done = run(
        """
        async def begin():
            crawler = AsyncWebCrawler()
            run = crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(1), page_timeout=20_000)
            return crawler, run, (await anext(run)).success
        loop = asyncio.new_event_loop()
        crawler, run, success = loop.run_until_complete(begin())
        loop.close()
        print(success, flush=True)
        async def end():
            async with asyncio.timeout(20):
                while crawler._engine.runs: await asyncio.sleep(0.01)
            await crawler.close()
        asyncio.run(end())
        """,
        *site.urls(1),
        site.url("/slow/0.5"),
        *[site.url("/hang")] * 5,
    )
    assert done.stdout == "True\n"
    assert done.stderr == ""
    assert site.paths().count("/hang") <= 1


def test_a_coroutine_dropped_with_its_loop_says_nothing(site):
    done = run(
        """
        import gc
        async def consume(crawler):
            async with crawler, crawler.arun_many(urls, dispatcher=FAST) as run:
                async for result in run: began.set()
        async def main():
            await asyncio.wait([asyncio.ensure_future(began.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
        crawler, began, loop = AsyncWebCrawler(), asyncio.Event(), asyncio.new_event_loop()
        coroutine = consume(crawler)
        tasks = [loop.create_task(coroutine)]
        loop.run_until_complete(main())
        loop.close()
        tasks.clear()
        coroutine.close()
        async def end():
            async with asyncio.timeout(20):
                while crawler.ready: await asyncio.sleep(0.01)
        asyncio.run(end())
        """,
        *site.urls(2),
        *[site.url("/hang")] * 5,
    )
    assert "Exception ignored" not in done.stderr
    assert "never awaited" not in done.stderr


def test_uvloop(site):
    pytest.importorskip("uvloop", reason="uvloop is not installed")
    done = run(
        """
        import uvloop
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner: print(runner.run(crawl(urls)))
        """,
        *site.urls(3),
    )
    assert done.stdout == "[True, True, True]\n"
    assert done.stderr == ""


def test_in_place_inside_a_running_asyncio_reactor(site):
    done = run(
        """
        from scrapy.utils.reactor import install_reactor
        install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
        from twisted.internet import reactor, defer
        async def main():
            print(await crawl(urls))
            print([thread.name for thread in threading.enumerate() if "crawl4" in thread.name])
            reactor.stop()
        reactor.callWhenRunning(lambda: defer.Deferred.fromFuture(asyncio.ensure_future(main())))
        reactor.run()
        """,
        *site.urls(3),
    )
    assert done.stdout == "[True, True, True]\n[]\n"
    assert done.stderr == ""


def test_from_a_spider_callback(site):
    spider = """
        import scrapy
        from scrapy.crawler import AsyncCrawlerProcess
        class MySpider(scrapy.Spider):
            name = "mine"
            start_urls = urls[:1]
            async def parse(self, response):
                print(await crawl(urls))
                print([thread.name for thread in threading.enumerate() if "crawl4" in thread.name])
        process = AsyncCrawlerProcess({"LOG_ENABLED": False, "TELNETCONSOLE_ENABLED": False, **EXTRA})
        process.crawl(MySpider)
        process.start()
        """
    for extra in ("{}", "{'TWISTED_REACTOR_ENABLED': False}"):
        done = run(spider, *site.urls(3), head=HEAD + f"EXTRA = {extra}\n")
        assert done.stdout == "[True, True, True]\n[]\n", done.stderr


def test_an_installed_reactor_that_never_runs(site):
    done = run(
        """
        from scrapy.utils.reactor import install_reactor
        install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
        print(asyncio.run(crawl(urls)))
        """,
        *site.urls(1),
    )
    assert done.stdout == "[True]\n"


def test_another_reactor_is_a_clear_error(site):
    done = run(
        """
        from twisted.internet import selectreactor
        selectreactor.install()
        try: asyncio.run(crawl(urls))
        except Exception as error: print(type(error).__name__, error)
        """,
        *site.urls(1),
    )
    assert done.stdout.startswith("EngineError This program installed Twisted's SelectReactor")
    assert "asyncio" in done.stdout
    assert done.stderr == ""


def test_a_crawler_that_is_never_closed_ends_with_the_program(site):
    done = run(
        """
        async def main():
            crawler = AsyncWebCrawler()
            run = crawler.arun_many(urls * 5, dispatcher=FAST)
            print((await anext(run)).success)
            globals()["keep"] = crawler, run
        asyncio.run(main())
        """,
        site.url("/page/1"),
        site.url("/hang"),
    )
    assert done.stdout == "True\n"
    assert "Traceback" not in done.stderr
    assert site.wait_for(lambda site: site.connections == 0)


CTRL_C = {
    "asyncio": "asyncio.run(crawl(urls))",
    "stream": """
        async def main():
            async with AsyncWebCrawler() as crawler:
                async for result in crawler.arun_many(urls, dispatcher=FAST): pass
        asyncio.run(main())
        """,
    "sync": "crawl_many(urls, dispatcher=FAST)",
    "sync stream": "list(crawl_many(urls, dispatcher=FAST, stream=True))",
}


@pytest.mark.parametrize("kind", CTRL_C)
def test_ctrl_c_ends_the_program_without_a_storm(site, kind):
    with subprocess.Popen(
        program(CTRL_C[kind], *[site.url("/hang")] * 5), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert site.wait_active(5)
            process.send_signal(signal.SIGINT)
            # The pages would take a minute: this is enough for a busy machine, and none of them has ended.
            _, stderr = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode in (-signal.SIGINT, 130, 1)
    assert stderr.count("Traceback (most recent call last)") <= 2, stderr
    assert stderr.rstrip().endswith("KeyboardInterrupt")
    assert "never retrieved" not in stderr
    assert "was destroyed" not in stderr
    assert site.wait_for(lambda site: site.connections == 0)


def test_crawl_many(site):
    done = run(
        """
        print([result.index for result in crawl_many(urls, dispatcher=FAST)])
        print(sorted(result.index for result in crawl_many(urls, dispatcher=FAST, stream=True)))
        stream = crawl_many((url for url in urls * 100), dispatcher=FAST, stream=True)
        next(stream); stream.close()
        async def inside(): crawl_many(urls)
        try: asyncio.run(inside())
        except Exception as error: print(error)
        """,
        *site.urls(3),
    )
    assert done.stdout.splitlines()[:2] == ["[0, 1, 2]"] * 2
    assert "running event loop" in done.stdout
    assert done.stderr == ""


def test_a_stream_of_crawl_many_may_be_dropped_anywhere(site):
    done = run(
        """
        import gc
        def stream():
            results = crawl_many((url for url in urls * 100), dispatcher=FAST, stream=True)
            next(results)
            return results
        box = [stream()]
        async def drop(): box.clear(); gc.collect()
        asyncio.run(drop())
        box = [stream()]
        thread = threading.Thread(target=box.clear); thread.start(); thread.join()
        left_to_the_end_of_the_program = stream()
        print([thread.name for thread in threading.enumerate()])
        """,
        *site.urls(3),
    )
    assert "closing" not in done.stdout
    assert done.stderr == ""
