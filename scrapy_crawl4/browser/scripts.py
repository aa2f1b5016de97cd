"""What runs in a page: the user's JavaScript, and functions of our own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .departure import Departure
from .errors import first_line
from .js import script as source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Frame, Page

TRIES = 5
"""How often a function is run in a page that goes on to another document meanwhile."""
HAS_TIMERS = """() => {
    try {
        const probe = document.createElement("div");
        probe.innerHTML = "<noscript><p></p></noscript>";
        return probe.firstChild.firstElementChild === null;
    } catch {
        return true;
    }
}"""
"""Tells whether scripts of the page run, without which there are no timers: what is for pages without them is text."""
LARGEST = 16
"""Million characters, as JSON, that a script may return."""
WATCHED = """async () => {
    let leaves = false;
    const note = event => {
        leaves ||= !event.destination.sameDocument && !event.defaultPrevented && event.downloadRequest === null;
    };
    window.navigation?.addEventListener("navigate", note);
    try {
        const value = await (async () => %s)();
        // A form that was submitted goes off a moment later; timers never do where a server forbids all scripts.
        if ((%h)()) await new Promise(done => setTimeout(done));
        return (leaves ? "1" : "0") + (%r)(value, %m);
    } finally {
        window.navigation?.removeEventListener("navigate", note);
    }
}"""
"""Runs a script, and says whether the page has begun to go to another document."""
UNWATCHED = 'async () => "0" + (%r)(await (async () => %s)(), %m)'
"""The same where scripts of the page do not run: there are no timers then, and nothing that is clicked goes off."""


class Done(NamedTuple):
    """What a script returned, and whether it leads to another document."""

    value: Any
    leaves: bool


class ScriptError(Exception):
    """A script or a condition of the user's failed; the text says how, in a line."""


async def run_scripts(page: Page, code: str | Sequence[str], *, has_timers: bool = True) -> list[Any]:
    """Run each script of *code* in the page, one after another, and return what they return.

    A script is an expression, or the body of a function that may ``return`` a value and ``await`` others. One that
    leads the page to another document returns None, or what it returned before; the next one runs there. What they
    return are values of JSON: dates, errors and the like are texts, and what has no words is None.

    :param has_timers: whether the page may run scripts of its own.
    :raises ScriptError: when one throws, cannot be read, or returns what is too large or cannot be passed on.
    """
    results = []
    with Departure(page) as departure:
        for script in [code] if isinstance(code, str) else code:
            done = await _run(page, script, _complete(WATCHED if has_timers else UNWATCHED))
            results.append(done.value)
            if done.leaves:
                await departure.arrived()
    return results


async def evaluate(page: Page | Frame, script: str, argument: Any = None) -> Any:
    """Run our function *script* in the page, once more where the page goes on to another document meanwhile."""
    from playwright.async_api import Error

    for _ in range(TRIES - 1):
        try:
            return await page.evaluate(script, argument)
        except Error as error:
            if not has_gone_on(error):
                raise
            await page.wait_for_load_state("domcontentloaded", timeout=0)
    return await page.evaluate(script, argument)


def has_gone_on(error: Exception) -> bool:
    """Tell whether what failed was run in a document that the page has left, or is about to leave."""
    return "context was destroyed" in str(error) or "page is navigating" in str(error)


def is_ours(error: Exception) -> bool:
    """Tell whether *error* is about the page or the browser being gone, not about what was run."""
    return any(sign in str(error) for sign in ("Target", "closed", "crashed"))


def said(error: Exception) -> str:
    """Return in a line without its stop what Playwright says."""
    return first_line(str(error)).rstrip(". ")


async def _run(page: Page, script: str, frame: str) -> Done:
    from playwright.async_api import Error

    body = script.strip().rstrip(";")
    # An expression, or else statements.
    for wrapped in (f"(\n{body}\n)", f"{{\n{script}\n}}"):
        try:
            return _done(await page.evaluate(frame.replace("%s", wrapped)))
        except Error as error:
            if has_gone_on(error):
                return Done(None, leaves=True)
            failure = error
            if not _was_not_read(error):
                break
    raise ScriptError(said(failure)) from failure


def _complete(frame: str) -> str:
    return frame.replace("%h", HAS_TIMERS).replace("%r", source("result")).replace("%m", str(LARGEST * 10**6))


def _done(told: str) -> Done:
    leaves, kind, text = told[:1] == "1", told[1:2], told[2:]
    if kind == "l":
        raise ScriptError(f"the script returned more than {LARGEST} MB")
    if kind != "v":
        raise ScriptError("the script returned what cannot be passed on")
    return Done(json.loads(text), leaves)


def _was_not_read(error: Exception) -> bool:
    # Nothing of it ran. One that is thrown while a script runs has a place in the script.
    return "SyntaxError" in str(error) and "eval at" not in str(error)
