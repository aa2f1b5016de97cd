"""What options of html2text change in markdown that is written already; code is left alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..citations import code_and_prose
from .markdown_marks import unmark

if TYPE_CHECKING:
    from .markdown_options import MarkdownStyle

_LINE = re.compile(r".*\n|.+")
_START = r"(?m)^((?:[ \t>]|[-*+][ \t])*"
_UNESCAPED = {
    "escape_backslash": (re.compile(r"\\\\"), r"\\"),
    "escape_dot": (re.compile(_START + r"\d+)\\(?=[.)])"), r"\1"),
    "escape_plus": (re.compile(_START + r")\\(?=\+)"), r"\1"),
    "escape_dash": (re.compile(_START + r")\\(?=-)"), r"\1"),
}
_DEFINITIONS = re.compile(r"(?:\n\n?\[\d+\]: [^\n]*)+\Z")
_DEFINITION = re.compile(r"\[(\d+)\]: [^\n]*")
_USE = re.compile(r"\]\[(\d+)\]")


def finish(markdown: str, style: MarkdownStyle) -> str:
    """Markdown as *style* wants it after writing, with what was marked on the tree spelled out."""
    if style.unescaped:
        markdown = _unescape(markdown, style.unescaped)
    if style.links_each_paragraph and style.writer.links.style == "reference":
        markdown = _define_in_place(markdown)
    return unmark(markdown)


def _unescape(markdown: str, names: tuple[str, ...]) -> str:
    """Take back escapes at the start of lines (and of backslashes) that an option turned off."""
    blocks: list[str] = []
    for is_code, block in code_and_prose(_LINE.findall(markdown)):
        text = block
        for name in () if is_code else names:
            pattern, instead = _UNESCAPED[name]
            text = pattern.sub(instead, text)
        blocks.append(text)
    return "".join(blocks)


def _define_in_place(markdown: str) -> str:
    """Move the addresses of numbered links from the end to the paragraph that first uses them."""
    end = _DEFINITIONS.search(markdown)
    if end is None:
        return markdown
    waiting = {match[1]: match[0] for match in _DEFINITION.finditer(end[0])}
    parts: list[str] = []
    for paragraph in markdown[: end.start()].split("\n\n"):
        parts.append(paragraph)
        found = [waiting.pop(number) for number in _USE.findall(paragraph) if number in waiting]
        if found:
            parts.append("\n".join(found))
    return "\n\n".join([*parts, *waiting.values()])
