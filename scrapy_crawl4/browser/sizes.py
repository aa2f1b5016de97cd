"""How large a page may be: what is larger stays in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..meter import PageTooLarge
from .scripts import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Frame, Page, Response

    from ..meter import PageMeter

AT_ONCE = 4_000_000
"""Characters of a page that is taken without asking."""
READS = 5
"""How often a page that is larger than before, each time it is read, is asked for."""
WHOLE = """() => {
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : "";
    return type + (document.documentElement?.outerHTML ?? "");
}"""
MEASURED = """([most, argument]) => {
    const html = (%s)(argument);
    return html.length > most ? html.length : html;
}"""


class SizeLimit:
    """Says whether a page of some size may come.

    :param most: bytes, as ``DOWNLOAD_MAXSIZE`` says; 0 for any number.
    :param meter: knows what memory can hold; None where nobody minds.
    """

    def __init__(self, most: int = 0, meter: PageMeter | None = None) -> None:
        self._most = most
        self._meter = meter

    def admit(self, size: int) -> None:
        """Let a page of *size* bytes come.

        :raises PageTooLarge: when it may not.
        """
        if 0 < self._most < size:
            raise PageTooLarge(f"The page is larger than the limit of {self._most} bytes (DOWNLOAD_MAXSIZE).")
        if self._meter is not None:
            self._meter.complete(size)


async def read_limited(page: Page | Frame, script: str, argument: Any, admit: Callable[[int], object]) -> str:
    """Return the HTML that the function *script* returns for *argument*; it leaves the page only if *admit* lets it.

    :raises PageTooLarge: when it grows without end.
    """
    found = await evaluate(page, MEASURED % script, [AT_ONCE, argument])
    if isinstance(found, str):
        if len(found) > AT_ONCE // 16:
            admit(len(found))
        return found
    for _ in range(READS):
        admit(int(found))
        # No more of it may come than was let in, if it has grown meanwhile.
        found = await evaluate(page, MEASURED % script, [int(found), argument])
        if isinstance(found, str):
            return found
    raise PageTooLarge("The page grows whenever it is read.")


async def admit_file(response: Response, admit: Callable[[int], object]) -> None:
    """Let the file of *response* come, if *admit* does."""
    declared = response.headers.get("content-length", "")
    if "content-encoding" not in response.headers and declared.isdecimal():
        admit(int(declared))
        return
    sizes = await response.request.sizes()
    admit(sizes["responseBodySize"])
