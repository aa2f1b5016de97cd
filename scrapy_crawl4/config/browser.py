"""The configuration of a browser."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from .base import Config, Converted, option
from .checks import dicts, flag, optional, text, text_map
from .proxy import Chosen, Proxy, check_proxy
from .supported import BROWSER


class BrowserConfig(Config, supported=BROWSER, missing="needs a browser, which is not available yet"):
    """How a browser is started and what it says of itself.

    The parameters have crawl4ai's names and defaults, except that ``user_agent`` is None (the browser's, or Scrapy's,
    own) and ``verbose`` False.

    :raises TypeError: for an unknown name.
    :raises ValueError: for a value that breaks the rule of its parameter.
    :raises UnsupportedOption: for a parameter that has no effect yet, set to anything but its default.
    """

    browser_type: str = option(default="chromium")
    headless: bool = option(default=True)
    browser_mode: str = option(default="dedicated")
    use_managed_browser: bool = option(default=False)
    cdp_url: str | None = option(default=None)
    browser_context_id: str | None = option(default=None)
    target_id: str | None = option(default=None)
    cdp_cleanup_on_close: bool = option(default=False)
    cdp_close_delay: float = option(default=1.0)
    cache_cdp_connection: bool = option(default=False)
    create_isolated_context: bool = option(default=False)
    use_persistent_context: bool = option(default=False)
    user_data_dir: str | None = option(default=None)
    chrome_channel: str = option(default="chromium")
    channel: str = option(default="chromium")
    proxy: str | None = option(default=None)
    proxy_config: Converted[Chosen, Proxy] = option(default=None, check=check_proxy)
    """The proxy of all pages: a ``ProxyConfig``, a dict or a string."""
    viewport_width: int = option(default=1080)
    viewport_height: int = option(default=600)
    viewport: dict[str, int] | None = option(default=None)
    device_scale_factor: float = option(default=1.0)
    accept_downloads: bool = option(default=False)
    downloads_path: str | None = option(default=None)
    storage_state: Any = option(default=None)
    ignore_https_errors: bool = option(default=True, check=flag)
    """Whether pages with an invalid certificate are fetched all the same."""
    java_script_enabled: bool = option(default=True)
    sleep_on_close: bool = option(default=False)
    verbose: bool = option(default=False, check=flag)
    """Whether the crawler may print what it does."""
    cookies: list[dict[str, Any]] | None = option(default=None, check=optional(dicts))
    """Cookies of all pages, as dicts with ``name``, ``value`` and ``domain`` or ``url``."""
    headers: dict[str, str] | None = option(default=None, check=optional(text_map))
    """Headers of all requests."""
    user_agent: str | None = option(default=None, check=optional(text))
    """The User-Agent header."""
    user_agent_mode: str = option(default="")
    user_agent_generator_config: MappingProxyType[str, Any] = option(default=MappingProxyType({}))
    text_mode: bool = option(default=False)
    light_mode: bool = option(default=False)
    extra_args: list[str] | None = option(default=None)
    debugging_port: int = option(default=9222)
    host: str = option(default="localhost")
    enable_stealth: bool = option(default=False)
    avoid_ads: bool = option(default=False)
    avoid_css: bool = option(default=False)
    init_scripts: list[str] | None = option(default=None)
    memory_saving_mode: bool = option(default=False)
    max_pages_before_recycle: int = option(default=0)
