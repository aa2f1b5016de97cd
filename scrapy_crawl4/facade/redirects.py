"""Redirects that lead out of HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from scrapy.http import Response

REDIRECTS = frozenset({301, 302, 303, 307, 308})


def unfollowed(response: Response) -> str:
    """Return the sentence for a redirect that nobody follows, as to a local file; ``""`` for every other response."""
    if response.status not in REDIRECTS or not (place := response.headers.get("Location")):
        return ""
    if response.request is not None and response.request.meta.get("dont_redirect"):
        return ""  # the redirect itself is what was asked for
    try:
        scheme = urlsplit(urljoin(response.url, place.decode("latin-1").strip())).scheme
    except ValueError:
        return "The page redirects to something that is no URL."
    if scheme in {"http", "https"}:
        return ""
    return f"The page redirects to a URL of the scheme {scheme[:20]!r}, which is not followed: only http and https are."
