"""The names that users import from the package root."""

import importlib.metadata
import inspect
from pathlib import Path
from types import ModuleType

import scrapy_crawl4

# The contract, by group.
PROMISED = """
AsyncWebCrawler AsyncHTTPCrawlerStrategy AsyncPlaywrightCrawlerStrategy CrawlRun CrawlTask crawl_many
CrawlerRunConfig BrowserConfig HTTPCrawlerConfig ProxyConfig GeolocationConfig VirtualScrollConfig
CacheMode MatchMode DisplayMode
ProxyRotationStrategy RoundRobinProxyStrategy ProxyTurn
BaseDispatcher MemoryAdaptiveDispatcher SemaphoreDispatcher RateLimiter CrawlerMonitor
CrawlResult MarkdownGenerationResult DispatchResult SSLCertificate
DefaultMarkdownGenerator PruningContentFilter PruningContentFilterLXML BM25ContentFilter LLMContentFilter
MainContentFilter RelevantContentFilter TreeFilter FilterPage
WebScrapingStrategy LXMLWebScrapingStrategy PDFContentScrapingStrategy
JsonCssExtractionStrategy JsonXPathExtractionStrategy
JsonElementExtractionStrategy JsonLxmlExtractionStrategy
RegexExtractionStrategy LLMExtractionStrategy NoExtractionStrategy LLMConfig
RegexChunking IdentityChunking FixedLengthWordChunking SlidingWindowChunking OverlappingWindowChunking
DefaultTableExtraction NoTableExtraction process
Addon DispatchDownloader SemaphoreSlot MemoryThrottleMiddleware RateLimitMiddleware RunConfigMiddleware
CrawlResultPipeline
Crawl4Spider
UnsupportedOption
"""


ALIASES = {"LXMLWebScrapingStrategy", "PruningContentFilterLXML"}


def test_all_is_sorted_and_complete():
    assert scrapy_crawl4.__all__ == sorted(scrapy_crawl4.__all__)
    for name in scrapy_crawl4.__all__:
        assert getattr(scrapy_crawl4, name).__name__ == name or name in ALIASES
    public = {
        name
        for name, value in vars(scrapy_crawl4).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    helpers = {"annotations", "import_module", "TYPE_CHECKING", "Any"}
    assert public - helpers == set(scrapy_crawl4.__all__)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(scrapy_crawl4, "no_such_name")
    assert set(scrapy_crawl4.__all__) <= set(dir(scrapy_crawl4))


def test_promised_names_are_there():
    assert set(PROMISED.split()) - set(scrapy_crawl4.__all__) == set()
    assert [name for name in scrapy_crawl4.__all__ if not hasattr(scrapy_crawl4, name)] == []


def test_exported_names_are_documented():
    exported = {name: getattr(scrapy_crawl4, name) for name in scrapy_crawl4.__all__}
    callables = {name: value for name, value in exported.items() if callable(value)}
    assert [name for name, value in callables.items() if not inspect.getdoc(value)] == []


def test_distribution_is_installed_with_its_types_and_command():
    distribution = importlib.metadata.distribution("scrapy-crawl4")
    assert distribution.version == scrapy_crawl4.__version__
    assert (Path(scrapy_crawl4.__file__).parent / "py.typed").exists()
    (command,) = distribution.entry_points.select(group="scrapy.commands", name="crawl4")
    assert inspect.isclass(command.load())
