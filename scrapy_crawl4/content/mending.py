"""What is put right on the tree so that markdown can be written from it.

:func:`prepare` runs before attributes are dropped, since it reads them; :func:`mend` after, just before writing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import Element, Text

if TYPE_CHECKING:
    from turbohtml import Node

    from .markdown_options import MarkdownStyle

_LINE_NUMBERS = "td.linenos,td.gutter,td.lineno,td.line-numbers,span.linenos,span.lineno,span.line-numbers-rows"
_LANGUAGE_CLASS = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-text-|highlight-(?=[a-z])|src-|brush:\s*)([\w+#.-]+)"
)
_LANGUAGE_AFTER = re.compile(r"(?:^|\s)(?:sourceCode|hljs|prism|codehilite)\s+([\w+#.-]+)")
_NO_LANGUAGE = frozenset({"default", "none", "plain", "plaintext", "notranslate", "nohighlight", "text", "highlight"})
_LANGUAGE_ATTRIBUTES = ("data-lang", "data-language", "lang")
_CODE_ANCESTORS = 2
_NOT_TEXT = "select,textarea,datalist,iframe,object,embed,canvas,video,audio,template"
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADING_LEVELS = 4


def prepare(root: Node) -> None:
    """Take line numbers away from code, and write its language where a fence takes it from."""
    for number in root.select(_LINE_NUMBERS):
        table = number.closest("table") if number.tag == "td" else None
        number.decompose()
        if table is not None:
            _unwrap_code_table(table)
    for pre in root.find_all("pre"):
        language = _language(pre)
        if language:
            pre.attrs["class"] = f"language-{language}"


def _unwrap_code_table(table: Element) -> None:
    """A table that only laid line numbers beside code becomes that code."""
    blocks = table.find_all("pre", limit=2)
    if len(blocks) == 1 and len(table.find_all("td", limit=2)) == 1 and table.parent is not None:
        table.replace_with(blocks[0])


def _language(pre: Element) -> str:
    code = next((child for child in pre if isinstance(child, Element)), None)
    around: list[Element] = [pre] if code is None or code.tag != "code" else [code, pre]
    parent = pre.parent
    for _ in range(_CODE_ANCESTORS):
        if not isinstance(parent, Element) or parent.tag not in {"div", "figure", "td"}:
            break
        around.append(parent)
        parent = parent.parent
    for element in around:
        language = _declared_language(element, is_code=element is pre or element is code)
        if language:
            return language
    return ""


def _declared_language(element: Element, *, is_code: bool) -> str:
    classes = element.attr("class") or ""
    for pattern in (_LANGUAGE_CLASS, _LANGUAGE_AFTER):
        for language in pattern.findall(classes):
            if language not in _NO_LANGUAGE and not language.startswith(("language-", "lang-", "hljs")):
                return str(language)
    if is_code:
        for name in _LANGUAGE_ATTRIBUTES:
            declared = (element.attr(name) or "").strip()
            if declared and not declared.count(" "):
                return declared.lower()
    return ""


def mend(root: Node, style: MarkdownStyle, base: str) -> None:
    """Make *root* writable: no controls, no pictures without an address, headings around links, not in them."""
    root.remove(_NOT_TEXT)
    for image in root.find_all("img"):
        src = (image.attr("src") or "").strip()
        if not src or src.startswith("data:"):
            alt = (image.attr("alt") or "").strip()
            image.replace_with(Text(alt))
    for heading in root.find_all(list(_HEADINGS)):
        _lift_out_of_link(heading)
    if style.skip_internal_links or style.ignore_mailto_links:
        _unlink(root, style, base.partition("#")[0] + "#")


def _lift_out_of_link(heading: Element) -> None:
    """``<a><h2>x</h2></a>`` to ``<h2><a>x</a></h2>``: markdown has no link around a heading."""
    node = heading.parent
    for _ in range(_HEADING_LEVELS):
        if not isinstance(node, Element) or node.tag in {"body", "main", "article", "section"}:
            return
        if node.tag == "a":
            href, title = node.attr("href"), node.attr("title")
            if href:
                link = Element("a", {"href": href, "title": title} if title else {"href": href})
                heading.wrap_children(link)
            node.unwrap()
            return
        node = node.parent


def _unlink(root: Node, style: MarkdownStyle, page: str) -> None:
    for link in root.select("a[href]"):
        href = link.attr("href") or ""
        internal = style.skip_internal_links and href.startswith(("#", page))
        mail = style.ignore_mailto_links and href[:7].lower() == "mailto:"
        if internal or mail:
            link.unwrap()
