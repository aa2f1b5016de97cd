"""Keys of the statistics this package writes into Scrapy's stats collector.

:data:`ALL` lists every key with its meaning and unit. :data:`STAGE_ERROR_COUNT` stands for a family: the name of the
content stage follows it.
"""

from __future__ import annotations

STARTED = "crawl4/sessions/started_count"
FINISHED = "crawl4/sessions/finished_count"
FAILED = "crawl4/sessions/failed_count"
SHED = "crawl4/sessions/shed_count"
MAX_IN_FLIGHT = "crawl4/sessions/max_in_flight"
BYTES_RECEIVED = "crawl4/sessions/received_bytes"

RATE_LIMITED = "crawl4/rate_limit/response_count"
RETRIED = "crawl4/rate_limit/retry_count"
GAVE_UP = "crawl4/rate_limit/gave_up_count"
WAIT_SECONDS = "crawl4/rate_limit/wait_seconds"

MEMORY_PEAK_MB = "crawl4/memory/peak_mb"
MEMORY_LIMIT_MB = "crawl4/memory/limit_mb"
THROTTLED_CHECKS = "crawl4/memory/throttled_count"
THROTTLED_SECONDS = "crawl4/memory/throttled_seconds"
HELD = "crawl4/memory/held_count"

RESULTS_SUCCESS = "crawl4/results/success_count"
RESULTS_FAILED = "crawl4/results/failed_count"
RESULTS_MAPPED = "crawl4/results/mapped_count"
SPILLED = "crawl4/results/spilled_count"
SPILLED_BYTES = "crawl4/results/spilled_bytes"

CONTENT_PAGES = "crawl4/content/pages_count"
STAGE_ERROR_COUNT = "crawl4/content/stage_error_count"

ALL: tuple[tuple[str, str], ...] = (
    (STARTED, "sessions (fetches of a page) that were started"),
    (FINISHED, "sessions that ended with a response"),
    (FAILED, "sessions that ended without a response"),
    (SHED, "sessions that were taken back under critical memory pressure, their tasks put first in line"),
    (MAX_IN_FLIGHT, "most sessions in flight at one time"),
    (BYTES_RECEIVED, "bytes of all response bodies"),
    (RATE_LIMITED, "responses with a rate-limit status"),
    (RETRIED, "tasks that were tried again after a rate-limit status, each time counted"),
    (GAVE_UP, "tasks that failed because their host went on limiting its rate"),
    (WAIT_SECONDS, "seconds that tasks waited for their host and for a permit, added up"),
    (MEMORY_PEAK_MB, "highest memory of the process tree, in MB"),
    (MEMORY_LIMIT_MB, "memory this crawl may use, in MB"),
    (THROTTLED_CHECKS, "samples of memory that held starts back"),
    (THROTTLED_SECONDS, "seconds during which memory held starts back"),
    (HELD, "requests that MemoryThrottleMiddleware held back for a while"),
    (RESULTS_SUCCESS, "results with success"),
    (RESULTS_FAILED, "results without success"),
    (RESULTS_MAPPED, "results that were made from items of other types"),
    (SPILLED, "results of a batch whose heavy fields were moved to a temporary file"),
    (SPILLED_BYTES, "bytes of memory that these fields took"),
    (CONTENT_PAGES, "pages that went through the content stages"),
    (f"{STAGE_ERROR_COUNT}/<stage>", "pages on which that content stage failed"),
)
"""Every key with its meaning, in the order of the documentation."""


def stage_error_count(stage: str) -> str:
    """Return the key that counts the failures of a content stage."""
    return f"{STAGE_ERROR_COUNT}/{stage}"
