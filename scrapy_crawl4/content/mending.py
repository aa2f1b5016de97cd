"""What is put right on the tree so that markdown can be written from it.

:func:`prepare` runs before attributes are dropped, since it reads them; :func:`mend` after, just before writing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from turbohtml import Element, Text

from . import code_blocks, link_markdown, list_markdown, prose_markdown
from .maths import mark_formulas
from .names import names
from .table_markdown import escape_cell_html, mend_tables, unwrap_layout_roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from turbohtml import Node

    from .markdown_options import MarkdownStyle

_NOT_TEXT = names("select textarea datalist iframe object embed canvas video audio template rp")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SECTIONING = (*_HEADINGS, "form", "section", "article", "header", "footer", "nav", "hr")
_MENDED = ("br", "dt", "img", "input", "math", "ol", "pre", "rt", "sub", "sup", "table")
_READ = frozenset((*_NOT_TEXT, *_SECTIONING, *_MENDED, *prose_markdown.RENAMED))


def prepare(root: Node, marked: Iterable[Element] | None = None) -> None:
    """Mend what only attributes tell: languages and line numbers of code, lines that a style makes, layout roles.

    :param marked: elements among which all below *root* are that have a ``style``; None to look for them.
    """
    code_blocks.prepare_code(root)
    code_blocks.break_styled_lines(root, marked)
    unwrap_layout_roles(root.find_all("table", role=True))


def mend(root: Node, style: MarkdownStyle, base: str) -> None:
    """Make *root* writable.

    :param base: the page's URL, which tells links within the page.
    """
    found = _by_tag(root)
    for name in _NOT_TEXT:
        for element in found[name]:
            element.decompose()
    for name in prose_markdown.RENAMED & found.keys():
        prose_markdown.rename_blocks(found[name])
    _mend_code(found["pre"], style)
    if found["table"] and style.lays_out_tables and "table" not in style.preserve_tags:
        mend_tables(found["table"], [element for name in _SECTIONING for element in found[name]])
    list_markdown.number_lists(found["ol"])
    list_markdown.free_task_boxes(found["input"])
    list_markdown.embolden_terms(found["dt"])
    prose_markdown.bracket_readings(found["rt"])
    link_markdown.mend_images(found["img"], style)
    prose_markdown.break_paragraphs(found["br"])
    link_markdown.mend_links(root, root.find_all("a"), style, base)
    mark_formulas(found["math"])
    prose_markdown.raise_powers(found["sup"], found["sub"], include=style.include_sup_sub)
    link_markdown.mend_headings(element for name in _HEADINGS for element in found[name])
    if found["table"] and style.lays_out_tables:
        escape_cell_html(root)
    if style.preserve_tags:
        prose_markdown.preserve(root, style.preserve_tags)


def _by_tag(root: Node) -> Mapping[str, list[Element]]:
    """The elements that need a look, by name: one walk of the tree, and lists of single names after that."""
    found: defaultdict[str, list[Element]] = defaultdict(list)
    for element in root.iter_elements(_READ):
        found[element.tag].append(element)
    return found


def _mend_code(blocks: list[Element], style: MarkdownStyle) -> None:
    for pre in blocks:
        if style.handle_code_in_pre:
            for code in pre.find_all("code"):
                code.insert(0, Text("`"))
                code.append(Text("`"))
        code_blocks.tidy_pre(pre)
