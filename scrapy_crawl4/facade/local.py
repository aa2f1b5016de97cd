"""Pages from the local disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.responsetypes import responsetypes
from w3lib.url import file_uri_to_path

if TYPE_CHECKING:
    from scrapy.http import Response


def read_file(url: str) -> Response:
    """Return the file that a ``file:`` URL names as a response; its type follows from its name and content.

    :raises OSError: when there is no such file or it can't be read.
    """
    body = Path(file_uri_to_path(url)).read_bytes()
    response_class = responsetypes.from_args(url=url, filename=file_uri_to_path(url), body=body)
    return response_class(url=url, body=body)
