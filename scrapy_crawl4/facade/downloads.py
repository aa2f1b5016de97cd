"""Files that are kept because there is no page to make of them."""

from __future__ import annotations

import mimetypes
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from scrapy.http import HtmlResponse

from ..content.media_types import Kind, kind_of, media_type_of
from ..content.pdf_page import can_read_pdf
from ..kept_files import keep, safe_name
from ..results import CrawlResult
from ..scrapy_map import captured_fields, content_type_of, response_fields
from ..ssl_certificate import certificate_of

if TYPE_CHECKING:
    from scrapy.http import Response

    from ..config import CrawlerRunConfig

HINT = "; HTTPCrawlerConfig(downloads_path=...) keeps such files"
ERROR_STATUS = 400


def result_of(response: Response, config: CrawlerRunConfig, url: str, folder: str | None) -> CrawlResult:
    """Make the result of *response*, whose content is still pending.

    With a *folder*, what is no page is kept there as a file, and that is a success. A PDF is both.

    :raises TaskFailed: when the file cannot be written.
    """
    media_type = media_type_of(response.body, content_type_of(response))
    kind = kind_of(media_type)
    files = _downloaded(response)
    is_file = bool(response.body) and kind in {Kind.BINARY, Kind.PDF} and response.status < ERROR_STATUS
    if not (files or (is_file and folder)):
        result = CrawlResult.from_response(response, config, url=url)
        if is_file and kind is Kind.BINARY:
            result.error_message = f"{result.error_message}{HINT}"
        return result
    if folder and not files:
        files = [keep(response.body, file_name(response, media_type), folder)]
    if kind is Kind.PDF and can_read_pdf():
        return CrawlResult.from_response(response, config, url=url, downloaded_files=files)
    fields = response_fields(response) | captured_fields(response) | {"url": url, "downloaded_files": files}
    if config.fetch_ssl_certificate:
        fields.setdefault("ssl_certificate", certificate_of(response))
    return CrawlResult.from_html("", config=config, **fields)


def _downloaded(response: Response) -> list[str]:
    """Return the files that the browser has kept of an address that is no page."""
    files: list[str] = captured_fields(response).get("downloaded_files", [])
    return [] if isinstance(response, HtmlResponse) else files


def file_name(response: Response, media_type: str) -> str:
    """Return a name for the body of *response*: what the server or the URL calls it, made safe, with a suffix."""
    name = (
        safe_name(_disposition(response))
        or safe_name(unquote(urlsplit(response.url).path.rpartition("/")[2]))
        or "download"
    )
    if "." not in name:
        name += mimetypes.guess_extension(media_type) or ""
    return name


def _disposition(response: Response) -> str:
    header = response.headers.get("Content-Disposition")
    if header is None:
        return ""
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError:
        text = header.decode("latin-1")
    message = Message()
    message["Content-Disposition"] = " ".join(text.split())
    try:
        return message.get_filename() or ""
    except (LookupError, ValueError):  # a charset that is none
        return ""
