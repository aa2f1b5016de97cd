"""The configuration of plain HTTP requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Config, option
from .checks import flag, folder, http_method, optional, refuse, text_map
from .supported import HTTP


def _check_data(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str | bytes):
        return value
    return dict(value) if isinstance(value, Mapping) else refuse(name, "a dict, a str or bytes", value)


class HTTPCrawlerConfig(Config, supported=HTTP, missing="has no effect yet"):
    """What all HTTP requests of a crawler have in common.

    :raises TypeError: for an unknown name.
    :raises ValueError: for a value that breaks the rule of its parameter, and for *data* together with *json*.
    :raises UnsupportedOption: for a parameter that has no effect yet, set to anything but its default.
    """

    method: str = option(default="GET", check=http_method)
    """HTTP method."""
    headers: dict[str, str] | None = option(default=None, check=optional(text_map))
    """Headers of all requests."""
    data: Any = option(default=None, check=_check_data)
    """Body: a dict is sent as a form, a str or bytes as it is."""
    json: Any = option(default=None)
    """Body: sent as JSON."""
    follow_redirects: bool = option(default=True, check=flag)
    """Whether redirects are followed; if not, the redirect itself is the result."""
    verify_ssl: bool = option(default=True, check=flag)
    """Whether certificates are verified."""
    downloads_path: str | None = option(default=None, check=optional(folder))
    """Folder for what is no page, such as pictures and archives, and for PDFs; made when the first file comes. None
    keeps no files: then what is no page fails."""

    def _check_together(self) -> None:
        if self.data is not None and self.json is not None:
            raise ValueError("data and json cannot be given together: a request has one body")
