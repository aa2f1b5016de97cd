"""What runs in a page: the user's JavaScript, conditions to wait for, scrolling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from playwright.async_api import Page

SCROLL = """async () => {
    const pause = () => new Promise(done => setTimeout(done, 200));
    const height = () => document.documentElement.scrollHeight;
    for (let y = 0; y < height(); y += window.innerHeight) {
        window.scrollTo(0, y);
        await pause();
    }
    window.scrollTo(0, height());
    await pause();
    window.scrollTo(0, 0);
}"""
"""Scrolls as far as the page goes, which may grow meanwhile, and back to the top."""


class ScriptError(Exception):
    """A script or a condition of the user's failed; the text says how, in a line."""


async def run_scripts(page: Page, code: str | Sequence[str]) -> list[Any]:
    """Run each script of *code* in the page, one after another, and return what they return.

    A script is an expression, or the body of a function that may ``return`` a value and ``await`` others.

    :raises ScriptError: when one throws or cannot be read.
    """
    return [await _run(page, script) for script in ([code] if isinstance(code, str) else code)]


async def _run(page: Page, script: str) -> Any:
    from playwright.async_api import Error

    body = script.strip().rstrip(";")
    try:
        return await page.evaluate(f"async () => (\n{body}\n)")
    except Error as error:
        # It was not even read, so that nothing of it ran.
        if not _was_not_read(error):
            raise ScriptError(_said(error)) from error
    try:
        return await page.evaluate(f"async () => {{\n{script}\n}}")
    except Error as error:
        raise ScriptError(_said(error)) from error


def _was_not_read(error: Exception) -> bool:
    # One that is thrown while a script runs has a place in the script.
    return "SyntaxError" in str(error) and "eval at" not in str(error)


def _said(error: Exception) -> str:
    return first_line(str(error)).rstrip(". ")


async def wait_for(page: Page, condition: str) -> None:
    """Wait until there is what *condition* asks for, as long as the task has time.

    :param condition: ``css:`` and a selector, ``js:`` and a function or an expression; without either, a selector,
        or a function if it reads like one.
    :raises ScriptError: when it cannot be waited for.
    """
    from playwright.async_api import Error

    kind, found, rest = condition.strip().partition(":")
    if not found or kind not in {"css", "js"}:
        rest = condition.strip()
        kind = "js" if rest.startswith(("()", "function", "async")) or "=>" in rest else "css"
    try:
        if kind == "css":
            await page.wait_for_selector(rest.strip(), state="attached", timeout=0)
        else:
            await page.wait_for_function(rest.strip(), timeout=0)
    except Error as error:
        if "Target" in str(error) or "closed" in str(error) or "crashed" in str(error):
            raise
        raise ScriptError(f"wait_for failed: {_said(error)}.") from error


async def scroll_through(page: Page) -> None:
    """Scroll through the whole page, so that what loads on sight is there, and back to its top."""
    await page.evaluate(SCROLL)
