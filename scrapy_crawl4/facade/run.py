"""What :meth:`AsyncWebCrawler.arun_many` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..finish import finish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Generator
    from types import TracebackType
    from typing import Self

    from ..dispatch import Progress
    from ..results import CrawlResult
    from .client import RunClient

T = TypeVar("T")


class _Results(list["CrawlResult"]):
    """All results of a run, for ``for`` and ``async for``: programs await a run with and without ``stream=True``."""

    async def __aiter__(self) -> AsyncIterator[CrawlResult]:
        for result in self:
            yield result


class CrawlRun:
    """A crawl of many URLs that can be awaited and iterated; nothing happens before one of the two.

    ``await run`` gives a list of results in input order, which ``async for`` takes as well, or, for a run made with
    ``stream=True``, the run itself.
    ``async for result in run`` always streams, in the order in which pages are done. ``async with run`` closes it.
    A run that is dropped, by ``break`` say, is ended at once; :meth:`aclose` also waits until nothing of it is left.
    """

    def __init__(self, client: RunClient, *, stream: bool) -> None:
        self._client = client
        self._stream = stream
        self._results: _Results | None = None

    @property
    def progress(self) -> Progress:
        """Where the run is: done, failed, waiting, in flight and more; a snapshot."""
        return self._client.progress

    def __await__(self) -> Generator[Any, None, Any]:
        return self._result().__await__()

    async def _result(self) -> list[CrawlResult] | CrawlRun:
        if self._stream:
            await self._closing_on_error(self._client.start())
            return self
        return await self._closing_on_error(self._collect())

    async def _collect(self) -> list[CrawlResult]:
        if self._results is None:
            if not self._client.started:
                self._client.take_together()
            results = _Results()
            while (result := await self._client.next()) is not None:
                results.append(result)
            results.sort(key=_position)
            self._results = results
        return self._results

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> CrawlResult:
        self._client.take_one_by_one()
        result = await self._closing_on_error(self._client.next())
        if result is None:
            raise StopAsyncIteration
        return result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is GeneratorExit:  # the loop is gone, and with it the way to wait
            self._client.abandon()
        else:
            await self.aclose()

    async def aclose(self) -> None:
        """End the run; returns when every fetch, timer and content job of it has ended. May be called again."""
        await finish(self._client.close())

    async def _closing_on_error(self, step: Awaitable[T]) -> T:
        try:
            return await step
        except GeneratorExit:
            self._client.abandon()  # as in __aexit__()
            raise
        except BaseException:
            await self.aclose()
            raise

    def __del__(self) -> None:
        if self._client.started and not self._client.ended:
            self._client.abandon()


def _position(result: CrawlResult) -> int:
    return -1 if result.index is None else result.index
