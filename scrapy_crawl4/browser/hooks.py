"""Functions of the user that are called while a page is shown."""

from __future__ import annotations

import asyncio
from difflib import get_close_matches
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from ..errors import describe
from ..finish import is_cancelled
from .errors import BrowserGone, PageFailed, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    Hook = Callable[..., Any]

NAMES = (
    "on_browser_created",
    "on_page_context_created",
    "on_user_agent_updated",
    "before_goto",
    "after_goto",
    "before_retrieve_html",
    "on_execution_started",
    "on_execution_ended",
    "before_return_html",
)
"""In the order in which they are called."""


class HookFailed(PageFailed):
    """A hook raised an error; the text names the hook and says what it raised."""


class Hooks:
    """The hooks of a crawler at one moment; a value, which is not changed.

    They are called with Playwright's objects, on the event loop where these live, with the arguments that crawl4ai
    gives them. What they return counts for nothing; an awaitable is awaited.

    :param functions: by name.
    """

    __slots__ = ("_functions",)

    def __init__(self, functions: Mapping[str, Hook] | None = None) -> None:
        self._functions: dict[str, Hook] = dict(functions or {})

    def __bool__(self) -> bool:
        return bool(self._functions)

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    @property
    def touch_pages(self) -> bool:
        """Whether one of them gets at pages, in which it may leave anything."""
        return any(name != "on_browser_created" for name in self._functions)

    def with_hook(self, name: str, function: Hook | None) -> Self:
        """Return these hooks with *function* as the one called *name*, in place of any other; None takes it away.

        :raises ValueError: for a *name* that no hook has.
        :raises TypeError: for a *function* that cannot be called.
        """
        if name not in NAMES:
            near = get_close_matches(str(name), NAMES, n=1)
            hint = f"did you mean {near[0]!r}? The hooks" if near else "the hooks"
            raise ValueError(f"There is no hook {name!r}: {hint} are {', '.join(NAMES)}.")
        others = {known: hook for known, hook in self._functions.items() if known != name}
        if function is None:
            return type(self)(others)
        if not callable(function):
            raise TypeError(f"The hook {name} must be a function or None, got {type(function).__name__}.")
        return type(self)(others | {name: function})

    async def call(self, name: str, subject: Any, **arguments: Any) -> None:
        """Call the hook *name*, if there is one, and await what it returns if that can be awaited.

        :param subject: its first argument: the page, or the browser.
        :raises HookFailed: with what it raises, as one sentence.
        :raises BrowserGone: when it failed because the browser is not there any more.
        """
        hook = self._functions.get(name)
        if hook is None:
            return
        try:
            outcome = hook(subject, **arguments)
            if isawaitable(outcome):
                await outcome
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            raise HookFailed(f"The hook {name} failed: it was cancelled from inside.") from error
        except Exception as error:  # a user's code, whatever it raises
            if _is_gone(subject):
                raise BrowserGone("The browser ended while the page was open.") from error
            raise HookFailed(f"The hook {name} failed: {_told(error)}") from error


NO_HOOKS = Hooks()
"""For a page that nobody has a hook for."""


def _is_gone(subject: Any) -> bool:
    """Tell whether the browser of *subject*, a page or the browser itself, has ended."""
    browser = subject if hasattr(subject, "is_connected") else subject.context.browser
    return browser is not None and not browser.is_connected()


def _told(error: Exception) -> str:
    # Playwright adds, in many lines, what it did meanwhile.
    if type(error).__module__.startswith("playwright."):
        return f"{first_line(str(error)).rstrip('. ')}."
    return describe(error)
