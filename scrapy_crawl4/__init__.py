"""crawl4ai's ``arun_many()`` for Scrapy: LLM-ready results for one URL or a hundred million."""

__version__ = "0.1.0"
