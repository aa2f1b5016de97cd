"""Many crawls for the start of one program: it imports Scrapy once and forks a child for each crawl.

Each child has its own reactor, its own files and its own death, so that it can be killed like any crawl.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from pprint import pformat
from types import TracebackType
from typing import Any, Self

from .crawling import ADDON, HEAD, REACTORS, SETTINGS, Crawl, asked, environment, made_of, steady
from .server import Site

MAIN = """
import traceback
import scrapy.core.downloader.handlers.http11
import scrapy.core.engine
import scrapy.core.scheduler
import scrapy.extensions.feedexport
from scrapy import cmdline
from scrapy.crawler import AsyncCrawlerRunner, CrawlerRunner
from scrapy.utils.reactor import install_reactor


def crawl(order):
    settings = order["settings"]
    reactorless = settings.get("TWISTED_REACTOR_ENABLED") is False
    told = []

    def begin(process):
        for name in order["spiders"]:
            crawler = process.create_crawler(globals()[name])
            items = []

            def scraped(item, items=items):
                items.append(ItemAdapter(item).asdict())

            crawler.signals.connect(scraped, signals.item_scraped, weak=False)
            told.append((crawler, items))
            started = process.crawl(crawler, **order["arguments"])
            if hasattr(started, "addErrback"):
                started.addErrback(lambda failure: failure.printTraceback())

    async def in_a_loop():
        runner = AsyncCrawlerRunner(settings)
        begin(runner)
        await runner.join()

    if not order["runner"]:
        process = (AsyncCrawlerProcess if reactorless else CrawlerProcess)(settings)
        begin(process)
        process.start()
    elif reactorless:
        asyncio.run(in_a_loop())
    else:
        install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
        from twisted.internet import reactor

        runner = CrawlerRunner(settings)
        begin(runner)
        runner.join().addBoth(lambda _: reactor.stop())
        reactor.run()
    return [{"items": items, "stats": crawler.stats.get_stats() if crawler.stats else {}} for crawler, items in told]


def command(order):
    os.environ["ADDON"] = str(order["addon"])
    os.chdir(order["folder"])
    sys.path.insert(0, order["folder"])
    cmdline.execute(["scrapy", *order["argv"]])


def child(order):
    log = os.open(order["log"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        if "argv" in order:
            command(order)
        told = crawl(order)
        with open(order["told"], "w") as file:
            json.dump(told, file, default=str)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main():
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
"""


@dataclass
class Started:
    """A crawl under way."""

    crawls: "Crawls"
    pid: int
    told: Path
    log: Path

    def kill(self) -> int:
        """Kill it with SIGKILL and return its code: -9, or 0 when it was faster."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.crawls.code()

    def ended(self) -> list[Crawl]:
        """Wait for its end; what each spider left."""
        code = self.crawls.code()
        log = self.log.read_text()
        assert code == 0, log
        return [made_of(json.dumps(told), log, code) for told in json.loads(self.told.read_text())]


class Crawls:
    """A program with the spiders of `source`, in which `url(path, host)` is there."""

    def __init__(self, site: Site, folder: Path, source: str) -> None:
        self.site = site
        self.folder = folder
        self.script = folder / "spiders.py"
        self.script.write_text(HEAD + textwrap.dedent(source) + MAIN)
        self.count = 0
        self.process = subprocess.Popen(
            [sys.executable, str(self.script)],
            cwd=folder,
            env={**environment(), "SITE_PORT": str(site.port)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stdin.close()
        if kind is not None:
            self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()

    def start(
        self,
        *spiders: str,
        addon: bool = True,
        reactor: str = "asyncio",
        runner: bool = False,
        arguments: Any = None,
        **settings: Any,
    ) -> Started:
        """Start these spiders in one child, by a process object or a runner of Scrapy; one child at a time."""
        self.count += 1
        told, log = self.folder / f"told-{self.count}.json", self.folder / f"log-{self.count}.txt"
        chosen = {**SETTINGS, **REACTORS[reactor], **({"ADDONS": ADDON} if addon else {}), **settings}
        order = {"spiders": spiders, "settings": chosen, "arguments": arguments or {}, "runner": runner}
        self._order(**order, told=str(told), log=str(log))
        return Started(self, int(self.process.stdout.readline()), told, log)

    def command(self, folder: Path, *argv: str, addon: bool) -> tuple[int, str]:
        """Run a command of Scrapy in a project whose settings ask for `os.environ["ADDON"]`; its code and output."""
        log = self.folder / "command.txt"
        self._order(argv=argv, folder=str(folder), addon=addon, log=str(log))
        self.process.stdout.readline()
        return self.code(), log.read_text()

    def _order(self, **order: Any) -> None:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def run(self, *spiders: str, **options: Any) -> list[Crawl]:
        """Start them and wait for their end."""
        return self.start(*spiders, **options).ended()

    def code(self) -> int:
        """Wait for the end of the child and return its code."""
        return int(self.process.stdout.readline())

    def compared(self, *spiders: str, prepare: Any = None, **options: Any) -> list[Crawl]:
        """Run them without the add-on and with it; requests, items and stats must be the same. Returns the latter.

        `{folder}` in an option stands for a folder of each run's own, whose files must be the same too, lines in any
        order; `prepare(site)` is called before each.
        """
        seen: dict[bool, list[str]] = {}
        for addon in (False, True):
            self.site.reset()
            if prepare is not None:
                prepare(self.site)
            folder = self.folder / f"run-{self.count}"
            folder.mkdir()
            own = json.loads(json.dumps(options).replace("{folder}", str(folder)))
            ran = self.run(*spiders, addon=addon, **own)
            seen[addon] = [pformat(dict(asked(self.site.requests)), width=300), pformat(contents(folder), width=300)]
            for crawl in ran:
                stats = steady(crawl.stats)
                if len(ran) > 1:
                    # Each crawler counts what all of the process log while it runs.
                    stats = {name: value for name, value in stats.items() if not name.startswith("log_count/")}
                seen[addon] += [pformat(sorted(map(str, crawl.items))), pformat(stats)]
        for with_it, without in zip(seen[True], seen[False], strict=True):
            assert with_it == without, "\n".join(unified_diff(without.splitlines(), with_it.splitlines(), n=0))
        return ran


def contents(folder: Path) -> dict[str, list[bytes]]:
    """The files of a run, each as its sorted lines."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): sorted(path.read_bytes().splitlines()) for path in files}
