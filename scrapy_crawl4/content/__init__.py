"""From the HTML of a page to its parts: markdown, links, media, tables, metadata, extracted records.

Pure and synchronous: no network, no event loop, no Scrapy. :func:`extract_page` is what a crawl calls for each page,
:func:`process` what you call for HTML you already have. What a name stands for is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .bm25 import BM25ContentFilter
    from .checks import check_content_options
    from .chunking import (
        ChunkingStrategy,
        FixedLengthWordChunking,
        IdentityChunking,
        OverlappingWindowChunking,
        RegexChunking,
        SlidingWindowChunking,
    )
    from .extraction import ExtractionStrategy, NoExtractionStrategy
    from .filters import FilterPage, RelevantContentFilter, TreeFilter
    from .json_extraction import (
        JsonCssExtractionStrategy,
        JsonElementExtractionStrategy,
        JsonLxmlExtractionStrategy,
        JsonXPathExtractionStrategy,
    )
    from .llm import LLMConfig
    from .llm_extraction import LLMExtractionStrategy
    from .llm_filter import LLMContentFilter
    from .llm_tables import LLMTableExtraction
    from .main_content import MainContentFilter
    from .markdown import DefaultMarkdownGenerator, MarkdownGenerationStrategy
    from .page import PageContent
    from .pipeline import extract_page
    from .processing import process
    from .pruning import PruningContentFilter, PruningContentFilterLXML
    from .regex_extraction import RegexExtractionStrategy
    from .scraping import (
        ContentScrapingStrategy,
        LXMLWebScrapingStrategy,
        PDFContentScrapingStrategy,
        WebScrapingStrategy,
    )
    from .tables import DefaultTableExtraction, NoTableExtraction, TableExtractionStrategy

__all__ = [
    "BM25ContentFilter",
    "ChunkingStrategy",
    "ContentScrapingStrategy",
    "DefaultMarkdownGenerator",
    "DefaultTableExtraction",
    "ExtractionStrategy",
    "FilterPage",
    "FixedLengthWordChunking",
    "IdentityChunking",
    "JsonCssExtractionStrategy",
    "JsonElementExtractionStrategy",
    "JsonLxmlExtractionStrategy",
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
    "PDFContentScrapingStrategy",
    "PageContent",
    "PruningContentFilter",
    "PruningContentFilterLXML",
    "RegexChunking",
    "RegexExtractionStrategy",
    "RelevantContentFilter",
    "SlidingWindowChunking",
    "TableExtractionStrategy",
    "TreeFilter",
    "WebScrapingStrategy",
    "check_content_options",
    "extract_page",
    "process",
]

__getattr__, __dir__ = lazy_names(
    globals(),
    {
        ".bm25": "BM25ContentFilter",
        ".checks": "check_content_options",
        ".chunking": (
            "ChunkingStrategy FixedLengthWordChunking IdentityChunking OverlappingWindowChunking RegexChunking "
            "SlidingWindowChunking"
        ),
        ".extraction": "ExtractionStrategy NoExtractionStrategy",
        ".filters": "FilterPage RelevantContentFilter TreeFilter",
        ".json_extraction": (
            "JsonCssExtractionStrategy JsonElementExtractionStrategy JsonLxmlExtractionStrategy "
            "JsonXPathExtractionStrategy"
        ),
        ".llm": "LLMConfig",
        ".llm_extraction": "LLMExtractionStrategy",
        ".llm_filter": "LLMContentFilter",
        ".llm_tables": "LLMTableExtraction",
        ".main_content": "MainContentFilter",
        ".markdown": "DefaultMarkdownGenerator MarkdownGenerationStrategy",
        ".page": "PageContent",
        ".pipeline": "extract_page",
        ".processing": "process",
        ".pruning": "PruningContentFilter PruningContentFilterLXML",
        ".regex_extraction": "RegexExtractionStrategy",
        ".scraping": "ContentScrapingStrategy LXMLWebScrapingStrategy PDFContentScrapingStrategy WebScrapingStrategy",
        ".tables": "DefaultTableExtraction NoTableExtraction TableExtractionStrategy",
    },
)
