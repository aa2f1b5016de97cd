"""One session: fetch a page, judge the response, do its content work."""

from __future__ import annotations

import asyncio
import time
from random import uniform
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest

from ..browser import BrowserMissing, Downloads
from ..browser.errors import PageCrashed
from ..cache.answer import host_answer, is_cached
from ..cache.meta import ONLY_CACHED
from ..config.proxy_rotation import has_untried, is_blocked, most_retries
from ..content.llm_scope import asks_model
from ..dispatch import LOCAL, parse_retry_after
from ..downloadermiddlewares.http_cache import NotInCache
from ..errors import describe
from ..exceptions import TaskFailed
from ..meter import PageMeter, PageTooLarge
from ..results import CrawlResult
from .fallback import with_fallback
from .local import read_file
from .made import from_file, from_html, from_response
from .pages import local_page, page_request, with_captured
from .proxies import proxy_failure, proxy_used, status_of
from .requests import make_request, session_key
from .robots import LISTENER
from .tasks import raw_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.http import Response

    from ..browser.fetch import PageFetch
    from ..dispatch import Session
    from .runner import Runner
    from .tasks import Work

T = TypeVar("T")

FIRST_DELAY = 0.5
"""Seconds before the second try of a page that met a fault."""
LONGEST_DELAY = 30.0
FORBIDDEN = 403
SERVER_ERROR = 500


class SessionCrawl:
    """The work of one session; made for it and thrown away with it.

    :param runner: the run it belongs to.
    :param session: the permit it holds.
    """

    def __init__(self, runner: Runner, session: Session[Work]) -> None:
        self.bytes_received = 0
        self.delay = 0.0
        """Seconds until the next try, when there is to be one; 0 leaves it to dispatch."""
        self.left_cache = False
        """Whether the page was to come from the cache and is not there: its host has to be waited for."""
        self.moved = False
        """Whether the page is to be fetched in the other way: over HTTP instead of by the browser, or the reverse."""
        self.starved = False
        """Whether the page was ended because there was too little memory for all."""
        self._spared: CrawlResult | None = None
        self._ends_at = 0.0
        self._runner = runner
        self._session = session
        self._work = session.task

    async def run(self) -> CrawlResult | None:
        """Return the task's result, a failed one whatever went wrong; None when the task should be tried again."""
        key = session_key(self._work)
        if isinstance(key, int):
            return await self._in_time()
        # Other runs of this crawler may be in the same session; their pages end, so that this wait does too.
        async with self._runner.engine.sessions.turn(key):
            result = await self._in_time()
        if result is not None:
            result.session_id = key
        return result

    async def _in_time(self) -> CrawlResult | None:
        """Do what :meth:`run` says within what earlier tries left of ``page_timeout``."""
        work, now = self._work, asyncio.get_running_loop().time
        began = now()
        self._ends_at = began + work.seconds_left
        deadline = asyncio.timeout_at(self._ends_at)
        try:
            async with deadline:
                return await self._crawl()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary of a task: everything becomes its result
            if deadline.expired():
                return self._failed(f"The page took longer than {work.config.page_timeout / 1000:g} s (page_timeout).")
            return self._failed(describe(error), FORBIDDEN if _is_robots_refusal(error) else None)
        finally:
            work.seconds_left -= now() - began + self.delay
            # It refers to the task, whose cancellation refers to this frame: a cycle that would keep what has arrived
            # of the page until Python looks for cycles, and a process that waits for memory does not.
            del deadline

    async def _crawl(self) -> CrawlResult | None:
        work = self._work
        if work.kind != "http" and work.rendered:
            response, page = await local_page(work, self._runner.plan, self._runner.engine.browser)
            return await self._judge_page(response, page)
        if work.kind == "raw":
            html, base = raw_html(work.url), work.config.base_url or ""
            return await self._content(lambda: from_html(html, work, base))
        if work.kind == "file":
            response = await self._off_loop(lambda: read_file(work.url))
            self.bytes_received = len(response.body)
            return await self._content(lambda: from_file(response, work))
        if work.config.fallback_fetch_function is None:
            return await self._crawl_http()
        return await with_fallback(self._crawl_http, work, self._runner.plan.caller, self._content)

    async def _crawl_http(self) -> CrawlResult | None:
        work, engine = self._work, self._runner.engine
        if self._runner.auto.goes_back(work):
            return await self._move_to_http(None)
        request, page = self._request()
        meter = PageMeter(self._runner.driver, self._session)
        try:
            response = await engine.fetch(request, meter)
            meter.complete(len(response.body))
        except Exception as error:
            if await self._is_survived(request, error):
                return self._spared
            if told := proxy_failure(request, error):
                raise TaskFailed(told) from error
            raise
        finally:
            if isinstance(session_key(work), int):
                engine.forget_cookies(session_key(work))
        return await self._judge_fetched(request, response, page)

    def _request(self) -> tuple[Request, PageFetch | None]:
        """Return the request of this try, and what serves it in the browser, if that is to."""
        work, runner, job = self._work, self._runner, self._session.job
        page = None
        if work.rendered:
            request, page = page_request(work, runner.plan, runner.engine.browser, job.retries)
        else:
            request = make_request(work, runner.plan, job.retries)
        request.meta[LISTENER] = runner.slow_down
        request.meta[ONLY_CACHED] = job.host == LOCAL
        return request, page

    async def _is_survived(self, request: Request, error: Exception) -> bool:
        """Return whether the task goes on after *error*: with another try, or with what is in ``_spared``."""
        work, controller = self._work, self._runner.controller
        if isinstance(error, (BrowserMissing, Downloads)) and work.may_move:
            self._spared = await self._move_to_http(error)
            return True
        if isinstance(error, (PageTooLarge, BrowserMissing)) or _is_robots_refusal(error):
            return False
        self.left_cache = isinstance(error, NotInCache)
        self.starved = isinstance(error, PageCrashed) and controller.may_have_starved(self._session)
        if self.left_cache or self.starved:
            return True
        work.proxies_used.append(proxy_used(request, status_of(error)))
        controller.report(work.host, None, started_at=self._session.started_at)
        return self._may_try_again()

    async def _judge_fetched(self, request: Request, response: Response, page: PageFetch | None) -> CrawlResult | None:
        """Return the result of *response*, or None for another try."""
        work, auto = self._work, self._runner.auto
        self.bytes_received = len(response.body)
        if host_answer(response) is not None:
            work.proxies_used.append(proxy_used(request, response.status))
        if page is not None:
            if page.captured is not None:
                auto.shown(work)
            return await self._judge_page(response, page)
        if work.may_move and await auto.moves_to_browser(work, request, response, self._off_loop):
            self._report(response)
            self.moved = True
            return None
        return await self._judge(response)

    async def _move_to_http(self, error: TaskFailed | None) -> CrawlResult | None:
        """Return the result of the page as it came over HTTP, or None when it is still to be fetched that way."""
        response = self._runner.auto.moves_to_http(self._work, error)
        if response is not None:
            self.bytes_received = len(response.body)
            return await self._judge(response)
        self.moved = True
        return None

    async def _judge_page(self, response: Response, page: PageFetch) -> CrawlResult | None:
        """Return the result of what the browser showed, with what was captured of it."""
        self.bytes_received = len(response.body)
        work = self._work
        if work.kind == "http":
            result = await self._judge(response)
        elif work.kind == "raw":
            html, base = response.text, work.config.base_url or ""
            result = await self._content(lambda: from_html(html, work, base))
        else:
            result = await self._content(lambda: from_file(response, work))
        return None if result is None else with_captured(result, page)

    async def _judge(self, response: Response) -> CrawlResult | None:
        """Return the result, or None when the response asks for another try."""
        refused = self._report(response)
        if refused and self._runner.controller.may_retry(self._session):
            return None
        is_fault = response.status >= SERVER_ERROR and not refused
        if (is_fault or is_blocked(self._work.config, response.status)) and self._may_try_again():
            return None
        folder = self._runner.plan.http.downloads_path
        result = await self._content(lambda: from_response(response, self._work, folder), response)
        retries = self._session.job.retries
        if retries and not result.success:
            result.error_message = f"{result.error_message} after {retries} {'retries' if retries > 1 else 'retry'}"
        return result

    def _report(self, response: Response) -> bool:
        """Tell the controller how the host took it; return True if it refused the rate."""
        if (answer := host_answer(response)) is None:
            return False
        status, asked_for = answer
        landed = response.url != self._work.url and urlsplit(response.url).hostname
        host = landed or self._work.host
        retry_after = parse_retry_after(asked_for, time.time())
        started = self._session.started_at
        report = self._runner.controller.report
        if host != self._work.host:
            # The task waits for the host it names, which sent it to the one that refused.
            refused = report(host, status, started_at=started, retry_after=retry_after)
            # Both hosts learn of it, and it is one response.
            self._runner.controller.statistics.rate_limited -= refused
        refused = report(self._work.host, status, started_at=started, retry_after=retry_after)
        return refused and not is_cached(response)

    def _may_try_again(self) -> bool:
        """Whether a fault is to be followed by another try, after :attr:`delay`; there must be time for it."""
        retries, config = self._session.job.retries, self._work.config
        if retries >= most_retries(config):
            return False
        delay = 0.0 if has_untried(config, retries) else retry_delay(retries)
        if delay >= self._ends_at - asyncio.get_running_loop().time():
            return False
        self.delay = delay
        return True

    def _failed(self, message: str, status_code: int | None = None) -> CrawlResult:
        return CrawlResult.failed(self._work.url, message, status_code=status_code)

    async def _content(self, function: Callable[[], CrawlResult], response: Response | None = None) -> CrawlResult:
        """Complete the result of *function*, the content work on the page, where it may wait as long as it has to.

        :param response: what it is made of, if that came over HTTP.
        """
        runner = self._runner
        if response is not None and not asks_model(self._work.config):
            return await runner.work.on_fetched(self._session, function, runner.spilling, response)
        on_page = runner.work.on_waiting_page if asks_model(self._work.config) else runner.work.on_page
        return await on_page(self._session, function, runner.spilling)

    async def _off_loop(self, function: Callable[[], T]) -> T:
        """Run *function* on the engine's content thread."""
        return await self._runner.work.off_loop(self._session, function, self._runner.spilling)


def retry_delay(retries: int) -> float:
    """Return the seconds between a fault and the next try, after so many *retries*: they double, with jitter."""
    return min(FIRST_DELAY * 2.0 ** min(retries, 99), LONGEST_DELAY) * uniform(0.75, 1.25)  # noqa: S311 - jitter


def _is_robots_refusal(error: BaseException) -> bool:
    return isinstance(error, IgnoreRequest) and "robots.txt" in str(error)
