"""Parameters of a crawl that only a browser can serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Config, Converted, option
from .checks import count, flag, number, one_of, optional, refuse, text
from .identity import check_locale, check_place, check_timezone
from .places import GeolocationConfig, VirtualScrollConfig
from .supported import RUN_BROWSER

Place = GeolocationConfig | Mapping[str, float] | None
"""What a ``geolocation`` parameter takes."""
STATES = ("commit", "domcontentloaded", "load", "networkidle")


def _check_scripts(name: str, value: Any) -> str | list[str] | None:
    if value in (None, "", [], (), {}):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return list(value)
    return refuse(name, "a string or a list of strings", value)


def _check_scroll(name: str, value: Any) -> VirtualScrollConfig:
    if isinstance(value, VirtualScrollConfig):
        return value
    if not isinstance(value, Mapping):
        refuse(name, "a VirtualScrollConfig, a dict or None", value)
    try:
        return VirtualScrollConfig.from_dict(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


class BrowserPageOptions(Config, supported=RUN_BROWSER, missing="has no effect yet"):
    """Waiting, scripts, scrolling, captures and identity of a browser page.

    Any of them that is not at its default has the browser show the page, that of a ``raw:`` or ``file:`` URL too.
    """

    locale: str | None = option(default=None, check=optional(check_locale))
    """Language of the page's visitor, such as ``"de"`` or ``"pt-BR"``: ``Accept-Language``, ``navigator.language``, and
    how the page's scripts write numbers and dates."""
    timezone_id: str | None = option(default=None, check=optional(check_timezone))
    """The visitor's time zone, such as ``"Europe/Berlin"``."""
    geolocation: Converted[GeolocationConfig | None, Place] = option(default=None, check=optional(check_place))
    """Where the visitor is, a ``GeolocationConfig`` or a dict of its parameters; the page may ask for it."""
    wait_until: str = option(default="domcontentloaded", check=one_of(*STATES))
    """What ends the loading: ``"commit"``, ``"domcontentloaded"``, ``"load"`` or ``"networkidle"``."""
    wait_for: str | None = option(default=None, check=optional(text))
    """What must be there before the page is read: ``"css:SELECTOR"``, or ``"js:() => CONDITION"``."""
    wait_for_timeout: float | None = option(default=None, check=optional(number("milliseconds", positive=True)))
    """Milliseconds that *wait_for* may take; when they are over, the result fails and keeps its page. None waits until
    *page_timeout*, which bounds everything and leaves no page."""
    wait_for_images: bool = option(default=False, check=flag)
    """Whether to wait until pictures are loaded or have failed, for 5 seconds at most."""
    delay_before_return_html: float = option(default=0.1, check=number("seconds"))
    """Seconds that the page has to settle when it is loaded and *wait_for* is there."""
    js_code: str | list[str] | None = option(default=None, check=_check_scripts)
    """JavaScript to run after that, or a list: each an expression, or statements with ``return`` and ``await``. What
    they return is in ``result.js_execution_result``; one that throws fails the result, which keeps its page."""
    js_code_before_wait: str | list[str] | None = option(default=None, check=_check_scripts)
    """The same, run as soon as the page is loaded, before any waiting; what it returns counts for nothing."""
    c4a_script: Any = option(default=None)
    js_only: bool = option(default=False, check=flag)
    """Whether to go on with the page of the session as the task before left it, instead of loading one. The URL only
    names the result then."""
    ignore_body_visibility: bool = option(default=True)
    body_visibility_timeout: int = option(default=30_000)
    scan_full_page: bool = option(default=False, check=flag)
    """Whether to scroll through the whole page before anything else, so that what loads on sight is there."""
    scroll_delay: float = option(default=0.2, check=number("seconds"))
    """Seconds after each step of *scan_full_page*."""
    max_scroll_steps: int | None = option(default=None, check=optional(count(1)))
    """Steps of *scan_full_page*, each the height of the window. None scrolls through the whole page, and follows one
    that grows meanwhile for 50 more. It ends after half of *page_timeout* in any case."""
    process_iframes: bool = option(default=False, check=flag)
    """Whether what frames hold takes their place in the HTML, those in frames and of other sites too. Frames that
    cannot be read, or have not loaded 5 seconds after the rest, stay as they are."""
    flatten_shadow_dom: bool = option(default=False, check=flag)
    """Whether what shadow roots hold, closed ones too, takes the place of what their hosts do, with slots filled."""
    remove_overlay_elements: bool = option(default=False, check=flag)
    """Whether dialogs and what else hides the page are taken off; what holds the content of the page stays."""
    remove_consent_popups: bool = option(default=False, check=flag)
    """Whether dialogs that ask for consent to cookies are accepted, and removed if they stay."""
    simulate_user: bool = option(default=False, check=flag)
    """Whether the pointer moves over the page and the wheel turns once it is loaded; nothing is clicked."""
    override_navigator: bool = option(default=False, check=flag)
    """Whether ``navigator`` says what it says in a browser with a window: no ``webdriver``, plug-ins, languages."""
    magic: bool = option(default=False, check=flag)
    """*simulate_user*, *override_navigator*, *remove_overlay_elements* and, without a *user_agent*, a random one of
    Chrome or Edge. Needs the package ``fake-useragent`` (the extra ``user-agents``)."""
    adjust_viewport_to_content: bool = option(default=False)
    screenshot: bool = option(default=False, check=flag)
    """Whether to take a picture of the whole page, PNG in base64, as ``result.screenshot``."""
    screenshot_wait_for: float | None = option(default=None, check=optional(number("seconds")))
    """Seconds before the picture is taken."""
    screenshot_height_threshold: int = option(default=10_000, check=count(1, "pixels"))
    """CSS pixels of height that are taken at a time: pictures of taller pages are joined from parts. Parts
    of very wide pages are smaller."""
    force_viewport_screenshot: bool = option(default=False, check=flag)
    """Whether the picture is of what the window shows, instead of the whole page."""
    pdf: bool = option(default=False, check=flag)
    """Whether to print the page, as ``result.pdf``."""
    capture_mhtml: bool = option(default=False, check=flag)
    """Whether to archive the page with all that it shows, MHTML, as ``result.mhtml``."""
    log_console: bool = option(default=False)
    capture_network_requests: bool = option(default=False, check=flag)
    """Whether to record the page's requests and the answers, as ``result.network_requests``."""
    capture_console_messages: bool = option(default=False, check=flag)
    """Whether to record what the page writes on the console, and errors of its scripts, as
    ``result.console_messages``."""
    process_in_browser: bool = option(default=False, check=flag)
    """Whether the browser shows pages of ``raw:`` and ``file:`` URLs too."""
    virtual_scroll_config: Converted[VirtualScrollConfig | None, VirtualScrollConfig | Mapping[str, Any] | None] = (
        option(default=None, check=optional(_check_scroll))
    )
    """How to scroll a list that only holds what is visible; all that it held is in the HTML then, each item once. A
    :class:`VirtualScrollConfig` or a dict of its parameters."""
