"""What a test leaves behind is found: threads, tasks, processes, files and connections."""

import asyncio
import socket
import subprocess
import sys
import tempfile
import threading

import pytest

from .resources import Held


@pytest.fixture
def held():
    return Held.now()


def test_a_left_thread_is_found(held):
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="left")
    thread.start()
    (line,) = held.added(0)
    end.set()
    thread.join()
    assert line.startswith("thread left")
    assert held.added() == []


async def test_a_left_task_is_found(held):
    task = asyncio.create_task(asyncio.Event().wait(), name="left")
    lines = held.added(0)
    task.cancel()
    await asyncio.wait([task])
    # The other one is this test.
    assert sum("name='left'" in line for line in lines) == 1
    assert not any("name='left'" in line for line in held.added(0))


def test_a_left_process_is_found(held):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        lines = held.added(0)
        process.communicate(b"\n")
    assert [line.split()[0] for line in lines] == ["pipe", "process"]
    assert held.added() == []


def test_left_files_and_connections_are_found(held, site):
    with socket.create_connection(("127.0.0.1", site.port)), tempfile.NamedTemporaryFile():
        lines = held.added(0)
    assert [line.split()[0] for line in lines if "TIME_WAIT" not in line][:2] == ["file", "socket"]
    assert lines[-1].startswith("temporary")
    assert held.added() == []
