"""Parameters of a crawl that only a browser can serve."""

from __future__ import annotations

from typing import Any

from .base import Config, option
from .supported import RUN_BROWSER


class BrowserPageOptions(Config, supported=RUN_BROWSER, missing="needs a browser, which is not available yet"):
    """Waiting, scripts, scrolling, captures and identity of a browser page."""

    locale: str | None = option(default=None)
    timezone_id: str | None = option(default=None)
    geolocation: Any = option(default=None)
    wait_until: str = option(default="domcontentloaded")
    wait_for: str | None = option(default=None)
    wait_for_timeout: int | None = option(default=None)
    wait_for_images: bool = option(default=False)
    delay_before_return_html: float = option(default=0.1)
    js_code: Any = option(default=None)
    js_code_before_wait: Any = option(default=None)
    c4a_script: Any = option(default=None)
    js_only: bool = option(default=False)
    ignore_body_visibility: bool = option(default=True)
    body_visibility_timeout: int = option(default=30_000)
    scan_full_page: bool = option(default=False)
    scroll_delay: float = option(default=0.2)
    max_scroll_steps: int | None = option(default=None)
    process_iframes: bool = option(default=False)
    flatten_shadow_dom: bool = option(default=False)
    remove_overlay_elements: bool = option(default=False)
    remove_consent_popups: bool = option(default=False)
    simulate_user: bool = option(default=False)
    override_navigator: bool = option(default=False)
    magic: bool = option(default=False)
    adjust_viewport_to_content: bool = option(default=False)
    screenshot: bool = option(default=False)
    screenshot_wait_for: float | None = option(default=None)
    screenshot_height_threshold: int = option(default=10_000)
    force_viewport_screenshot: bool = option(default=False)
    pdf: bool = option(default=False)
    capture_mhtml: bool = option(default=False)
    log_console: bool = option(default=False)
    capture_network_requests: bool = option(default=False)
    capture_console_messages: bool = option(default=False)
    process_in_browser: bool = option(default=False)
    virtual_scroll_config: Any = option(default=None)
