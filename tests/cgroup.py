"""Real memory control groups, where the machine lets tests make them."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MOUNT = Path("/sys/fs/cgroup/memory")
MB = 1024 * 1024
JOIN = "open({0!r} + '/cgroup.procs', 'w').write(str(__import__('os').getpid()))\n"


@contextmanager
def memory_group(limit_mb: int) -> Iterator[Path]:
    """Make a version 1 group with a limit; skip the test, with the reason, where that cannot be done."""
    folder = MOUNT / f"scrapy-crawl4-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no memory group (version 1) can be made here: {error.strerror}")
    try:
        try:
            (folder / "memory.limit_in_bytes").write_text(str(limit_mb * MB))
        except OSError as error:
            pytest.skip(f"the memory group takes no limit: {error.strerror}")
        yield folder
    finally:
        folder.rmdir()


def run_in_group(group: Path, code: str, *args: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run a Python program inside *group* and return what it printed; -9 is how the kernel ends one that is too big."""
    return subprocess.run(
        [sys.executable, "-c", JOIN.format(str(group)) + code, *args],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def peak_mb(group: Path) -> int:
    """Return the most that was charged to *group*, file cache included."""
    return int((group / "memory.max_usage_in_bytes").read_text()) // MB
