"""Which language model to ask, and how."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..config.base import Config, option
from ..config.checks import count, number, optional, real, refuse, text, texts
from ..exceptions import UnsupportedOption
from .llm_vendors import ALIASES, VENDORS, Vendor

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PROVIDER = "openai/gpt-4o"
FROM_ENVIRONMENT = "env:"
MASK = "***"
"""What stands for a token wherever a configuration is shown."""
NO_TOKEN = "no-token-needed"  # noqa: S105 - the client wants some text
INSTALL = 'pip install "scrapy-crawl4[llm]"'
MOST_PROBABLE = 1.0


def _token(name: str, value: Any) -> str:
    # The value itself must not get into a message.
    if not isinstance(value, str):
        kind = type(value).__name__
        raise ValueError(f"{name} must be a string, got a value of type {kind}")  # noqa: TRY004 - as all checks do
    if value == MASK:
        raise ValueError(f"{name} is only the mask that a dump shows in its place: give the token, or 'env:NAME'")
    if value.startswith(FROM_ENVIRONMENT) and not value.removeprefix(FROM_ENVIRONMENT).strip():
        raise ValueError(f"{name}='env:' must name the environment variable, as in 'env:OPENAI_API_KEY'")
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"{name} must consist of printable ASCII characters, as a header of HTTP does")
    return value


def _endpoint(name: str, value: Any) -> str:
    try:
        parts = urlsplit(text(name, value))
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        known = False
    if not known:
        refuse(name, "a URL such as 'http://localhost:11434/v1'", value)
    if parts.username or parts.password:
        raise ValueError(f"{name} must not hold a user name or password: give the secret as api_token")
    return str(value)


def _share(name: str, value: Any) -> float:
    return real(name, value) if 0 <= real(name, value) <= MOST_PROBABLE else refuse(name, "a number from 0 to 1", value)


def _stops(name: str, value: Any) -> list[str]:
    return [value] if isinstance(value, str) else texts(name, value)


class LLMConfig(Config):
    """Which language model to ask, and how: any endpoint that speaks OpenAI's chat protocol.

    *provider* is ``"vendor/model"``, such as ``"groq/llama-3.3-70b-versatile"``; the vendor says where the endpoint is
    and which environment variable holds the token. With *base_url* the endpoint is yours, and the name may be any that
    it knows. *api_token* is the token, or ``"env:NAME"`` for the environment variable that holds it, which is read when
    the model is asked; None takes the vendor's usual variable (``OPENAI_API_KEY``, ``GROQ_API_KEY``, ...).

    *temperature*, *max_tokens* (tokens of one answer), *top_p*, *frequency_penalty*, *presence_penalty*, *stop* and *n*
    are sent as they are; None leaves them to the endpoint. Of *n* answers the first usable one counts. A request that
    failed for the moment (429, 5xx, time, connection) is tried *backoff_max_attempts* times in all, after
    *backoff_base_delay* seconds at first and *backoff_exponential_factor* times as long after each failure, or when the
    endpoint says.

    The token is never shown: ``repr``, :meth:`to_dict` and :meth:`dump` have ``***`` in its place, or ``env:NAME``. A
    pickle holds what was given.

    :raises ValueError: a parameter has a value that cannot work; the sentence names it.
    """

    provider: str = option(default=DEFAULT_PROVIDER, check=text)
    api_token: str | None = option(default=None, check=optional(_token))
    base_url: str | None = option(default=None, check=optional(_endpoint))
    temperature: float | None = option(default=None, check=optional(number("temperature")))
    max_tokens: int | None = option(default=None, check=optional(count(1, "tokens")))
    top_p: float | None = option(default=None, check=optional(_share))
    frequency_penalty: float | None = option(default=None, check=optional(real))
    presence_penalty: float | None = option(default=None, check=optional(real))
    stop: list[str] | None = option(default=None, check=optional(_stops))
    n: int | None = option(default=None, check=optional(count(1, "answers")))
    backoff_base_delay: float = option(default=2, check=number("seconds"))
    backoff_max_attempts: int = option(default=3, check=count(1, "tries"))
    backoff_exponential_factor: float = option(default=2, check=number("times", positive=True))

    def __init__(
        self,
        provider: str = DEFAULT_PROVIDER,
        api_token: str | None = None,
        base_url: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        top_p: float | None = None,
        frequency_penalty: float | None = None,
        presence_penalty: float | None = None,
        stop: Sequence[str] | None = None,
        n: int | None = None,
        backoff_base_delay: float | None = None,
        backoff_max_attempts: int | None = None,
        backoff_exponential_factor: float | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in self._options and value is not None}
        if provider == DEFAULT_PROVIDER:
            del given["provider"]  # set_defaults() may have named another
        super().__init__(**given)
        self._check_together()

    def _check_together(self) -> None:
        if not self.provider.strip():
            raise ValueError("provider must be 'vendor/model', such as 'openai/gpt-4o', got an empty string")
        if not self.endpoint:
            known = ", ".join(sorted(name for name, vendor in VENDORS.items() if vendor.base_url))
            raise ValueError(
                f"provider={self.provider!r} needs a base_url, the URL of an OpenAI-compatible endpoint; known without "
                f"one, as in 'vendor/model', are {known}"
            )

    @property
    def vendor(self) -> str:
        """The vendor's name as in :data:`~scrapy_crawl4.content.llm_vendors.VENDORS`; "" if it is not known."""
        name, slash, model = self.provider.strip().partition("/")
        name = ALIASES.get(name.lower(), name.lower())
        return name if slash and model and name in VENDORS else ""

    @property
    def model(self) -> str:
        """The name of the model as the endpoint knows it."""
        provider = self.provider.strip()
        return provider.partition("/")[2] if self.vendor else provider

    @property
    def endpoint(self) -> str:
        """The base URL: *base_url*, or the vendor's; "" if neither is known. OpenAI's own variable counts too."""
        own = os.environ.get("OPENAI_BASE_URL", "") if self.vendor == "openai" else ""
        return self.base_url or own or VENDORS.get(self.vendor, Vendor()).base_url

    def token(self) -> str:
        """The token, read from the environment now if that is where it is.

        :raises ValueError: there is none, and the endpoint is one that needs it.
        """
        given = self.api_token or ""
        if given.startswith(FROM_ENVIRONMENT):
            name = given.removeprefix(FROM_ENVIRONMENT).strip()
            return os.environ.get(name) or _no_token(f"the environment variable {name} is not set")
        variables = VENDORS.get(self.vendor, Vendor()).variables
        token = given or next((value for name in variables if (value := os.environ.get(name))), "")
        if not token and variables and not self.base_url:
            _no_token(f"set {variables[0]}")
        return token or NO_TOKEN

    def check_ready(self) -> None:
        """Check that the model can be asked: the client is installed and there is a token.

        :raises UnsupportedOption: the client is not installed.
        :raises ValueError: there is no token.
        """
        if not is_installed("openai"):
            raise UnsupportedOption(f"Asking a language model needs the package openai: {INSTALL}")
        self.token()

    def to_dict(self) -> dict[str, Any]:
        """Return all parameters by name; the token is masked unless it is the name of a variable."""
        return self._masked(super().to_dict())

    def dump(self) -> dict[str, Any]:
        """Return ``{"type": ..., "params": ...}`` as JSON can say it, the token masked as in :meth:`to_dict`."""
        dumped = super().dump()
        return {**dumped, "params": self._masked(dumped["params"])}

    def __repr__(self) -> str:
        return f"LLMConfig({', '.join(f'{name}={value!r}' for name, value in self._masked(self._changed()).items())})"

    @staticmethod
    def _masked(values: dict[str, Any]) -> dict[str, Any]:
        token = values.get("api_token")
        if token and not token.startswith(FROM_ENVIRONMENT):
            return {**values, "api_token": MASK}
        return values


def is_installed(package: str) -> bool:
    """Whether *package* can be imported, which is not done."""
    return find_spec(package) is not None


def _no_token(why: str) -> Any:
    raise ValueError(f"LLMConfig has no api_token for this provider: {why}, or give api_token")


def ready_config(owner: str, config: LLMConfig | None) -> LLMConfig:
    """The configuration that *owner* asks by: *config*, or the default one for None.

    :raises ValueError: it is none, or has no token.
    :raises UnsupportedOption: the client is not installed.
    """
    if config is not None and not isinstance(config, LLMConfig):
        raise ValueError(f"llm_config of {owner} must be an LLMConfig, got a value of type {type(config).__name__}")
    ready = LLMConfig() if config is None else config.clone()
    ready.check_ready()
    return ready


def refuse_deprecated(owner: str, names: dict[str, Any]) -> None:
    """Raise for keyword arguments that *owner* does not know; those that moved to :class:`LLMConfig` say so.

    :raises TypeError: *names* is not empty.
    """
    for name in names:
        moved = {"api_base": "base_url"}.get(name, name)
        if moved in {"provider", "api_token", "base_url"}:
            raise TypeError(f"{owner} takes no {name!r}: write llm_config=LLMConfig({moved}=...)")
        raise TypeError(f"{owner} has no parameter {name!r}")
