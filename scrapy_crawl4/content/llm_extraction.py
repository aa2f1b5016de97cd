"""Records by a language model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..config.checks import flag, number, optional, refuse, text
from . import llm_prompts
from .extraction import ExtractionStrategy
from .llm import ready_config, refuse_deprecated
from .llm_chunks import cut_text
from .llm_json import Reading, read_json
from .llm_request import Answer, Chat, ModelError, check_options
from .llm_scope import model_scope
from .llm_usage import CountsTokens, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .llm import LLMConfig

EXTRACTION_TYPES = ("schema", "block")
MOST_OVERLAP = 0.5
CUT_OFF = (
    "The model's answer was cut off: what is complete of it is here; raise max_tokens or lower chunk_token_threshold."
)

logger = logging.getLogger(__name__)


class LLMExtractionStrategy(CountsTokens, ExtractionStrategy):
    """Records that a language model reads from the page.

    The page is cut into pieces of *chunk_token_threshold* tokens; each is one request, four at a time. What comes back
    is in the order of the page: dictionaries, each with ``error``, which is False. (If the schema has a field of that
    name, the model's value stays.) A piece that failed, after all tries, is one dictionary in its place, with ``error``
    True, ``tags`` ``["error"]`` and a sentence as ``content``; if all failed, the stage fails. Items of an answer that
    was cut off are kept as far as they are complete, with such a dictionary behind them. Pieces overlap, so that an
    item may come twice. Nothing is checked against the schema.

    What the model is told holds the page's text, marked as data that gives no orders. That is no guarantee: a page can
    still talk a model into false records. Whatever it says, the records are only data, and nothing here acts on them.

    :param llm_config: which model; None asks OpenAI's ``gpt-4o``.
    :param instruction: what is wanted, in words.
    :param schema: a JSON Schema of one record, or a pydantic model class. Without it the model chooses the fields.
    :param extraction_type: ``"schema"``: records; ``"block"``: the page in blocks of ``index``, ``tags`` and
        ``content``, numbered through the page. With a *schema* it is always ``"schema"``.
    :param chunk_token_threshold: tokens in a piece, estimated.
    :param overlap_rate: share of a piece that the next one repeats, at most one half.
    :param word_token_rate: tokens in a word.
    :param apply_chunking: False sends the page whole.
    :param input_format: what the model reads: see :class:`~scrapy_crawl4.ExtractionStrategy`.
    :param force_json_response: asks the endpoint for a JSON object (``response_format``), where it can.
    :param extra_args: further arguments of each request, as the endpoint knows them, stronger than *llm_config*;
        ``timeout`` (seconds, 600 by default), ``extra_headers`` and ``extra_query`` are for the client.
    :param verbose: logs each answer at the level INFO instead of DEBUG.
    :raises ValueError: a parameter has a value that cannot work, or there is no token.
    :raises UnsupportedOption: the extra ``llm`` is not installed.
    """

    def __init__(
        self,
        llm_config: LLMConfig | None = None,
        instruction: str | None = None,
        schema: Mapping[str, Any] | type[BaseModel] | None = None,
        extraction_type: str = "schema",
        chunk_token_threshold: float = 2048,
        overlap_rate: float = 0.1,
        word_token_rate: float = 1.3,
        apply_chunking: bool = True,
        input_format: str = "markdown",
        force_json_response: bool = False,
        verbose: bool = False,
        extra_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_deprecated("LLMExtractionStrategy", kwargs)
        super().__init__(input_format, verbose=verbose)
        if extraction_type not in EXTRACTION_TYPES:
            refuse("extraction_type", "'schema' or 'block'", extraction_type)
        self.instruction = optional(text)("instruction", instruction)
        self.schema = _schema(schema)
        self.extract_type = "schema" if self.schema is not None else extraction_type
        self.chunk_token_threshold = number("tokens", positive=True)("chunk_token_threshold", chunk_token_threshold)
        self.overlap_rate = share("overlap_rate", overlap_rate)
        self.word_token_rate = number("tokens", positive=True)("word_token_rate", word_token_rate)
        self.apply_chunking = flag("apply_chunking", apply_chunking)
        self.force_json_response = flag("force_json_response", force_json_response)
        self.extra_args = check_options("LLMExtractionStrategy", extra_args)
        self.llm_config = ready_config("LLMExtractionStrategy", llm_config)
        self._tally = Tally()

    def extract(self, url: str, html: str, *q: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """What the model finds in one text, cut into pieces as :meth:`run` does.

        :raises TaskFailed: all pieces failed.
        """
        return self.run(url, [html])

    def run(self, url: str, sections: list[str], *q: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """What the model finds in all sections, which are joined and cut anew.

        :raises TaskFailed: all pieces failed.
        """
        size = self.chunk_token_threshold if self.apply_chunking else float("inf")
        pieces = cut_text(sections, size, self.overlap_rate, self.word_token_rate)
        with model_scope() as scope:
            answers = scope.ask([self._chat(url, piece) for piece in pieces])
        self._count(url, answers)
        found = [self._items(answer) for answer in answers]
        failures = [items[0] for items in found if len(items) == 1 and isinstance(items[0], ModelError)]
        if failures and len(failures) == len(found):
            raise failures[0]
        return self._in_order([item for items in found for item in items])

    def _chat(self, url: str, piece: str) -> Chat:
        messages = llm_prompts.extraction(
            url, piece, instruction=self.instruction, schema=self.schema, blocks=self.extract_type == "block"
        )
        forced = {"response_format": {"type": "json_object"}} if self.force_json_response else {}
        return Chat(self.llm_config, messages, forced | self.extra_args)

    def _count(self, url: str, answers: list[Answer | ModelError]) -> None:
        for number_, answer in enumerate(answers, 1):
            if isinstance(answer, Answer):
                self._tally.add(answer.usage)
            said = f"{answer.usage.total_tokens} tokens" if isinstance(answer, Answer) else str(answer)
            logger.log(
                logging.INFO if self.verbose else logging.DEBUG,
                "%s, part %d of %d: %s",
                url[:200],
                number_,
                len(answers),
                said,
            )

    def _items(self, answer: Answer | ModelError) -> list[dict[str, Any] | ModelError]:
        """The records of one answer, with errors where there should be some."""
        if isinstance(answer, ModelError):
            return [answer]
        try:
            reading = first_reading(answer)
        except ModelError as error:
            return [error]
        items = [self._item(record) for record in self._records(reading.value)]
        return items if reading.complete else [*items, ModelError(CUT_OFF)]

    def _item(self, record: Any) -> dict[str, Any] | ModelError:
        if not isinstance(record, dict):
            return ModelError(f"The model's answer has a {type(record).__name__} where an object was asked for.")
        return {"error": False} | record if "error" in self._fields else record | {"error": False}

    @property
    def _fields(self) -> frozenset[str]:
        properties = (self.schema or {}).get("properties")
        return frozenset(properties) if isinstance(properties, dict) else frozenset()

    def _records(self, value: list[Any] | dict[str, Any]) -> list[Any]:
        """The list inside an answer, whatever it is wrapped in."""
        if isinstance(value, list):
            return value
        asked = value.get("blocks" if self.extract_type == "block" else "extracted")
        if isinstance(asked, list):
            return asked
        parts = list(value.values())
        if len(parts) == 1 and isinstance(parts[0], list) and not value.keys() <= self._fields:
            return parts[0]
        return [value]

    def _in_order(self, items: list[dict[str, Any] | ModelError]) -> list[dict[str, Any]]:
        """*items* as they are given back: errors with their place, blocks numbered."""
        found = []
        for place, item in enumerate(items):
            if isinstance(item, ModelError):
                found.append({"index": place, "error": True, "tags": ["error"], "content": str(item)})
            else:
                found.append(_block(item, place) if self.extract_type == "block" else item)
        return found


def first_reading(answer: Answer) -> Reading:
    """The JSON of the first answer that has some.

    :raises ModelError: none has.
    """
    reason = ""
    for said in answer.texts:
        try:
            reading = read_json(said)
        except ValueError as error:
            reason = reason or str(error)
        else:
            return reading
    hint = ", which was cut off: raise max_tokens" if answer.cut_off else ""
    raise ModelError(f"The model's answer cannot be read: {reason}{hint}.")


def share(name: str, value: Any) -> float:
    """Accept a share from 0 up to one half."""
    checked: float = number("share")(name, value)
    return checked if checked <= MOST_OVERLAP else refuse(name, f"a share from 0 to {MOST_OVERLAP}", value)


def _schema(schema: Any) -> dict[str, Any] | None:
    if schema is None:
        return None
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return schema.model_json_schema()
    if not isinstance(schema, dict):
        refuse("schema", "a JSON Schema as a dict, or a pydantic model class", schema)
    return dict(schema) or None


def _block(item: dict[str, Any], place: int) -> dict[str, Any]:
    """A block with the three fields that it always has."""
    tags = item.get("tags", [])
    return {"content": "", **item, "index": place, "tags": tags if isinstance(tags, list) else [tags]}
