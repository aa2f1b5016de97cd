"""Where a proxy is and how to log in to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlsplit

from ..exceptions import UnsupportedOption
from .base import Config, option
from .checks import optional, refuse, text

_SCHEMES = frozenset({"http", "https"})


def _server(name: str, value: Any) -> str:
    server = text(name, value).strip()
    server = server if "://" in server else f"http://{server}"
    if _host(server) is None:  # shown without the value, which may hold a password
        raise ValueError(f"{name} must be the address of a proxy such as 'http://127.0.0.1:8080'")
    return server


class ProxyConfig(Config):
    """One proxy.

    Several spellings are read by :meth:`from_string`, :meth:`from_dict` and :meth:`from_env`. *server* is its URL
    (``http://`` is added to a bare ``host:port``, and a log-in in it becomes the next two), *username* and *password*
    are None for a proxy without log-in, and *ip* is its address, read from *server* when it is not given.
    """

    DIRECT: ClassVar[str] = "direct"
    """In place of a proxy: no proxy."""

    server: str = option(default="", check=_server)
    username: str | None = option(default=None, check=optional(text))
    password: str | None = option(default=None, check=optional(text))
    ip: str | None = option(default=None, check=optional(text))

    def __init__(
        self, server: str, username: str | None = None, password: str | None = None, ip: str | None = None
    ) -> None:
        super().__init__(server=server, username=username, password=password, ip=ip)
        if not ip:
            self.ip = _host(self.server)

    def _check_together(self) -> None:
        address, login = split_login(self.server)
        if login is not None:
            user, _, password = login.partition(":")
            # Not by assignment, which would check all of it again.
            self.__dict__["server"] = address
            if self.username is None:
                self.__dict__.update(username=unquote(user), password=unquote(password))

    @property
    def url(self) -> str:
        """The URL of the proxy with its user name and password."""
        if not self.username:
            return self.server
        scheme, _, rest = self.server.partition("://")
        # With a colon always: Scrapy cannot read a log-in without one.
        return f"{scheme}://{quote(self.username, safe='')}:{quote(self.password or '', safe='')}@{rest}"

    @classmethod
    def from_string(cls, proxy: str) -> ProxyConfig:
        """Read ``scheme://user:password@host:port``, ``scheme://host:port``, ``host:port[:user:password]``.

        :raises ValueError: for any other form.
        """
        spelled = text("proxy", proxy).strip()
        if "://" in spelled:
            return cls(spelled)
        parts = spelled.split(":")
        if len(parts) not in {2, 4} or not all(parts):
            raise ValueError("proxy must be written as scheme://[user:password@]host:port or host:port[:user:password]")
        return cls(f"http://{parts[0]}:{parts[1]}", *parts[2:])

    @classmethod
    def from_dict(cls, proxy: Mapping[str, Any]) -> ProxyConfig:
        """Read a dict with the names of the parameters.

        :raises TypeError: for other names, or without ``server``.
        """
        return cls(**proxy)

    @classmethod
    def from_env(cls, env_var: str = "PROXIES") -> list[ProxyConfig]:
        """Read the proxies of an environment variable, separated by commas.

        :raises ValueError: if one of them cannot be read.
        """
        return [cls.from_string(proxy) for proxy in os.environ.get(env_var, "").split(",") if proxy.strip()]

    def __repr__(self) -> str:
        # Logs and error messages show configurations; a password has no place there.
        return f"ProxyConfig(server={self.server!r}{', username=..., password=...' if self.username else ''})"


_FORMS = "a ProxyConfig, a dict or a string"

Proxy = ProxyConfig | str | Mapping[str, Any] | list[Any] | None
"""What a ``proxy_config`` parameter takes."""

Chosen = ProxyConfig | str | None
"""One proxy, as it is kept: the string is ``"direct"``, which also passes by the proxies of the environment."""

Kept = ProxyConfig | str | list[ProxyConfig | str] | None
"""A ``proxy_config`` as it is kept."""


def check_proxy(name: str, value: Any) -> Chosen:
    """Accept a proxy in any spelling, ``"direct"`` and None.

    :raises UnsupportedOption: for SOCKS proxies.
    """
    if value is None or value == ProxyConfig.DIRECT:
        return None if value is None else ProxyConfig.DIRECT
    if isinstance(value, ProxyConfig):
        proxy = value.clone()
    elif isinstance(value, str):
        proxy = ProxyConfig.from_string(value)
    elif isinstance(value, Mapping):
        proxy = ProxyConfig.from_dict(value)
    else:
        refuse(name, _FORMS, value)
    scheme = proxy.server.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        raise UnsupportedOption(f"{name} cannot be a proxy of the scheme {scheme[:20]!r}: use http:// or https://")
    return proxy


def check_proxies(name: str, value: Any) -> Kept:
    """Accept what :func:`check_proxy` does, and a list of it: of one, its only proxy; of none, None."""
    if not isinstance(value, list | tuple):
        return check_proxy(name, value)
    proxies = [proxy for part in value if (proxy := check_proxy(name, part)) is not None]
    return proxies if len(proxies) > 1 else next(iter(proxies), None)


def _host(server: str) -> str | None:
    """Return the host name in the URL *server*; None where the URL has none, or a port that is none."""
    try:
        parts = urlsplit(split_login(server)[0])
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 else parts.hostname


def split_login(url: str) -> tuple[str, str | None]:
    """Return the *url* of a proxy without user name and password, and what it had of them."""
    scheme, found, rest = url.rpartition("://")
    login, at, address = rest.rpartition("@")
    return f"{scheme}{found}{address}", login if at else None


def shown(url: str) -> str:
    """Return the *url* of a proxy without user name and password."""
    return split_login(url)[0]
