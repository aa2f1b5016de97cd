"""``render="auto"``: which pages that came over HTTP are shown in the browser after all."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ..content.unrendered import is_challenge, why_unrendered
from ..scrapy_map import content_type_of

if TYPE_CHECKING:
    from scrapy.http import Response

EXPECTED = "the pages of this host before it were empty"
"""The reason where nobody looked."""
IN_A_ROW = 3
"""Empty pages of a host, none of another kind between them, from which on the next ones are expected to be empty."""
LOOK_AGAIN = 10
"""Of so many pages of such a host, one is looked at over HTTP all the same."""
HOSTS_KEPT = 1000
"""Hosts that are remembered; the one heard of longest ago goes first."""
FIRST_ERROR = 400


def why_browser(response: Response) -> str:
    """Return in a few words why the page of *response* has to be shown in the browser, ``""`` if it need not.

    An error is only worth it if it is the challenge of a guard. Takes about as long as parsing the page: not for an
    event loop.
    """
    if response.status >= FIRST_ERROR and not is_challenge(response.body.decode("utf-8", "replace")):
        return ""
    return why_unrendered(response.body, content_type_of(response))


class RenderedHosts:
    """Hosts all of whose pages have been empty without scripts: their next pages go to the browser at once."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, int] = OrderedDict()

    def expects_empty(self, host: str) -> bool:
        """Return whether the next page of *host* need not be looked at over HTTP; ask once for each page."""
        pages = self._pages.get(host, 0)
        if pages < IN_A_ROW:
            return False
        self._pages[host] = pages + 1
        return (pages - IN_A_ROW) % LOOK_AGAIN != LOOK_AGAIN - 1

    def learn(self, host: str, *, empty: bool) -> None:
        """Take in whether a page of *host* that was looked at was empty."""
        pages = self._pages.pop(host, 0)
        if not empty:
            return
        # From there on, the count is that of the pages that nobody looked at.
        self._pages[host] = pages if pages >= IN_A_ROW else pages + 1
        if len(self._pages) > HOSTS_KEPT:
            self._pages.popitem(last=False)
