"""Dispatch: when which task starts. Knows neither Scrapy nor Twisted, nor any event loop."""

from .base import BaseDispatcher, Load
from .cgroups import MemoryGroup, memory_groups
from .controller import DispatchController
from .driver import DispatchDriver, Timer
from .host import LOCAL, HostLimits
from .ledger import MemoryLedger
from .memory import MemoryProbe, MemorySample, give_back_memory
from .memory_adaptive import MemoryAdaptiveDispatcher
from .progress import Progress
from .rate_limiter import HostPace, RateLimiter
from .retry_after import parse_retry_after
from .semaphore import SemaphoreDispatcher
from .session import BROWSER, HTTP, MODEL, Job, Session
from .share import Share
from .statistics import DispatchStatistics

__all__ = [
    "BROWSER",
    "HTTP",
    "LOCAL",
    "MODEL",
    "BaseDispatcher",
    "DispatchController",
    "DispatchDriver",
    "DispatchStatistics",
    "HostLimits",
    "HostPace",
    "Job",
    "Load",
    "MemoryAdaptiveDispatcher",
    "MemoryGroup",
    "MemoryLedger",
    "MemoryProbe",
    "MemorySample",
    "Progress",
    "RateLimiter",
    "SemaphoreDispatcher",
    "Session",
    "Share",
    "Timer",
    "give_back_memory",
    "memory_groups",
    "parse_retry_after",
]
