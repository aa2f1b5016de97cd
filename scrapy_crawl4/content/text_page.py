"""Documents that stay text: plain text, Markdown, JSON, XML, source code and their kind."""

from __future__ import annotations

import re

from turbohtml import escape

from ..markdown_result import MarkdownGenerationResult
from .page import PageContent

_READABLE = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
_LANGUAGES = ("json", "xml", "csv", "yaml", "typescript", "javascript", "css", "python", "toml", "sql", "graphql")
_FENCE = re.compile(r"^\s*(`{3,})", re.MULTILINE)


def text_page(text: str, media_type: str, *, fit: bool = False) -> PageContent:
    """The content of a page of text: as it is where people read it so, else as a fenced block.

    There are no links, media or tables in it, and ``cleaned_html`` is the text in ``<pre>``.

    :param fit: whether a content filter was asked for: it finds nothing to take off a text.
    """
    markdown = text.strip() if media_type in _READABLE else _fenced(text, media_type)
    html = f"<pre>{escape(text, quote=False)}</pre>"
    filtered = {"fit_markdown": markdown, "fit_html": html} if fit else {}
    return PageContent(
        cleaned_html=html,
        markdown=MarkdownGenerationResult(
            markdown, markdown_with_citations=markdown, references_markdown="", **filtered
        ),
        metadata={"title": None, "description": None, "keywords": None, "author": None},
        fit_html=filtered.get("fit_html", ""),
    )


def _fenced(text: str, media_type: str) -> str:
    language = next((name for name in _LANGUAGES if name in media_type), "")
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.strip()}\n{fence}"
