"""Settings of the project that real_docs.py runs `scrapy crawl` in."""

BOT_NAME = "docs"
SPIDER_MODULES = ["docs_spider"]
ADDONS = {"scrapy_crawl4.Addon": 500}
CRAWL4_MAX_SESSION_PERMIT = 32
ROBOTSTXT_OBEY = False
LOG_LEVEL = "WARNING"
