"""Headers that a page can send."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .errors import PageFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
NO_VALUE = re.compile(r"[\x00\r\n]")
"""RFC 9110, 5.5."""
OF_BROWSER = frozenset(
    ("connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
)
"""What no page may say, as the browser does."""


def sendable(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers*, by their names in lower case, without white space around the values.

    :raises PageFailed: for one that the browser would not send.
    """
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    for name, value in sent.items():
        if not NAME.fullmatch(name):
            raise PageFailed(f"{name!r:.80} is no name of a header.")
        if NO_VALUE.search(value):
            raise PageFailed(f"The value of the header {name!r:.80} has a line break or a NUL character.")
        if name in OF_BROWSER or name.startswith("proxy-"):
            raise PageFailed(f"The header {name!r:.80} is the browser's own: leave it out, or use render='http'.")
    return sent
