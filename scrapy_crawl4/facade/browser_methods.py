"""What a crawler can be asked to do with its browser."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exceptions import UnsupportedOption

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from .engine import Engine
    from .strategy import AsyncHTTPCrawlerStrategy, AsyncPlaywrightCrawlerStrategy


class BrowserMethods:
    """Hooks and sessions of :class:`AsyncWebCrawler`."""

    crawler_strategy: AsyncHTTPCrawlerStrategy | AsyncPlaywrightCrawlerStrategy
    _engine: Engine | None

    def set_hook(self, name: str, hook: Callable[..., Any] | None) -> None:
        """Have *hook* called, as :meth:`AsyncPlaywrightCrawlerStrategy.set_hook` of ``crawler_strategy`` says."""
        self.crawler_strategy.set_hook(name, hook)

    async def storage_state(
        self, session_id: str | None = None, *, path: str | os.PathLike[str] | None = None
    ) -> dict[str, Any]:
        """Return what the pages of a session have stored, for the ``storage_state`` of another ``BrowserConfig``.

        Waits for the task that is on the session.

        :param session_id: of tasks that the browser did; None is for a profile, which all pages share.
        :param path: a file to write it to as well, as JSON.
        :returns: ``{"cookies": [...], "origins": [{"origin": ..., "localStorage": [...]}]}``.
        :raises ValueError: when the browser knows no such session.
        :raises OSError: when *path* cannot be written.
        """
        try:
            state: dict[str, Any] = await self._on_session(_state, session_id)
        except LookupError:
            named = "profile: name a session" if session_id is None else f"session {session_id!r}"
            raise ValueError(f"The browser has no {named}.") from None
        if path is not None:
            await asyncio.to_thread(Path(path).write_text, json.dumps(state), "utf-8")
        return state

    async def kill_session(self, session_id: str) -> None:
        """End a session: its page is closed, and its cookies and storage are forgotten, over HTTP too.

        Waits for the task that is on it. A session that is not known is none to end.
        """
        try:
            await self._on_session(_end, session_id)
        except LookupError:  # the crawler has done nothing yet
            return

    async def _on_session(self, step: Callable[[Engine, Any], Any], session_id: str | None) -> Any:
        engine = self._engine
        if engine is None or engine.is_over:
            raise LookupError
        if not engine.has_sessions:
            raise UnsupportedOption("Sessions can be read and ended with engines=1 only: they are in other processes.")
        return await engine.home.run(_in_turn(engine, step, session_id))


async def _in_turn(engine: Engine, step: Callable[[Engine, Any], Any], session_id: str | None) -> Any:
    await engine.open()
    if session_id is None:
        return await step(engine, session_id)
    async with engine.sessions.turn(session_id):
        return await step(engine, session_id)


async def _state(engine: Engine, session_id: str | None) -> Any:
    return await engine.browser.state(session_id)


async def _end(engine: Engine, session_id: str) -> None:
    engine.forget_cookies(session_id)
    await engine.browser.end_session(session_id)
