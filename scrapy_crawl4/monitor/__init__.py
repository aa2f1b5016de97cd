"""What people look at while a run goes on: a bar on a terminal, plain lines elsewhere.

A run hands :class:`~scrapy_crawl4.dispatch.progress.Progress` snapshots to a :class:`MonitorView`, which keeps the last
one; a thread of the monitor draws what the open views hold. ``rich`` is imported by that thread only.
"""

from .monitor import CrawlerMonitor
from .view import MonitorView

__all__ = ["CrawlerMonitor", "MonitorView"]
