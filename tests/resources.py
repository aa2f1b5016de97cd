"""What this process holds besides memory: threads, tasks, processes, files, sockets, temporary files."""

import asyncio
import contextlib
import gc
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Self

import psutil

ENGINE_THREAD = "scrapy-crawl4-engine"
SITE_THREAD = "test-site"
LASTING_THREADS = {ENGINE_THREAD, SITE_THREAD}
"""Both may live until the process ends; what they did for a test may not."""


def _threads() -> set[str]:
    return {
        f"thread {thread.name} ({thread.ident})"
        for thread in threading.enumerate()
        if thread.name not in LASTING_THREADS
    }


def _tasks() -> set[str]:
    """Unfinished asyncio tasks of all loops but that of the site, which has one for each idle connection."""
    # Asked of the type: isinstance() asks the object too, and a weak reference to none raises.
    tasks = [thing for thing in gc.get_objects() if issubclass(type(thing), asyncio.Task)]
    return {f"task {task!r}" for task in tasks if not task.done() and not _is_of_site(task)}


def _is_of_site(task: asyncio.Task[object]) -> bool:
    return "aiohttp/web_protocol.py" in repr(task)


def _processes() -> set[str]:
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(child.cmdline()) or child.name()
            # It ends with its parent.
            if "resource_tracker" not in line:
                found.add(f"process {child.pid}: {line}")
    return found


def _files() -> set[str]:
    """Open regular files, pipes and connections. Listening sockets and pollers belong to lasting threads."""
    process = psutil.Process()
    files = {f"file {entry.path}" for entry in process.open_files()}
    sockets = {
        f"socket {entry.laddr} {entry.raddr} {entry.status}"
        for entry in process.net_connections(kind="inet")
        if entry.status != psutil.CONN_LISTEN
    }
    return files | sockets | _pipes()


def _pipes() -> set[str]:
    # Python's helper process for shared memory, once it is there, has a pipe to its parent for good.
    helper = resource_tracker._resource_tracker._fd
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{descriptor}")
            if target.startswith("pipe:") and descriptor != str(helper):
                found.add(f"pipe {descriptor} {target}")
    return found


def _temporary() -> set[str]:
    folder = tempfile.gettempdir()
    return {f"temporary {name}" for name in os.listdir(folder)}


@dataclass(frozen=True)
class Held:
    """A snapshot, one line for each thing."""

    lines: frozenset[str]

    @classmethod
    def now(cls) -> Self:
        return cls(frozenset(_threads() | _tasks() | _processes() | _files() | _temporary()))

    def added(self, patience: float = 10) -> list[str]:
        """What is held now and was not then; waits up to `patience` seconds for things that are on their way out."""
        end = time.monotonic() + patience
        while added := self._difference():
            gc.collect()  # only now, as it takes long: what is garbage alone has made no difference
            added = self._difference()
            if not added or time.monotonic() > end:
                break
            time.sleep(0.05)
        return added

    def _difference(self) -> list[str]:
        return sorted(self.now().lines - self.lines)
