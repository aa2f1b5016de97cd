"""Headers that say who somebody is, and the one place where they may be sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIAL = re.compile(
    r"auth|token|api-?_?key|secret|session|passw|credential|signature|jwt|csrf|xsrf|^cookie$|access-?_?key",
    re.IGNORECASE,
)
"""Names of headers that are nobody's business but the site's they are for."""
PORTS = {"http": 80, "https": 443}


def split_credentials(headers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return *headers* for every host, and those for the page's own origin."""
    own = {name: value for name, value in headers.items() if CREDENTIAL.search(name)}
    return {name: value for name, value in headers.items() if name not in own}, own


def origin_of(url: str) -> str:
    """Return scheme, host and port of *url* as a browser writes them; ``""`` for one without a host."""
    parts = urlsplit(url)
    if not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
