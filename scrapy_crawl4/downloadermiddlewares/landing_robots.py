"""robots.txt for the addresses that redirects led the browser to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware

from ..browser.landing import landings
from .asked_robots import AskedRobotsTxtMiddleware

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from ..config import CrawlerRunConfig


class LandingRobots:
    """Asks robots.txt afterwards for the redirects of the browser, which no middleware sees.

    :param crawler: whose requests they are.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._asked: RobotsTxtMiddleware | None = None

    async def check(self, request: Request, response: Response, config: CrawlerRunConfig | None) -> None:
        """Ask for each address behind that of *request*.

        :raises IgnoreRequest: when robots.txt forbids one.
        """
        robots = self._crawler.get_downloader_middleware(RobotsTxtMiddleware)
        if robots is None:
            if config is None or not config.check_robots_txt:
                return
            robots = self._asked = self._asked or AskedRobotsTxtMiddleware.from_crawler(self._crawler)
        for landing in landings(request, response):
            await robots.process_request(landing)
