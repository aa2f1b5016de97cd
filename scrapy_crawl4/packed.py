"""Heavy fields of a result as the bytes in which they came from another process, unpacked when they are first read."""

from __future__ import annotations

from typing import Any, NamedTuple

from .markdown_result import MarkdownGenerationResult
from .plain_pickle import plain_bytes, plain_value

CONTAINERS = frozenset(
    {"links", "media", "tables", "metadata", "network_requests", "console_messages", "js_execution_result"}
)
"""Fields with values that their readers may change in place."""
LEAST = 1024
"""Bytes from which on a value is worth a place outside of its result."""


class PackedText(NamedTuple):
    """A text."""

    data: bytes

    @property
    def is_packed(self) -> bool:
        """True: it is in memory, as bytes."""
        return True

    def load(self) -> str:
        """Unpack it."""
        return self.data.decode("utf-8", "surrogatepass")

    @property
    def size(self) -> int:
        """Bytes in memory, roughly."""
        return len(self.data)


class PackedPlain(NamedTuple):
    """A list or dict of plain data."""

    data: bytes

    @property
    def is_packed(self) -> bool:
        """True: it is in memory, as bytes."""
        return True

    def load(self) -> Any:
        """Unpack it."""
        return plain_value(self.data)

    @property
    def size(self) -> int:
        """Bytes in memory, roughly; unpacked, it takes several times that."""
        return len(self.data)


class PackedMarkdown(NamedTuple):
    """A :class:`MarkdownGenerationResult`, by its parts."""

    parts: tuple[bytes | None, ...]
    base_url: str

    @property
    def is_packed(self) -> bool:
        """True: it is in memory, as bytes."""
        return True

    def load(self) -> MarkdownGenerationResult:
        """Unpack it."""
        raw, *others = (None if part is None else part.decode("utf-8", "surrogatepass") for part in self.parts)
        return MarkdownGenerationResult(raw or "", *others, base_url=self.base_url)

    @property
    def size(self) -> int:
        """Bytes in memory, roughly."""
        return sum(len(part) for part in self.parts if part)


def packed(value: Any) -> Any:
    """Return *value* as plain bytes, or a tuple of such; None where that is not worth it, or cannot be."""
    kind = type(value)
    if kind is str:
        return value.encode("utf-8", "surrogatepass") if len(value) >= LEAST else None
    if kind is MarkdownGenerationResult:
        parts, base_url = value.parts()
        return *(None if part is None else part.encode("utf-8", "surrogatepass") for part in parts), base_url
    return plain_bytes(value) if kind in {dict, list} else None


def place_of(name: str, data: Any) -> PackedText | PackedPlain | PackedMarkdown:
    """Return where the field *name* is whose value :func:`packed` made *data* of."""
    if type(data) is tuple:
        return PackedMarkdown(data[:-1], data[-1])
    return PackedPlain(data) if name in CONTAINERS else PackedText(data)
