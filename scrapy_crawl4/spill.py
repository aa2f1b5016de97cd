"""Parts of finished results that wait in a temporary file instead of in memory.

Text and bytes are written as they are, containers as :mod:`~scrapy_crawl4.plain_pickle` says; nobody but this process
can write to the file.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Protocol, cast

from .markdown_result import MarkdownGenerationResult
from .packed import CONTAINERS, LEAST, PackedMarkdown, PackedPlain, PackedText
from .plain_pickle import plain_bytes, plain_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)

TEXTS = frozenset({"html", "cleaned_html", "fit_html", "extracted_content", "screenshot", "pdf", "mhtml", "markdown"})
"""Fields with values that nobody can change."""
SPILLABLE = TEXTS | CONTAINERS
SLICE = 1 << 20
"""Characters that are encoded at a time."""
DIRTY = 8 * 1024 * 1024
"""Bytes after which the system is made to write what it has only taken: until then they count as memory of a container,
which is killed for them when the disk is slower than the crawl."""
POSITIONAL = hasattr(os, "pread")
"""Whether the system reads and writes at a place that the call names, as all but Windows do."""


class SpillFile:
    """A temporary file without a name for the heavy fields of results; thread-safe.

    It is made when something is first written, and grows until it is closed: when the last result that points into
    it and the last other reference are gone, or the process ends, however it ends. It depends on no event loop.

    :param directory: where it is made; None is Python's folder for temporary files.
    """

    def __init__(self, directory: str | None = None) -> None:
        self.full = False
        """Whether something could not be written; nothing is tried after that."""
        self._directory = directory
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._size = 0
        self._settled = 0
        """Bytes that need no memory of the system's any more."""

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._size

    def append(self, chunks: Iterable[bytes]) -> tuple[int, int]:
        """Write *chunks* at the end; return where they begin, and their length.

        :raises OSError: when there is no room for them; what was written before stays readable.
        """
        with self._lock:
            if self._file is None:
                self._file = self._open()
            start = end = self._size
            for chunk in chunks:
                _write(self._file, chunk, end)
                end += len(chunk)
            self._size = end
            if end - self._settled >= DIRTY:
                _settle(self._file, self._settled, end)
                self._settled = end
        return start, end - start

    def read(self, start: int, length: int) -> bytes:
        """Return *length* bytes from *start*.

        :raises OSError: when they cannot be read.
        """
        assert self._file is not None
        # Where reads do not name their place, they take turns.
        with contextlib.nullcontext() if POSITIONAL else self._lock:
            return _read(self._file, length, start)

    def _open(self) -> BinaryIO:
        file = tempfile.TemporaryFile(prefix="scrapy-crawl4-", dir=self._directory, buffering=0)  # noqa: SIM115
        weakref.finalize(self, file.close)
        return cast("BinaryIO", file)


def _settle(file: BinaryIO, start: int, end: int) -> None:
    """Have the bytes from *start* to *end* on the disk, and no longer in memory that counts as this process's."""
    if hasattr(os, "posix_fadvise"):
        # Where that does not work, they stay in memory for as long as the system likes.
        with contextlib.suppress(OSError):
            os.fdatasync(file.fileno())
            os.posix_fadvise(file.fileno(), start, end - start, os.POSIX_FADV_DONTNEED)


class Place(Protocol):
    """Where one value is."""

    @property
    def is_packed(self) -> bool:
        """Whether it is in memory, as bytes."""

    def load(self) -> Any:
        """Read the value.

        :raises OSError: when it cannot be read.
        """


@dataclass(frozen=True, slots=True)
class _Bytes:
    is_packed: ClassVar[bool] = False
    file: SpillFile
    start: int
    length: int

    def load(self) -> Any:
        return self.file.read(self.start, self.length)


class _Text(_Bytes):
    __slots__ = ()

    def load(self) -> str:
        return self.file.read(self.start, self.length).decode("utf-8", "surrogatepass")


class _Plain(_Bytes):
    __slots__ = ()

    def load(self) -> Any:
        return plain_value(self.file.read(self.start, self.length))


@dataclass(frozen=True, slots=True)
class _Markdown:
    is_packed: ClassVar[bool] = False
    texts: tuple[_Text | None, ...]
    base_url: str

    def load(self) -> MarkdownGenerationResult:
        raw, *others = (None if text is None else text.load() for text in self.texts)
        return MarkdownGenerationResult(raw or "", *others, base_url=self.base_url)


@dataclass(frozen=True, slots=True)
class Spilled:
    """The fields of one result that are in a file; never changed, so that copies of the result share it."""

    places: Mapping[str, Place]

    def load(self, name: str) -> Any:
        """Read the field *name*.

        :raises OSError: when it cannot be read.
        """
        return self.places[name].load()

    @property
    def packed(self) -> dict[str, Any]:
        """Those of the fields that are in memory, packed."""
        return {name: place for name, place in self.places.items() if place.is_packed}

    def without(self, name: str) -> Spilled:
        """Return the same without the field *name*."""
        return Spilled({other: place for other, place in self.places.items() if other != name})

    def __deepcopy__(self, memo: dict[int, Any]) -> Spilled:
        return self


def write_fields(fields: Mapping[str, Any], file: SpillFile) -> tuple[dict[str, Place], int]:
    """Write the heavy ones of *fields*; return where they are, and the bytes they take in memory, roughly.

    What cannot be written is left out: objects of a user's own classes, and everything once the disk is full, which
    is logged once.
    """
    places: dict[str, Place] = {}
    freed = 0
    for name in SPILLABLE & fields.keys():
        if file.full:
            break
        try:
            written = _write_value(fields[name], file)
        except OSError as error:
            file.full = True
            logger.warning("Results stay in memory from now on: their temporary file takes no more (%s).", error)
        else:
            if written is not None:
                places[name] = written[0]
                freed += written[1]
    return places, freed


def _write_value(value: Any, file: SpillFile) -> tuple[Place, int] | None:
    """Write a value of exactly one of the types that can be read back as they were."""
    kind = type(value)
    if kind is MarkdownGenerationResult:
        return _write_markdown(value, file)
    if kind in {PackedText, PackedPlain, PackedMarkdown}:
        return _write_packed(value, file)
    if kind in {dict, list}:
        return _write_plain(value, file)
    size = sys.getsizeof(value)
    if size < LEAST or kind not in {str, bytes}:
        return None
    return (_write_text(value, file) if kind is str else _Bytes(file, *file.append([value]))), size


def _write_text(text: str, file: SpillFile) -> _Text:
    slices = (text[start : start + SLICE] for start in range(0, len(text), SLICE))
    return _Text(file, *file.append(part.encode("utf-8", "surrogatepass") for part in slices))


def _write_markdown(markdown: MarkdownGenerationResult, file: SpillFile) -> tuple[_Markdown, int] | None:
    parts, base_url = markdown.parts()
    size = sum(sys.getsizeof(part) for part in parts)
    if size < LEAST:
        return None
    return _Markdown(tuple(None if part is None else _write_text(part, file) for part in parts), base_url), size


def _write_plain(value: Any, file: SpillFile) -> tuple[_Plain, int] | None:
    data = plain_bytes(value)
    if data is None or len(data) < LEAST:
        return None
    return _Plain(file, *file.append([data])), len(data)


def _write_packed(value: PackedText | PackedPlain | PackedMarkdown, file: SpillFile) -> tuple[Place, int]:
    """Write what is packed already as it is."""
    if isinstance(value, PackedMarkdown):
        texts = tuple(None if part is None else _Text(file, *file.append([part])) for part in value.parts)
        return _Markdown(texts, value.base_url), value.size
    kind = _Text if isinstance(value, PackedText) else _Plain
    return kind(file, *file.append([value.data])), value.size


def _write(file: BinaryIO, data: bytes, start: int) -> None:
    rest = memoryview(data)
    if not POSITIONAL:
        file.seek(start)
    while rest:
        count = os.pwrite(file.fileno(), rest, start) if POSITIONAL else file.write(rest)
        start, rest = start + count, rest[count:]


def _read(file: BinaryIO, length: int, start: int) -> bytes:
    pieces = []
    if not POSITIONAL:
        file.seek(start)
    while length > 0:
        # A system reads at most 2 GB at a time.
        piece = os.pread(file.fileno(), length, start) if POSITIONAL else file.read(length)
        if not piece:
            raise OSError("The temporary file of the results is shorter than it was.")
        pieces.append(piece)
        start, length = start + len(piece), length - len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
