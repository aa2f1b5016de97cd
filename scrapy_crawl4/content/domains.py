"""The site that a URL belongs to."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import tldextract

from .urls import host_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# The list that ships with tldextract: no network, no cache directory. Private suffixes count, so that two users of
# one hosting service (a.github.io, b.github.io) are two sites.
_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)

SOCIAL_MEDIA_DOMAINS = (
    "facebook.com",
    "instagram.com",
    "linkedin.com",
    "pinterest.com",
    "reddit.com",
    "snapchat.com",
    "tiktok.com",
    "twitter.com",
    "x.com",
)


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str:
    """``example.co.uk`` for ``a.b.example.co.uk``; the host itself where no domain is registered (localhost, IPs)."""
    found = _extract(host)
    return found.top_domain_under_public_suffix or host


def matches_domain(host: str, domains: Iterable[str]) -> bool:
    """Whether *host* is one of *domains* or below one of them."""
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def normalised_domain(domain: str) -> str:
    """A domain as users write it (``https://Example.org/``, ``.example.org``, ``www.example.org``) as a bare host."""
    host = host_of(domain) if "//" in domain else host_of("//" + domain)
    return host.strip(".").removeprefix("www.")
