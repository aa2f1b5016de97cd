"""One worker process, seen from the crawl."""

from __future__ import annotations

import logging
import os
import socket
import struct
import subprocess
import sys
from typing import Any

from .frames import read, widen, write
from .main import BOOT, Answer, Hello, Order, Page

LOOK_EVERY = 1
"""Seconds after which whoever waits for an answer may look whether it is still wanted."""
PATIENCE = 2.0
"""Seconds that a process may take to end by itself."""
MOST_CONFIGS = 32
"""Configurations that a worker keeps."""


class WorkerProcess:
    """Starts a worker; used by one thread, which must live as long as the worker is wanted.

    :raises OSError, EOFError: it did not start.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}
        self._link, theirs = socket.socketpair()
        try:
            self._process = _started(theirs)
        except BaseException:
            self._link.close()
            raise
        finally:
            theirs.close()
        try:
            widen(self._link)
            write(self._link, Hello(os.getpid(), logging.root.level))
            read(self._link)
        except BaseException:
            self.end()
            raise
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", LOOK_EVERY, 0))

    def send(self, pages: list[tuple[bytes, str | bytes, str, str]]) -> None:
        """Have *pages* worked on: packed configuration, html, url and media type of each.

        :raises OSError: the worker has ended.
        """
        anew = len(self._known) + len(pages) > MOST_CONFIGS
        if anew:
            self._known.clear()
        new: dict[int, bytes] = {}
        sent = []
        for packed, html, url, content_type in pages:
            number = self._known.get(packed)
            if number is None:
                number = self._known[packed] = len(self._known)
                new[number] = packed
            sent.append(Page(number, html, url, content_type))
        write(self._link, Order(sent, new, anew))

    def receive(self) -> tuple[list[Answer], list[dict[str, Any]]] | None:
        """Return answers, in the order of the pages, and what was logged; None if there is nothing for a while.

        :raises EOFError: the worker has ended.
        """
        try:
            answers: tuple[list[Answer], list[dict[str, Any]]] = read(self._link)
        except BlockingIOError:
            return None
        return answers

    def kill(self) -> None:
        """End it at once; whoever waits for it sees that it has ended."""
        self._process.kill()

    def end(self) -> None:
        """Let go of it; returns when it has ended."""
        self._link.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _started(theirs: socket.socket) -> subprocess.Popen[bytes]:
    if getattr(sys, "frozen", False) or not sys.executable:
        raise OSError("There is no interpreter to start.")
    folders = [folder for folder in sys.path if isinstance(folder, str)]
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", BOOT, str(theirs.fileno()), *folders],
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        # Out of the group that a terminal's signals go to.
        process_group=0,
    )
