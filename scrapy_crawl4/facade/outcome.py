"""What dispatch knows about a task, on its result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..results import DispatchResult

if TYPE_CHECKING:
    from ..dispatch import Session
    from ..results import CrawlResult


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
