"""Links from an excerpt of a page to places on that page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from turbohtml import Node


def keep_within(root: Node, url: str) -> None:
    """Let links to places on the page itself lead to the same places in the excerpt *root*.

    A link to what was left out becomes its text: the page's address in its place would say that the reader finds more
    there than here.

    :param url: the page's address, to which the links of *root* were resolved.
    """
    page = url.partition("#")[0] + "#"
    links = [link for link in root.find_all("a") if (link.attr("href") or "").startswith(page)] if len(page) > 1 else []
    if not links:
        return
    places = {element.attr("id") for element in root.select("[id]")}
    for link in links:
        fragment = (link.attr("href") or "")[len(page) :]
        if fragment and (fragment in places or unquote(fragment) in places):
            link.attrs["href"] = f"#{fragment}"
        else:
            link.unwrap()
