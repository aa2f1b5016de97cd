"""The settings about the browser, from whatever a settings file or a command line can say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..user_agents import RANDOM, any_user_agent
from .browser import BrowserConfig
from .checks import refuse
from .rendering import BROWSER, HTTP

RULE = "a BrowserConfig, a dict of its parameters, such a dict as JSON, or the import path of one of these"


def read_browser(name: str, value: Any) -> BrowserConfig:
    """Return the configuration that the setting *name* gives.

    :raises ValueError: for what is none.
    """
    found = _loaded(name, value) if isinstance(value, str) else value
    if isinstance(found, BrowserConfig):
        return with_user_agent(found.clone())
    if not isinstance(found, Mapping):
        refuse(name, RULE, value)
    try:
        return with_user_agent(BrowserConfig(**found))
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error


def with_user_agent(config: BrowserConfig) -> BrowserConfig:
    """Return *config* with what is chosen once for a crawler: the random user agent that it asks for."""
    if config.user_agent_mode == RANDOM and config.user_agent is None:
        return config.clone(user_agent=any_user_agent(config.user_agent_generator_config))
    return config


def read_render(name: str, value: Any) -> str:
    """Return where pages are fetched that do not say it themselves.

    :raises ValueError: for anything but ``"http"``, ``"browser"`` and ``"auto"``.
    """
    return str(value) if value in (HTTP, BROWSER, "auto") else refuse(name, "'http', 'browser' or 'auto'", value)


def _loaded(name: str, text: str) -> Any:
    """Return what *text* stands for: JSON, as the command line gives it, or an import path."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            refuse(name, RULE, text)
    module, _, attribute = text.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except (AttributeError, ImportError, ValueError):
        refuse(name, RULE, text)
