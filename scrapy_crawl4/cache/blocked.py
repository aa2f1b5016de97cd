"""Pages by which a guard before a site refuses a visitor, whatever their status says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware

if TYPE_CHECKING:
    from scrapy.http import Response

LARGEST = 65_536
"""Bytes of the largest such page; what is larger is content."""
LARGEST_COMPRESSED = 20_000

HEADERS = (
    ("cf-mitigated", b"challenge"),
    ("x-amzn-waf-action", b"challenge"),
    ("x-amzn-waf-action", b"captcha"),
)
"""Headers that say it."""

MARKS: tuple[tuple[bytes, ...], ...] = (
    # Cloudflare: the challenge, and the refusals of its firewall. Its pages that let through have the first path too.
    (b"/cdn-cgi/challenge-platform/", b"window._cf_chl_opt"),
    (b"<title>Just a moment...</title>", b"/cdn-cgi/"),
    (b"<title>Attention Required! | Cloudflare</title>", b"cf-error-details"),
    (b'id="cf-wrapper"', b"Access denied | ", b"cf-error-details"),
    # Akamai: its refusal with a reference number, and its challenge.
    (b"<TITLE>Access Denied</TITLE>", b"You don't have permission to access", b"Reference&#32;&#35;"),
    (b"<TITLE>Access Denied</TITLE>", b"errors.edgesuite.net"),
    (b'id="sec-if-cpt-container"', b"sec-cpt-if"),
    # HUMAN, formerly PerimeterX; pages that it only watches have the first name too.
    (b"_pxAppId", b"px-captcha"),
    # DataDome
    (b"var dd={", b"captcha-delivery.com/"),
    # Imperva; pages that it lets through have the first name too.
    (b"_Incapsula_Resource", b"Incapsula incident ID"),
    # AWS WAF
    (b"window.gokuProps", b".awswaf.com/"),
    # Sucuri
    (b"<title>Sucuri WebSite Firewall - Access Denied</title>",),
    (b"sucuri_cloudproxy_js", b"<title>You are being redirected...</title>"),
    # Kasada
    (b"window.KPSDK", b"/ips.js?"),
    # Google
    (b'id="captcha-form"', b"unusual traffic from your computer network"),
)
"""Pieces of markup that such a page has together: script names and forms of the guard, not words of a text."""


def is_block_page(response: Response) -> bool:
    """Return whether *response*, as it came from the network, is a page that refuses or challenges its visitor.

    A body that can't be decoded, or is larger than any such page, is none.
    """
    if any(value in _header(response, name) for name, value in HEADERS):
        return True
    kind = _header(response, "Content-Type")
    if not response.body or (kind and b"html" not in kind):
        return False
    page = _decoded(response)
    return len(page) <= LARGEST and any(all(mark in page for mark in marks) for marks in MARKS)


def _header(response: Response, name: str) -> bytes:
    return (response.headers.get(name) or b"").lower()


def _decoded(response: Response) -> bytes:
    body = response.body
    encodings = response.headers.getlist("Content-Encoding")
    if not encodings:
        return body
    if len(body) > LARGEST_COMPRESSED:
        return b""
    to_decode, _ = HttpCompressionMiddleware._split_encodings(encodings)
    try:
        for encoding in to_decode:
            body = HttpCompressionMiddleware._decode(body, encoding, LARGEST)
    except Exception:  # noqa: BLE001 - each decoder has errors of its own; larger than any such page is one of them
        return b""
    return body
