"""How Scrapy's responses and items read as fields of a result. Duck-typed: Scrapy is not imported."""

from __future__ import annotations

import json
from http import HTTPStatus
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from itemadapter import ItemAdapter

from .jsonable import jsonable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy import Request
    from scrapy.http import Response

    from .browser import Captured
    from .config import CrawlerRunConfig
    from .pending_content import ContentDesk

DESKS: WeakKeyDictionary[Response, ContentDesk] = WeakKeyDictionary()
"""Response -> where its crawler has content work done: a note on the response, which has no place for one, and gone
with it. Nothing else is shared by way of it."""

CAPTURES: WeakKeyDictionary[Request, Captured] = WeakKeyDictionary()
"""Request -> what the browser captured beside its page: a note too, on the request that the response keeps when a
middleware replaces it, and not in the meta that a callback may copy to the next request."""

TYPES_BY_CLASS = {"HtmlResponse": "text/html", "JsonResponse": "application/json", "XmlResponse": "application/xml"}
"""Scrapy takes these from the name in the URL when there is no header."""


CACHE_STATUS = "crawl4_cache_status"
"""Meta key: what the cache did for a request that used it, in the words of ``cache_status``."""


def response_fields(response: Response) -> dict[str, Any]:
    """Return the fields that every response gives, whatever its body is.

    ``url`` is the first URL of a chain of redirects and ``redirected_url`` the last; the status is the last one's.
    """
    status = response.status
    redirects = redirects_of(response)
    return {
        "url": _asked_url(response),
        "redirected_url": response.url,
        "status_code": status,
        "redirected_status_code": status,
        "response_headers": header_dict(response.headers),
        **cache_fields(response),
        "crawl_stats": {"redirects": redirects} if redirects else None,
    }


def redirects_of(response: Response) -> list[dict[str, Any]]:
    """Return the hops that led to *response*, in order, without the last URL itself: ``{"url", "status_code"}`` each.

    ``status_code`` is None for a hop whose page asked for another one (``<meta http-equiv="refresh">``).
    """
    meta = _meta(response)
    hops = zip_longest(meta.get("redirect_urls") or (), meta.get("redirect_reasons") or ())
    return [
        {"url": str(url), "status_code": reason if isinstance(reason, int) else None}
        for url, reason in hops
        if url is not None
    ]


def request_config(response: Response) -> CrawlerRunConfig:
    """Return the configuration that the response's request carries, the defaults where there is none.

    :raises TypeError, ValueError: as :func:`~scrapy_crawl4.config.config_in` does.
    """
    from .config import CrawlerRunConfig, config_in  # noqa: PLC0415 - configuration is a layer above results

    return config_in(_meta(response)) or CrawlerRunConfig()


def captured_fields(response: Response) -> dict[str, Any]:
    """Return the fields that the browser gives to what *response* is made into; none for what came over HTTP."""
    request = getattr(response, "request", None)
    captured = None if request is None else CAPTURES.get(request)
    if captured is None:
        return {}
    failed = {"success": False, "error_message": captured.error} if captured.error else {}
    return {**captured.fields, **failed}


def desk_of(response: Response) -> ContentDesk | None:
    """Return where content work of the response's crawler is done, if that has been noted."""
    return DESKS.get(response)


def cache_fields(response: Response) -> dict[str, Any]:
    """Return what the cache did for *response*; all None where it was not asked."""
    meta = getattr(getattr(response, "request", None), "meta", {})
    is_cached = "cached" in (getattr(response, "flags", None) or ())
    return {
        "cache_status": meta.get(CACHE_STATUS) or ("hit" if is_cached else None),
        "cached_at": meta.get("cache_timestamp") if is_cached else None,  # Scrapy's storages write it
    }


def status_error(status: int) -> str:
    """Return ``"HTTP 404 Not Found"`` for a status of 400 and above, ``""`` for others."""
    if status < 400:  # noqa: PLR2004 - where HTTP's error statuses begin
        return ""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def not_a_page(media_type: str, body: bytes) -> str:
    """Return the sentence for a response whose body is no document."""
    return f"This is {media_type} of {len(body)} bytes, not a page"


def response_page(response: Response) -> bytes | str:
    """Return the body, decoded only if the response was given the encoding to decode it with."""
    text: str | None = response.text if getattr(response, "_encoding", None) else None
    return response.body if text is None else text


def content_type_of(response: Response) -> str:
    """Return the Content-Type header; without one, what the class of the response says, else ``""``."""
    values = response.headers.getlist("Content-Type")  # of several, browsers take the last one
    names = (kind.__name__ for kind in type(response).__mro__)
    return _text(values[-1]) if values else next((TYPES_BY_CLASS[name] for name in names if name in TYPES_BY_CLASS), "")


def header_dict(headers: Any) -> dict[str, str]:
    """Return headers with lower-case names; several values of one name are joined as browsers do."""
    found = {}
    # Scrapy's Headers are a dict of lists, and its own items() spells each name anew to look it up.
    for name, values in dict.items(headers) if isinstance(headers, dict) else (headers or {}).items():
        key = _text(name).lower()
        if type(values) is list and len(values) == 1:
            found[key] = _text(values[0])
            continue
        parts = values if isinstance(values, list | tuple) else (values,)
        found[key] = ("\n" if key == "set-cookie" else ", ").join(map(_text, parts))
    return found


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _meta(response: Response) -> dict[str, Any]:
    return getattr(getattr(response, "request", None), "meta", {})


def _asked_url(response: Response) -> str:
    request = getattr(response, "request", None)
    if request is None:
        return response.url
    chain = request.meta.get("redirect_urls")
    return str(chain[0] if chain else request.url)


def item_values(item: Any) -> dict[str, Any]:
    """Return the fields an item has, nested items as dicts.

    :raises TypeError: if *item* is none of the item types Scrapy knows.
    """
    if not ItemAdapter.is_item(item):
        raise TypeError(
            f"from_item() takes a dict, dataclass, attrs, pydantic or scrapy item, got {type(item).__name__}"
        )
    return ItemAdapter(item).asdict()


def extracted_json(values: Mapping[str, Any]) -> str | None:
    """Return the values as extraction strategies write them: JSON text of a list with one object; None for none."""
    return json.dumps([jsonable(dict(values))], indent=4, ensure_ascii=False) if values else None
