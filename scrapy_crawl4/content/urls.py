"""URLs of a page: what they lead to, and the base they resolve against."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from turbohtml import Document, Node

PAGE_SCHEMES = frozenset({"http", "https", "ftp", "file"})
"""Schemes of links that lead to a page; ``javascript:``, ``mailto:``, ``tel:``, ``data:`` and the like do not."""

_MARKS = frozenset({"?", "#"})
_NO_HOST = frozenset({"", "/", "?", "#", "\\"})
_SPACE = "".join(map(chr, range(33)))
_BREAKS = dict.fromkeys(map(ord, "\t\n\r"))


def is_page_url(url: str) -> bool:
    """Whether *url* is absolute and leads to a page: of such a scheme, and all but files with a host."""
    if (url[:8] == "https://" and url[8:9] not in _NO_HOST) or (url[:7] == "http://" and url[7:8] not in _NO_HOST):
        return True  # as most are
    scheme, mark, rest = url.partition("://")
    if rest[:1] in _NO_HOST:
        return mark != "" and scheme.lower() == "file"
    return scheme in PAGE_SCHEMES or scheme.lower() in PAGE_SCHEMES


def tidy(reference: str) -> str:
    """A reference of the page as browsers read it: without white space around it and line breaks and tabs in it."""
    reference = reference.strip(_SPACE)
    return reference if reference.isprintable() else reference.translate(_BREAKS)


def has_port(url: str) -> bool:
    """Whether an absolute *url* names a port."""
    authority = url.partition("//")[2].partition("/")[0].partition("?")[0].partition("#")[0]
    return ":" in authority.rpartition("@")[2].rpartition("]")[2]


def join(base: str, url: str) -> str:
    """*url* made absolute by *base*; *url* itself where that is impossible, or needless."""
    if is_page_url(url):
        return url
    try:
        joined = urljoin(base, url)
    except ValueError:
        return url
    return _with_empty_marks(joined, url) if url[-1:] in _MARKS or "?#" in url else joined


def page_url(base: str, url: str) -> str:
    """*url* made absolute by *base*; ``""`` if it leads to no page."""
    if is_page_url(url):
        return url
    joined = join(base, url)
    return joined if is_page_url(joined) else ""


def resolve_links(root: Node, base: str) -> None:
    """Make every address in *root* absolute by *base*."""
    try:
        root.resolve_links(base)
    except ValueError:  # one of them is no address at all; what was resolved before it stays so
        root.rewrite_links(lambda reference: join(base, tidy(reference)))


def _with_empty_marks(joined: str, url: str) -> str:
    """Put an empty query or fragment back, which urljoin takes off and browsers keep."""
    head, mark, fragment = url.partition("#")
    if head.endswith("?"):
        page = joined.partition("#")[0]
        joined = f"{page if page.endswith('?') else page.partition('?')[0] + '?'}{mark}{fragment}"
    return joined + "#" if mark and not fragment and not joined.endswith("#") else joined


def document_base(document: Document, url: str) -> str:
    """The URL that relative references of *document* resolve against, ``""`` if there is none.

    ``<base href>`` counts, itself resolved against *url*, unless it leads nowhere (``javascript:``, ``data:``).
    """
    page = url if _is_base(url) else ""
    element = document.select_one("base[href]")
    if element is None:
        return page
    base = join(page, (element.attr("href") or "").strip())
    return base if _is_base(base) else page


def _is_base(url: str) -> bool:
    if not url.isascii() or "[" in url or "]" in url:  # nothing else breaks an address
        try:
            urlsplit(url)
        except ValueError:  # one that ends in the middle: http://[::1
            return False
    return is_page_url(url) and (host_of(url) != "" or url[:5].lower() == "file:")


def host_of(url: str) -> str:
    """The lower-case host of an absolute *url*, without user, port or trailing dot; ``""`` if there is none."""
    # By hand: urlsplit takes ten times as long, and raises for hosts that are merely wrong.
    _, slashes, rest = url.partition("//")
    if not slashes:
        return ""
    for mark in "/?#\\":
        rest = rest.partition(mark)[0]
    host = rest.rpartition("@")[2]
    host = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return host.strip().lower().rstrip(".")
