"""The content stages in their order: one parse of a page serves all of them.

parse, metadata, exclude, clean (code), urls, select, links, media, clean (the rest), tables, hidden, cleaned_html,
content_filter, markdown, extraction: in this order.

Pure and synchronous: the same input gives the same output, in any thread or process. A stage that fails leaves its
part empty and a sentence in ``PageContent.stage_errors``; the others go on.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import turbohtml
from turbohtml import Html, Indent, SelectorSyntaxError

from ..exceptions import TaskFailed
from ..markdown_result import MarkdownGenerationResult
from . import cleaning, images, links
from .checks import check_engine
from .documents import read_document
from .extraction import NoExtractionStrategy, extract_json, wanted_format
from .filters import FilterPage, TreeFilter
from .fragments import keep_within
from .link_scores import LinkScores
from .llm_scope import asks_model, with_models
from .markdown import DefaultMarkdownGenerator, MarkdownGenerationStrategy
from .media_types import essence
from .mending import prepare
from .metadata import extract_metadata
from .page import PageContent, empty_links, empty_media
from .players import extract_players
from .selection import select
from .steps import finish
from .tables import DefaultTableExtraction
from .text_page import text_page
from .urls import document_base, is_page_url, resolve_links

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from turbohtml import Document, Element, Node

    from ..config import CrawlerRunConfig

T = TypeVar("T")

logger = logging.getLogger(__name__)

_DEFAULT_GENERATOR = DefaultMarkdownGenerator()
_DEFAULT_TABLES = DefaultTableExtraction()
_MARKED = "[style],[hidden],[itemscope],[typeof]"
"""What stages look for by attributes that few elements have: one walk of the page serves them all."""
_PRETTY = Html(layout=Indent(2))


def extract_page(
    html: str | bytes, *, url: str, config: CrawlerRunConfig, content_type: str = "text/html"
) -> PageContent:
    """Run the content stages that *config* asks for on one page.

    :param html: the page, decoded; a PDF as it is.
    :param url: where the page came from (its final URL); relative links resolve against it. ``config.base_url`` comes
        first, and ``<base href>`` is resolved against either. Without any, relative links cannot be made absolute:
        they stay as they are in the markdown and are left out of ``links`` and ``media``.
    :param content_type: a media type; for what is not HTML the text itself is the content (see
        :func:`~scrapy_crawl4.content.text_page.text_page`).
    :returns: the parts; errors are in ``stage_errors``, nothing is raised for a page.
    """
    steps = extract_in_steps(html, url=url, config=config, content_type=content_type)
    return with_models(partial(finish, steps)) if asks_model(config) else finish(steps)


def extract_in_steps(
    html: str | bytes, *, url: str, config: CrawlerRunConfig, content_type: str = "text/html"
) -> Generator[None, None, PageContent]:
    """Do the same, and yield between stages, for who has something else to do in between; models can't be asked."""
    media_type = essence(content_type)
    document = read_document(html, media_type)
    page = _Page(document.text, config.base_url or url, config)
    content = (yield from page.run()) if document.is_page else page.run_on_text(media_type)
    if document.metadata and not config.prefetch:
        content.metadata |= document.metadata
    content.stage_errors = {**document.errors, **content.stage_errors}
    return content


class _Page:
    """One page on its way through the stages."""

    def __init__(self, html: str, url: str, config: CrawlerRunConfig) -> None:
        self.html = html
        self.url = url if is_page_url(url) else ""
        self.config = config
        self.base = ""
        self.site = links.Site(self.url)
        self.rules = links.LinkRules.from_config(config)
        self.generator: MarkdownGenerationStrategy = config.markdown_generator or _DEFAULT_GENERATOR
        self.displaced: images.Displaced = {}
        self.anchors: links.Anchors | None = None  # of the whole page, while nobody has changed them since
        self.marked: list[Element] = []
        self.content = PageContent()

    def run(self) -> Generator[None, None, PageContent]:
        self.stage("scraping", lambda: check_engine(self.config), None)
        document = self.stage("parse", lambda: _parse(self.html), None)
        if document is None:
            return self.content
        yield
        self.base = document_base(document, self.url)
        if not self.config.prefetch:
            self.content.metadata = self.stage("metadata", lambda: self.metadata(document), {})
        self.stage("exclude", lambda: cleaning.remove_excluded(document, self.config), None)
        self.stage("clean", lambda: cleaning.remove_code(document), None)
        yield
        self.stage("urls", lambda: self.resolve(document), None)
        yield
        yield from self.read(document)
        return self.content

    def run_on_text(self, media_type: str) -> PageContent:
        """The parts of a document that stays text: what reads a page by its markup has nothing to read."""
        if self.config.prefetch:
            return self.content
        self.content = text_page(self.html, media_type, fit=self.generator.content_filter is not None)
        self.extract()
        return self.content

    def stage(self, name: str, work: Callable[[], T], default: T) -> T:
        """The result of *work*, or *default* and an entry in ``stage_errors``."""
        try:
            return work()
        except Exception as error:  # a stage's boundary: whatever it is, the other parts go on
            logger.debug("Stage %s failed for %s", name, self.url, exc_info=True)
            self.content.stage_errors[name] = _sentence(error)
            return default

    def metadata(self, document: Document) -> dict[str, Any]:
        self.marked = document.select(_MARKED)
        return extract_metadata(document, self.base, self.marked)

    def resolve(self, document: Document) -> None:
        """Make every URL absolute and drop links that lead nowhere."""
        self.displaced = images.reveal_lazy_images(document)
        links.drop_empty_targets(document)
        if self.base:
            resolve_links(document, self.base)
        self.anchors = links.tidy_hrefs(document, self.base)
        if self.config.preserve_https_for_internal_links:
            self.anchors = None
            links.prefer_https(document, self.site, self.url)
        if self.rules:
            self.anchors = None
            links.remove_excluded_links(document, self.rules, self.site)
        images.remove_excluded_images(document, self.config, self.rules, self.site)

    def read(self, document: Document) -> Iterator[None]:
        """The stages that read the cleaned tree; the last ones change it further."""
        config, content = self.config, self.content
        root = document.root or turbohtml.Element("html")
        scope: Node = document  # which knows where its elements of a name are; below a root they have to be looked for
        if config.css_selector:
            scope = root = self.selected(root, "css_selector", [config.css_selector])
            self.anchors = None
        content.links = self.stage("links", lambda: self.links(scope), empty_links())
        if config.prefetch:
            content.links = links.quick_links(content.links)
            return
        yield
        content.media = self.stage("media", lambda: self.media(scope), empty_media())
        self.stage("clean", lambda: cleaning.remove_clutter(scope), None)
        yield
        content.tables = self.stage("tables", lambda: self.tables(scope), [])
        yield
        self.stage("hidden", lambda: cleaning.remove_hidden(scope, self.marked), None)
        if config.target_elements:
            scope = root = self.selected(root, "target_elements", config.target_elements)
        self.stage("cleaned_html", lambda: self.prepared(scope), None)
        yield
        unwanted = self.stage("content_filter", lambda: self.unwanted(root), None)
        content.cleaned_html = self.stage("cleaned_html", lambda: self.cleaned(root), None)
        yield
        content.markdown = self.stage("markdown", lambda: self.markdown(root, unwanted), None)
        if content.markdown is not None:
            content.fit_html = content.markdown.fit_html
        yield
        self.extract()

    def selected(self, root: Element, option: str, selectors: list[str]) -> Element:
        """What the selectors match; an empty selection is noted and never the whole page."""
        selection = self.stage("select", lambda: select(root, selectors), turbohtml.Element("div"))
        if not len(selection):
            self.content.metadata["selection"] = f"{option} matched nothing"
        return selection

    def links(self, scope: Node) -> dict[str, list[dict[str, Any]]]:
        scores = LinkScores.of_page(self.content.metadata) if self.config.score_links else None
        return links.extract_links(scope, self.site, scores, self.anchors)

    def media(self, scope: Node) -> dict[str, list[dict[str, Any]]]:
        return {
            "images": images.extract_images(scope, self.base, self.config, self.displaced),
            "videos": extract_players(scope, self.base, "video"),
            "audios": extract_players(scope, self.base, "audio"),
        }

    def tables(self, scope: Node) -> list[dict[str, Any]]:
        strategy = self.config.table_extraction or _DEFAULT_TABLES
        return list(strategy.extract_tables(scope, table_score_threshold=self.config.table_score_threshold))

    def prepared(self, root: Node) -> None:
        """The last changes of the tree that every later stage sees."""
        config = self.config
        prepare(root, self.marked)
        if config.only_text:
            cleaning.strip_inline_markup(root)
        cleaning.remove_short_blocks(root, config.word_count_threshold)
        cleaning.remove_empty(root)

    def unwanted(self, root: Element) -> Sequence[Node] | None:
        """What a content filter that works on the tree takes off; None without such a filter.

        It looks at the tree before attributes are dropped, and its choice is carried out after the last stage that
        needs the whole.
        """
        generator = self.generator
        if not (isinstance(generator, DefaultMarkdownGenerator) and generator.uses_tree):
            return None
        content_filter = generator.content_filter
        if not isinstance(content_filter, TreeFilter):
            return None
        return content_filter.unwanted(FilterPage(root, self.url, self.content.metadata))

    def cleaned(self, root: Element) -> str:
        config = self.config
        keep = cleaning.KEPT_ATTRIBUTES.union(config.keep_attrs or ())
        cleaning.strip_attributes(root, keep, keep_data=config.keep_data_attributes)
        return root.serialize(_PRETTY) if config.prettiify else root.html

    def markdown(self, root: Element, unwanted: Sequence[Node] | None) -> MarkdownGenerationResult:
        generator = self.generator
        if isinstance(generator, DefaultMarkdownGenerator) and generator.uses_tree:
            raw = generator.from_tree(root, self.url)
            fit_markdown, fit_html = self.stage("content_filter", lambda: self.fit(generator, root, unwanted), ("", ""))
            return MarkdownGenerationResult(raw, fit_markdown=fit_markdown, fit_html=fit_html, base_url=self.url)
        made: Any = generator.generate_markdown(input_html=self.markdown_source(generator), base_url=self.base)
        if isinstance(made, MarkdownGenerationResult):
            return made
        if isinstance(made, str):
            return MarkdownGenerationResult(made, base_url=self.url)
        raise TypeError(f"{type(generator).__name__}.generate_markdown must return text, got {type(made).__name__}")

    def fit(
        self, generator: DefaultMarkdownGenerator, root: Element, unwanted: Sequence[Node] | None
    ) -> tuple[str, str]:
        """``fit_markdown`` and ``fit_html``: by what a filter chose on the tree, else by its work on HTML text."""
        if unwanted is None:
            return generator.fit(self.content.cleaned_html or "", self.url)
        for node in unwanted:
            node.decompose()
        keep_within(root, self.url)
        return generator.from_fit_tree(root)

    def markdown_source(self, generator: MarkdownGenerationStrategy) -> str:
        cleaned = self.content.cleaned_html or ""
        source = getattr(generator, "content_source", "cleaned_html")
        if source == "raw_html":
            return self.html
        if source == "fit_html" and generator.content_filter is not None:
            return "\n".join(f"<div>{block}</div>" for block in generator.content_filter.filter_content(cleaned))
        return cleaned

    def extract(self) -> None:
        strategy = self.config.extraction_strategy
        if strategy is None or isinstance(strategy, NoExtractionStrategy):
            return
        chunking = self.config.chunking_strategy
        input_format = wanted_format(strategy, filtered=self.generator.content_filter is not None)
        self.content.extracted_content = self.stage(
            "extraction",
            lambda: extract_json(strategy, self.url, self.extraction_input(input_format), chunking),
            None,
        )

    def extraction_input(self, input_format: str) -> str:
        content = self.content
        fit = {"fit_markdown": content.markdown.fit_markdown if content.markdown else "", "fit_html": content.fit_html}
        if not fit.get(input_format, "else"):
            raise ValueError(
                f"input_format={input_format!r} needs a markdown_generator whose content_filter found something"
            )
        texts = {
            "html": self.html,
            "cleaned_html": content.cleaned_html or "",
            "markdown": str(content.markdown or ""),
            **fit,
        }
        return texts[input_format]


def _parse(html: str) -> Document:
    # Shadow roots written in the page are content; as templates they can be put in their place.
    document = turbohtml.parse(html, positions=False, allow_declarative_shadow_roots=False)
    if document.find_all("template"):  # the look builds the index of names that the next stages use
        document.strip_tags("template[shadowrootmode]")
    cleaning.limit_attributes(document)
    return document


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, (SelectorSyntaxError, ValueError, TypeError, TaskFailed)) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
