"""Files that are kept because there is no page to make of them."""

from __future__ import annotations

import mimetypes
import os
import re
import secrets
from email.message import Message
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ..content.media_types import Kind, kind_of, media_type_of
from ..content.pdf_page import can_read_pdf
from ..exceptions import TaskFailed
from ..results import CrawlResult
from ..scrapy_map import content_type_of, response_fields
from ..ssl_certificate import certificate_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response

    from ..config import CrawlerRunConfig

LONGEST_NAME = 120
"""Bytes of a file name, so that a number or a suffix still fits."""
HINT = "; HTTPCrawlerConfig(downloads_path=...) keeps such files"
ERROR_STATUS = 400

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]+')


def result_of(response: Response, config: CrawlerRunConfig, url: str, folder: str | None) -> CrawlResult:
    """Make the result of *response*, whose content is still pending.

    With a *folder*, what is no page is kept there as a file, and that is a success. A PDF is both.

    :raises TaskFailed: when the file cannot be written.
    """
    media_type = media_type_of(response.body, content_type_of(response))
    kind = kind_of(media_type)
    is_file = bool(response.body) and kind in {Kind.BINARY, Kind.PDF} and response.status < ERROR_STATUS
    if not (is_file and folder):
        result = CrawlResult.from_response(response, config, url=url)
        if is_file and kind is Kind.BINARY:
            result.error_message = f"{result.error_message}{HINT}"
        return result
    files = [keep(response.body, file_name(response, media_type), folder)]
    if kind is Kind.PDF and can_read_pdf():
        return CrawlResult.from_response(response, config, url=url, downloaded_files=files)
    fields = response_fields(response) | {"url": url, "downloaded_files": files}
    if config.fetch_ssl_certificate:
        fields["ssl_certificate"] = certificate_of(response)
    return CrawlResult.from_html("", config=config, **fields)


def keep(body: bytes, name: str, folder: str) -> str:
    """Write *body* to a new file in *folder* and return its path; the file is there as a whole or not at all.

    :param name: its name; a number is added while there is a file of that name.
    :raises TaskFailed: when it cannot be written.
    """
    home = Path(folder)
    partial = home / f".{secrets.token_hex(8)}.part"
    try:
        home.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(body)
            return str(_named(partial, home, name))
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise TaskFailed(f"The file could not be written to downloads_path: {reason}.") from error


def _named(partial: Path, home: Path, name: str) -> Path:
    """Give the finished file the first name that is free, however many threads and processes want it too."""
    for candidate in _candidates(name):
        target = home / candidate
        try:
            os.link(partial, target)
        except FileExistsError:
            continue
        except OSError:  # a file system without links: the name is taken first, and filled at once
            try:
                target.touch(exist_ok=False)
            except FileExistsError:
                continue
            partial.replace(target)
        return target
    raise AssertionError("unreachable: there are always more numbers")


def _candidates(name: str) -> Iterator[str]:
    yield name
    stem, suffix = os.path.splitext(name)
    for number in count(1):
        yield f"{stem} ({number}){suffix}"


def file_name(response: Response, media_type: str) -> str:
    """Return a name for the body of *response*: what the server or the URL calls it, made safe, with a suffix."""
    name = _safe(_disposition(response)) or _safe(unquote(urlsplit(response.url).path.rpartition("/")[2])) or "download"
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


def _safe(name: str) -> str:
    """*name* without folders, hidden-file dots and characters that file systems refuse; ``""`` if nothing is left."""
    last = name.replace("\\", "/").rpartition("/")[2]
    safe = _UNSAFE.sub("_", last).strip(" .")
    stem, suffix = os.path.splitext(safe)
    room = LONGEST_NAME - len(suffix.encode())
    if room <= 0:
        return safe.encode()[:LONGEST_NAME].decode(errors="ignore")
    return stem.encode()[:room].decode(errors="ignore") + suffix
