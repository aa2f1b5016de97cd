"""PNG, written and read byte by byte."""

import struct
import zlib


def paeth(left, up, corner):
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def predicted(kind, left, up, corner):
    """What a filter of PNG takes a byte for."""
    return (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]


def packed(rows, filters, pixel):
    """Rows of bytes as PNG, filtered as asked for."""
    lines, above = [], bytes(len(rows[0]))
    for row, kind in zip(rows, filters, strict=True):
        line = [kind]
        for at, byte in enumerate(row):
            left, corner = (row[at - pixel], above[at - pixel]) if at >= pixel else (0, 0)
            line.append((byte - predicted(kind, left, above[at], corner)) & 0xFF)
        lines.append(bytes(line))
        above = row
    header = struct.pack(">IIBBBBB", len(rows[0]) // pixel, len(rows), 8, {3: 2, 4: 6}[pixel], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b""))
    )


def size_of(png):
    return struct.unpack(">II", png[16:24])


def lines_of(png):
    """Filter and bytes of each row."""
    at, data = 8, b""
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        assert struct.unpack_from(">I", png, at + 8 + size)[0] == zlib.crc32(png[at + 4 : at + 8 + size])
        data += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    width, height, _, colour = struct.unpack(">IIBB", png[16:26])
    plain, step = zlib.decompress(data), width * {2: 3, 6: 4}[colour] + 1
    assert len(plain) == height * step
    return [(plain[at], plain[at + 1 : at + step]) for at in range(0, len(plain), step)]


def unpacked(png, pixel):
    """Rows of bytes."""
    rows = []
    for kind, line in lines_of(png):
        above, row = rows[-1] if rows else bytes(len(line)), bytearray()
        for at, byte in enumerate(line):
            left, corner = (row[at - pixel], above[at - pixel]) if at >= pixel else (0, 0)
            row.append((byte + predicted(kind, left, above[at], corner)) & 0xFF)
        rows.append(bytes(row))
    return rows


def first_column(png):
    """Colours of the first pixel of each row, which needs no other pixel of its row."""
    column, above = [], (0, 0, 0)
    for kind, line in lines_of(png):
        above = tuple((line[at] + predicted(kind, 0, above[at], 0)) & 0xFF for at in range(3))
        column.append(above)
    return column
