"""Downloader middlewares that work with the dispatcher."""

from .memory_throttle import MemoryThrottleMiddleware
from .rate_limit import RateLimitMiddleware

__all__ = ["MemoryThrottleMiddleware", "RateLimitMiddleware"]
