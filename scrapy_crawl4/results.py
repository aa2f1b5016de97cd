"""What a crawl gives for each page: :class:`CrawlResult` and the :class:`DispatchResult` on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError, model_serializer

from .lazy_fields import LAZY, LazyFields
from .markdown_result import MarkdownGenerationResult
from .pending_content import PendingContent
from .result_fields import DispatchResult, no_links, no_media
from .scrapy_map import (
    captured_fields,
    content_type_of,
    desk_of,
    extracted_json,
    item_values,
    not_a_page,
    request_config,
    response_fields,
    response_page,
    status_error,
)
from .ssl_certificate import certificate_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Self

    from pydantic import SerializerFunctionWrapHandler
    from scrapy.http import Response

    from .config import CrawlerRunConfig

__all__ = ["CrawlResult", "DispatchResult", "MarkdownGenerationResult", "PendingContent"]

_SHOWN_URL = 100


class CrawlResult(LazyFields):
    """One page of a crawl.

    A result may be made with its content *pending*: then the fields that come from the content stages (``markdown``,
    ``links``, ``media``, ``tables``, ``metadata``, ``cleaned_html``, ``fit_html``, ``extracted_content``, and
    ``success`` with ``error_message``, which depend on them) are filled when one of them is first read, when
    :meth:`complete` or :meth:`acomplete` is called, or when the result is pickled, compared or dumped. That is done
    once, whoever asks.

    It is list-like as users of crawl4ai write it: ``result[0]`` is the result, ``len(result)`` is 1, iterating yields
    the result. (So ``dict(result)`` does not work; use ``model_dump()``.)
    """

    @classmethod
    def failed(
        cls,
        url: str,
        error_message: str,
        *,
        status_code: int | None = None,
        index: int | None = None,
        metadata: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Self:
        """Make the result of a task that has no page.

        *error_message* is written on one line. *fields* are further fields of the result.

        :raises TypeError: for a name that is no field.
        """
        fields |= {"url": url, "success": False, "error_message": " ".join(error_message.split())}
        fields |= {"status_code": status_code, "index": index, "metadata": {} if metadata is None else metadata}
        return cls._make(fields)

    @classmethod
    def from_html(
        cls,
        html: str | bytes,
        *,
        url: str,
        config: CrawlerRunConfig | None = None,
        content_type: str | None = None,
        **fields: Any,
    ) -> Self:
        """Make the result of a page whose content is still pending.

        Links are resolved against ``redirected_url`` if that is among the *fields*, else against *url*. A field that
        is given here is not overwritten by the content stages (``metadata`` is merged).

        :param html: the page; bytes are decoded as browsers do. Bytes that are no text make a failed result, except
            for those of a PDF, which has content but no ``html``.
        :param content_type: the Content-Type header, ``""`` if there was none; None is HTML, for bytes unless they
            begin like something else.
        :raises TypeError: for a name that is no field.
        """
        if isinstance(html, bytes):
            from .content.bodies import read_body  # noqa: PLC0415 - content is a layer above results

            body = read_body(html, content_type, fields.get("redirected_url") or url)
            if body.is_binary:
                return cls.failed(url, fields.pop("error_message", "") or not_a_page(body.media_type, html), **fields)
            html, content_type = body.page, body.media_type
        if config is None:
            from .config import CrawlerRunConfig  # noqa: PLC0415 - configuration is a layer above results

            config = CrawlerRunConfig()
        fields |= {"url": url, "html": html if isinstance(html, str) else ""}
        fields.setdefault("session_id", config.session_id)
        if config.fetch_only:
            return cls._make(fields)
        return cls._make(fields, PendingContent(html, _page_url(fields), config, content_type or "text/html"))

    @classmethod
    def from_response(cls, response: Response, config: CrawlerRunConfig | None = None, **fields: Any) -> Self:
        """Make the result of a Scrapy response, its content pending.

        A status of 400 and above gives ``success=False`` and ``error_message="HTTP 404 Not Found"``; the content is
        there all the same. What the response is, and its encoding, is found out as browsers do; an encoding that was
        given to the response counts. A response that is no document gives a failed result. *fields* replace what the
        response says.

        :param config: what is wanted of the page; None takes ``meta["crawl4"]`` of the response's request, a
            configuration or a dict of its parameters, else the defaults.
        :raises TypeError: for a name that is no field, or what is no configuration in ``meta["crawl4"]``.
        :raises ValueError: for a value in ``meta["crawl4"]`` that breaks the rule of its parameter.
        """
        fields = {**response_fields(response), **captured_fields(response), **fields}
        if error := status_error(response.status):
            fields |= {"success": False, "error_message": error}
        config, desk = config or request_config(response), desk_of(response)
        if desk is not None:
            config = desk.prepared(config)
        if config is not None and config.fetch_ssl_certificate:
            fields.setdefault("ssl_certificate", certificate_of(response))
        page = response_page(response)
        result = cls.from_html(page, config=config, content_type=content_type_of(response), **fields)
        if desk is not None and result._pending is not None:
            result._pending = replace(result._pending, desk=desk)
        return result

    @classmethod
    def from_item(cls, item: Any) -> CrawlResult:
        """Make a result of any item Scrapy knows: dict, dataclass, attrs, pydantic model, ``scrapy.Item``.

        Values whose names and types are those of a field go to the field; all others go to ``extracted_content``, as
        JSON text of a list with one object. A :class:`CrawlResult` is returned as it is. Without ``url`` it is ``""``.

        :raises TypeError: if *item* is no item.
        """
        if isinstance(item, CrawlResult):
            return item
        result = cls._make({"url": ""})
        others = {name: value for name, value in item_values(item).items() if not result._accept(name, value)}
        if others:
            if result.extracted_content is not None:
                others["extracted_content"] = result.extracted_content
            result.extracted_content = extracted_json(others)
        return result

    @classmethod
    def _make(cls, fields: dict[str, Any], pending: PendingContent | None = None) -> Self:
        """Make a result without validation; with *pending*, the lazy fields that are not given stay open."""
        for name in fields.keys() - cls.__pydantic_fields__.keys():
            raise TypeError(f"{cls.__name__} has no field {name!r}")
        result = cls(**fields) if cls is not CrawlResult else cls._fast(fields)
        if pending is not None:
            own = result.__dict__
            for name in LAZY.difference(fields):
                del own[name]
            result._pending = pending
        return result

    @classmethod
    def _fast(cls, fields: dict[str, Any]) -> Self:
        """Do what ``model_construct()`` does, which takes fifty times as long as this for so many fields."""
        result = cls.__new__(cls)
        own = {**_DEFAULTS, "media": no_media(), "links": no_links(), "tables": [], **fields}
        object.__setattr__(result, "__dict__", own)
        object.__setattr__(result, "__pydantic_fields_set__", set(fields))
        object.__setattr__(result, "__pydantic_extra__", None)
        object.__setattr__(result, "__pydantic_private__", {"_pending": None, "_spilled": None})
        return result

    def _note(self, **fields: Any) -> None:
        """Set *fields* to values that are ours and right, without the validation of an assignment."""
        self.__dict__.update(fields)
        self.__pydantic_fields_set__.update(fields)

    def _accept(self, name: str, value: Any) -> bool:
        """Set a field if there is one of that name and type."""
        if name not in type(self).__pydantic_fields__:
            return False
        try:
            setattr(self, name, value)
        except ValidationError:
            return False
        return True

    @model_serializer(mode="wrap")
    def _serialize(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data = cast("dict[str, Any]", handler(self.complete()._in_memory()))
        # What was filled in last comes last in __dict__; what is written has one order.
        return {name: data.pop(name) for name in type(self).__pydantic_fields__ if name in data} | data

    def __getstate__(self) -> dict[Any, Any]:
        # A configuration may hold functions, which do not pickle; what the stages make always does.
        return super(CrawlResult, self.complete()._in_memory()).__getstate__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CrawlResult):
            return NotImplemented
        one, two = self.complete()._in_memory(), other.complete()._in_memory()
        mine, theirs = one.__dict__.get("markdown"), two.__dict__.get("markdown")
        return super(CrawlResult, one).__eq__(two) and (mine is None or theirs is None or mine.same_parts(theirs))

    __hash__ = None  # type: ignore[assignment]  # mutable, as every pydantic model

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        own = self.__dict__
        yield "url", own["url"] if len(own["url"]) <= _SHOWN_URL else own["url"][:_SHOWN_URL] + "..."
        if self._pending is not None:
            yield "content", "pending"
        for name in ("success", "status_code", "error_message"):
            if own.get(name, "") not in ("", None):
                yield name, own[name]

    def __str__(self) -> str:
        return repr(self)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Self:
        return (self,)[index]

    def __iter__(self) -> Iterator[Self]:  # type: ignore[override]  # list-like, where pydantic has its fields
        yield self

    async def __aiter__(self) -> AsyncIterator[Self]:
        yield self


# In the order of the fields, the mutable ones still to be made.
_DEFAULTS = {name: None if field.default_factory else field.default for name, field in CrawlResult.model_fields.items()}


def _page_url(fields: dict[str, Any]) -> str:
    url: str = fields.get("redirected_url") or fields["url"]
    # The URL of an inline page is the page itself: nothing can be resolved against it.
    return "" if url.startswith("raw:") else url
