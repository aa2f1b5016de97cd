"""Pages that are not HTML: plain text, JSON, XML and their kind."""

from __future__ import annotations

import re

from turbohtml import escape

from ..markdown_result import MarkdownGenerationResult
from .page import PageContent

_READABLE = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
_LANGUAGES = ("json", "xml", "csv", "yaml", "javascript", "css")
_FENCE = re.compile(r"^\s*(`{3,})", re.MULTILINE)


def is_html(content_type: str) -> bool:
    """Whether *content_type* (a header's value; parameters are ignored) is HTML; an empty one counts as HTML."""
    kind = _kind(content_type)
    return not kind or "html" in kind


def text_page(text: str, content_type: str) -> PageContent:
    """The content of a page of text: as it is where people read it so, else as a fenced block.

    There are no links, media or tables in it, and ``cleaned_html`` is the text in ``<pre>``.
    """
    kind = _kind(content_type)
    markdown = text.strip() if kind in _READABLE else _fenced(text, kind)
    return PageContent(
        cleaned_html=f"<pre>{escape(text, quote=False)}</pre>",
        markdown=MarkdownGenerationResult(markdown, markdown_with_citations=markdown, references_markdown=""),
        metadata={"title": None, "description": None, "keywords": None, "author": None},
    )


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _fenced(text: str, kind: str) -> str:
    language = next((name for name in _LANGUAGES if name in kind), "")
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.strip()}\n{fence}"
