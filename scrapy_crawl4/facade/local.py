"""Pages from the local disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.http import Headers
from scrapy.responsetypes import responsetypes
from w3lib.url import file_uri_to_path

if TYPE_CHECKING:
    from scrapy.http import Response


def read_file(url: str) -> Response:
    """Return the file that a ``file:`` URL names as a response; the end of its name says its type, as in browsers.

    :raises OSError: when there is no such file or it can't be read.
    """
    path = Path(file_uri_to_path(url))
    body = path.read_bytes()
    kind, compression = responsetypes.mimetypes.guess_type(path.name)
    headers = {"Content-Type": kind} if kind and not compression else {}
    return responsetypes.from_args(headers=Headers(headers), body=body)(url=url, headers=headers, body=body)
