"""A run's tasks with ``render="auto"``: fetched over HTTP first, and shown in the browser if that gave nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..browser import BrowserMissing
from ..browser.auto import EXPECTED, RenderedHosts, why_browser
from ..config.rendering import AUTO
from ..errors import describe
from .pages import refusal
from .requests import session_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy import Request
    from scrapy.http import Response

    from ..exceptions import TaskFailed
    from .plan import Plan
    from .tasks import Work

    OffLoop = Callable[[Callable[[], str]], Awaitable[str]]

logger = logging.getLogger(__name__)


class AutoRender:
    """What a run knows of pages that are empty without scripts, and of its browser.

    :param plan: the run's.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._hosts = RenderedHosts()
        self._works = False
        self._missing = False

    def route(self, work: Work) -> None:
        """Decide where *work* begins."""
        if work.config.render != AUTO or work.kind != "http" or work.rendered:
            return
        if isinstance(session_key(work), str):
            work.rendered = True  # the tasks of a session go on with one page
            return
        work.may_move = True
        if not self._missing and self._hosts.expects_empty(work.host):
            work.rendered, work.because = True, EXPECTED

    async def moves_to_browser(self, work: Work, request: Request, response: Response, off_loop: OffLoop) -> bool:
        """Return whether *work* is to be started again in the browser, now that its page came over HTTP.

        :param off_loop: runs a function on another thread.
        """
        work.because = await off_loop(lambda: why_browser(response))
        if not work.because:
            self._hosts.learn(work.host, empty=False)
            return False
        if self._missing or refusal(self._plan, request):
            return False
        self._hosts.learn(work.host, empty=True)
        work.rendered = True
        # What the result is made of should there be no browser; a page that is fetched twice for that is none too many
        # later on, when it would have to end meanwhile.
        work.kept = None if self._works else response
        return True

    def shown(self, work: Work) -> None:
        """Take in that the browser showed the page of *work*."""
        self._works = True
        work.kept = None

    def goes_back(self, work: Work) -> bool:
        """Return whether *work* waited for the browser, and there is none."""
        return self._missing and work.rendered and work.may_move

    def moves_to_http(self, work: Work, error: TaskFailed | None) -> Response | None:
        """Take in that the browser cannot show the page of *work*, and return the response over HTTP if it is there.

        :param error: that there is no browser, or that this is no page; None where that is known.
        """
        if isinstance(error, BrowserMissing):
            self._warn(error)
        elif error is not None:
            self._hosts.learn(work.host, empty=False)
        work.may_move = work.rendered = False
        if work.because == EXPECTED:
            work.because = None
        kept, work.kept = work.kept, None
        return kept

    def _warn(self, error: BrowserMissing) -> None:
        if not self._missing:
            self._missing = True
            logger.warning(
                "render='auto' goes on without a browser, and pages that are empty until their scripts run stay so: %s",
                describe(error),
            )
