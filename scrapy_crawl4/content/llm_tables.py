"""Tables read by a language model."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import turbohtml
from turbohtml import Element, SelectorSyntaxError

from ..config.checks import count, flag, number, optional, text
from . import llm_prompts
from .llm import ready_config, refuse_deprecated
from .llm_chunks import count_tokens
from .llm_extraction import first_reading
from .llm_grid import merge_grids, read_grid
from .llm_request import Answer, Chat, ModelError, check_options
from .llm_scope import model_scope
from .llm_table_parts import table_parts
from .llm_usage import CountsTokens, Tally
from .tables import TableExtractionStrategy, table_data, table_score

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from turbohtml import Node

    from .llm import LLMConfig
    from .llm_scope import ModelScope

WORD_TOKEN_RATE = 1.3
DEFAULT_SCORE = 7
"""The configuration's threshold when nobody set it."""
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_LEAST_CELLS = 2

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Part:
    """A part of a table on its way: what the model is told next, and the grid once it is there."""

    table: int
    messages: llm_prompts.Messages
    grid: dict[str, Any] | None = None
    reason: str = ""


class LLMTableExtraction(CountsTokens, TableExtractionStrategy):
    """Tables whose cells a language model lays into a grid: for tables that no rule can read.

    Every table of the page, or of what *css_selector* matches, is a request of its own; tables inside tables belong to
    the outer one. Tables with a layout role, or fewer than two cells, are left out, and those whose score is below the
    configuration's ``table_score_threshold`` if that is not its default. A table longer than *chunk_token_threshold*
    tokens is asked for in parts that have the header rows of the whole, cut where no cell spans the cut.

    An answer counts if it is a grid: as many cells in each row as there are headers. Otherwise the model is told what
    is wrong and asked again. A table that it could not read in *max_tries* answers is read as
    :class:`~scrapy_crawl4.DefaultTableExtraction` does, with the reason as ``llm_error`` in its ``metadata``; if that
    is so for all tables, the stage fails. That the cells are the page's is not checked, and a page can talk a model
    into others.

    :param llm_config: which model; None asks OpenAI's ``gpt-4o``.
    :param css_selector: where to look for tables; None looks everywhere.
    :param max_tries: answers of a part at most.
    :param enable_chunking: False asks for each table as a whole.
    :param chunk_token_threshold: tokens in a part, estimated.
    :param min_rows_per_chunk: rows that a part has at least.
    :param max_parallel_chunks: requests of one page at a time.
    :param verbose: logs what was wrong with answers at the level INFO instead of DEBUG.
    :param extra_args: further arguments of each request, as with :class:`~scrapy_crawl4.LLMExtractionStrategy`.
        Requests ask for a JSON object; an endpoint that cannot do that wants ``{"response_format": None}``.
    :raises ValueError: a parameter has a value that cannot work, or there is no token.
    :raises UnsupportedOption: the extra ``llm`` is not installed.
    """

    def __init__(
        self,
        llm_config: LLMConfig | None = None,
        css_selector: str | None = None,
        max_tries: int = 3,
        enable_chunking: bool = True,
        chunk_token_threshold: float = 3000,
        min_rows_per_chunk: int = 10,
        max_parallel_chunks: int = 5,
        verbose: bool = False,
        extra_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_deprecated("LLMTableExtraction", kwargs)
        self.css_selector = optional(text)("css_selector", css_selector)
        try:
            turbohtml.Element("div").matches(css_selector or "*")
        except SelectorSyntaxError as error:
            raise ValueError(f"css_selector is not valid: {error}") from None
        self.max_tries = count(1, "tries")("max_tries", max_tries)
        self.enable_chunking = flag("enable_chunking", enable_chunking)
        self.chunk_token_threshold = number("tokens", positive=True)("chunk_token_threshold", chunk_token_threshold)
        self.min_rows_per_chunk = count(1, "rows")("min_rows_per_chunk", min_rows_per_chunk)
        self.max_parallel_chunks = count(1, "requests")("max_parallel_chunks", max_parallel_chunks)
        self.verbose = verbose
        self.extra_args = {"response_format": {"type": "json_object"}}
        self.extra_args |= check_options("LLMTableExtraction", extra_args)
        self.llm_config = ready_config("LLMTableExtraction", llm_config)
        self._tally = Tally()

    def extract_tables(self, element: Node, **kwargs: Any) -> list[dict[str, Any]]:
        """The tables below *element*, in document order.

        :raises TaskFailed: the model read none of them.
        """
        threshold = kwargs.get("table_score_threshold", DEFAULT_SCORE)
        tables = [table for table in self._tables(element) if _is_asked_for(table, threshold)]
        parts = [part for place, table in enumerate(tables) for part in self._parts(place, table)]
        with model_scope() as scope:
            for _ in range(self.max_tries):
                self._ask([part for part in parts if part.grid is None], scope)
        found = [_merged(table, [part for part in parts if part.table == place]) for place, table in enumerate(tables)]
        errors = [reason for table in found if (reason := table["metadata"].get("llm_error"))]
        if errors and len(errors) == len(found):
            raise ModelError(errors[0])
        return found

    def _tables(self, element: Node) -> list[Element]:
        """The outermost tables in what is looked at."""
        places: Iterable[Any] = element.select(self.css_selector) if self.css_selector else [element]
        found: dict[Node, Element] = {}
        for place in places:
            own = [place] if isinstance(place, Element) and place.tag == "table" else []
            found |= {table: table for table in (*own, *place.find_all("table"))}
        return [table for table in found.values() if not _is_inside(table, found)]

    def _parts(self, place: int, table: Element) -> list[_Part]:
        limit = self.chunk_token_threshold if self.enable_chunking else float("inf")
        pieces = [table.html]
        if count_tokens(table.html, WORD_TOKEN_RATE) > limit:
            pieces = table_parts(table, limit / WORD_TOKEN_RATE, self.min_rows_per_chunk)
        return [_Part(place, llm_prompts.table(html, number_, len(pieces))) for number_, html in enumerate(pieces, 1)]

    def _ask(self, parts: list[_Part], scope: ModelScope) -> None:
        """Ask for the parts that are still missing, once."""
        chats = [Chat(self.llm_config, part.messages, self.extra_args) for part in parts]
        for part, answer in zip(parts, scope.ask(chats, self.max_parallel_chunks), strict=True):
            try:
                part.grid = self._grid(answer)
            except ModelError as error:
                part.reason = str(error)
                logger.log(logging.INFO if self.verbose else logging.DEBUG, "Table %d: %s", part.table + 1, error)
                if isinstance(answer, Answer):
                    part.messages = llm_prompts.again(part.messages, answer.texts[0], part.reason.rstrip("."))

    def _grid(self, answer: Answer | ModelError) -> dict[str, Any]:
        if isinstance(answer, ModelError):
            raise answer
        self._tally.add(answer.usage)
        reading = first_reading(answer)
        if not reading.complete:
            raise ModelError("The model's answer was cut off: raise max_tokens or lower chunk_token_threshold.")
        return read_grid(reading.value)


def _is_asked_for(table: Element, threshold: float) -> bool:
    """Whether a model should see *table*: it holds data as far as anybody can tell without one."""
    if (table.attr("role") or "").strip().lower() in _LAYOUT_ROLES:
        return False
    cells = [cell for cell in table.find_all(["td", "th"]) if cell.text.strip()]
    if len(cells) < _LEAST_CELLS:
        return False
    return threshold == DEFAULT_SCORE or table_score(table, table.rows()) >= threshold


def _is_inside(table: Element, others: Container[Node]) -> bool:
    parent = table.parent
    return isinstance(parent, Element) and parent.closest("table") in others


def _merged(table: Element, parts: list[_Part]) -> dict[str, Any]:
    """The table that its parts make, or what rules can read of it if one of them is missing."""
    try:
        merged = merge_grids([_grid_of(part) for part in parts])
    except ModelError as error:
        merged = table_data(table)
        merged["metadata"]["llm_error"] = str(error)
        return merged
    merged["metadata"] |= {name: value for name in ("id", "class") if (value := table.attr(name))}
    return merged


def _grid_of(part: _Part) -> dict[str, Any]:
    if part.grid is None:
        raise ModelError(part.reason)
    return part.grid
