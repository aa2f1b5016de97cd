"""What a crawl stands on, looked at piece by piece."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import scrapy
from scrapy.utils.reactor import is_asyncio_reactor_installed, is_reactor_installed

from ..config import BrowserConfig, CrawlerRunConfig
from ..config.settings import Crawl4Settings
from ..dispatch import MemoryProbe
from ..errors import describe
from .browser import Browser
from .errors import BrowserMissing
from .executable import VARIABLE
from .identity import Identity
from .launch import LaunchOptions
from .order import PageOrder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

OLDEST_PYTHON = (3, 11)
OLDEST_SCRAPY = (2, 19)
LITTLE_MB = 512
"""Below this limit, few pages of a browser fit."""
LONGEST_PAGE = 60.0
"""Seconds that the browser has to start and to show a page."""
PAGE = "<title>doctor</title><p id=p></p><script>document.getElementById('p').textContent = 6 * 7</script>"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    name: of the thing.
    fine: whether it is as it should be.
    told: what was found.
    advice: what to do about it, ``""`` for nothing.
    """

    name: str
    fine: bool
    told: str
    advice: str = ""


def examine(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Look at everything a crawl with *settings* needs, and yield what is found."""
    yield _python()
    yield _scrapy()
    yield _reactor(settings)
    yield _memory(settings)
    yield asyncio.run(_browser())


def _python() -> Finding:
    fine = sys.version_info[:2] >= OLDEST_PYTHON
    return Finding("Python", fine, platform.python_version(), "" if fine else "Install Python 3.11 or newer.")


def _scrapy() -> Finding:
    fine = scrapy.version_info[:2] >= OLDEST_SCRAPY
    return Finding("Scrapy", fine, scrapy.__version__, "" if fine else "Run: pip install --upgrade scrapy")


def _reactor(settings: Mapping[str, Any]) -> Finding:
    wanted = str(settings.get("TWISTED_REACTOR") or "")
    if not settings.get("TWISTED_REACTOR_ENABLED", True):
        return Finding("Reactor", True, "none: the event loop of the program is used (TWISTED_REACTOR_ENABLED)")
    fine = "asyncio" in wanted and (not is_reactor_installed() or is_asyncio_reactor_installed())
    advice = (
        "" if fine else "Leave the setting TWISTED_REACTOR at its default: AsyncWebCrawler needs asyncio's reactor."
    )
    return Finding("Reactor", fine, wanted.rpartition(".")[2] or "the default of Twisted", advice)


def _memory(settings: Mapping[str, Any]) -> Finding:
    own = Crawl4Settings.from_settings(settings).memory_limit_mb
    probe = MemoryProbe(own)
    sample = probe.sample()
    source = "the setting CRAWL4_MEMORY_LIMIT_MB" if own is not None else probe.limit_source
    fine = sample.limit_mb >= LITTLE_MB
    told = f"{sample.used_mb:.0f} MB of {sample.limit_mb:.0f} MB are used; the limit is that of {source}"
    return Finding("Memory", fine, told, "" if fine else "Pages of a browser need more: allow 512 MB at least.")


async def _browser() -> Finding:
    browser = Browser(LaunchOptions())
    try:
        async with asyncio.timeout(LONGEST_PAGE):
            order = PageOrder("", CrawlerRunConfig(), Identity.of(BrowserConfig()), html=PAGE)
            captured = await browser.show(order)
        fine = b">42<" in captured.body
        return Finding(
            "Browser",
            fine,
            f"{browser.version}, shows pages" if fine else "it shows pages, but ran no script of one",
            "" if fine else "Install another Chromium or Chrome.",
        )
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what is looked for
        # Other places send to this command.
        told = describe(error).removesuffix(" Run 'scrapy crawl4-doctor'.")
        return Finding("Browser", False, told, _advice(error))
    finally:
        await browser.close()


def _advice(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "Look for what keeps it from starting."
    is_named = bool(os.environ.get(VARIABLE, "").strip())
    if is_named and isinstance(error, BrowserMissing) and "Playwright" not in str(error):
        return f"Correct {VARIABLE}, or unset it."
    return "Run: scrapy crawl4-setup"
