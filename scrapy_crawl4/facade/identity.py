"""What an element of the input asks for, in a few bytes that are the same in every process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from hashlib import blake2b
from typing import Any

from scrapy import Request

from ..config import config_in
from ..config.base import Config
from ..job import LONGEST_ECHO
from .tasks import CrawlTask

DIGEST_BYTES = 8
DEEPEST = 20
"""Containers in containers that are looked into."""


def digest_of(element: object) -> bytes:
    """Return 8 bytes that are the same for elements which ask for the same, and different for others; never raises.

    What counts is the URL, method, body, headers, cookies and session, and the configuration that is the element's
    own. Functions and other objects of a user's count by the name of their kind, as they have no other that lasts.
    """
    if not isinstance(element, str):
        try:
            element = _text_of(element)
        except Exception:  # noqa: BLE001 - a user's values
            element = type(element).__qualname__
    return blake2b(element.strip().encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def shown(element: object) -> str:
    """Return how a sentence names *element*: by its URL, or else by its kind."""
    url = getattr(element, "url", None) if isinstance(element, (CrawlTask, Request)) else element
    return url.strip()[:LONGEST_ECHO] if isinstance(url, str) else f"a {type(url).__name__}"


def _text_of(element: object) -> str:
    if isinstance(element, CrawlTask):
        names: tuple[str, ...] = ("url", "session_id", "headers", "cookies")
    elif isinstance(element, Request):
        names = ("url", "method", "body", "headers", "cookies")
    else:
        return json.dumps({"element": _lasting(element), "kind": type(element).__name__})
    parts = {name: getattr(element, name) for name in names} | {"config": _config_of(element)}
    if parts.get("method") == "GET":
        del parts["method"]
    given = {name: value for name, value in parts.items() if value}
    # With nothing but a URL it asks for what the URL alone asks for.
    return given["url"] if given.keys() == {"url"} and isinstance(given["url"], str) else json.dumps(_lasting(given))


def _config_of(element: CrawlTask | Request) -> object:
    if isinstance(element, CrawlTask) and element.config is not None:
        return element.config
    try:
        return config_in(element.meta)
    except Exception:  # noqa: BLE001 - a user's values: the run says what is wrong with them
        return None


def _lasting(value: object, depth: int = 0) -> Any:
    """Return *value* as JSON can say it, the same in every process."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if depth < DEEPEST:
        if isinstance(value, Config):
            value = value._changed()
        if isinstance(value, Mapping):
            return sorted([str(key), _lasting(part, depth + 1)] for key, part in value.items())
        if isinstance(value, list | tuple):
            return [_lasting(part, depth + 1) for part in value]
        if isinstance(value, set | frozenset):
            return sorted(json.dumps(_lasting(part, depth + 1)) for part in value)
    return value.name if isinstance(value, Enum) else type(value).__qualname__
