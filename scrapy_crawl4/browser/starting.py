"""The ways to a browser: a new process, one with a profile, or one that runs already."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.request import getproxies

from ..config import ProxyConfig
from .errors import BrowserMissing, first_line
from .executable import Executable
from .fetch import environment_proxy
from .identity import Identity

if TYPE_CHECKING:
    from typing import Any

    from playwright.async_api import Browser, Playwright

    from ..config import BrowserConfig
    from .order import PageOrder

LONGEST_CONNECT = 30.0
"""Seconds that a browser that runs already has to answer."""
CONNECTED = Executable("of cdp_url", "named by cdp_url")
LOCKED = ("ProcessSingleton", "profile appears to be in use")
REASONS = {
    "ECONNREFUSED": "connection refused",
    "ENOTFOUND": "the host name cannot be resolved",
    "EAI_AGAIN": "the host name cannot be resolved",
    "Timeout": "no answer in time",
    "does not look like a DevTools server": "what answers there is no browser",
}
"""Signs in an error of a connection, and what they mean."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What all pages share: cookies, storage, cache.

    folder: where it is; ``""`` for one that goes with the browser.
    identity: what all its pages have in common.
    """

    folder: str
    identity: Identity


def profile_of(config: BrowserConfig) -> Profile | None:
    """Return the profile that *config* asks for."""
    if not config.use_persistent_context:
        return None
    proxy = config.proxy_config
    url = proxy.url if isinstance(proxy, ProxyConfig) else None
    if proxy is None:
        url = getproxies().get("https") or getproxies().get("http")
    return Profile(config.user_data_dir or "", Identity.of(config, proxy=url))


def other_than(profile: Profile, order: PageOrder) -> str | None:
    """Return the name of an option of *order* that a page in *profile* cannot have; None when it can be done there."""
    own = order.identity
    if own.proxy == environment_proxy(order.url):  # nobody asked for another one
        own = replace(own, proxy=profile.identity.proxy)
    return own.beyond(profile.identity)


async def launch(playwright: Playwright, profile: Profile | None, **arguments: Any) -> Browser:
    """Start a browser with the *arguments* of Playwright's ``launch()``; one with a *profile* has it as a context.

    :raises playwright.async_api.Error: when it does not start.
    """
    if profile is None:
        return await playwright.chromium.launch(**arguments)
    options = profile.identity.context_options()
    # Playwright makes and removes a folder where the name is empty.
    context = await playwright.chromium.launch_persistent_context(profile.folder, **arguments, **options)
    assert context.browser is not None
    return context.browser


async def connect(playwright: Playwright, url: str) -> Browser:
    """Return the browser at *url*, which goes on when it is closed here.

    :raises BrowserMissing: when there is none.
    """
    from playwright.async_api import Error

    try:
        return await playwright.chromium.connect_over_cdp(url, timeout=LONGEST_CONNECT * 1000)
    except Error as error:
        raise BrowserMissing(f"The browser of cdp_url cannot be reached: {_reason(error)}.") from error


async def plain_agent(browser: Browser) -> str:
    """Return the user agent that *browser* has where it has windows."""
    session = await browser.new_browser_cdp_session()
    version = await session.send("Browser.getVersion")
    await session.detach()
    # One without windows may tell its whole version, which one with windows does not.
    return re.sub(r"HeadlessChrome/(\d+)[.\d]*", r"Chrome/\1.0.0.0", str(version["userAgent"]))


def is_locked(error: Exception) -> bool:
    """Return whether a browser did not start because another one has its profile."""
    return any(sign in str(error) for sign in LOCKED)


def _reason(error: Exception) -> str:
    """Return what is known of a connection that failed, without the address, which may hold a key."""
    text = str(error)
    for sign, reason in REASONS.items():
        if sign in text:
            return reason
    said = first_line(text).rstrip(". ")
    return "the connection failed" if "://" in said else said
