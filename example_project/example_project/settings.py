"""An ordinary Scrapy project, and one line."""

BOT_NAME = "example_project"
SPIDER_MODULES = ["example_project.spiders"]
NEWSPIDER_MODULE = "example_project.spiders"
USER_AGENT = "example_project (a crawler that visits only its own pages)"
ROBOTSTXT_OBEY = True
LOG_LEVEL = "INFO"

# The one line: dispatcher, rate limits and results of scrapy-crawl4.
ADDONS = {"scrapy_crawl4.Addon": 500}

# All else is optional. These two are here to be played with.
CRAWL4_DISPATCHER = "scrapy_crawl4.MemoryAdaptiveDispatcher"
CRAWL4_MAX_SESSION_PERMIT = 8
# Three dispatchers of your own kind are in dispatchers.py, such as "example_project.dispatchers.TimeOfDay".
