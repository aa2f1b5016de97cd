"""Cookies between Scrapy's jars and the browser."""

from __future__ import annotations

import contextlib
from http.cookiejar import Cookie
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scrapy.http.cookies import CookieJar

    Place = tuple[str, str, str]

LOCAL = ".local"
"""What Python's jars add to host names without a dot."""


class Jar:
    """A cookie jar of Scrapy's, for the time of one page.

    The page begins with its cookies, and what the page did to them is done to the jar.

    :param jar: the jar.
    """

    def __init__(self, jar: CookieJar) -> None:
        self._jar = jar
        self._lent: set[Place] = set()

    def lend(self) -> list[dict[str, Any]]:
        """Return all cookies that have not expired, as Playwright's ``add_cookies()`` takes them."""
        # What has expired is still in it.
        cookies = [cookie for cookie in self._jar if not cookie.is_expired()]
        self._lent = {(cookie.domain, cookie.path, cookie.name) for cookie in cookies}
        return [_for_browser(cookie) for cookie in cookies]

    def take_back(self, cookies: Iterable[Mapping[str, Any]]) -> None:
        """Set *cookies*, which the browser has after the page, and forget those that it deleted.

        :param cookies: as Playwright's ``cookies()`` gives them.
        """
        kept = [_for_jar(cookie) for cookie in cookies if not cookie.get("partitionKey")]
        for cookie in kept:
            self._jar.set_cookie(cookie)
        for place in self._lent - {(cookie.domain, cookie.path, cookie.name) for cookie in kept}:
            self._forget(*place)

    def _forget(self, domain: str, path: str, name: str) -> None:
        with contextlib.suppress(KeyError):  # another request has deleted it meanwhile
            self._jar.clear(domain, path, name)


def header_cookies(header: bytes) -> list[dict[str, Any]]:
    """Return the cookies in a Cookie header, by name and value."""
    parts = [part.partition("=") for part in header.decode("utf-8", "replace").split(";")]
    return [{"name": name.strip(), "value": value.strip()} for name, _, value in parts if name.strip()]


def _for_browser(cookie: Cookie) -> dict[str, Any]:
    host = cookie.domain.removesuffix(LOCAL)
    found: dict[str, Any] = {
        "name": cookie.name,
        "value": cookie.value or "",
        # With a dot in front, it is for the hosts below too, here as there.
        "domain": cookie.domain if "." in host.lstrip(".") else host,
        "path": cookie.path,
        "secure": cookie.secure,
        "httpOnly": cookie.has_nonstandard_attr("HttpOnly"),
    }
    return found if cookie.expires is None else {**found, "expires": cookie.expires}


def _for_jar(cookie: Mapping[str, Any]) -> Cookie:
    host, expires = cookie["domain"], cookie.get("expires", -1)
    return Cookie(
        version=0,
        name=cookie["name"],
        value=cookie["value"],
        port=None,
        port_specified=False,
        domain=host if "." in host.lstrip(".") else f"{host}{LOCAL}",
        domain_specified=host.startswith("."),
        domain_initial_dot=host.startswith("."),
        path=cookie["path"],
        path_specified=True,
        secure=cookie["secure"],
        expires=None if expires < 0 else int(expires),
        discard=expires < 0,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if cookie["httpOnly"] else {},
    )
