"""The worker process: pages come in, their content goes out, until the other end is closed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import signal
import socket
import threading
import time
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from .frames import read, widen, write
from .logs import Records

if TYPE_CHECKING:
    from ..config import CrawlerRunConfig

BOOT = "import sys; sys.path[:] = sys.argv[2:]; from scrapy_crawl4.workers.main import main; main(int(sys.argv[1]))"
"""What the interpreter is told to run; its arguments are a descriptor and the folders of modules."""
PR_SET_PDEATHSIG = 1
FLUSH_AFTER = 0.05
"""Seconds after which what is finished is sent, though more is to be done: that may take long."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a worker is told first."""

    parent: int
    """Id of the process it works for."""
    log_level: int
    """That of the root logger."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page to work on."""

    config: int
    html: str | bytes
    url: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Order:
    """Pages to work on, and configurations that are new to the worker, by number."""

    pages: list[Page]
    configs: dict[int, bytes] = field(default_factory=dict)
    anew: bool = False
    """Whether to forget all configurations before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was made of one page."""

    content: bytes | None = None
    """A pickled PageContent; None if there is none."""
    error: str = ""
    """The name of what ended the work; without one, the page cannot be worked on in another process."""
    seconds: float = 0.0
    """How long it took."""


def main(descriptor: int) -> None:
    """Work until the crawl has closed its end of the socket *descriptor*, or has gone."""
    # Ctrl-C in a terminal is for the crawl, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = socket.socket(fileno=descriptor)
    link.setblocking(True)
    widen(link)
    hello: Hello = read(link)
    _end_with(hello.parent)
    records = Records.begun(hello.log_level)
    bench = _Bench()
    orders: SimpleQueue[Order] = SimpleQueue()
    write(link, "ready")
    threading.Thread(target=_receive, args=(link, orders), daemon=True).start()
    outbox = _Outbox(link, records)
    threading.Thread(target=outbox.flush_late, daemon=True).start()
    while True:
        order = orders.get()
        bench.learn(order)
        for page in order.pages:
            outbox.add(bench.answer(page), last=page is order.pages[-1])


def _receive(link: socket.socket, orders: SimpleQueue[Order]) -> None:
    """Read orders, also while a page is being worked on; the end of them is the end of the process, at once."""
    try:
        while True:
            orders.put(read(link))
    finally:
        os._exit(0)


def _end_with(parent: int) -> None:
    """Make sure that this process ends with *parent*, also while code in C holds Python's lock for ever."""
    with contextlib.suppress(AttributeError, OSError):  # there is only Linux that can do so
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


class _Outbox:
    """Sends answers, those to one order together unless that takes long."""

    def __init__(self, link: socket.socket, records: Records) -> None:
        self._link = link
        self._records = records
        self._lock = threading.Lock()
        self._answers: list[Answer] = []
        self._waits = threading.Event()

    def add(self, answer: Answer, *, last: bool) -> None:
        """Take *answer*; the *last* one of an order sends them all."""
        with self._lock:
            self._answers.append(answer)
            if last:
                self._send()
            else:
                self._waits.set()

    def flush_late(self) -> None:
        """Send what has waited for a while, for ever; on a thread of its own."""
        while True:
            self._waits.wait()
            time.sleep(FLUSH_AFTER)
            with self._lock:
                if self._answers:
                    self._send()

    def _send(self) -> None:
        self._waits.clear()
        try:
            write(self._link, (self._answers, self._records.taken()))
        except OSError:
            os._exit(0)  # the crawl has gone
        self._answers = []


class _Bench:
    """Where pages are worked on."""

    def __init__(self) -> None:
        from ..content.pipeline import extract_page  # noqa: PLC0415 - a worker that cannot load it says nothing

        self._extract = extract_page
        self._packed: dict[int, bytes] = {}
        self._configs: dict[int, CrawlerRunConfig | None] = {}

    def learn(self, order: Order) -> None:
        """Take in the configurations of *order*."""
        if order.anew:
            self._packed.clear()
            self._configs.clear()
        self._packed.update(order.configs)

    def answer(self, page: Page) -> Answer:
        """Do the work on *page*; never raises."""
        config = self._config(page.config)
        if config is None:
            return Answer()
        began = time.monotonic()
        try:
            content: Any = self._extract(page.html, url=page.url, config=config, content_type=page.content_type)
        except BaseException as error:  # noqa: BLE001 - what ends a program must not end this one
            return Answer(error=type(error).__name__)
        try:
            packed = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - values of the user's
            return Answer()
        return Answer(packed, seconds=time.monotonic() - began)

    def _config(self, number: int) -> CrawlerRunConfig | None:
        """Return a configuration; None if it cannot be loaded here."""
        if number not in self._configs:
            from .parcel import unpack  # noqa: PLC0415 - with the stages

            try:
                self._configs[number] = unpack(self._packed[number])
            except BaseException:  # noqa: BLE001 - modules of the user's are run
                self._configs[number] = None
        return self._configs[number]
