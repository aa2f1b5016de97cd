"""Fields of a result that are made on first use."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydantic import PrivateAttr

from .exceptions import TaskFailed
from .result_fields import no_links, no_media
from .spillable import SpillableFields

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Self

    from .content.page import PageContent
    from .pending_content import PendingContent
    from .spill import SpillFile

logger = logging.getLogger(__name__)

CONTENT = ("cleaned_html", "fit_html", "markdown", "media", "links", "tables", "extracted_content")
LAZY = frozenset({*CONTENT, "metadata", "success", "error_message"})
"""Read from the content stages on first use, all of them at once."""
MOVED = {
    "fit_markdown": "use result.markdown.fit_markdown",
    "markdown_v2": "use result.markdown, which has raw_markdown, markdown_with_citations and the other parts",
}


PRIVATE = frozenset({"_pending", "_spilled"})
"""What a result notes about its fields."""


class LazyFields(SpillableFields):
    """The fields of a result, of which those that the content stages make may be pending."""

    _pending: PendingContent | None = PrivateAttr(default=None)

    @property
    def pending(self) -> PendingContent | None:
        """What the content stages have to work on, or None when this result is complete."""
        # Read where pydantic keeps it: the attribute goes through three __getattr__.
        private = self.__pydantic_private__
        return private["_pending"] if private else None

    def complete(self) -> Self:
        """Run the content stages if they are pending, in this thread. Returns the result itself; never raises.

        Where another thread is at it, this waits for what that one makes.
        """
        pending = self.pending
        if pending is not None:
            try:
                page = pending.extract()
            except Exception as error:  # noqa: BLE001 - what breaks the stages still has one result
                self._break(error)
            else:
                self.fill(page)
        return self

    async def acomplete(self) -> Self:
        """Do the same without holding up the event loop; ``await`` it before you read ``links`` in ``async def parse``.

        The stages run in a thread, on any event loop: asyncio with or without a reactor, and Twisted's other reactors.
        In a crawl with the add-on, a result of :meth:`CrawlResult.from_response` takes turns with the pages that
        :class:`~scrapy_crawl4.CrawlResultPipeline` works on, and the pipeline does nothing on it again.
        """
        pending = self.pending
        if pending is not None:
            await self.complete_by(pending.aextract())
        return self

    async def complete_by(self, work: Awaitable[PageContent]) -> None:
        """Fill this result with what *work* makes of its page; an error of it makes a failed result."""
        try:
            page = await work
        except Exception as error:  # noqa: BLE001 - as in complete()
            self._break(error)
        else:
            self.fill(page)

    def fill(self, page: PageContent) -> None:
        """Take over what the content stages made; fields that already have a value keep it (metadata is merged).

        Does nothing when the content is not pending.
        """
        if self.pending is None:
            return
        errors = "; ".join(f"Stage {name} failed: {text}" for name, text in page.stage_errors.items())
        values = {name: getattr(page, name) for name in CONTENT}
        self.__dict__["metadata"] = {**(page.metadata or {}), **(self.__dict__.get("metadata") or {})}
        self._fill(values, errors)

    def _break(self, error: Exception) -> None:
        if self.pending is None:
            return
        logger.error("The content stages failed for %s", self.url[:200], exc_info=error)
        empty = {"media": no_media(), "links": no_links(), "tables": []}
        told = str(error) if isinstance(error, TaskFailed) else f"The content stages failed: {type(error).__name__}"
        self._fill(empty, told)

    def _fill(self, values: dict[str, Any], error: str) -> None:
        values |= {"success": not error, "error_message": " ".join(error.split())}
        own = self.__dict__  # filled in place: another thread may be setting other fields
        for name in LAZY:
            own.setdefault(name, values.get(name))
        self.__pydantic_fields_set__.update(LAZY)
        self._pending = None

    def spill(self, file: SpillFile) -> int:  # noqa: D102 - described where it is inherited from
        return 0 if self.pending is not None else super().spill(file)

    if not TYPE_CHECKING:  # a declared __getattr__ would make type checkers accept every name

        def __getattr__(self, name: str) -> Any:
            # Only reached for names that are not in __dict__: complete results pay nothing for being lazy.
            if name in PRIVATE:  # pydantic comes to them by a longer way
                private = object.__getattribute__(self, "__pydantic_private__")
                if private is not None and name in private:
                    return private[name]
            if name in LAZY:
                self.complete()
                if name in self.__dict__:
                    return self.__dict__[name]
            if name in MOVED:
                raise AttributeError(f"CrawlResult has no attribute {name!r}: {MOVED[name]}")
            return super().__getattr__(name)
