"""What a page says of itself; pages of different identities never share anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from .credentials import origin_of, split_credentials
from .navigator import PLAUSIBLE, agreeing
from .sent_headers import sendable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from ..config import BrowserConfig, CrawlerRunConfig

Pairs = tuple[tuple[str, str], ...]
OF_A_CONTEXT = {
    "locale": "locale",
    "timezone": "timezone_id",
    "place": "geolocation",
    "proxy": "proxy_config",
    "user_agent": "user_agent",
}
"""What all pages of a profile have alike -> the option that says it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The options of a browser context and of its page, as a value.

    user_agent: the User-Agent; None is the browser's own.
    headers: of all requests, as pairs.
    credentials: headers for *origin* alone, as pairs.
    origin: scheme, host and port; ``""`` without *credentials*.
    proxy: its URL with its log-in; None for none.
    viewport: width and height in CSS pixels.
    scale: device pixels for a CSS pixel.
    ignore_https_errors: whether invalid certificates are accepted.
    java_script: whether scripts of the page run.
    storage: JSON of the cookies and the local storage that it starts with.
    locale: language tag; None is the browser's.
    timezone: name of the time zone; None is the system's.
    place: latitude and longitude in degrees and accuracy in metres; None does not tell where it is.
    scripts: run in each page and frame before its own.
    blocks_ads: whether nothing is fetched from hosts of ads.
    blocks_css: whether style sheets are left out.
    in_profile: whether it is one of those that share the browser's profile.
    downloads: whether its pages may download files.
    """

    user_agent: str | None = None
    headers: Pairs = ()
    credentials: Pairs = ()
    origin: str = ""
    proxy: str | None = None
    viewport: tuple[int, int] = (1080, 600)
    scale: float = 1.0
    ignore_https_errors: bool = True
    java_script: bool = True
    storage: str = ""
    locale: str | None = None
    timezone: str | None = None
    place: tuple[float, float, float] | None = None
    scripts: tuple[str, ...] = ()
    blocks_ads: bool = False
    blocks_css: bool = False
    in_profile: bool = False
    downloads: bool = False

    @classmethod
    def of(
        cls,
        config: BrowserConfig,
        page: CrawlerRunConfig | None = None,
        *,
        url: str = "",
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
    ) -> Self:
        """Return the identity that *config* describes, but for what is given here.

        :param page: of one task.
        :param url: the task's, for whose origin the credentials among the headers are.
        :param headers: of one task; they go before those of *config*.
        :raises PageFailed: for a header that the browser would not send.
        """
        given = sendable(config.headers or {}) | sendable(headers or {})
        given.pop("cookie", None)  # whoever names cookies so gives them to the page as such
        agent = given.pop("user-agent", None) or config.user_agent
        given, credentials = split_credentials(given)
        where = page.geolocation if page else None
        return cls(
            user_agent=agent,
            headers=tuple(sorted(given.items())),
            credentials=tuple(sorted(credentials.items())),
            origin=origin_of(url) if credentials else "",
            proxy=proxy,
            viewport=viewport_of(config),
            scale=config.device_scale_factor,
            ignore_https_errors=config.ignore_https_errors,
            java_script=config.java_script_enabled,
            storage="" if config.storage_state is None else json.dumps(config.storage_state),
            locale=page.locale if page else None,
            timezone=page.timezone_id if page else None,
            place=(where.latitude, where.longitude, where.accuracy) if where else None,
            scripts=_scripts(config, page, agent),
            blocks_ads=config.avoid_ads,
            blocks_css=config.avoid_css,
            in_profile=config.use_persistent_context,
            downloads=config.accept_downloads,
        )

    def with_agent(self, user_agent: str) -> Self:
        """Return this identity with a user agent, if it has none."""
        if self.user_agent is not None:
            return self
        return replace(self, user_agent=user_agent, scripts=(*agreeing(user_agent), *self.scripts))

    def beyond(self, profile: Identity) -> str | None:
        """Return the name of an option that a page in *profile* cannot have; None when it can be such a page."""
        for name, option in OF_A_CONTEXT.items():
            if getattr(self, name) != getattr(profile, name):
                return option
        return None

    def context_options(self) -> dict[str, Any]:
        """Return the arguments of Playwright's ``new_context()``."""
        options: dict[str, Any] = {
            "viewport": {"width": self.viewport[0], "height": self.viewport[1]},
            "device_scale_factor": self.scale,
            "ignore_https_errors": self.ignore_https_errors,
            "java_script_enabled": self.java_script,
            "accept_downloads": self.downloads,
            "user_agent": self.user_agent,
            "extra_http_headers": dict(self.headers),
            "proxy": proxy_options(self.proxy) if self.proxy is not None else None,
            "storage_state": json.loads(self.storage) if self.storage else None,
            "locale": self.locale,
            "timezone_id": self.timezone,
        }
        if self.place is not None:
            options["geolocation"] = dict(zip(("latitude", "longitude", "accuracy"), self.place, strict=True))
            options["permissions"] = ["geolocation"]
        return {name: value for name, value in options.items() if value not in (None, {})}


def _scripts(config: BrowserConfig, page: CrawlerRunConfig | None, agent: str | None) -> tuple[str, ...]:
    own = config.init_scripts or ()
    plausible = config.enable_stealth or (page is not None and (page.override_navigator or page.magic))
    return (*agreeing(agent), *((PLAUSIBLE,) if plausible else ()), *own)


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
