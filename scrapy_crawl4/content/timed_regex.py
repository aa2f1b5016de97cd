"""Regular expressions of users, which may not take a crawl with them.

Python's own engine tries every way there is to match, so that ``(a+)+$`` needs more than a lifetime for a page made to
that end. Patterns of users have Python's syntax and meaning, and a page gets a number of seconds for all of them; the
engine is the ``regex`` package, which can stop, and lets other threads run while it looks through a long text.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 1.0
_SECONDS_PER_CHARACTER = 1e-6
_LONG_TEXT = 10_000


def compile_pattern(where: str, pattern: object, flags: re.RegexFlag = re.NOFLAG) -> regex.Pattern[str]:
    """*pattern* made ready, with Python's meaning.

    :param where: what the error starts with: the place the pattern was written at.
    :param flags: :data:`re.IGNORECASE` and :data:`re.MULTILINE` are honoured.
    :raises TypeError: *pattern* is not text.
    :raises ValueError: *pattern* is not a regular expression of Python.
    """
    if not isinstance(pattern, str):
        raise TypeError(f"{where} must be a regular expression as text, got {type(pattern).__name__}")
    try:
        re.compile(pattern, flags)
        return regex.compile(pattern, regex.VERSION0 | int(flags))
    except (re.error, regex.error, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{where} is not a valid regular expression: {error}") from None


class MatchTime:
    """The CPU time that patterns of users may take on one page: one second, and one more per million characters.

    :param characters: the length of the page.
    """

    def __init__(self, characters: int) -> None:
        self._seconds = _SECONDS + characters * _SECONDS_PER_CHARACTER
        self._left = self._seconds

    def search(self, where: str, pattern: regex.Pattern[str], text: str) -> regex.Match[str] | None:
        """The first match.

        :param where: what the error starts with.
        :raises ValueError: the time is over.
        """
        start = time.thread_time()
        try:
            return pattern.search(text, timeout=self._left, concurrent=len(text) > _LONG_TEXT)
        except TimeoutError:
            raise self._over(where) from None
        finally:
            self._spend(start)

    def find(self, where: str, pattern: regex.Pattern[str], text: str) -> Iterator[regex.Match[str]]:
        """All matches, from left to right.

        :param where: what the error starts with.
        :raises ValueError: the time is over.
        """
        start = time.thread_time()
        try:
            yield from pattern.finditer(text, timeout=self._left, concurrent=len(text) > _LONG_TEXT)
        except TimeoutError:
            raise self._over(where) from None
        finally:
            self._spend(start)

    def _spend(self, start: float) -> None:
        # Not to 0: the engine takes that for no limit.
        self._left = max(1e-6, self._left - (time.thread_time() - start))

    def _over(self, where: str) -> ValueError:
        return ValueError(
            f"{where} takes more than {self._seconds:.1f} s on this page: avoid repeats inside repeats, as in (a+)+"
        )
