"""What a page says of itself; pages of different identities never share anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from ..config import BrowserConfig


@dataclass(frozen=True, slots=True)
class Identity:
    """The options of a browser context, as a value.

    user_agent: the User-Agent; None is the browser's own.
    headers: of all requests, as pairs.
    proxy: its URL with its log-in; None for none.
    viewport: width and height in CSS pixels.
    ignore_https_errors: whether invalid certificates are accepted.
    java_script: whether scripts of the page run.
    storage: JSON of the cookies and the local storage that it starts with.
    """

    user_agent: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    viewport: tuple[int, int] = (1080, 600)
    ignore_https_errors: bool = True
    java_script: bool = True
    storage: str = ""

    @classmethod
    def of(
        cls,
        config: BrowserConfig,
        *,
        user_agent: str | None = None,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
    ) -> Self:
        """Return the identity that *config* describes, but for what is given here.

        :param headers: of one task; they go before those of *config*.
        """
        given = {name.lower(): value for name, value in (config.headers or {}).items()}
        given |= {name.lower(): value for name, value in (headers or {}).items()}
        agent = given.pop("user-agent", None)
        return cls(
            user_agent=user_agent or agent or config.user_agent,
            headers=tuple(sorted(given.items())),
            proxy=proxy,
            viewport=viewport_of(config),
            ignore_https_errors=config.ignore_https_errors,
            java_script=config.java_script_enabled,
            storage="" if config.storage_state is None else json.dumps(config.storage_state),
        )

    def context_options(self) -> dict[str, Any]:
        """Return the arguments of Playwright's ``new_context()``."""
        options: dict[str, Any] = {
            "viewport": {"width": self.viewport[0], "height": self.viewport[1]},
            "ignore_https_errors": self.ignore_https_errors,
            "java_script_enabled": self.java_script,
            "accept_downloads": False,
        }
        if self.user_agent is not None:
            options["user_agent"] = self.user_agent
        if self.headers:
            options["extra_http_headers"] = dict(self.headers)
        if self.proxy is not None:
            options["proxy"] = proxy_options(self.proxy)
        if self.storage:
            options["storage_state"] = json.loads(self.storage)
        return options


def viewport_of(config: BrowserConfig) -> tuple[int, int]:
    """Return width and height of the window in CSS pixels."""
    size = config.viewport or {}
    return size.get("width", config.viewport_width), size.get("height", config.viewport_height)


def proxy_options(url: str) -> dict[str, str]:
    """Return what Playwright calls a proxy."""
    parts = urlsplit(url)
    options = {"server": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"}
    if parts.username:
        options |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return options
