"""Joins pictures in PNG (W3C, Portable Network Graphics, third edition) below one another.

The rows stay as they were packed; only the first row of a part, whose filter may speak of a row above it, is written
anew. So the picture is never unpacked as a whole.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
IHDR = struct.Struct(">IIBBBBB")
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""Samples of a pixel by colour type; pictures with a palette are not joined."""
NONE, SUB, UP, AVERAGE, PAETH = range(5)
"""Filter types, section 9."""
SLICE = 256 * 1024
"""Bytes of rows that are packed at a time."""
LEVEL = 6


class Rows:
    """The rows of one picture, still packed.

    width, height: in pixels.
    form: bit depth, colour type, compression, filter and interlace methods.
    pixel: bytes of one.
    packed: the rows, as zlib packs them.
    """

    def __init__(self, png: bytes) -> None:
        """Read *png*.

        :raises ValueError: when it is no PNG, or one of a kind that a browser does not make.
        """
        chunks = dict[bytes, list[bytes]]()
        for kind, data in _chunks(png):
            chunks.setdefault(kind, []).append(data)
        if len(chunks.get(b"IHDR", ())) != 1:
            raise ValueError("This is no PNG.")
        self.width, self.height, *form = IHDR.unpack(chunks[b"IHDR"][0])
        self.form = tuple(form)
        depth, colour, _, _, interlace = form
        if depth not in {8, 16} or colour not in CHANNELS or interlace:
            raise ValueError("This kind of PNG cannot be joined.")
        self.pixel = CHANNELS[colour] * depth // 8
        self.packed = b"".join(chunks.get(b"IDAT", ()))

    def slices(self) -> Iterator[bytes]:
        """Yield the unpacked rows bit by bit, the first of them without need of a row above it."""
        unpack = zlib.decompressobj()
        row = unpack.decompress(self.packed, self.width * self.pixel + 1)
        yield _first_row(row, self.pixel)
        while unpack.unconsumed_tail:
            yield unpack.decompress(unpack.unconsumed_tail, SLICE)
        yield unpack.flush()


class Joined:
    """Parts of one picture, joined one after another as they come.

    :param first: the uppermost part.
    """

    def __init__(self, first: Rows) -> None:
        self._like = first
        self._height = 0
        self._pack = zlib.compressobj(LEVEL)
        self._packed: list[bytes] = []

    def add(self, part: Rows) -> Iterator[None]:
        """Put *part* below what there is; yields now and then, as it takes a while.

        :raises ValueError: when it has another width or form.
        """
        if (part.width, part.form) != (self._like.width, self._like.form):
            raise ValueError("The parts of the picture do not fit together.")
        self._height += part.height
        for rows in part.slices():
            self._packed.append(self._pack.compress(rows))
            yield

    def png(self) -> bytes:
        """Return the picture; nothing may be added afterwards."""
        header = IHDR.pack(self._like.width, self._height, *self._like.form)
        data = b"".join([*self._packed, self._pack.flush()])
        return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")

    @classmethod
    def of(cls, parts: list[bytes]) -> Self:
        """Join *parts*, PNGs, at once."""
        rows = [Rows(part) for part in parts]
        joined = cls(rows[0])
        for part in rows:
            for _ in joined.add(part):
                pass
        return joined


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while png.startswith(SIGNATURE) and at + 8 <= len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        yield kind, png[at + 8 : at + 8 + size]
        at += size + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _first_row(row: bytes, pixel: int) -> bytes:
    """Return a first row, whose row above counts as zeros, filtered so that it does not matter what is above it."""
    kind, rest = row[0], row[1:]
    if kind == UP:
        return bytes([NONE]) + rest
    if kind == PAETH:  # it predicts from the pixel on the left where there is nothing above
        return bytes([SUB]) + rest
    if kind != AVERAGE:
        return row
    plain = bytearray(rest)
    for at in range(pixel, len(plain)):
        plain[at] = (plain[at] + plain[at - pixel] // 2) & 0xFF
    return bytes([NONE]) + bytes(plain)
