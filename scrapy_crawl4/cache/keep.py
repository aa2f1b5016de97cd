"""Which responses are worth keeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .blocked import is_block_page

if TYPE_CHECKING:
    from scrapy.http import Response

INCOMPLETE = frozenset({"dataloss", "partial", "download_stopped"})
"""Flags by which Scrapy marks a body that is not all there."""
LEAST_STATUS = 200
FIRST_ERROR = 400
NO_PAGES = frozenset({206, 304})
"""A part of a page, and the word that the one already there is good."""


def is_failure(response: Response) -> bool:
    """Return whether *response* is an error, a page that refuses its visitor, or not all there."""
    return response.status >= FIRST_ERROR or not INCOMPLETE.isdisjoint(response.flags) or is_block_page(response)


def is_worth_keeping(response: Response) -> bool:
    """Return whether *response* may go into the cache; what the policy says comes on top."""
    return response.status >= LEAST_STATUS and response.status not in NO_PAGES and not is_failure(response)
