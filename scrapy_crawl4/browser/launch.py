"""The browser's process: how it is started, and how it ends."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..finish import finish
from .driver import start_driver, stop_driver
from .errors import BrowserGone, BrowserMissing, PageFailed, first_line, is_closed
from .executable import need_executable
from .features import without_features
from .flags import flags_of
from .folders import BrowserFolder
from .profile_lock import IN_USE, lock_profile
from .starting import CONNECTED, Profile, connect, is_locked, launch, other_than, plain_agent, profile_of

if TYPE_CHECKING:
    from typing import Self

    from playwright.async_api import Browser as PlaywrightBrowser
    from playwright.async_api import Playwright

    from ..config import BrowserConfig
    from .executable import Executable
    from .order import PageOrder

FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--no-proxy-server",
    "--accept-lang=en-US,en",
)
"""A crawler has no screen, only its pages should use the network, each of them says by which proxy, and what they are
given does not depend on the language of the machine."""
ENDED_AT_ONCE = "The browser ended while it started. Run 'scrapy crawl4-doctor'."
LONGEST_START = 30.0
"""Seconds that the browser has to start."""
LONGEST_ANSWER = 20.0
"""Seconds that it has to say that it is there."""
LONGEST_END = 5.0
"""Seconds that it has to end before it is killed."""


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """How the process is started.

    headless: without windows.
    args: command-line options beside those that are always there.
    most_pages: after how many pages it is replaced by a new one; 0 never.
    profile: what all pages share; None gives each a context of its own.
    cdp_url: address of a browser that runs already; None starts one.
    is_discreet: whether its pages do not say that there is no window.
    """

    headless: bool = True
    args: tuple[str, ...] = ()
    most_pages: int = 0
    profile: Profile | None = None
    cdp_url: str | None = None
    is_discreet: bool = False

    @classmethod
    def of(cls, config: BrowserConfig) -> Self:
        """Return what *config* says of the process."""
        return cls(
            config.headless,
            flags_of(config),
            config.max_pages_before_recycle,
            profile_of(config),
            config.cdp_url,
            config.enable_stealth,
        )

    def command_line(self) -> list[str]:
        """Return all options of the command line."""
        # Chromium's sandbox refuses to run as root.
        root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
        return without_features([*root, *FLAGS, *self.args])


class BrowserProcess:
    """A browser that runs, and Playwright, which speaks to it through a pipe: it ends with the pipe, however that ends.

    :param playwright: its driver, which runs.
    :param browser: the browser.
    :param executable: what was started.
    :param folder: all that it writes; None for one that was running.
    """

    def __init__(
        self, playwright: Playwright, browser: PlaywrightBrowser, executable: Executable, folder: BrowserFolder | None
    ) -> None:
        self.browser = browser
        self.executable = executable
        self._playwright = playwright
        self._folder = folder
        self._has_ended = False
        self._profile: Profile | None = None
        self._lock = ExitStack()
        self._agent = ""
        """The user agent of pages that do not say that there is no window."""

    @property
    def is_alive(self) -> bool:
        """Whether pages can be opened."""
        return self.browser.is_connected() and not self._has_ended

    async def has_ended(self) -> bool:
        """Tell whether no page can be opened any more, by asking: the driver does not tell of its own end."""
        if self.is_alive:
            try:
                async with asyncio.timeout(LONGEST_ANSWER):
                    session = await self.browser.new_browser_cdp_session()
                    await session.detach()
            except Exception:  # noqa: BLE001 - whatever it is, there is no answer
                self._has_ended = True
        return not self.is_alive

    @classmethod
    async def start(cls, options: LaunchOptions) -> Self:
        """Start it, with a profile folder of its own that goes when it ends.

        :raises BrowserMissing: when Playwright or a browser is not installed, or the browser does not start.
        :raises BrowserGone: when it was killed meanwhile.
        """
        lock = lock_profile(options.profile.folder) if options.profile and options.profile.folder else ExitStack()
        with lock:
            process = await cls._start(options)
            process._lock = lock.pop_all()
            return process

    @classmethod
    async def _start(cls, options: LaunchOptions) -> Self:
        playwright = await start_driver()
        folder = BrowserFolder() if options.cdp_url is None else None
        try:
            if folder is None:
                process = cls(playwright, await connect(playwright, options.cdp_url or ""), CONNECTED, None)
            else:
                executable = need_executable(playwright.chromium.executable_path, headless=options.headless)
                browser = await _launch(playwright, options, executable, folder)
                process = cls(playwright, browser, executable, folder)
            process._profile = options.profile
            process._agent = await plain_agent(process.browser) if options.is_discreet else ""
        except BaseException as error:
            await finish(_end(playwright, folder))
            if isinstance(error, Exception) and is_closed(error):
                raise BrowserGone(ENDED_AT_ONCE) from error
            raise
        return process

    def suited(self, order: PageOrder) -> PageOrder:
        """Return *order* as this browser can do it.

        :raises PageFailed: when its page cannot be one of the profile.
        """
        if self._profile is not None and (option := other_than(self._profile, order)):
            raise PageFailed(f"{option} cannot be that of one page where all share a profile (use_persistent_context).")
        return replace(order, identity=order.identity.with_agent(self._agent)) if self._agent else order

    async def close(self) -> None:
        """End both; returns when they have ended and their folder is gone."""
        try:
            async with asyncio.timeout(LONGEST_END):
                await self.browser.close()
        except TimeoutError:
            if self._folder is not None:
                self._folder.kill()
        except Exception:  # noqa: BLE001, S110 - it is gone already
            pass
        with self._lock:
            await _end(self._playwright, self._folder)


async def _launch(
    playwright: Playwright, options: LaunchOptions, executable: Executable, folder: BrowserFolder
) -> PlaywrightBrowser:
    from playwright.async_api import Error

    launching = asyncio.ensure_future(
        launch(
            playwright,
            options.profile,
            **folder.arguments(executable.path),
            headless=options.headless,
            args=options.command_line(),
            timeout=LONGEST_START * 1000,
            # A signal that ends the driver anyway ends it after the browser; what Ctrl-C does is said by the program.
            handle_sigint=False,
            handle_sigterm=True,
            handle_sighup=True,
        )
    )
    try:
        return await asyncio.shield(launching)
    except asyncio.CancelledError:
        await finish(folder.kill_starting(launching))
        raise
    except Error as error:
        if is_locked(error):
            raise BrowserMissing(IN_USE) from error
        raise BrowserMissing(f"The browser did not start: {_why(error)}. Run 'scrapy crawl4-doctor'.") from error


async def _end(playwright: Playwright, folder: BrowserFolder | None) -> None:
    """End the driver of a browser that ends, and see that nothing of it is left."""
    await stop_driver(playwright)
    if folder is not None:
        await folder.remove()


def _why(error: Exception) -> str:
    """Return the line of the browser's own output that says why it did not start."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line.rpartition("] ")[2] for line in lines if ":ERROR:" in line or ":FATAL:" in line]
    if any("Missing X server" in line or "DISPLAY" in line for line in said):
        return "there is no display, which headless=False needs"
    return (said[0] if said else first_line(str(error))).rstrip(". ")
