"""Results of a task, made of what was fetched, their content pending: for another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..results import CrawlResult
from .downloads import result_of
from .redirects import unfollowed

if TYPE_CHECKING:
    from scrapy.http import Response

    from .tasks import Work


def from_response(response: Response, work: Work, downloads_path: str | None) -> CrawlResult:
    """Return the result of what a host sent."""
    result = result_of(response, work.config, work.url, downloads_path)
    if told := unfollowed(response):
        result.success, result.error_message = False, told
    return result


def from_file(response: Response, work: Work) -> CrawlResult:
    """Return the result of a file."""
    return CrawlResult.from_response(response, work.config, url=work.url)


def from_html(html: str, work: Work, base_url: str) -> CrawlResult:
    """Return the result of a page that was given."""
    return CrawlResult.from_html(html, url=work.url, config=work.config, redirected_url=base_url or None)
