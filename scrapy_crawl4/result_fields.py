"""The fields of a result: what each one means, and how it is read and written."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WrapSerializer
from pydantic_core import to_json

from .jsonable import clean_text, jsonable
from .markdown_result import MarkdownGenerationResult  # noqa: TC001 - pydantic reads the annotation
from .ssl_certificate import SSLCertificate

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler


def _clean_input(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _json_container(value: Any, handler: SerializerFunctionWrapHandler) -> Any:
    try:
        plain = handler(value)
        to_json(plain)
    except Exception:  # noqa: BLE001 - foreign values: their own methods may raise anything
        return jsonable(value)
    return plain


def _read_pdf(value: Any) -> Any:
    return b64decode(value) if isinstance(value, str) else value


def _write_pdf(value: bytes) -> str:
    return b64encode(value).decode("ascii")


# JSON has neither lone surrogates nor objects; pages have both.
Text = Annotated[str, BeforeValidator(_clean_input), PlainSerializer(_clean_input, when_used="json")]
_JSON = WrapSerializer(_json_container, when_used="json")
AnyDict = Annotated[dict[Any, Any], _JSON]
Certificate = Annotated[dict[Any, Any], _JSON, AfterValidator(SSLCertificate)]
Dicts = Annotated[list[dict[Any, Any]], _JSON]
Groups = Annotated[dict[str, list[dict[Any, Any]]], _JSON]
Pdf = Annotated[bytes, BeforeValidator(_read_pdf), PlainSerializer(_write_pdf, when_used="json")]


class DispatchResult(BaseModel):
    """How the task of a result went: identity, times and memory."""

    task_id: str
    """Identity of the task within its run."""
    memory_usage: float
    """Memory of the whole process tree when the task started, in MB."""
    peak_memory: float
    """Highest memory of the process tree while the task ran, in MB."""
    start_time: float
    """When the fetch that gave the result started, in seconds since the epoch."""
    end_time: float
    """When the result was complete, in seconds since the epoch."""
    error_message: Text = ""
    """What the dispatcher has to say about a failed task."""
    wait_time: float = 0.0
    """Seconds the task waited for its host and for a permit."""
    retries: int = 0
    """Fetches beyond the first one, owed to a rate limit or a passing fault."""
    sheds: int = 0
    """How often the task was taken back under critical memory pressure, to be fetched again later."""
    bytes_received: int = 0
    """Bytes of all response bodies."""


def no_links() -> dict[str, list[dict[Any, Any]]]:
    """Return the ``links`` of a page without links."""
    return {"internal": [], "external": []}


def no_media() -> dict[str, list[dict[Any, Any]]]:
    """Return the ``media`` of a page without media."""
    return {"images": [], "videos": [], "audios": []}


class ResultFields(BaseModel):
    """The data of a :class:`~scrapy_crawl4.CrawlResult`."""

    model_config = ConfigDict(validate_assignment=True, arbitrary_types_allowed=True)

    url: Text
    """The URL as it was asked for."""
    html: Text = ""
    """The page as fetched, decoded; ``""`` when there is none."""
    success: bool = True
    """Whether a page was fetched with a status below 400 and every requested stage ran."""
    index: int | None = None
    """Position of the input element in its run, from 0; None outside a run."""
    cleaned_html: Text | None = None
    """The page without scripts, styles and what the configuration excludes."""
    fit_html: Text | None = None
    """A shrunk form of the page for schema extraction."""
    markdown: MarkdownGenerationResult | None = None
    """The page as markdown."""
    media: Groups = Field(default_factory=no_media)
    """``{"images": [...], "videos": [...], "audios": [...]}``."""
    links: Groups = Field(default_factory=no_links)
    """``{"internal": [...], "external": [...]}``, absolute URLs under ``href``."""
    tables: Dicts = Field(default_factory=list)
    """Data tables: headers, rows, caption, summary, metadata."""
    metadata: AnyDict | None = None
    """Title, description and other facts of the page's head."""
    extracted_content: Text | None = None
    """JSON text of what the extraction strategy found; None when there was none."""
    error_message: Text | None = ""
    """One line for people, ``""`` on success."""
    status_code: int | None = None
    """HTTP status of the final response; None when there was no response."""
    response_headers: AnyDict | None = None
    """Headers of the final response, names in lower case."""
    redirected_url: Text | None = None
    """The final URL."""
    redirected_status_code: int | None = None
    """Status of the final URL."""
    session_id: Text | None = None
    """The ``session_id`` of the configuration."""
    dispatch_result: DispatchResult | None = None
    """How the task went; None outside a run."""
    downloaded_files: list[Text] | None = None
    """Paths of files that were downloaded instead of shown."""
    js_execution_result: AnyDict | None = None
    """What the page's JavaScript code of the configuration returned."""
    screenshot: str | None = None
    """PNG image, base64."""
    pdf: Pdf | None = Field(default=None, json_schema_extra={"contentEncoding": "base64"})
    """The page as PDF; standard base64 in JSON."""
    mhtml: Text | None = None
    """The page as MHTML archive."""
    ssl_certificate: Certificate | None = None
    """Facts of the server's certificate; None when they were not asked for, or there is none."""
    network_requests: Dicts | None = None
    """Requests the browser made."""
    console_messages: Dicts | None = None
    """What the page wrote on the browser's console."""
    head_fingerprint: str | None = None
    """Fingerprint of the page's head, for cache validation."""
    cached_at: float | None = None
    """When the body of a cached response was stored, in seconds since the epoch; None for one that was fetched."""
    cache_status: str | None = None
    """``hit``, ``hit_validated`` (the host said that it is still good), ``hit_fallback`` (the host had no good answer)
    or ``miss``; None without a cache."""
    crawl_stats: AnyDict | None = None
    """Attempts, retries, proxies and redirects of the fetch."""

    def tables_to_dataframes(self) -> list[Any]:
        """Return one ``pandas.DataFrame`` for each of ``tables``, headers as columns.

        :raises ImportError: pandas is not installed; nothing else here needs it.
        """
        from .content.dataframes import tables_to_dataframes  # noqa: PLC0415 - content is a layer above results

        return tables_to_dataframes(self.tables)
