"""What every runner is told, and what it hands back. Nothing but the standard library: each has its own environment."""

import json
import sys
import time
from pathlib import Path

MARK = "Served as "
REFUSED = 3
"""Exit status of a runner that can't do what it is asked to."""


class Work:
    """The work of one run.

    :param file: JSON with ``urls`` (a file, one a line), ``sessions``, ``variant``, ``crawler`` (arguments of
        AsyncWebCrawler) and ``out`` (the file that is written).
    """

    def __init__(self, file: str) -> None:
        told = json.loads(Path(file).read_text("utf-8"))
        self.urls: list[str] = Path(told["urls"]).read_text("utf-8").split()
        self.sessions: int = told["sessions"]
        self.variant: str = told["variant"]
        self.crawler: dict = told["crawler"]
        self._out = Path(told["out"])
        self._results: list[tuple[str, str, int]] = []
        self._started = self._last = self._first = 0.0
        self._first_at = 0.0
        self.more: dict[str, float] = {}

    def start(self) -> None:
        """Start the clock; the library is imported by now, and nothing of it was called."""
        self._started = time.perf_counter()

    def note(self, url: str, content: str | bytes | None) -> None:
        """Note a result: its content is Markdown, or the body of a page where none was asked for."""
        self._last = time.perf_counter()
        if not self._results:
            self._first, self._first_at = self._last, time.time()
        self._results.append((url, marker_of(content), len(content or "")))

    def finish(self) -> None:
        """Write what was noted."""
        seconds = {"seconds": self._last - self._started, "first": self._first - self._started}
        told = {**seconds, "first_at": self._first_at, "results": self._results, **self.more}
        self._out.write_text(json.dumps(told), "utf-8")


def marker_of(content: str | bytes | None) -> str:
    """Return the path that a page says it was served as: at its end, so that to look for it costs nothing."""
    if not content:
        return ""
    if isinstance(content, bytes):
        at = content.rfind(MARK.encode())
        text = content[at : at + 500].decode("ascii", "replace")
    else:
        at = content.rfind(MARK)
        text = content[at : at + 500]
    if at < 0:
        return ""
    return text[len(MARK) :].removeprefix("<code>").removeprefix("`").partition("<")[0].partition("`")[0]


def refuse(error: Exception) -> None:
    """End, with the reason, because this version of a library has no such option."""
    print(f"{type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
    sys.exit(REFUSED)


def work() -> Work:
    return Work(sys.argv[1])
