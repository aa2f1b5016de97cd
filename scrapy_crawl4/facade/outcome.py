"""What dispatch knows about a task, on its result."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from ..dispatch import BROWSER, HTTP
from ..results import CrawlResult, DispatchResult

if TYPE_CHECKING:
    import asyncio

    from ..dispatch import Session
    from ..dispatch.session import Job

logger = logging.getLogger(__name__)


def result_of(task: asyncio.Task[CrawlResult | None], session: Session[Any]) -> CrawlResult | None:
    """Return what the *task* of *session* came to: its result, or None when it should be tried again."""
    url = session.task.url
    if task.cancelled():
        return CrawlResult.failed(url, session.job.refusal or "The work on this page was cancelled.")
    error = task.exception()
    if error is None:
        return task.result()
    # Nothing should let this happen, but a task without a result would keep the run from ending.
    logger.error("A session ended without a result", exc_info=error)
    return CrawlResult.failed(url, f"Internal error: {type(error).__name__}.")


def failed_before_start(
    index: int, url: str, message: str, *, metadata: dict[str, Any] | None = None, job: Job[Any] | None = None
) -> CrawlResult:
    """Return the failed result of a task that has no session.

    :param job: what dispatch knows of it, if it waited for one.
    """
    now = time.time()
    result = CrawlResult.failed(url, message, index=index, metadata=metadata)
    result.dispatch_result = DispatchResult(
        task_id=f"{index}",
        memory_usage=0.0,
        peak_memory=0.0,
        start_time=now,
        end_time=now,
        error_message=message,
        wait_time=0.0 if job is None else job.waited + time.monotonic() - job.queued_at,
        retries=0 if job is None else job.retries,
        sheds=0 if job is None else job.sheds,
    )
    return result


def crawl_stats(session: Session[Any], result: CrawlResult) -> dict[str, Any] | None:
    """Return how the page of *session*, which has just ended with *result*, was fetched; None without the network."""
    if session.task.kind != "http":
        return None
    used, retries = session.task.proxies_used, session.job.retries
    # Whoever found a response wrote down what led to it.
    known = result.crawl_stats or {}
    fallback = bool(known.get("fallback_fetch_used"))
    way = "fallback_fetch" if fallback else "proxy" if used and used[-1]["proxy"] else "direct"
    return {
        "attempts": retries + 1,
        "retries": retries,
        "proxies_used": used,
        "redirects": known.get("redirects", []),
        "fallback_fetch_used": fallback,
        "rendered_by": BROWSER if session.task.rendered and not fallback else HTTP,
        "rendered_because": session.task.because,
        "resolved_by": way if result.success else None,
    }


def dispatch_result(session: Session[Any], result: CrawlResult, bytes_received: int) -> DispatchResult:
    """Return the record of *session*, which has just ended with *result*."""
    job = session.job
    return DispatchResult(
        task_id=f"{session.task.index}",
        memory_usage=session.memory_at_start,
        peak_memory=session.memory_peak,
        start_time=session.started_epoch,
        end_time=time.time(),
        error_message=result.error_message or "",
        wait_time=job.waited,
        retries=job.retries,
        sheds=job.sheds,
        bytes_received=bytes_received,
    )
