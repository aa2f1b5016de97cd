"""Parameters of a crawl that say what is made of a page."""

from __future__ import annotations

from typing import Any

from .base import Config, option
from .checks import count, flag, having, optional, real, text, texts
from .supported import RUN_CONTENT

_TEXT = optional(text)
_TEXTS = optional(texts)


class ContentOptions(Config, supported=RUN_CONTENT, missing="has no effect yet"):
    """What of the page is kept, and in which forms."""

    word_count_threshold: int = option(default=1, check=count(0, "words"))
    """Blocks of text with fewer words are dropped; 0 and 1 keep all."""
    extraction_strategy: Any = option(default=None, check=optional(having("extract")))
    """Makes ``extracted_content``; None makes none."""
    chunking_strategy: Any = option(default=None, check=optional(having("chunk")))
    """Cuts the markdown for the extraction; None cuts at blank lines, as crawl4ai's ``RegexChunking()``."""
    markdown_generator: Any = option(default=None, check=optional(having("generate_markdown")))
    """Makes the markdown; None is a ``DefaultMarkdownGenerator()``."""
    only_text: bool = option(default=False, check=flag)
    """Keep the text of inline elements, but not the elements."""
    css_selector: str | None = option(default=None, check=_TEXT)
    """Keep only what this CSS selector matches, for all parts of the result."""
    target_elements: list[str] | None = option(default=None, check=_TEXTS)
    """Keep only what these CSS selectors match in cleaned HTML and markdown; links and media stay the whole page's."""
    excluded_tags: list[str] | None = option(default=None, check=_TEXTS)
    """Names of elements to drop."""
    excluded_selector: str | None = option(default=None, check=_TEXT)
    """Drop what this CSS selector matches."""
    keep_data_attributes: bool = option(default=False, check=flag)
    """Keep ``data-*`` attributes in the cleaned HTML."""
    keep_attrs: list[str] | None = option(default=None, check=_TEXTS)
    """Further attributes to keep in the cleaned HTML."""
    remove_forms: bool = option(default=False, check=flag)
    """Drop forms."""
    prettiify: bool = option(default=False, check=flag)
    """Indent the cleaned HTML. (The spelling is crawl4ai's.)"""
    parser_type: str = option(default="lxml", check=text)
    """There is one parser, a browser's: nothing else can be chosen. (The default is crawl4ai's.)"""
    scraping_strategy: Any = option(default=None, check=optional(having("scrap")))
    """Does all the stages before markdown; None is a ``WebScrapingStrategy()``."""
    image_description_min_word_threshold: int = option(default=1, check=count(0, "words"))
    """Words that text beside an image needs to be its description."""
    image_score_threshold: float = option(default=2, check=real)
    """Images with this score or less are not listed in ``media``."""
    table_score_threshold: float = option(default=7, check=real)
    """Tables with a lower score are layout, not data."""
    table_extraction: Any = option(default=None, check=optional(having("extract_tables")))
    """Makes ``tables``; None is a ``DefaultTableExtraction()``."""
    exclude_external_images: bool = option(default=False, check=flag)
    """Drop images of other domains."""
    exclude_all_images: bool = option(default=False, check=flag)
    """Drop all images."""
    exclude_social_media_domains: list[str] | None = option(default=None, check=_TEXTS)
    """Further domains for *exclude_social_media_links*."""
    exclude_external_links: bool = option(default=False, check=flag)
    """Drop links to other domains; the text after them stays."""
    exclude_social_media_links: bool = option(default=False, check=flag)
    """Drop links to social media."""
    exclude_domains: list[str] | None = option(default=None, check=_TEXTS)
    """Drop links and images of these domains."""
    exclude_internal_links: bool = option(default=False, check=flag)
    """Drop links to the page's own domain."""
    score_links: bool = option(default=False, check=flag)
    """Give each link an ``intrinsic_score`` from 0 to 10."""
    preserve_https_for_internal_links: bool = option(default=False, check=flag)
    """On an https page, make internal http links https."""
    prefetch: bool = option(default=False, check=flag)
    """Give HTML and links only."""
    fetch_only: bool = option(default=False, check=flag)
    """Give the HTML only, with the status and headers: no content work at all. (crawl4ai has nothing like it.)"""
    base_url: str | None = option(default=None, check=_TEXT)
    """The URL that links of ``raw:`` HTML are relative to."""
    link_preview_config: Any = option(default=None)
