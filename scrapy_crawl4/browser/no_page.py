"""Addresses that lead to no page: files to download, and answers without content."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .documents import answer_of, is_pdf, pdf_of
from .errors import is_aborted, is_download

if TYPE_CHECKING:
    from collections.abc import Callable

    from .capture.downloads import Downloading
    from .order import Captured
    from .tab import Tab

EMPTY = frozenset({204, 205})
"""Statuses of answers that have no content: the browser stays where it was."""
FIRST_ERROR = 400
REFUSED = ("ERR_INVALID_AUTH_CREDENTIALS", "ERR_HTTP_RESPONSE_CODE_FAILURE")
"""What the browser shows in place of answers that ask for a log-in, and of errors that have no content."""


async def without_page(
    tab: Tab, error: Exception, downloads: Downloading | None, admit: Callable[[int], object]
) -> Captured:
    """Return what *tab* got instead of a page.

    :param error: what Playwright said of it.
    :param downloads: keeps files, if they are wanted.
    :param admit: is told how large a file is that is a page too, and may raise.
    :raises TaskFailed: when a file could not be fetched or written.
    """
    answer = tab.documents[-1] if tab.documents else None
    if answer is not None and answer.status >= FIRST_ERROR and any(name in str(error) for name in REFUSED):
        return await answer_of(tab, answer)
    if answer is not None and answer.status in EMPTY and is_aborted(error):
        return await answer_of(tab, answer)
    if answer is None or not is_download(error):
        raise error
    if downloads is None:
        if is_pdf(answer):
            return await pdf_of(tab, answer, admit)
        raise error
    files = await downloads.files(None)
    captured = await answer_of(tab, answer)
    if files and is_pdf(answer):
        captured.body = _read(files[-1])  # it is a page too, for who can read it
    return captured


def _read(path: str) -> bytes:
    return Path(path).read_bytes()
