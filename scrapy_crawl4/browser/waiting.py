"""What a page is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .js import script
from .scripts import ScriptError, evaluate, is_ours, said

if TYPE_CHECKING:
    from playwright.async_api import Page

LONGEST_IMAGES = 5.0
"""Seconds that pictures have to load."""
LONGEST_TOLD = 80
"""Characters of a condition in a message."""


async def wait_for(page: Page, condition: str, longest: float | None = None) -> None:
    """Wait until there is what *condition* asks for, as long as the task has time.

    :param condition: ``css:`` and a selector, ``js:`` and a function or an expression; without either, a selector,
        or a function if it reads like one.
    :param longest: milliseconds that it may take; None for all the time of the task.
    :raises ScriptError: when it cannot be waited for, or takes longer.
    """
    from playwright.async_api import Error
    from playwright.async_api import TimeoutError as TooLong

    kind, rest = _kind(condition.strip())
    if kind == "js" and not rest:  # would be waited for without end
        raise ScriptError("wait_for failed: there is no JavaScript behind 'js:'.")
    try:
        if kind == "css":
            await page.wait_for_selector(rest, state="attached", timeout=longest or 0)
        else:
            await page.wait_for_function(rest, timeout=longest or 0)
    except TooLong as error:
        what = "appear" if kind == "css" else "come true"
        limit = f"{(longest or 0) / 1000:g} s (wait_for_timeout)"
        raise ScriptError(f"wait_for: '{_short(condition)}' did not {what} within {limit}.") from error
    except Error as error:
        if is_ours(error):
            raise
        raise ScriptError(f"wait_for failed: {_told(error)}.") from error


async def wait_for_images(page: Page, *, everywhere: bool) -> None:
    """Wait until the pictures of the page are loaded or have failed, but not for ever.

    :param everywhere: whether those that load on sight are waited for where they are not in sight.
    """
    await evaluate(page, script("images"), {"all": everywhere, "longest": LONGEST_IMAGES * 1000})


def _kind(condition: str) -> tuple[str, str]:
    kind, found, rest = condition.partition(":")
    if found and kind in {"css", "js"}:
        return kind, rest.strip()
    reads_like_code = condition.startswith(("()", "function", "async")) or "=>" in condition
    return ("js" if reads_like_code else "css"), condition


def _told(error: Exception) -> str:
    """Return without its stop what Playwright says, and without what it asks whom it takes for the author of a test."""
    return said(error).partition(" Did you mean")[0].rstrip(". ?")


def _short(condition: str) -> str:
    line = " ".join(condition.split())
    return line if len(line) <= LONGEST_TOLD else f"{line[: LONGEST_TOLD - 3]}..."
