"""crawl4ai's ``arun_many()`` for Scrapy: LLM-ready results for one URL or a hundred million.

Every public name is importable from here. What it stands for is loaded when it is first used, so that a Scrapy project
whose commands list ours, or a program that only wants one class, does not wait for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from .addon import Addon
    from .config import (
        BrowserConfig,
        CacheMode,
        CrawlerRunConfig,
        DisplayMode,
        GeolocationConfig,
        HTTPCrawlerConfig,
        MatchMode,
        ProxyConfig,
        ProxyRotationStrategy,
        ProxyTurn,
        RoundRobinProxyStrategy,
        VirtualScrollConfig,
    )
    from .content import (
        BM25ContentFilter,
        ChunkingStrategy,
        ContentScrapingStrategy,
        DefaultMarkdownGenerator,
        DefaultTableExtraction,
        ExtractionStrategy,
        FilterPage,
        FixedLengthWordChunking,
        IdentityChunking,
        JsonCssExtractionStrategy,
        JsonElementExtractionStrategy,
        JsonLxmlExtractionStrategy,
        JsonXPathExtractionStrategy,
        LLMConfig,
        LLMContentFilter,
        LLMExtractionStrategy,
        LLMTableExtraction,
        LXMLWebScrapingStrategy,
        MainContentFilter,
        MarkdownGenerationStrategy,
        NoExtractionStrategy,
        NoTableExtraction,
        OverlappingWindowChunking,
        PDFContentScrapingStrategy,
        PruningContentFilter,
        PruningContentFilterLXML,
        RegexChunking,
        RegexExtractionStrategy,
        RelevantContentFilter,
        SlidingWindowChunking,
        TableExtractionStrategy,
        TreeFilter,
        WebScrapingStrategy,
        process,
    )
    from .dispatch import (
        BaseDispatcher,
        Load,
        MemoryAdaptiveDispatcher,
        RateLimiter,
        SemaphoreDispatcher,
    )
    from .downloader import DispatchDownloader
    from .downloadermiddlewares import MemoryThrottleMiddleware, RateLimitMiddleware, RunConfigMiddleware
    from .exceptions import (
        Crawl4Error,
        CrawlCancelled,
        DispatcherError,
        EngineError,
        JobError,
        UnsupportedOption,
    )
    from .facade import (
        AsyncHTTPCrawlerStrategy,
        AsyncPlaywrightCrawlerStrategy,
        AsyncWebCrawler,
        CrawlRun,
        CrawlTask,
        crawl_many,
    )
    from .monitor import CrawlerMonitor
    from .pipelines import CrawlResultPipeline
    from .results import CrawlResult, DispatchResult, MarkdownGenerationResult
    from .scheduler import DurableScheduler
    from .slots import SemaphoreSlot
    from .spiders import Crawl4Spider
    from .ssl_certificate import SSLCertificate

__version__ = "0.1.0"

__all__ = [
    "Addon",
    "AsyncHTTPCrawlerStrategy",
    "AsyncPlaywrightCrawlerStrategy",
    "AsyncWebCrawler",
    "BM25ContentFilter",
    "BaseDispatcher",
    "BrowserConfig",
    "CacheMode",
    "ChunkingStrategy",
    "ContentScrapingStrategy",
    "Crawl4Error",
    "Crawl4Spider",
    "CrawlCancelled",
    "CrawlResult",
    "CrawlResultPipeline",
    "CrawlRun",
    "CrawlTask",
    "CrawlerMonitor",
    "CrawlerRunConfig",
    "DefaultMarkdownGenerator",
    "DefaultTableExtraction",
    "DispatchDownloader",
    "DispatchResult",
    "DispatcherError",
    "DisplayMode",
    "DurableScheduler",
    "EngineError",
    "ExtractionStrategy",
    "FilterPage",
    "FixedLengthWordChunking",
    "GeolocationConfig",
    "HTTPCrawlerConfig",
    "IdentityChunking",
    "JobError",
    "JsonCssExtractionStrategy",
    "JsonElementExtractionStrategy",
    "JsonLxmlExtractionStrategy",
    "JsonXPathExtractionStrategy",
    "LLMConfig",
    "LLMContentFilter",
    "LLMExtractionStrategy",
    "LLMTableExtraction",
    "LXMLWebScrapingStrategy",
    "Load",
    "MainContentFilter",
    "MarkdownGenerationResult",
    "MarkdownGenerationStrategy",
    "MatchMode",
    "MemoryAdaptiveDispatcher",
    "MemoryThrottleMiddleware",
    "NoExtractionStrategy",
    "NoTableExtraction",
    "OverlappingWindowChunking",
    "PDFContentScrapingStrategy",
    "ProxyConfig",
    "ProxyRotationStrategy",
    "ProxyTurn",
    "PruningContentFilter",
    "PruningContentFilterLXML",
    "RateLimitMiddleware",
    "RateLimiter",
    "RegexChunking",
    "RegexExtractionStrategy",
    "RelevantContentFilter",
    "RoundRobinProxyStrategy",
    "RunConfigMiddleware",
    "SSLCertificate",
    "SemaphoreDispatcher",
    "SemaphoreSlot",
    "SlidingWindowChunking",
    "TableExtractionStrategy",
    "TreeFilter",
    "UnsupportedOption",
    "VirtualScrollConfig",
    "WebScrapingStrategy",
    "crawl_many",
    "process",
]

_HOMES = {
    ".addon": "Addon",
    ".config": (
        "BrowserConfig CacheMode CrawlerRunConfig DisplayMode GeolocationConfig HTTPCrawlerConfig MatchMode "
        "ProxyConfig ProxyRotationStrategy ProxyTurn RoundRobinProxyStrategy VirtualScrollConfig "
    ),
    ".content": (
        "BM25ContentFilter ChunkingStrategy ContentScrapingStrategy DefaultMarkdownGenerator "
        "DefaultTableExtraction ExtractionStrategy FilterPage FixedLengthWordChunking IdentityChunking "
        "JsonCssExtractionStrategy JsonElementExtractionStrategy JsonLxmlExtractionStrategy "
        "JsonXPathExtractionStrategy LLMConfig LLMContentFilter "
        "LLMExtractionStrategy LLMTableExtraction LXMLWebScrapingStrategy MainContentFilter "
        "MarkdownGenerationStrategy NoExtractionStrategy NoTableExtraction OverlappingWindowChunking "
        "PDFContentScrapingStrategy "
        "PruningContentFilter PruningContentFilterLXML RegexChunking RegexExtractionStrategy RelevantContentFilter "
        "SlidingWindowChunking TableExtractionStrategy TreeFilter WebScrapingStrategy process "
    ),
    ".dispatch": "BaseDispatcher Load MemoryAdaptiveDispatcher RateLimiter SemaphoreDispatcher",
    ".downloader": "DispatchDownloader",
    ".downloadermiddlewares": "MemoryThrottleMiddleware RateLimitMiddleware RunConfigMiddleware",
    ".exceptions": "Crawl4Error CrawlCancelled DispatcherError EngineError JobError UnsupportedOption",
    ".facade": "AsyncHTTPCrawlerStrategy AsyncPlaywrightCrawlerStrategy AsyncWebCrawler CrawlRun CrawlTask crawl_many",
    ".monitor": "CrawlerMonitor",
    ".pipelines": "CrawlResultPipeline",
    ".results": "CrawlResult DispatchResult MarkdownGenerationResult",
    ".scheduler": "DurableScheduler",
    ".slots": "SemaphoreSlot",
    ".spiders": "Crawl4Spider",
    ".ssl_certificate": "SSLCertificate",
}

__getattr__, __dir__ = _lazy_names(globals(), _HOMES)
