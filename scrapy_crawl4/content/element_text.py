"""The text of an element, as a reader sees it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import DocumentFragment, Element, Node, Text

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

_NO_WORDS = _VERBATIM | _UNSEEN
_MORE_THAN_WORDS = ",".join(sorted(_APART | _NO_WORDS))
_TABLE_PARTS = frozenset({"caption", "tbody", "td", "tfoot", "th", "thead", "tr"})
_APART_IN_CELLS = (_APART | _NO_WORDS) - {"caption", "tbody", "td", "tfoot", "th", "thead", "tr"}


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
    if Element not in map(type, node):
        return words_of(node)
    if took is None and node.select_one(_MORE_THAN_WORDS) is None:
        return words_of(node)
    pieces, verbatim = _pieces(node)
    if took is not None:
        took(len(pieces))
    if not verbatim:
        return words("".join(pieces))
    pieces = [piece if at in verbatim else _BLANKS.sub(" ", piece) for at, piece in enumerate(pieces)]
    return "".join(_without_double_blanks(pieces)).strip()


def words_of(node: Node) -> str:
    """The text of a *node* in which nothing stands apart, is verbatim or unseen."""
    return words(node.text)


def words(text: str) -> str:
    """*text* without the white space around it, runs of white space as one blank."""
    # A blank is the only white space that can be printed.
    return " ".join(text.split()) if text.isprintable() else _BLANKS.sub(" ", text).strip()


def apart_in_cells(table: Element) -> Iterator[Element]:
    """What keeps :func:`words_of` from being the text of a cell that holds it, parts of tables aside."""
    for element in table.iter_elements(_APART_IN_CELLS):
        parent = element.parent
        # What is all that a cell or block holds begins and ends where that does.
        if not isinstance(parent, Element) or len(parent) > 1 or parent.tag not in _APART or element.tag in _NO_WORDS:
            yield element


def _pieces(node: Element) -> tuple[list[str], set[int]]:
    """The texts below *node* in order, a blank where something apart begins or ends, and which ones are verbatim."""
    pieces: list[str] = []
    verbatim: set[int] = set()
    levels: list[tuple[Iterator[Node], str]] = [(iter(node), "")]
    while levels:
        children, gap = levels[-1]
        for child in children:
            if isinstance(child, Text):
                pieces.append(child.data)
            elif isinstance(child, Element):
                tag = child.tag
                if tag in _UNSEEN:
                    continue
                inner = " " if tag in _APART else ""
                pieces.append(inner)
                if tag not in _VERBATIM:
                    levels.append((iter(child), inner))
                    break
                verbatim.add(len(pieces))
                pieces += child.text, inner
            elif isinstance(child, DocumentFragment):  # what was in a template that is no more
                levels.append((iter(child), ""))
                break
        else:
            levels.pop()
            pieces.append(gap)
    return pieces, verbatim


def _without_double_blanks(pieces: Iterable[str]) -> Iterator[str]:
    blank = True
    for piece in pieces:
        kept = piece[1:] if blank and piece.startswith(" ") else piece
        if kept:
            blank = kept.endswith((" ", "\n"))
            yield kept
