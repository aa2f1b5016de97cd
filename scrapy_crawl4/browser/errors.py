"""What goes wrong in a browser, as sentences."""

from __future__ import annotations

import re

from scrapy.exceptions import DownloadFailedError

from ..exceptions import TaskFailed

INSTALL_PLAYWRIGHT = "pip install 'scrapy-crawl4[browser]'"
SETUP = "scrapy crawl4-setup"

NET_ERROR = re.compile(r"net::(ERR_[A-Z0-9_]+)")
SENTENCES = {
    "ERR_NAME_NOT_RESOLVED": "The host name cannot be resolved.",
    "ERR_NAME_RESOLUTION_FAILED": "The host name cannot be resolved.",
    "ERR_CONNECTION_REFUSED": "Connection refused.",
    "ERR_CONNECTION_RESET": "Connection failed: the server reset the connection.",
    "ERR_CONNECTION_CLOSED": "Connection failed: the server closed the connection.",
    "ERR_CONNECTION_TIMED_OUT": "Timeout: no answer in time.",
    "ERR_TIMED_OUT": "Timeout: no answer in time.",
    "ERR_ADDRESS_UNREACHABLE": "Connection failed: the address cannot be reached.",
    "ERR_INTERNET_DISCONNECTED": "Connection failed: there is no network.",
    "ERR_ABORTED": "The address leads to something that is no page.",
    "ERR_EMPTY_RESPONSE": "Connection failed: the server sent nothing.",
    "ERR_CONTENT_LENGTH_MISMATCH": "The connection ended before the whole page had arrived.",
    "ERR_INCOMPLETE_CHUNKED_ENCODING": "The connection ended before the whole page had arrived.",
    "ERR_TOO_MANY_REDIRECTS": "Not fetched: too many redirects.",
    "ERR_PROXY_CONNECTION_FAILED": "Connection failed: the proxy cannot be reached.",
    "ERR_TUNNEL_CONNECTION_FAILED": "Connection failed: the proxy refused to connect to the server.",
    "ERR_INVALID_AUTH_CREDENTIALS": "Connection failed: the log-in was refused.",
    "ERR_FILE_NOT_FOUND": "There is no such file.",
    "ERR_ACCESS_DENIED": "The file may not be read.",
    "ERR_UNSAFE_PORT": "The browser refuses to connect to this port.",
    "ERR_INSUFFICIENT_RESOURCES": "The browser ran out of memory or file descriptors.",
}
"""Chromium's network errors that have words of their own; the others name themselves."""

TLS = ("ERR_CERT_", "ERR_SSL_", "ERR_BAD_SSL_")
GONE = ("has been closed", "Connection closed", "Browser closed", "browser has disconnected", "Target closed")


class BrowserMissing(TaskFailed):
    """There is no browser to open pages with; the text says what installs one."""


class BrowserGone(TaskFailed):
    """The browser, or what was to show the page, ended through no fault of the page's as far as is known."""


class PageFailed(TaskFailed):
    """The browser could not show a page; the text says why."""


class NotLoaded(PageFailed, DownloadFailedError):  # noqa: N818 - names a state of a page
    """The network or the host did not give the page; Scrapy's RetryMiddleware asks again after such errors."""


class PageCrashed(PageFailed):
    """The process of the page ended, by a fault of its own or for its memory."""

    def __init__(self) -> None:
        super().__init__("The page crashed in the browser.")


class Downloads(PageFailed):
    """The address gives a file to keep instead of a page to show."""


def page_error(error: Exception) -> TaskFailed:
    """Return the error that says in one sentence what Playwright's *error* means."""
    text = str(error)
    if is_download(error):
        return Downloads("The browser would download this file and shows no page.")
    if "crashed" in text:
        return PageCrashed()
    if found := NET_ERROR.search(text):
        return NotLoaded(_net_sentence(found[1]))
    if is_closed(error):
        return PageFailed("The page was closed while it was open.")
    return PageFailed(f"The browser failed: {first_line(text).rstrip('. ')}.")


def is_closed(error: Exception) -> bool:
    """Tell whether Playwright says with *error* that a page is gone, with its browser or without."""
    return any(sign in str(error) for sign in GONE)


def is_aborted(error: BaseException | None) -> bool:
    """Tell whether Playwright says with *error* that a load came to nothing."""
    return "net::ERR_ABORTED" in str(error)


def is_download(error: Exception) -> bool:
    """Tell whether Playwright says with *error* that it met a file to download."""
    return "Download is starting" in str(error)


def first_line(text: str) -> str:
    """Return the first line of what Playwright says, without the name of the method that says it."""
    line = text.strip().partition("\n")[0]
    return re.sub(r"^\w+\.\w+: ", "", line)


def _net_sentence(name: str) -> str:
    if name in SENTENCES:
        return SENTENCES[name]
    words = name.removeprefix("ERR_").replace("_", " ").lower()
    if name.startswith(TLS):
        return f"TLS failed: {words}."
    return f"The browser could not load the page: {words}."
