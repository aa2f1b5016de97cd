"""The sentence of an exception."""

import asyncio
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL
from scrapy import Request, exceptions
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from twisted.web._newclient import ResponseFailed

from scrapy_crawl4.errors import describe
from scrapy_crawl4.exceptions import TaskFailed


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def certificate_error() -> ssl.SSLError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)")
    error.verify_message = "self-signed certificate"
    return error


MAXSIZE = "Expected to receive 90000 bytes which is larger than download max size (1000) in request <GET http://a/>."
REFUSED = "Cannot connect to host 127.0.0.1:1 ssl:default [Connect call failed ('127.0.0.1', 1)]"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (exceptions.CannotResolveHostError("DNS lookup failed: x"), "The host name cannot be resolved."),
        (
            exceptions.DownloadTimeoutError("Getting http://a/ took longer than 2.5 seconds."),
            "Timeout: no complete answer within 2.5 seconds.",
        ),
        (exceptions.DownloadTimeoutError(), "Timeout: no answer in time."),
        (TimeoutError(), "Timeout: no answer in time."),
        (exceptions.DownloadConnectionRefusedError(REFUSED), "Connection refused."),
        (
            caused(exceptions.DownloadConnectionRefusedError(REFUSED), certificate_error()),
            "TLS failed: self-signed certificate.",
        ),
        (
            caused(
                exceptions.DownloadFailedError("[<twisted.python.failure.Failure OpenSSL.SSL.Error: ...>]"),
                ResponseFailed([Failure(SSL.Error([("SSL routines", "", "certificate verify failed")]))]),
            ),
            "TLS failed: certificate verify failed.",
        ),
        (exceptions.ResponseDataLossError("x"), "The connection ended before the whole page had arrived."),
        (
            exceptions.DownloadCancelledError(MAXSIZE),
            "The page is larger than the limit of 1000 bytes (DOWNLOAD_MAXSIZE).",
        ),
        (exceptions.DownloadCancelledError(), "The download was cancelled."),
        (asyncio.CancelledError(), "The download was cancelled."),
        (CancelledError(), "The download was cancelled."),
        (exceptions.DownloadFailedError("Server disconnected"), "Connection failed: Server disconnected."),
        (exceptions.DownloadFailedError(), "Connection failed."),
        (exceptions.StopDownload(), "The download was stopped before its end."),
        (exceptions.IgnoreRequest("Forbidden by robots.txt"), "robots.txt disallows this URL."),
        (
            exceptions.IgnoreRequest("max redirections reached"),
            "The page redirects too often: the setting REDIRECT_MAX_TIMES says how often is enough.",
        ),
        (exceptions.IgnoreRequest(), "Not fetched: a middleware ignored the request."),
        (HttpError(Response("http://a/", status=404), "Ignoring non-200 response"), "HTTP 404 Not Found"),
        (
            exceptions.NotSupported("Unsupported URL scheme 'gopher': no handler available for that scheme"),
            "URLs of the scheme 'gopher' are not supported.",
        ),
        (exceptions.UnsupportedURLSchemeError(), "The URL is not supported."),
        (FileNotFoundError(2, "No such file or directory", "/srv/secret/page.html"), "There is no such file."),
        (PermissionError(13, "Permission denied", "/srv/secret"), "The file may not be read."),
        (TaskFailed("The content stage crashed."), "The content stage crashed."),
        (KeyError("x"), "KeyError: 'x'."),
        (RuntimeError(), "RuntimeError."),
        (RuntimeError("cannot read /srv/secret/page.html\nnow"), "RuntimeError: cannot read (file) now."),
    ],
)
def test_each_failure_has_its_sentence(error: BaseException, sentence: str) -> None:
    assert describe(error) == sentence


@given(st.text())
def test_any_message_makes_one_short_line(text: str) -> None:
    line = describe(ValueError(text))
    assert len(line) <= 300
    assert "\n" not in line
    assert line.startswith("ValueError")


def test_a_failure_that_holds_a_url_keeps_it() -> None:
    request = Request("http://example.org/a/b/c.html")
    assert "http://example.org/a/b/c.html" in describe(ValueError(f"bad {request.url}"))


def test_exceptions_that_cause_each_other_are_described() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert describe(first) == "ValueError: first."


def test_a_question_is_a_sentence():
    assert describe(ValueError("no such thing; did you mean this?")) == "ValueError: no such thing; did you mean this?"
