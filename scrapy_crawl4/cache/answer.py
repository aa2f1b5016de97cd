"""What the host said, where the cache spoke for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .meta import ANSWER

if TYPE_CHECKING:
    from scrapy.http import Response


def is_cached(response: Response) -> bool:
    """Return whether *response* is from the cache."""
    return "cached" in response.flags


def host_answer(response: Response) -> tuple[int | None, bytes | None] | None:
    """Return the status and the ``Retry-After`` by which the host answered; None where it was not asked.

    The status is None where it was asked, about a cached response, and gave no answer.
    """
    if not is_cached(response):
        return response.status, response.headers.get("Retry-After")
    answer: tuple[int | None, bytes | None] | None = (
        None if response.request is None else response.request.meta.get(ANSWER)
    )
    return answer
