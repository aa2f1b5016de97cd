"""Escapes that a writer puts in markdown to be safe, taken back where CommonMark reads the sign as itself anyway."""

from __future__ import annotations

import re
from typing import Final

_LETTER: Final = r"[^\W_]"
# Each begins with its backslash, which is found fast; what stands before is looked at after. None begins with the
# second half of an escaped backslash.
_NEEDLESS: Final = (
    r"\\(?:"
    rf"(?<={_LETTER}\\)_(?:\\_)*(?={_LETTER})"  # in a word: no emphasis (CommonMark 0.31, 6.2)
    r"|(?<=\d\\)[.)](?=\w)"  # without a blank: no item of a list (5.2)
    r"|(?<!\\\\)[-+](?=\w)"
    r"|(?<!\\\\)<(?=[\d=-])"  # no tag (6.6)
    r"|(?<=\w \\)\*(?:\\\*)*(?= \w)"  # between blanks: no emphasis
    r")"
)
_FIRST: Final = re.compile(_NEEDLESS)
_TOKEN: Final = re.compile(
    _NEEDLESS + r"|(?P<code>\\*`+)|(?P<tag>(?<!\\)<(?:pre|code)\b)|(?P<blank>\n[ \t>]*(?=\n))", re.IGNORECASE
)
_FENCE: Final = "```"


def take_back_escapes(markdown: str) -> str:
    r"""*markdown* without needless escapes: ``snake_case``, not ``snake\_case``; ``1.5 m``, not ``1\.5 m``.

    Code stays as it is, and so does HTML with code in it, up to the next blank line.
    """
    if "\\" not in markdown or _FIRST.search(markdown) is None:
        return markdown
    kept: list[str] = []
    done = 0
    closing = ""  # what ends the code that this is in
    for found in _TOKEN.finditer(markdown):
        if found.lastgroup is not None:
            closing = _closing(closing, found[0])
        elif not closing:
            kept += markdown[done : found.start()], found[0].replace("\\", "")
            done = found.end()
    kept.append(markdown[done:])
    return "".join(kept)


def _closing(closing: str, token: str) -> str:
    """What ends the code behind *token*, an empty text for none, if it was *closing* before."""
    ticks = token.lstrip("\\")
    if ticks[0] == "\n":
        return closing if closing.startswith(_FENCE) else ""
    if closing:
        return "" if ticks == closing else closing
    escaped = (len(token) - len(ticks)) % 2
    return ticks[escaped:]
