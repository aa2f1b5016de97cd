"""The configuration of a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..exceptions import UnsupportedOption
from ..user_agents import RANDOM, user_agents
from .base import Config, Converted, option
from .checks import count, dicts, flag, folder, number, optional, refuse, text, text_map, texts
from .identity import check_cdp_url, check_mode, check_wanted
from .proxy import Chosen, Proxy, check_proxy
from .supported import BROWSER


def _check_type(name: str, value: Any) -> str:
    if value in ("firefox", "webkit"):
        raise UnsupportedOption(f"{name}={value!r} has no effect yet: leave it at 'chromium'")
    return "chromium" if value == "chromium" else refuse(name, "'chromium'", value)


def _check_viewport(name: str, value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping) or set(value) != {"width", "height"}:
        refuse(name, "a dict with width and height", value)
    return {side: _PIXELS(f"{name}[{side!r}]", size) for side, size in value.items()}


def _check_storage(name: str, value: Any) -> dict[str, Any]:
    """Read a storage state: a dict as Playwright writes it, or the path of a JSON file with one."""
    if isinstance(value, str | Path):
        try:
            value = json.loads(Path(value).read_text("utf-8"))
        except (OSError, ValueError):
            refuse(name, "a dict, or the path of a JSON file with one that can be read", str(value))
    if not isinstance(value, Mapping) or not set(value) <= {"cookies", "origins"}:
        refuse(name, "a dict with 'cookies' and 'origins'", value)
    return dict(value)


def _check_folder(name: str, value: Any) -> str | None:
    if value is None or value == "":
        return None
    return str(Path(value).absolute()) if isinstance(value, str | Path) else refuse(name, "the path of a folder", value)


_PIXELS = count(1, "pixels")
_OF_A_START = ("extra_args", "headless", "light_mode", "memory_saving_mode", "text_mode", "use_persistent_context")
"""Options of a process that is started, which the one behind ``cdp_url`` is not."""


class BrowserConfig(Config, supported=BROWSER, missing="has no effect yet"):
    """How a browser is started and what it says of itself.

    The parameters have crawl4ai's names and defaults, except that ``user_agent`` is None (the browser's, or Scrapy's,
    own) and ``verbose`` False.

    :raises TypeError: for an unknown name.
    :raises ValueError: for a value that breaks the rule of its parameter.
    :raises UnsupportedOption: for a parameter that has no effect yet, set to anything but its default.
    """

    browser_type: str = option(default="chromium", check=_check_type)
    """``"chromium"``: Chromium or Chrome."""
    headless: bool = option(default=True, check=flag)
    """Whether it runs without windows."""
    browser_mode: str = option(default="dedicated")
    use_managed_browser: bool = option(default=False)
    cdp_url: str | None = option(default=None, check=optional(check_cdp_url))
    """Address of a Chromium or Chrome that runs with ``--remote-debugging-port``, ``http://host:port`` or ``ws://...``:
    pages are opened there, in contexts of their own that are closed again; it goes on, with its own pages as they
    were."""
    browser_context_id: str | None = option(default=None)
    target_id: str | None = option(default=None)
    cdp_cleanup_on_close: bool = option(default=False)
    cdp_close_delay: float = option(default=1.0)
    cache_cdp_connection: bool = option(default=False)
    create_isolated_context: bool = option(default=False)
    use_persistent_context: bool = option(default=False, check=flag)
    """Whether all pages share one profile: what a page stores is there for the next one."""
    user_data_dir: str | None = option(default=None, check=_check_folder)
    """Folder of that profile, made where it is missing and left for the next crawler; None is one that is removed at
    the end."""
    chrome_channel: str = option(default="chromium")
    channel: str = option(default="chromium")
    proxy: str | None = option(default=None)
    proxy_config: Converted[Chosen, Proxy] = option(default=None, check=check_proxy)
    """The proxy of all pages: a ``ProxyConfig``, a dict or a string."""
    viewport_width: int = option(default=1080, check=_PIXELS)
    """Width of the page in CSS pixels."""
    viewport_height: int = option(default=600, check=_PIXELS)
    """Height of what is seen of the page at a time, in CSS pixels."""
    viewport: dict[str, int] | None = option(default=None, check=optional(_check_viewport))
    """``{"width": ..., "height": ...}`` in place of both."""
    device_scale_factor: float = option(default=1.0, check=number("device pixels for a CSS pixel", positive=True))
    """Device pixels for a CSS pixel, for screenshots and ``srcset``."""
    accept_downloads: bool = option(default=False, check=flag)
    """Whether files that pages download are kept in *downloads_path*, and their paths put into
    ``result.downloaded_files``. The two options go together."""
    downloads_path: str | None = option(default=None, check=optional(folder))
    """Folder for these files, made when the first one comes, and for what is no page."""
    storage_state: Any = option(default=None, check=optional(_check_storage))
    """Cookies and local storage that each page starts with: a dict as Playwright's ``storage_state()`` gives it, or the
    path of a JSON file with one, which is read at once."""
    ignore_https_errors: bool = option(default=True, check=flag)
    """Whether pages with an invalid certificate are fetched all the same."""
    java_script_enabled: bool = option(default=True, check=flag)
    """Whether scripts of the pages run; ``js_code`` does in any case."""
    sleep_on_close: bool = option(default=False)
    verbose: bool = option(default=False, check=flag)
    """Whether the crawler may print what it does."""
    cookies: list[dict[str, Any]] | None = option(default=None, check=optional(dicts))
    """Cookies of all pages, as dicts with ``name``, ``value`` and ``domain`` or ``url``."""
    headers: dict[str, str] | None = option(default=None, check=optional(text_map))
    """Headers of all requests."""
    user_agent: str | None = option(default=None, check=optional(text))
    """The User-Agent header."""
    user_agent_mode: str = option(default="", check=check_mode)
    """``"random"`` takes one of a real browser for the whole crawler; a ``user_agent`` goes before it."""
    user_agent_generator_config: Mapping[str, Any] = option(default=MappingProxyType({}), check=check_wanted)
    """What browser it is of, see :func:`scrapy_crawl4.user_agents.user_agents`."""
    text_mode: bool = option(default=False, check=flag)
    """Whether pictures and fonts are left out."""
    light_mode: bool = option(default=False, check=flag)
    """Whether the browser goes without what a page that nobody looks at does not need."""
    extra_args: list[str] | None = option(default=None, check=optional(texts))
    """Further options of Chromium's command line."""
    debugging_port: int = option(default=9222)
    host: str = option(default="localhost")
    enable_stealth: bool = option(default=False, check=flag)
    """Whether pages are not told that a program drives the browser: no ``navigator.webdriver``, no "Headless" in the
    user agent, plug-ins and languages as a window has them. That is all it does."""
    avoid_ads: bool = option(default=False, check=flag)
    """Whether nothing is fetched from well-known hosts of ads and trackers, see ``scrapy_crawl4.browser.ads``."""
    avoid_css: bool = option(default=False, check=flag)
    """Whether style sheets are left out."""
    init_scripts: list[str] | None = option(default=None, check=optional(texts))
    """JavaScript to run in each page and frame before its own scripts."""
    memory_saving_mode: bool = option(default=False, check=flag)
    """Whether the browser caches little, shares a process among the frames of a page, and gives scripts 512 MB."""
    max_pages_before_recycle: int = option(default=0, check=count(0, "pages"))
    """After how many pages the browser is replaced by a new one, while those that are open end in peace; 0 is never."""

    def _check_together(self) -> None:
        if self.accept_downloads != (self.downloads_path is not None):
            raise ValueError("accept_downloads=True and downloads_path, the folder for the files, go together")
        if self.user_agent_mode == RANDOM:  # read here, where a list that has none of that kind can be said
            user_agents(self.user_agent_generator_config)
        if self.user_data_dir is not None and not self.use_persistent_context:
            raise ValueError("user_data_dir is the folder of a persistent profile: set use_persistent_context=True")
        if self.use_persistent_context and self.storage_state is not None:
            raise ValueError("storage_state and use_persistent_context cannot be given together: a profile has its own")
        if self.cdp_url is not None:
            self._check_connected()

    def _check_connected(self) -> None:
        for name in _OF_A_START:
            if getattr(self, name) != self._options[name].default:
                raise ValueError(f"cdp_url and {name} cannot be given together: that browser has been started")
