"""One place among the engines of a crawler: a process, and the one that follows when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from ..exceptions import EngineError
from . import logs
from .messages import Close, Closed, Ended, Logged, Ready, Results
from .process import EngineProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import Begin
    from .run import EnginesRun

logger = logging.getLogger(__name__)

MOST_CRASHES = 3
"""How often the process may end while it works on one task."""
MOST_BARREN = 3
"""How often a process may end one after the other with nothing that explains it and nothing done."""
GUILTY = "The engine process ended three times while it worked on this page."
BARREN = "The engine process ended again and again before it did anything."


class Slot:
    """Keeps a process running, and finds out which task it is that ends it.

    Tasks that a process was at when it ended are done again one at a time, with nothing else in flight: what is at
    fault is alone the next time.

    :param number: of the slot, from 0.
    :param begin: what each process is told first.
    :param runs: all runs of the crawler, by their number.
    :param closing: whether the crawler is being closed.
    """

    def __init__(self, number: int, begin: Begin, runs: dict[int, EnginesRun], closing: Callable[[], bool]) -> None:
        self.number = number
        self.generation = 0
        """How many processes there were before."""
        self.broken = ""
        """A sentence when no process will do anything here any more."""
        self.stats: dict[str, Any] = {}
        self._begin = begin
        self._runs = runs
        self._closing = closing
        self._process: EngineProcess | None = None
        self._ready = False
        self._answer: asyncio.Future[str] | None = None
        self._suspects: deque[tuple[int, int]] = deque()
        self._alone: tuple[int, int] | None = None
        self._barren = 0
        self._restarting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The number of its process."""
        return None if self._process is None else self._process.pid

    @property
    def is_ready(self) -> bool:
        """Whether its process takes messages."""
        return self._ready

    @property
    def is_open(self) -> bool:
        """Whether its process takes tasks that are not under suspicion."""
        return self._ready and self._alone is None and not self._suspects

    async def open(self) -> None:
        """Start the first process.

        :raises EngineError: when it cannot start.
        """
        if error := await self._start():
            raise EngineError(error)

    async def close(self) -> None:
        """End what is there; returns when nothing of it is left."""
        if self._process is not None:
            self.send(Close())
        if self._restarting is not None:
            await asyncio.wait({self._restarting})
        if self._process is not None:
            await self._process.ended()

    def send(self, message: Any) -> None:
        """Send *message* to the process that is there."""
        if self._process is not None:
            self._process.send(message)

    def finished(self, run: int, index: int) -> None:
        """Take in that the task *index* of *run* is done."""
        self._barren = 0
        if self._alone == (run, index):
            self._alone = None
            self.serve()

    def forget(self, run: int) -> None:
        """Take in that nothing of *run* is left."""
        self._suspects = deque(suspect for suspect in self._suspects if suspect[0] != run)
        if self._alone is not None and self._alone[0] == run:
            self._alone = None
        self.serve()

    def serve(self) -> None:
        """Give the process what waits for it."""
        while self._ready and self._alone is None and self._suspects:
            number, index = self._suspects.popleft()
            run = self._runs.get(number)
            if run is not None and run.is_outstanding(self.number, index):
                self._alone = (number, index)
                run.send_one(self, index)
        if self.is_open:
            for run in list(self._runs.values()):
                run.send_rest(self)

    async def _start(self) -> str:
        """Start a process; return ``""`` when it is ready, or why it never will be."""
        self._answer = asyncio.get_running_loop().create_future()
        process: EngineProcess
        process = self._process = EngineProcess(self._take, lambda: self._lost(process))
        try:
            await process.start()
        except OSError as error:
            self._process = None
            return f"No engine process can be started: {(error.strerror or 'the system refuses it').lower()}."
        process.send(self._begin)
        return await self._answer

    def _take(self, message: Any) -> None:
        if isinstance(message, Results | Ended):
            run = self._runs.get(message.run)
            if run is not None:
                run.receive(self, message)
        elif isinstance(message, Logged):
            logs.handle(message.fields)
        elif isinstance(message, Closed):
            self.stats = message.stats
        elif isinstance(message, Ready) and self._answer is not None:
            self._ready = not message.error
            self._answer.set_result(message.error)

    def _lost(self, process: EngineProcess) -> None:
        self._ready = False
        self.generation += 1
        starting = self._answer is not None and not self._answer.done()
        if not self._closing():
            self._judge(process.begun())
            logger.warning("An engine process ended; another one does its tasks again")
        for run in list(self._runs.values()):
            run.lost(self)
        if starting and self._answer is not None:
            self._answer.set_result("An engine process ended while it was starting.")
        if not self._closing() and self._restarting is None and not starting:
            self._restarting = asyncio.ensure_future(self._restart())

    def _judge(self, begun: list[tuple[int, int]]) -> None:
        """Find out which tasks may have been what ended the process."""
        if self._alone is not None and self._alone not in begun:
            self._suspects.appendleft(self._alone)
        self._alone = None
        self._barren += 1
        for number, index in begun:
            run = self._runs.get(number)
            if run is None or not run.is_outstanding(self.number, index):
                continue
            self._barren = 0
            if run.blame(index) >= MOST_CRASHES:
                run.fail(self, index, GUILTY)
            else:
                self._suspects.append((number, index))

    async def _restart(self) -> None:
        """Put another process in place of one that ended, until one is ready or it makes no sense any more."""
        try:
            while not self._ready:
                if self._process is not None:
                    self._process.kill()
                    await self._process.ended()
                if self._closing():
                    return
                if self._barren >= MOST_BARREN:
                    self._break(BARREN)
                    return
                self._barren += bool(await self._start())
        finally:
            self._restarting = None
        if self._closing():
            self.send(Close())
        else:
            self.serve()

    def _break(self, sentence: str) -> None:
        self.broken = sentence
        self._suspects.clear()
        for run in list(self._runs.values()):
            run.fail_all(self, sentence)
