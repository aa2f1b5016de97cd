"""The text of an element, as a reader sees it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import Element, Node, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_BLANKS = re.compile(r"[ \t\n\r\f]+")
_VERBATIM = frozenset({"pre", "textarea", "script", "style"})
_UNSEEN = frozenset({"script", "style", "template"})
# What begins and ends on a line, or in a box, of its own.
_APART = frozenset(
    {
        "address",
        "article",
        "aside",
        "audio",
        "blockquote",
        "body",
        "br",
        "caption",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "iframe",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "optgroup",
        "option",
        "p",
        "pre",
        "search",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "td",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "video",
    }
)


def text_of(node: Node, took: Callable[[int], object] | None = None) -> str:
    """The text of *node* without the white space around it.

    Runs of white space are one blank, except in ``<pre>`` and ``<textarea>``; what stands in blocks or cells of its own
    is a blank apart; scripts and styles are left out, unless *node* is one itself.

    :param took: is told how many pieces the text of an element with others in it is made of, about two for each of
        these; what it raises ends the work.
    """
    if not isinstance(node, Element):
        return node.text.strip()
    if node.tag in _VERBATIM:
        return node.text.strip()
    if not any(isinstance(child, Element) for child in node):
        return _BLANKS.sub(" ", node.text).strip()
    pieces = list(_pieces(node))
    if took is not None:
        took(len(pieces))
    return "".join(_without_double_blanks(pieces)).strip()


def _pieces(node: Element) -> Iterator[str]:
    """The texts below *node* in order, a blank where something apart begins or ends."""
    levels: list[tuple[Iterator[Node], str]] = [(iter(node), "")]
    while levels:
        children, gap = levels[-1]
        child = next(children, None)
        if child is None:
            levels.pop()
            yield gap
        elif isinstance(child, Text):
            yield _BLANKS.sub(" ", child.data)
        elif isinstance(child, Element) and child.tag not in _UNSEEN:
            gap = " " if child.tag in _APART else ""
            yield gap
            if child.tag in _VERBATIM:
                yield child.text
                yield gap
            else:
                levels.append((iter(child), gap))


def _without_double_blanks(pieces: Iterable[str]) -> Iterator[str]:
    blank = True
    for piece in pieces:
        kept = piece[1:] if blank and piece.startswith(" ") else piece
        if kept:
            blank = kept.endswith((" ", "\n"))
            yield kept
