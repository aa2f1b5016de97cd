"""The errors this package raises.

::

    Crawl4Error
      UnsupportedOption     (ValueError)    an option that has no effect yet was set to a non-default value
      DispatcherError       (RuntimeError)  a dispatcher cannot be loaded or breaks its contract
      JobError              (RuntimeError)  the folder of a job cannot be used, or is of another input
      EngineError           (RuntimeError)  the engine cannot start, or the crawler is closed
      TaskFailed            (RuntimeError)  one page could not be made; becomes a failed result
      CrawlCancelled        (RuntimeError)  a run was closed before its tasks ended

A crawl itself does not raise for a page: whatever happens to one page is in the ``success`` and ``error_message``
of its :class:`~scrapy_crawl4.CrawlResult`. Wrong types and unknown names raise Python's own :class:`TypeError`,
wrong values :class:`ValueError`.
"""

from __future__ import annotations


class Crawl4Error(Exception):
    """Base class of the errors of this package."""


class UnsupportedOption(Crawl4Error, ValueError):  # noqa: N818 - the public name of the contract
    """A parameter that has no effect yet was set to a value other than its default."""


class DispatcherError(Crawl4Error, RuntimeError):
    """A dispatcher cannot be loaded, or answered with something that is not a number of permits."""


class JobError(Crawl4Error, RuntimeError):
    """The folder of a job is in use, damaged or something else's, takes no more, or is one of another input."""


class EngineError(Crawl4Error, RuntimeError):
    """The crawling engine cannot start here, or is used after it was closed."""


class TaskFailed(Crawl4Error, RuntimeError):  # noqa: N818 - names a state of a task
    """One page could not be made; the text is the ``error_message`` of its result."""


class CrawlCancelled(Crawl4Error, RuntimeError):  # noqa: N818 - names a state of a run
    """A run was closed or cancelled before its tasks ended."""
