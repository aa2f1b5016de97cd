"""What writes markdown from a mended tree: turbohtml's writer, markdownify, or one of your own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from .markdown_escapes import take_back_escapes

if TYPE_CHECKING:
    from turbohtml import Node

    from .markdown_options import MarkdownStyle

CONVERTERS = ("turbohtml", "markdownify")
"""The names that ``DefaultMarkdownGenerator(converter=...)`` and ``CRAWL4_MARKDOWN_CONVERTER`` know."""


class MarkdownConverter(ABC):
    """Base class: writes markdown from a tree that was mended before.

    The tree has no scripts, controls or hidden elements; its tables have one cell in each place; what is markdown
    already is spelled in characters that come through (:mod:`scrapy_crawl4.content.markdown_marks`).
    """

    def check(self, style: MarkdownStyle) -> None:  # noqa: B027 - most converters can do all
        """Refuse what *style* asks for and this converter cannot do.

        :raises UnsupportedOption: naming the option.
        """

    @abstractmethod
    def write(self, root: Node, style: MarkdownStyle) -> str:
        """The markdown of *root*, which stays as it is."""


class TurbohtmlConverter(MarkdownConverter):
    """The default: GitHub-flavoured markdown in one pass in C."""

    def write(self, root: Node, style: MarkdownStyle) -> str:
        """The markdown of *root*, with no more escapes than it takes, unless *style* says how to escape."""
        markdown = root.to_markdown(style.changed_writer)
        if style.writer.escaping.mode != "minimal" or style.writer.code.block_style != "fenced":
            return markdown  # indented code is hard to tell
        return take_back_escapes(markdown)


def find_converter(converter: str | MarkdownConverter | None) -> MarkdownConverter:
    """The converter of a name; None is the default one.

    :raises ValueError: no converter has this name.
    :raises ImportError: it is not installed.
    """
    if isinstance(converter, MarkdownConverter):
        return converter
    if converter is None or converter == "turbohtml":
        return TurbohtmlConverter()
    if converter != "markdownify":
        known = ", ".join(CONVERTERS)
        raise ValueError(f"converter must be one of {known} or a MarkdownConverter, got {converter!r}")
    try:
        from .markdownify_converter import MarkdownifyConverter  # noqa: PLC0415 - an optional dependency
    except ModuleNotFoundError as error:
        if error.name not in {"markdownify", "bs4"}:
            raise
        raise ImportError(
            "The converter 'markdownify' needs the package markdownify: install scrapy-crawl4[markdownify]"
        ) from None
    return MarkdownifyConverter()
