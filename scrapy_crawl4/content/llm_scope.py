"""What a page that asks models works in: its connections, its waits, its tokens."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .llm_request import Answer, Chat, ModelError, ask, read_answer
from .llm_session import CLOSED, ModelSession
from .llm_usage import TokenUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..config import CrawlerRunConfig
    from .page import PageContent

PARALLEL = 4
"""Questions of one page at a time, where a strategy has no bound of its own."""


class ModelScope:
    """The waits of one page; made for it and thrown away with it.

    :param session: the connections, which outlive the page.
    :param pause: called before the page waits, in its thread.
    :param resume: called when it goes on.
    """

    def __init__(
        self,
        session: ModelSession,
        pause: Callable[[], None] = lambda: None,
        resume: Callable[[], None] = lambda: None,
    ) -> None:
        self.usages: list[TokenUsage] = []
        """Tokens of each answer so far."""
        self._session = session
        self._pause = pause
        self._resume = resume
        self._lock = threading.Lock()
        self._cancelled = False
        self._future: Future[list[Answer | ModelError]] | None = None

    def ask(self, chats: Sequence[Chat], parallel: int = PARALLEL) -> list[Answer | ModelError]:
        """The answers to *chats*, in their order, or why there is none; waits for all of them.

        :param parallel: questions at a time.
        :raises ModelError: the run has ended.
        """
        if not chats:
            return []
        future = self._begin(chats, parallel)
        self._pause()
        try:
            answers = future.result()
        except CancelledError:
            raise ModelError(CLOSED) from None
        finally:
            self._resume()
        self.usages += [answer.usage for answer in answers if isinstance(answer, Answer)]
        return answers

    def _begin(self, chats: Sequence[Chat], parallel: int) -> Future[list[Answer | ModelError]]:
        with self._lock:
            if self._cancelled:
                raise ModelError(CLOSED)
            self._future = self._session.submit(lambda http: _ask_all(chats, parallel, http))
            return self._future

    def cancel(self) -> None:
        """End the wait at once, and all to come; from any thread, and also when nothing waits."""
        with self._lock:
            self._cancelled = True
            if self._future is not None:
                self._future.cancel()

    def note(self, content: PageContent) -> None:
        """Write the tokens of the page to its metadata, as ``llm_usage``."""
        if self.usages:
            total = TokenUsage.sum(self.usages)
            content.metadata["llm_usage"] = {
                "requests": len(self.usages),
                "prompt_tokens": total.prompt_tokens,
                "completion_tokens": total.completion_tokens,
                "total_tokens": total.total_tokens,
            }

    @contextmanager
    def entered(self) -> Iterator[ModelScope]:
        """Make this the scope of what the calling thread does."""
        token = _SCOPE.set(self)
        try:
            yield self
        finally:
            _SCOPE.reset(token)


_SCOPE: ContextVar[ModelScope] = ContextVar("scrapy_crawl4_model_scope")


@contextmanager
def model_scope() -> Iterator[ModelScope]:
    """The scope that the caller is in, or one for this call alone, which closes its connections."""
    scope = _SCOPE.get(None)
    if scope is not None:
        yield scope
        return
    with ModelSession() as session, ModelScope(session).entered() as scope:
        yield scope


def with_models(work: Callable[[], PageContent]) -> PageContent:
    """Do the *work* on a page whose stages ask models, and write to its metadata what they used."""
    with model_scope() as scope:
        content = work()
        scope.note(content)
        return content


def asks_model(config: CrawlerRunConfig) -> bool:
    """Whether pages of *config* wait for a model, so that they need a thread that may."""
    generator = config.markdown_generator
    parts = (
        config.extraction_strategy,
        config.table_extraction,
        generator,
        getattr(generator, "content_filter", None),
    )
    return any(getattr(part, "asks_model", False) for part in parts)


async def _ask_all(chats: Sequence[Chat], parallel: int, http: Any) -> list[Answer | ModelError]:
    turns = asyncio.Semaphore(parallel)

    async def one(chat: Chat) -> bytes | ModelError:
        async with turns:
            try:
                return await ask(chat, http)
            except ModelError as error:
                return error

    bodies = await asyncio.gather(*(one(chat) for chat in chats))
    return [_read(body, chat) for body, chat in zip(bodies, chats, strict=True)]


def _read(body: bytes | ModelError, chat: Chat) -> Answer | ModelError:
    if isinstance(body, ModelError):
        return body
    try:
        return read_answer(body, chat.config.token())
    except (ModelError, ValueError) as error:
        return ModelError(str(error))
