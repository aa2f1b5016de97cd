"""The browser's process: how it is started, and how it ends."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import INSTALL_PLAYWRIGHT, SETUP, BrowserMissing, first_line
from .executable import need_executable
from .folders import profile_folders, remove_left

if TYPE_CHECKING:
    from typing import Self

    from playwright.async_api import Browser as PlaywrightBrowser
    from playwright.async_api import Playwright

    from ..config import BrowserConfig
    from .executable import Executable

FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--no-proxy-server",
)
"""A crawler has no screen, only its pages should use the network, and each of them says by which proxy."""
TEXT_FLAGS = ("--blink-settings=imagesEnabled=false", "--disable-remote-fonts")
LIGHT_FLAGS = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-renderer-backgrounding",
    "--disable-software-rasterizer",
    "--js-flags=--max-lazy",
    "--metrics-recording-only",
    "--mute-audio",
)
"""What a page that nobody looks at can do without."""


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """How the process is started.

    headless: without windows.
    args: command-line options beside those that are always there.
    most_pages: after how many pages it is replaced by a new one; 0 never.
    """

    headless: bool = True
    args: tuple[str, ...] = ()
    most_pages: int = 0

    @classmethod
    def of(cls, config: BrowserConfig) -> Self:
        """Return what *config* says of the process."""
        modes = (TEXT_FLAGS if config.text_mode else ()) + (LIGHT_FLAGS if config.light_mode else ())
        arguments = (*modes, *(config.extra_args or ()))
        return cls(config.headless, arguments, most_pages=config.max_pages_before_recycle)

    def command_line(self) -> list[str]:
        """Return all options of the command line."""
        # Chromium's sandbox refuses to run as root.
        root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
        return [*root, *FLAGS, *self.args]


class BrowserProcess:
    """A browser that runs, and Playwright, which speaks to it through a pipe: it ends with the pipe, however that ends.

    :param playwright: its driver, which runs.
    :param browser: the browser.
    :param executable: what was started.
    """

    def __init__(self, playwright: Playwright, browser: PlaywrightBrowser, executable: Executable) -> None:
        self.browser = browser
        self.executable = executable
        self._playwright = playwright
        self._folders = profile_folders()

    @property
    def is_alive(self) -> bool:
        """Whether pages can be opened."""
        return self.browser.is_connected()

    @classmethod
    async def start(cls, options: LaunchOptions) -> Self:
        """Start it, with a profile folder of its own that goes when it ends.

        :raises BrowserMissing: when Playwright or a browser is not installed, or the browser does not start.
        """
        try:
            from playwright.async_api import Error, async_playwright
        except ImportError:
            raise BrowserMissing(
                f"Pages of the browser need the package playwright: run {INSTALL_PLAYWRIGHT}, then {SETUP!r}."
            ) from None
        playwright = await async_playwright().start()
        try:
            executable = need_executable(playwright.chromium.executable_path)
            browser = await playwright.chromium.launch(
                executable_path=executable.path,
                headless=options.headless,
                args=options.command_line(),
                # The program's signals are its own.
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except Error as error:
            await playwright.stop()
            raise BrowserMissing(f"The browser did not start: {_why(error)}. Run 'scrapy crawl4-doctor'.") from error
        except BaseException:
            await playwright.stop()
            raise
        return cls(playwright, browser, executable)

    async def close(self) -> None:
        """End both; returns when they have ended."""
        with contextlib.suppress(Exception):  # it may be gone already
            await self.browser.close()
        with contextlib.suppress(Exception):
            await self._playwright.stop()
        remove_left(self._folders)


def _why(error: Exception) -> str:
    """Return the line of the browser's own output that says why it did not start."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line.rpartition("] ")[2] for line in lines if ":ERROR:" in line or ":FATAL:" in line]
    if any("Missing X server" in line or "DISPLAY" in line for line in said):
        return "there is no display, which headless=False needs"
    return (said[0] if said else first_line(str(error))).rstrip(". ")
