"""Results of a task, made of what was fetched: content work, for another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dispatch import give_back_memory
from ..results import CrawlResult
from .downloads import result_of
from .redirects import unfollowed

if TYPE_CHECKING:
    from scrapy.http import Response

    from .tasks import Work

LARGE = 1024 * 1024
"""Bytes of a page after which memory is given back to the system at once."""


def from_response(response: Response, work: Work, downloads_path: str | None) -> CrawlResult:
    """Return the complete result of what a host sent."""
    result = _completed(result_of(response, work.config, work.url, downloads_path), response)
    if told := unfollowed(response):
        result.success, result.error_message = False, told
    return result


def from_file(response: Response, work: Work) -> CrawlResult:
    """Return the complete result of a file."""
    return _completed(CrawlResult.from_response(response, work.config, url=work.url), response)


def from_html(html: str, work: Work, base_url: str) -> CrawlResult:
    """Return the complete result of a page that was given."""
    result = CrawlResult.from_html(html, url=work.url, config=work.config, redirected_url=base_url or None)
    result.complete()
    return result


def _completed(result: CrawlResult, response: Response) -> CrawlResult:
    result.complete()
    if len(response.body) >= LARGE:
        give_back_memory()
    return result
