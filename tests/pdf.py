"""Small PDF documents, written by hand so that tests know every byte of them."""

import zlib
from collections.abc import Iterable, Sequence

Text = tuple[float, float, float, str]
"""Left, height and size of a text, and the text itself (ASCII)."""


def pdf(
    pages: Iterable[Sequence[Text] | bytes],
    *,
    info: str = "",
    links: Sequence[tuple[str, str]] = (),
    font: str = "Helvetica",
) -> bytes:
    """A document of these pages, each a list of texts or a content stream.

    :param info: what stands in the dictionary of facts, such as ``/Title (x)``.
    :param links: rectangle and address of the links on the first page.
    """
    streams = [page if isinstance(page, bytes) else drawn(page) for page in pages]
    annotations = "".join(
        f"<< /Type /Annot /Subtype /Link /Rect [{frame}] /A << /S /URI /URI ({uri}) >> >> " for frame, uri in links
    )
    numbers = [5 + 2 * index for index in range(len(streams))]
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(streams)} /Kids [{' '.join(f'{n} 0 R' for n in numbers)}] >>".encode(),
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>".encode(),
        f"<< {info} >>".encode(),
    ]
    for index, stream in enumerate(streams):
        annots = f"/Annots [{annotations}]" if annotations and index == 0 else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] {annots} /Contents {numbers[index] + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        packed = zlib.compress(stream)
        objects.append(f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream")
    return written(objects)


def drawn(texts: Iterable[Text]) -> bytes:
    """The content stream that draws these texts."""
    lines = [f"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET" for x, y, size, text in texts]
    return "\n".join(lines).encode("cp1252")


def written(objects: Sequence[bytes]) -> bytes:
    """The file of these objects, numbered from 1; the first is the catalogue, the fourth the facts."""
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        body
        + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n".encode()
        + f"<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{len(body)}\n%%EOF\n".encode()
    )
