"""Chunking strategies: how text is cut before extraction."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ChunkingStrategy(ABC):
    """Base class of chunking strategies, yours included."""

    @abstractmethod
    def chunk(self, text: str) -> list[str]:
        """*text* in pieces."""


class IdentityChunking(ChunkingStrategy):
    """The text as one piece."""

    def chunk(self, text: str) -> list[str]:
        """*text* itself."""
        return [text]


class RegexChunking(ChunkingStrategy):
    r"""Cuts at regular expressions.

    :param patterns: each one cuts the pieces that the one before left; by default blank lines (``\n\n``).
    :raises ValueError: a pattern is not a valid regular expression.
    """

    def __init__(self, patterns: Iterable[str] | None = None) -> None:
        self.patterns = [r"\n\n"] if patterns is None else list(patterns)
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"RegexChunking patterns: {pattern!r} is not a regular expression: {error}") from None

    def chunk(self, text: str) -> list[str]:
        """The pieces between the matches."""
        pieces = [text]
        for pattern in self.patterns:
            # A group in the pattern makes re.split return what it matched, and None where it did not.
            pieces = [part for piece in pieces for part in re.split(pattern, piece) if part is not None]
        return pieces


class FixedLengthWordChunking(ChunkingStrategy):
    """Pieces of a fixed number of words.

    :param chunk_size: words in a piece; the last one may have fewer.
    """

    def __init__(self, chunk_size: int = 100) -> None:
        self.chunk_size = _positive("chunk_size", chunk_size)

    def chunk(self, text: str) -> list[str]:
        """The pieces, words joined by one space."""
        words = text.split()
        return [" ".join(words[at : at + self.chunk_size]) for at in range(0, len(words), self.chunk_size)]


class SlidingWindowChunking(ChunkingStrategy):
    """A window of words that moves on by a step; the last one ends with the text.

    :param window_size: words in a piece.
    :param step: words between the starts of two pieces.
    """

    def __init__(self, window_size: int = 100, step: int = 50) -> None:
        self.window_size = _positive("window_size", window_size)
        self.step = _positive("step", step)

    def chunk(self, text: str) -> list[str]:
        """The pieces; the text itself if it is no longer than one window."""
        words = text.split()
        if len(words) <= self.window_size:
            return [text]
        last = len(words) - self.window_size
        starts = list(range(0, last + 1, self.step))
        if starts[-1] < last:
            starts.append(last)
        return [" ".join(words[at : at + self.window_size]) for at in starts]


class OverlappingWindowChunking(ChunkingStrategy):
    """Windows of words that share some words with the one before.

    :param window_size: words in a piece; the last one may have fewer.
    :param overlap: words that two neighbours share; must be less than *window_size*.
    """

    def __init__(self, window_size: int = 1000, overlap: int = 100) -> None:
        self.window_size = _positive("window_size", window_size)
        if not 0 <= overlap < window_size:
            raise ValueError(f"overlap must be at least 0 and less than window_size ({window_size}), got {overlap}")
        self.overlap = overlap

    def chunk(self, text: str) -> list[str]:
        """The pieces; the text itself if it is no longer than one window."""
        words = text.split()
        if len(words) <= self.window_size:
            return [text]
        starts = range(0, len(words) - self.overlap, self.window_size - self.overlap)
        return [" ".join(words[at : at + self.window_size]) for at in starts]


def _positive(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a positive number of words, got {value!r}")
    return value
