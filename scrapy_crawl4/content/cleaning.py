"""The cleaning stage: off the tree goes what is not content, and what the configuration excludes.

Every removal here takes one element and its subtree. Text that follows the element is a node of its own in this tree
and stays where it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import Comment, Element, Text
from turbohtml.clean import strip_comments_node

from .diagrams import keep_diagrams
from .images import counts_visitors
from .maths import keep_maths, keep_scripted_maths
from .names import names
from .selection import outermost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from turbohtml import Document, Node

    from ..config import CrawlerRunConfig

_CODE = ("script", "style", "link", "meta", "base")
_NOT_CONTENT = ("template", "svg")
_HIDDEN = '[hidden]:not([hidden="until-found" i]),[style*="display" i],[style*="visibility" i]'
_INVISIBLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_HIDDEN_SHARE = 0.5
_MOST_ATTRIBUTES = 1000
"""More are no page's, and are dropped together: one by one each costs as much as there are others."""
_SCRIPT_NOTICE = re.compile(r"java\s?script", re.IGNORECASE)
_NOTICE_LENGTH = 300


# The second half is what lists, task lists, quotes, dates and tables need to be read rightly.
KEPT_ATTRIBUTES = names(
    "src href alt title width height class id rowspan colspan "
    "start reversed value type checked cite datetime lang dir scope open poster"
)
"""Attributes that cleaned HTML keeps; ``keep_attrs`` and ``keep_data_attributes`` add to them."""

_ONLY_TEXT = "b,i,u,s,span,del,ins,sub,sup,strong,em,code,kbd,var,samp,q,abbr,cite,dfn,time,small,mark,font,big,tt"

_BLOCKS = names(
    "p div section article aside header footer nav main ul ol li dl dt dd blockquote figure figcaption "
    "address details summary center"
)
_INLINE = names("span em strong b i u s small sub sup mark font label cite q abbr")
_EMPTYABLE = _BLOCKS | _INLINE | {f"h{level}" for level in range(1, 7)}
_NEVER_SHORT = names("img video audio iframe object embed table td th pre code math canvas input h1 h2 h3 h4 h5 h6")


def remove_excluded(document: Document, config: CrawlerRunConfig) -> None:
    """Take off what ``excluded_tags``, ``excluded_selector``, ``remove_forms`` and ``exclude_all_images`` name."""
    selectors = list(config.excluded_tags or ())
    if config.excluded_selector:
        selectors.append(config.excluded_selector)
    if config.remove_forms:
        selectors.append("form")
    if config.exclude_all_images:
        selectors.append("img,picture")
    if selectors:
        document.remove(",".join(selectors))


def remove_code(document: Document) -> None:
    """Take off comments, scripts and styles: what holds neither text nor links nor pictures."""
    keep_scripted_maths(document)
    # All are looked up first: a removal ends what the document knows about where names are.
    for element in [element for name in _CODE for element in document.find_all(name)]:
        element.decompose()
    strip_comments_node(document)


def remove_clutter(root: Node) -> None:
    """Take off templates and drawings, and unwrap ``<noscript>``; what formulas and diagrams say stays.

    Links and pictures are read before this: an address is one wherever it stands.
    """
    keep_maths(root)
    keep_diagrams(root)
    for name in _NOT_CONTENT:
        for element in root.find_all(name):
            element.decompose()
    found: set[Element] = set()
    for element in root.find_all("noscript"):
        _open_noscript(element, found)


def _open_noscript(element: Element, found: set[Element]) -> None:
    """Put the content of a ``<noscript>`` in its place: no script ran here.

    Notices that ask for JavaScript go, and so do pictures that stand for a lazy one just before (which takes over
    their address) or that only count visitors.

    :param found: lazy pictures that have their address, this one among them afterwards.
    """
    text = element.text.strip()
    if text:
        if len(text) < _NOTICE_LENGTH and _SCRIPT_NOTICE.search(text):
            element.decompose()
        else:
            element.unwrap()
        return
    image = element.find("img")
    if image is None or counts_visitors(image):
        element.decompose()
        return
    before = _image_before(element)
    if before is None:
        element.unwrap()
        return
    source = (image.attr("src") or "").strip()
    if source:  # what stands there until the script runs may be a smaller copy
        if not before.attr("src"):
            _remove_preview(before, found)
        before.attrs["src"] = source
        found.add(before)
    element.decompose()


def _remove_preview(image: Element, found: set[Element]) -> None:
    """Take off the small copy that a figure shows in place of a picture without an address."""
    figure = image.closest("figure")
    pictures = figure.find_all("img") if figure is not None else []
    place = pictures.index(image) if image in pictures else 0
    if place and pictures[place - 1] not in found:
        pictures[place - 1].decompose()


def _image_before(element: Element) -> Element | None:
    node = element.previous_sibling
    while isinstance(node, Text) and not node.data.strip():
        node = node.previous_sibling
    if not isinstance(node, Element):
        return None
    return node if node.tag == "img" else node.find("img")


def remove_hidden(root: Node, marked: Iterable[Element]) -> None:
    """Take off elements that are hidden, unless one holds most of the text.

    Some pages hide everything until their script has run; there is nothing else to read in them. Links and pictures
    are read before this: those of a closed menu count.

    :param marked: elements among which all below *root* are that have ``style`` or ``hidden``.
    """
    if not any(map(_is_hidden, marked)):
        return
    hidden = [element for element in root.select(_HIDDEN) if _is_hidden(element)]
    if not hidden:
        return
    limit = len(root.text) * _HIDDEN_SHARE
    for element in outermost(root, hidden):
        if len(element.text) <= limit:
            element.decompose()


def _is_hidden(element: Element) -> bool:
    if element.tag in {"html", "body"}:
        return False
    return "hidden" in element.attrs or _INVISIBLE.search(element.attr("style") or "") is not None


def strip_inline_markup(root: Node) -> None:
    """``only_text``: unwrap emphasis, spans, inline code and their kind; their text stays."""
    root.strip_tags(_ONLY_TEXT)


def remove_short_blocks(root: Node, threshold: int) -> None:
    """``word_count_threshold``: take off innermost blocks of fewer than *threshold* words.

    Headings, table cells, code and anything that holds a picture, a table or another medium stay.
    """
    if threshold <= 1:  # blocks without any word are what remove_empty looks after
        return
    keep: set[Node | None] = set()  # elements that hold a block, a medium, a table or code
    for element in reversed(list(root.iter_elements())):
        block = element.tag in _BLOCKS
        if block or element in keep or element.tag in _NEVER_SHORT:
            keep.add(element.parent)
        if block and element not in keep and len(element.text.split()) < threshold:
            element.decompose()


def remove_empty(root: Node) -> None:
    """Take off text elements that hold nothing, from the inside out; lines of code may be empty."""
    has_code = root.find("pre") is not None
    for element in reversed(list(root.iter_elements(_EMPTYABLE))):
        size = len(element)
        if size > 1:
            continue
        if size:
            first = element[0]
            # What most hold comes first: this is asked for nearly every element of a page.
            if not (first.data.isspace() if type(first) is Text else isinstance(first, Comment)):
                continue
        if element.parent is None or (has_code and element.closest("pre") is not None):
            continue
        # A space may be all that keeps two words apart.
        if size and element.tag in _INLINE:
            element.unwrap()
        else:
            element.decompose()


def strip_attributes(root: Node, keep: frozenset[str], *, keep_data: bool = False) -> None:
    """Drop every attribute but those in *keep* (and ``data-*`` with *keep_data*)."""
    overloaded: list[Element] = []
    for element in root.iter_elements(include_self=True):
        attributes = element.attrs
        if keep.issuperset(attributes):  # as are those of most
            continue
        present = [*attributes]
        if len(present) > _MOST_ATTRIBUTES:
            overloaded.append(element)
            continue
        for name in present:
            if name not in keep and not (keep_data and name.startswith("data-")):
                del attributes[name]
    for element in overloaded:
        _replace(element, lambda name: name in keep or (keep_data and name.startswith("data-")))


def limit_attributes(document: Document) -> None:
    """Drop attributes of the root of a page if there are thousands, before other stages remember the element."""
    root = document.root
    if root is not None and len(root.attrs) > _MOST_ATTRIBUTES:
        _replace(root, KEPT_ATTRIBUTES.__contains__)


def _replace(element: Element, keep: Callable[[str], bool]) -> None:
    attributes = {name: value for name, value in element.attrs.items() if keep(name)}
    element.wrap_children(Element(element.tag, attributes))
    element.unwrap()
