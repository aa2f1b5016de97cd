"""What a language model chooses."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from ..config.checks import number, optional, text
from ..exceptions import UnsupportedOption
from . import llm_prompts
from .filters import RelevantContentFilter
from .llm import INSTALL, is_installed, ready_config, refuse_deprecated
from .llm_chunks import cut_text
from .llm_extraction import share
from .llm_json import without_thoughts
from .llm_request import Answer, Chat, ModelError, check_options
from .llm_scope import model_scope
from .llm_usage import CountsTokens, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .llm import LLMConfig

_OPENING = re.compile(r"<content>")
_CLOSING = "</content>"
_FENCE = re.compile(r"(```+|~~~+)(?:markdown|md)[ \t]*\n(.*?)\n?\1", re.DOTALL)

logger = logging.getLogger(__name__)


class LLMContentFilter(CountsTokens, RelevantContentFilter):
    """Keeps what a language model chooses, as the Markdown that the model writes.

    ``fit_markdown`` is that Markdown, as it came; ``fit_html`` is rendered from it, with HTML in it shown as text. The
    model reads the cleaned HTML, whole unless *chunk_token_threshold* says otherwise. If a piece fails, after all
    tries, the stage fails: content with a hole in it is not shown as whole. Neither is content that was cut off because
    it became too long.

    What the model is told holds the page's HTML, marked as data that gives no orders. That is no guarantee: a page can
    still talk a model into writing something else than its content.

    :param llm_config: which model; None asks OpenAI's ``gpt-4o``.
    :param instruction: what is worth reading, in words; None keeps the content and leaves out what surrounds it.
    :param chunk_token_threshold: tokens in a piece, estimated.
    :param overlap_rate: share of a piece that the next one repeats, at most one half.
    :param word_token_rate: tokens in a word.
    :param verbose: logs each answer at the level INFO instead of DEBUG.
    :param logger: an object with ``info`` and ``debug`` methods, such as Python's, that is told instead.
    :param ignore_cache: answers are never kept, so that it can only be True.
    :param extra_args: further arguments of each request, as with :class:`~scrapy_crawl4.LLMExtractionStrategy`.
    :raises ValueError: a parameter has a value that cannot work, or there is no token.
    :raises UnsupportedOption: the extra ``llm`` is not installed, or *ignore_cache* is False.
    """

    def __init__(
        self,
        llm_config: LLMConfig | None = None,
        instruction: str | None = None,
        chunk_token_threshold: float = 10**9,
        overlap_rate: float = 0.1,
        word_token_rate: float = 1.3,
        verbose: bool = False,
        logger: Any = None,
        ignore_cache: bool = True,
        extra_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_deprecated("LLMContentFilter", kwargs)
        super().__init__(verbose=verbose, logger=logger)
        if not ignore_cache:
            raise UnsupportedOption("LLMContentFilter keeps no answers: leave ignore_cache at True")
        if not is_installed("markdown_it"):
            raise UnsupportedOption(f"LLMContentFilter needs the package markdown-it-py: {INSTALL}")
        self.instruction = optional(text)("instruction", instruction)
        self.chunk_token_threshold = number("tokens", positive=True)("chunk_token_threshold", chunk_token_threshold)
        self.overlap_rate = share("overlap_rate", overlap_rate)
        self.word_token_rate = number("tokens", positive=True)("word_token_rate", word_token_rate)
        self.ignore_cache = ignore_cache
        self.extra_args = check_options("LLMContentFilter", extra_args)
        self.llm_config = ready_config("LLMContentFilter", llm_config)
        self._tally = Tally()

    def filter_content(self, html: str, min_word_threshold: int | None = None) -> list[str]:
        """The chosen content of *html* as Markdown, one text for each piece; empty if nothing was chosen.

        :raises TaskFailed: the model could not be asked, or gave no usable answer.
        """
        pieces = cut_text([html], self.chunk_token_threshold, self.overlap_rate, self.word_token_rate)
        with model_scope() as scope:
            answers = scope.ask([self._chat(piece) for piece in pieces])
        blocks = [self._block(answer, number_, len(answers)) for number_, answer in enumerate(answers, 1)]
        return [block for block in blocks if block and len(block.split()) >= (min_word_threshold or 0)]

    def fit(self, html: str) -> tuple[str, str]:
        """``fit_markdown`` and ``fit_html`` of *html*.

        :raises TaskFailed: as :meth:`filter_content`.
        """
        markdown = "\n\n".join(self.filter_content(html))
        return (markdown, render(markdown)) if markdown else ("", "")

    def _chat(self, piece: str) -> Chat:
        messages = llm_prompts.content_filter(piece, instruction=self.instruction)
        return Chat(self.llm_config, messages, self.extra_args)

    def _block(self, answer: Answer | ModelError, part: int, parts: int) -> str:
        """The Markdown in one answer."""
        if isinstance(answer, ModelError):
            raise answer
        self._tally.add(answer.usage)
        log = self.logger or logger
        tell = log.info if self.verbose else log.debug
        tell(f"Content filter, part {part} of {parts}: {answer.usage.total_tokens} tokens")
        if answer.cut_off:
            raise ModelError("The model's answer was cut off: raise max_tokens or lower chunk_token_threshold.")
        return content_of(answer.texts[0])


def content_of(answer: str) -> str:
    """The Markdown in an answer: what stands in its ``<content>``, or all of it if there is none."""
    answer = without_thoughts(answer)
    opening = _OPENING.search(answer)
    if opening:
        inside = answer[opening.end() :]
        answer = inside[:end] if (end := inside.rfind(_CLOSING)) >= 0 else inside
    answer = answer.strip()
    fenced = _FENCE.fullmatch(answer)
    return fenced[2].strip() if fenced else answer


def render(markdown: str) -> str:
    """HTML of *markdown*; HTML in it becomes text, and links that run scripts are not links."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - of the extra

    rendered: str = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(markdown)
    return rendered.strip()
