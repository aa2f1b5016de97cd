"""What a page looks like depends on: the part of a cache's key that is the browser's."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ..cache.rendered import Look
from ..config.rendering import browser_options
from ..user_agents import RANDOM

if TYPE_CHECKING:
    from .launch import LaunchOptions
    from .order import PageOrder

CAPTURES = frozenset(
    {
        "capture_console_messages",
        "capture_mhtml",
        "capture_network_requests",
        "fetch_ssl_certificate",
        "log_console",
        "pdf",
        "screenshot",
    }
)
"""Options that ask for more than the page, which no cache has: the page is shown anew for them."""
BESIDE = frozenset(
    {*CAPTURES, "force_viewport_screenshot", "process_in_browser", "screenshot_height_threshold", "screenshot_wait_for"}
)
"""Options of a browser that change nothing of the page itself."""


def look_of(order: PageOrder, launch: LaunchOptions) -> Look | None:
    """Return what tells the page of *order* from other looks of its address, None if it is nothing to be kept.

    That is the page of a session, of a profile or of a browser that runs, all of which have a past; one that hooks may
    change, which nobody can compare; and one that downloads files. The proxy does not count, and neither does a user
    agent that is drawn anew each time.

    :param launch: how the browser was started.
    """
    config, identity = order.config, order.identity
    has_past = order.session is not None or identity.in_profile or launch.profile is not None or launch.cdp_url
    if has_past or order.hooks or order.html is not None or order.downloads is not None:
        return None
    drawn = config.user_agent_mode == RANDOM and config.user_agent is None
    identity = replace(identity, proxy=None, user_agent=None if drawn else identity.user_agent)
    options = {name: getattr(config, name) for name in browser_options(config) if name not in BESIDE}
    told = [options, identity, list(order.cookies), launch.headless, launch.args, launch.is_discreet]
    key = hashlib.sha256(json.dumps(told, default=repr, sort_keys=True).encode()).hexdigest()
    return Look(key, may_read=not any(getattr(config, name) for name in CAPTURES))
