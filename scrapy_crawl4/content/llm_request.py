"""One question to a model: tries, waits, and what went wrong as a sentence."""

from __future__ import annotations

import asyncio
import importlib
import json
import random
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ..exceptions import TaskFailed
from .llm import MASK, NO_TOKEN
from .llm_usage import TokenUsage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from .llm import LLMConfig
    from .llm_prompts import Messages

TIMEOUT = 600.0
"""Seconds that an answer may take, where ``extra_args`` has no ``timeout``."""
CONNECT_TIMEOUT = 10.0
LONGEST_WAIT = 600.0
"""Seconds that an endpoint may ask to wait; more is a failure."""
LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of an answer."""
LONGEST_DETAIL = 200
JITTER = 0.25
"""Share by which a wait is longer at most, so that pages that were refused together do not come back together."""
PASSING = frozenset({408, 409, 425, 429})
"""Statuses, beside those of 500 and above, that another try may change."""
SERVER_ERROR = 500
OF_THE_CLIENT = frozenset({"timeout", "extra_headers", "extra_query"})
"""Arguments that are not part of the request's body."""


class ModelError(TaskFailed):
    """A model gave no usable answer; the text says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A question.

    config: which model, and how.
    messages: what it is told.
    options: further arguments of the request, stronger than those of *config*.
    """

    config: LLMConfig
    messages: Messages
    options: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """What is sent beside the messages and the name of the model."""
        config = self.config
        most = "max_tokens"
        if config.vendor == "openai" and "//api.openai.com" in config.endpoint:
            # Its newer models refuse the old name.
            most = "max_completion_tokens"
        values: dict[str, Any] = {
            "temperature": config.temperature,
            most: config.max_tokens,
            "top_p": config.top_p,
            "frequency_penalty": config.frequency_penalty,
            "presence_penalty": config.presence_penalty,
            "stop": config.stop,
            "n": config.n,
        }
        values |= {name: value for name, value in self.options.items() if name not in OF_THE_CLIENT}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said.

    texts: its answers, as many as were asked for; none is empty.
    cut_off: whether the first one ended because it was too long.
    """

    texts: tuple[str, ...]
    usage: TokenUsage
    cut_off: bool = False


def check_options(owner: str, extra_args: Mapping[str, Any] | None) -> dict[str, Any]:
    """The further arguments of a request.

    :raises ValueError: *extra_args* is no dict of names, or has what is said elsewhere.
    """
    options = dict(extra_args or {})
    for name in options:
        if name in {"messages", "stream", "model", "api_key", "base_url"}:
            raise ValueError(f"extra_args of {owner} cannot hold {name!r}: it is made of llm_config and the page")
    return options


async def ask(chat: Chat, http: Any) -> bytes:
    """The answer as it came, after as many tries as the configuration allows.

    :raises ModelError: there is none.
    """
    config = chat.config
    delay = config.backoff_base_delay
    for left in range(config.backoff_max_attempts - 1, -1, -1):
        try:
            return await _once(chat, http)
        except _Failure as failure:
            if not (left and failure.passing):
                raise ModelError(failure.sentence) from None
            wait = delay if failure.retry_after is None else failure.retry_after
            if wait > LONGEST_WAIT:
                raise ModelError(f"{failure.sentence.rstrip('.')}, and wants {wait:.0f} s of patience.") from None
        await asyncio.sleep(wait * random.uniform(1.0, 1.0 + JITTER))  # noqa: S311 - no secret
        delay *= config.backoff_exponential_factor
    raise AssertionError("unreachable: the last try returns or raises")


class _Failure(Exception):  # noqa: N818 - the outcome of one try
    def __init__(self, sentence: str, *, passing: bool = False, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.passing = passing
        self.retry_after = retry_after


async def _once(chat: Chat, http: Any) -> bytes:
    try:
        token = chat.config.token()
    except ValueError as error:
        raise _Failure(f"{error}.") from None
    async with _told_as_failure(token), _client(chat, http, token) as client:
        options = {name: value for name, value in chat.options.items() if name in OF_THE_CLIENT}
        asking = client.chat.completions.with_streaming_response.create(
            model=chat.config.model, messages=chat.messages, extra_body=chat.body(), **options
        )
        async with asking as response:
            body = bytearray()
            async for piece in response.iter_bytes():
                body += piece
                if len(body) > LONGEST_ANSWER:
                    raise _Failure(f"The model's answer is longer than {LONGEST_ANSWER} bytes.")
            return bytes(body)


@asynccontextmanager
async def _client(chat: Chat, http: Any, token: str) -> AsyncIterator[Any]:
    """A client for one request; the connections are those of *http* and stay open."""
    openai = importlib.import_module("openai")
    yield openai.AsyncOpenAI(
        api_key=token,
        base_url=chat.config.endpoint,
        timeout=openai.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT),
        max_retries=0,
        http_client=http,
    )


@asynccontextmanager
async def _told_as_failure(token: str) -> AsyncIterator[None]:
    """Whatever goes wrong with a request becomes a :class:`_Failure`, which never shows the token."""
    openai = importlib.import_module("openai")
    try:
        yield
    except _Failure:
        raise
    except openai.APIStatusError as error:
        raise _refused(error, token) from None
    except (openai.APITimeoutError, TimeoutError):
        raise _Failure("The model did not answer in time.", passing=True) from None
    except Exception as error:  # noqa: BLE001 - the boundary of a try: transport errors of the client's own client
        if "Timeout" in type(error).__name__:
            raise _Failure("The model did not answer in time.", passing=True) from None
        if isinstance(error, (TypeError, ValueError)):
            sentence = f"The request to the model cannot be made: {_short(str(error), token)}."
            raise _Failure(sentence) from None
        cause = error.__cause__ or error
        sentence = f"The model's endpoint cannot be reached, or the connection broke: {type(cause).__name__}."
        raise _Failure(sentence, passing=True) from None


def _refused(error: Any, token: str) -> _Failure:
    """What an answer with an error status says."""
    status = int(error.status_code)
    detail = _detail(error.body)
    passing = (status in PASSING or status >= SERVER_ERROR) and getattr(error, "code", None) != "insufficient_quota"
    sentence = f"The model's endpoint answered HTTP {status}"
    shown = f"{sentence}: {_short(detail, token)}." if detail else f"{sentence}."
    return _Failure(shown, passing=passing, retry_after=_retry_after(error.response.headers))


def _detail(body: Any) -> str:
    """The message in the body of an error, in the forms that endpoints have for it."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict):
            inner = inner.get("message") or inner.get("detail")
        return inner if isinstance(inner, str) else ""
    return ""


def _short(text: str, token: str) -> str:
    if token != NO_TOKEN:
        text = text.replace(token, MASK)
    line = " ".join(text.split()).rstrip(". ")
    return line if len(line) <= LONGEST_DETAIL else f"{line[:LONGEST_DETAIL]}..."


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait, as a number or a date; None if it does not say."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124 - not a number


def read_answer(body: bytes, token: str = NO_TOKEN) -> Answer:
    """What the body of an answer says.

    :param token: never shown, should the endpoint repeat it.
    :raises ModelError: it is no answer of a chat, or an empty one.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise ModelError("The model's endpoint answered with something that is not JSON.") from None
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not choices:
        detail = _detail(data) if isinstance(data, dict) and "error" in data else ""
        raise ModelError(f"The model's endpoint gave no answer{f': {_short(detail, token)}' if detail else ''}.")
    texts = tuple(text for choice in choices if (text := _text(choice)).strip())
    reason = str(choices[0].get("finish_reason") or "unknown") if isinstance(choices[0], dict) else "unknown"
    if not texts:
        raise ModelError(f"The model gave no text (finish_reason: {_short(reason, token)}).")
    return Answer(texts, TokenUsage.read(data.get("usage")), cut_off=reason == "length")


def _text(choice: Any) -> str:
    """The text of one choice, which may come in parts."""
    message = choice.get("message") if isinstance(choice, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
