"""Downloader middlewares: what works with the dispatcher, and the configuration of single requests."""

from .memory_throttle import MemoryThrottleMiddleware
from .rate_limit import RateLimitMiddleware
from .run_config import RunConfigMiddleware

__all__ = ["MemoryThrottleMiddleware", "RateLimitMiddleware", "RunConfigMiddleware"]
