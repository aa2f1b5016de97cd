"""The markdown stage: from the cleaned tree to GitHub-flavoured markdown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

import turbohtml

from ..exceptions import UnsupportedOption
from ..markdown_result import MarkdownGenerationResult
from .converters import find_converter
from .diagrams import keep_diagrams
from .llm_filter import LLMContentFilter
from .markdown_marks import unmark_html
from .markdown_options import markdown_style
from .markdown_text import finish
from .maths import keep_maths, keep_scripted_maths, mark_tex, may_hold_tex
from .mending import mend, prepare
from .urls import document_base, is_page_url, resolve_links

if TYPE_CHECKING:
    from turbohtml import Node

    from ..config import CrawlerRunConfig
    from .converters import MarkdownConverter
    from .filters import RelevantContentFilter
    from .markdown_options import MarkdownStyle

CONTENT_SOURCES = ("cleaned_html", "raw_html", "fit_html")


class MarkdownGenerationStrategy(ABC):
    """Base class of markdown generators, yours included: implement :meth:`generate_markdown`.

    :param content_filter: picks the blocks that ``fit_markdown`` is made of; None makes none.
    :param options: options of the generator, by name.
    :param verbose: kept for generators that print.
    :param content_source: the HTML that :meth:`generate_markdown` is given: ``"cleaned_html"``, ``"raw_html"`` (the
        page as it came) or ``"fit_html"`` (what the content filter chose; needs one).
    :raises ValueError: *content_source* is none of these, or is ``"fit_html"`` without a filter.
    """

    def __init__(
        self,
        content_filter: RelevantContentFilter | None = None,
        options: Mapping[str, Any] | None = None,
        verbose: bool = False,
        content_source: str = "cleaned_html",
    ) -> None:
        if content_source not in CONTENT_SOURCES:
            known = ", ".join(CONTENT_SOURCES)
            raise ValueError(f"content_source must be one of {known}, got {content_source!r}")
        if content_source == "fit_html" and content_filter is None:
            raise ValueError("content_source='fit_html' needs a content_filter, which makes that HTML")
        if content_source == "fit_html" and isinstance(content_filter, LLMContentFilter):
            raise UnsupportedOption("content_source='fit_html' cannot be: LLMContentFilter writes fit_markdown itself")
        if content_filter is not None and not hasattr(content_filter, "filter_content"):
            raise ValueError(f"content_filter must have a filter_content method, got {content_filter!r}")
        self.content_filter = content_filter
        if not isinstance(options, (Mapping, NoneType)):
            raise TypeError(f"options must be a dictionary of markdown options, got {options!r}")
        self.options = dict(options or {})
        self.verbose = verbose
        self.content_source = content_source

    @abstractmethod
    def generate_markdown(
        self,
        input_html: str,
        base_url: str = "",
        html2text_options: Mapping[str, Any] | None = None,
        content_filter: RelevantContentFilter | None = None,
        citations: bool = True,
        **kwargs: Any,
    ) -> MarkdownGenerationResult:
        """The markdown of *input_html*; relative links resolve against *base_url*."""


class DefaultMarkdownGenerator(MarkdownGenerationStrategy):
    """GitHub-flavoured markdown, written from the tree that the other stages use.

    :param content_filter: picks the blocks that ``fit_markdown`` and ``fit_html`` are made of.
    :param options: html2text's options as crawl4ai takes them, such as ``ignore_links``, ``ignore_images``,
        ``body_width``, ``skip_internal_links``; see :mod:`scrapy_crawl4.content.markdown_options`.
    :param content_source: see :class:`MarkdownGenerationStrategy`.
    :param converter: what writes the text: ``"turbohtml"``, ``"markdownify"`` (needs the extra of that name) or a
        :class:`~scrapy_crawl4.content.converters.MarkdownConverter`. None is turbohtml, or what the setting
        ``CRAWL4_MARKDOWN_CONVERTER`` says where a crawler has settings.
    :raises TypeError: an option is unknown or of the wrong type.
    :raises UnsupportedOption: an option of html2text has no equivalent, or the converter none for it.
    :raises ImportError: the converter is not installed.
    """

    def __init__(
        self,
        content_filter: RelevantContentFilter | None = None,
        options: Mapping[str, Any] | None = None,
        content_source: str = "cleaned_html",
        converter: str | MarkdownConverter | None = None,
    ) -> None:
        super().__init__(content_filter, options, content_source=content_source)
        self.converter = converter
        self._converter = find_converter(converter)
        self._style = self._styled(self.options)

    def generate_markdown(
        self,
        input_html: str,
        base_url: str = "",
        html2text_options: Mapping[str, Any] | None = None,
        content_filter: RelevantContentFilter | None = None,
        citations: bool = True,
        **kwargs: Any,
    ) -> MarkdownGenerationResult:
        """The markdown of *input_html*.

        :param base_url: the page's URL; relative links resolve against it and a ``<base href>``.
        :param html2text_options: used instead of the constructor's options.
        :param content_filter: used instead of the constructor's filter.
        :param citations: False leaves links in ``markdown_with_citations`` as they are and makes no references.
        """
        root = turbohtml.parse(input_html, positions=False)
        keep_scripted_maths(root)
        keep_maths(root)
        keep_diagrams(root)
        root.remove("script,style,noscript,svg")
        style = self._style if html2text_options is None else self._styled(html2text_options)
        base = document_base(root, style.base_url or base_url)
        if base:
            resolve_links(root, base)
        prepare(root)
        mend(root, style, base_url)
        markdown = self._write(root, style)
        chosen = content_filter or self.content_filter
        fit_markdown, fit_html = self._fit(input_html, base_url, chosen) if chosen else ("", "")
        cited = {} if citations else {"markdown_with_citations": markdown, "references_markdown": ""}
        return MarkdownGenerationResult(
            markdown, fit_markdown=fit_markdown, fit_html=fit_html, base_url=base_url, **cited
        )

    @property
    def uses_tree(self) -> bool:
        """Whether the stages may hand over their tree: a subclass that makes its own markdown gets HTML text."""
        own = type(self).generate_markdown is DefaultMarkdownGenerator.generate_markdown
        return own and self.content_source == "cleaned_html"

    def from_tree(self, root: Node, base_url: str) -> str:
        """Raw markdown of a cleaned tree whose URLs are absolute; changes the tree.

        :param base_url: the page's URL, which tells links within the page.
        """
        if self._style.base_url:
            resolve_links(root, self._style.base_url)
        mend(root, self._style, base_url)
        return self._write(root, self._style)

    def from_fit_tree(self, root: Node) -> tuple[str, str]:
        """``fit_markdown`` and ``fit_html`` of a tree that :meth:`from_tree` wrote and a filter cut down since."""
        if not root.text.strip() and root.find("img") is None:
            return "", ""
        return self._write(root, self._style), unmark_html(root.inner_html)

    def fit(self, html: str, base_url: str) -> tuple[str, str]:
        """``fit_markdown`` and ``fit_html`` of *html*; both empty without a filter."""
        return self._fit(html, base_url, self.content_filter) if self.content_filter else ("", "")

    def _styled(self, options: Mapping[str, Any]) -> MarkdownStyle:
        style = markdown_style(options)
        self._converter.check(style)
        return style

    def _write(self, root: Node, style: MarkdownStyle) -> str:
        markdown = self._converter.write(root, style)
        if may_hold_tex(markdown) and mark_tex(root):
            markdown = self._converter.write(root, style)
        return finish(markdown, style)

    def _fit(self, html: str, base_url: str, content_filter: RelevantContentFilter) -> tuple[str, str]:
        if isinstance(content_filter, LLMContentFilter):
            return content_filter.fit(html)
        blocks = content_filter.filter_content(html)
        if not blocks:
            return "", ""
        fit_html = "\n".join(f"<div>{block}</div>" for block in blocks)
        root = turbohtml.parse(fit_html, positions=False)
        if is_page_url(base_url):
            resolve_links(root, base_url)
        prepare(root)
        return self.from_tree(root, base_url), fit_html


def with_converter(config: CrawlerRunConfig, converter: str) -> CrawlerRunConfig:
    """*config* with *converter* for the markdown generator that does not say which it takes; itself if nothing changes.

    :param converter: a name, as the setting ``CRAWL4_MARKDOWN_CONVERTER`` gives it.
    """
    own = config.markdown_generator
    if converter == "turbohtml" or not (own is None or type(own) is DefaultMarkdownGenerator):
        return config
    if own is None:
        return config.clone(markdown_generator=DefaultMarkdownGenerator(converter=converter))
    if own.converter is not None:
        return config
    chosen = DefaultMarkdownGenerator(own.content_filter, own.options, own.content_source, converter)
    return config.clone(markdown_generator=chosen)
