"""From the HTML of a page to its parts: markdown, links, media, tables, metadata, extracted records.

Pure and synchronous: no network, no event loop, no Scrapy. :func:`extract_page` is what a crawl calls for each page,
:func:`process` what you call for HTML you already have.
"""

from .checks import check_content_options
from .chunking import (
    ChunkingStrategy,
    FixedLengthWordChunking,
    IdentityChunking,
    OverlappingWindowChunking,
    RegexChunking,
    SlidingWindowChunking,
)
from .extraction import (
    ExtractionStrategy,
    JsonCssExtractionStrategy,
    JsonXPathExtractionStrategy,
    LLMConfig,
    LLMExtractionStrategy,
    NoExtractionStrategy,
    RegexExtractionStrategy,
)
from .filters import (
    BM25ContentFilter,
    LLMContentFilter,
    MainContentFilter,
    PruningContentFilter,
    RelevantContentFilter,
)
from .markdown import DefaultMarkdownGenerator, MarkdownGenerationStrategy
from .page import PageContent
from .pipeline import extract_page, process
from .scraping import ContentScrapingStrategy, LXMLWebScrapingStrategy, WebScrapingStrategy
from .tables import DefaultTableExtraction, LLMTableExtraction, NoTableExtraction, TableExtractionStrategy

__all__ = [
    "BM25ContentFilter",
    "ChunkingStrategy",
    "ContentScrapingStrategy",
    "DefaultMarkdownGenerator",
    "DefaultTableExtraction",
    "ExtractionStrategy",
    "FixedLengthWordChunking",
    "IdentityChunking",
    "JsonCssExtractionStrategy",
    "JsonXPathExtractionStrategy",
    "LLMConfig",
    "LLMContentFilter",
    "LLMExtractionStrategy",
    "LLMTableExtraction",
    "LXMLWebScrapingStrategy",
    "MainContentFilter",
    "MarkdownGenerationStrategy",
    "NoExtractionStrategy",
    "NoTableExtraction",
    "OverlappingWindowChunking",
    "PageContent",
    "PruningContentFilter",
    "RegexChunking",
    "RegexExtractionStrategy",
    "RelevantContentFilter",
    "SlidingWindowChunking",
    "TableExtractionStrategy",
    "WebScrapingStrategy",
    "check_content_options",
    "extract_page",
    "process",
]
