"""What happened to a page, as one sentence for people."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import TYPE_CHECKING

from scrapy import exceptions
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.response import response_status_message
from twisted.internet.defer import CancelledError

from .exceptions import Crawl4Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 300
"""Characters of a sentence at most; what a server or a library wrote may be longer."""

SECONDS = re.compile(r"(\d+(?:\.\d+)?) seconds")
NO_SCHEME = re.compile(r"Missing scheme in request url: (.*)", re.DOTALL)
MAX_SIZE = re.compile(r"larger than download max size \((\d+)\)")
PATH = re.compile(r"(?<![\w:/.])/(?:[\w.@+-]+/)+[\w.@+-]+")
"""An absolute path of a file; a URL has a colon or a host before its slashes."""
LOGIN = re.compile(r"(?<=://)[^\s/?#]*@")
"""User name and password in a URL, such as that of a proxy."""


def describe(exception: BaseException) -> str:
    """Return one line that says what went wrong, without paths, log-ins, object addresses or tracebacks.

    :param exception: what a download, a middleware or a callback raised.
    """
    for kind, sentence in SENTENCES:
        if isinstance(exception, kind):
            return _one_line(sentence(exception))
    return _one_line(_unknown(exception))


def _timeout(exception: BaseException) -> str:
    seconds = SECONDS.search(str(exception))
    return f"Timeout: no complete answer within {seconds[1]} seconds." if seconds else "Timeout: no answer in time."


def _failed(exception: BaseException) -> str:
    if _is_tls(exception):
        return _tls(exception)
    return _sentence("Connection failed", _detail(exception))


def _refused(exception: BaseException) -> str:
    return _tls(exception) if _is_tls(exception) else "Connection refused."


def _tls(exception: BaseException) -> str:
    for error in _chain(exception):
        # aiohttp's own certificate error is an SSLError without the attributes of one; what it stands for follows.
        detail = getattr(error, "verify_message", "") or getattr(error, "reason", "")
        if isinstance(error, ssl.SSLError) and detail:
            return f"TLS failed: {detail}."
        if _of_openssl(error):
            return f"TLS failed: {_openssl_reason(error)}."
    return "TLS failed: no connection could be agreed on."


def _openssl_reason(error: BaseException) -> str:
    """Return the last text in what OpenSSL gives: a list of (library, function, reason)."""
    records = error.args[0] if error.args else ()
    texts = [str(part) for record in records if isinstance(record, tuple) for part in record if part]
    return texts[-1] if texts else type(error).__name__


def _cancelled(exception: BaseException) -> str:
    text = str(exception)
    if size := MAX_SIZE.search(text):
        return f"The page is larger than the limit of {size[1]} bytes (DOWNLOAD_MAXSIZE)."
    return "The download was cancelled."


def _ignored(exception: BaseException) -> str:
    if isinstance(exception, HttpError):
        return f"HTTP {response_status_message(exception.response.status)}"
    text = _detail(exception)
    if text == "Forbidden by robots.txt":
        return "robots.txt disallows this URL."
    if text == "max redirections reached":
        return "The page redirects too often: the setting REDIRECT_MAX_TIMES says how often is enough."
    return _sentence("Not fetched", text or "a middleware ignored the request")


def _unsupported(exception: BaseException) -> str:
    scheme = re.search(r"scheme '([^']*)'", str(exception))
    if scheme:
        return f"URLs of the scheme {scheme[1]!r} are not supported."
    detail = _detail(exception)
    return _sentence("Not supported", detail) if detail else "The URL is not supported."


def _unknown(exception: BaseException) -> str:
    if _is_tls(exception):
        return _tls(exception)
    if found := NO_SCHEME.match(str(exception)):  # of a redirect: inputs are looked at before
        return f"The page redirects to {found[1][:80]!r}, which is no URL of a page."
    if isinstance(exception, UnicodeError) and "idna" in str(exception):
        return "The host name is not valid: a part of it is empty or too long."
    return _sentence(type(exception).__name__, _detail(exception))


SENTENCES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[BaseException], str]], ...] = (
    (Crawl4Error, str),
    (exceptions.CannotResolveHostError, lambda _: "The host name cannot be resolved."),
    ((exceptions.DownloadTimeoutError, TimeoutError), _timeout),
    (exceptions.DownloadConnectionRefusedError, _refused),
    (exceptions.ResponseDataLossError, lambda _: "The connection ended before the whole page had arrived."),
    ((exceptions.DownloadCancelledError, asyncio.CancelledError, CancelledError), _cancelled),
    (exceptions.DownloadFailedError, _failed),
    (exceptions.StopDownload, lambda _: "The download was stopped before its end."),
    (exceptions.IgnoreRequest, _ignored),
    ((exceptions.UnsupportedURLSchemeError, exceptions.NotSupported), _unsupported),
    (FileNotFoundError, lambda _: "There is no such file."),
    (PermissionError, lambda _: "The file may not be read."),
    (IsADirectoryError, lambda _: "This is a folder, not a file."),
)
"""Kinds of exceptions in the order in which they are asked, and what makes the sentence of each."""


def _is_tls(exception: BaseException) -> bool:
    return any(isinstance(error, ssl.SSLError) or _of_openssl(error) for error in _chain(exception))


def _of_openssl(exception: BaseException) -> bool:
    return type(exception).__module__.partition(".")[0] in {"OpenSSL", "service_identity"}


def _chain(exception: BaseException | None) -> Iterator[BaseException]:
    """Yield *exception* and its causes; some libraries keep the cause in ``reasons``."""
    seen: set[int] = set()
    pending = [exception]
    while pending:
        error = pending.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        failures = getattr(error, "reasons", None)
        pending += [getattr(failure, "value", None) for failure in failures] if isinstance(failures, list) else []
        pending += [error.__cause__, error.__context__]


def _detail(exception: BaseException) -> str:
    text = str(exception)
    if not text and isinstance(exception, OSError):
        text = exception.strerror or ""
    if text.startswith("[<") or "object at 0x" in text:
        # Lists of Twisted failures are for the log.
        causes = [error for error in _chain(exception) if error is not exception]
        text = type(causes[0]).__name__ if causes else ""
    return text


def _one_line(text: str) -> str:
    line = " ".join(LOGIN.sub("", PATH.sub("(file)", text)).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def _sentence(label: str, detail: str) -> str:
    text = detail.rstrip(". ")
    end = "" if text.endswith(("?", "!")) else "."
    return f"{label}: {text}{end}" if text else f"{label}."
