"""Pages that are empty until their scripts have run: what ``render="auto"`` shows in a browser.

The test reads the page as the server sent it, and nothing is run. It looks for a page that *says* nothing and has
scripts that would fill it; a page that says little but is complete (an error, a picture, a log-in form, a greeting)
is left alone. One sign is enough:

- a guard before the site that only asks for JavaScript (a challenge, not a captcha);
- nothing to see in the body, or no more than "Loading...";
- an empty element that a framework fills (``#root``, ``#app``, ``#__next``, ``<app-root>``, ``<main>``, ...), and
  hardly any text around it;
- a sentence, in ``<noscript>`` or not, that asks to turn JavaScript on, and hardly any text beside it;
- a script that goes on to another address, and hardly any text.

Pictures, players, frames and form fields count as something to see, except in elements that are named as splash
screens. Links and navigation count less than other text: shells often have both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import turbohtml
from turbohtml import Document, DocumentFragment, Element, Text

from .bodies import read_body
from .media_types import Kind
from .names import names

if TYPE_CHECKING:
    from turbohtml import Node

ENOUGH = 400
"""Characters of text outside of links and navigation from which on a page is no empty one, whatever else it has."""
LITTLE = 200
"""Characters of such text that a shell may have around the place that its scripts fill."""
MUCH_BESIDE = 2000
"""Characters in links and navigation from which on they are what a page is for."""
SPLASH = 150
"""Characters that a splash screen, or what is hidden in a page, may have and not count."""
LONGEST_REQUEST = 500
"""Characters that a ``<noscript>`` may have that only asks for JavaScript; some have the whole page for robots."""
PICTURES = 2
"""Pictures, players and frames that a shell may have around the place that its scripts fill."""
LOGOS = 6
"""The same in links and navigation."""
FIELDS = 1
"""Fields that such a shell may have: a search."""
LONGEST_GOING_ON = 20_000
"""Characters of scripts in a page from which on it does more than go on to another address."""

_UNSEEN = names("script style template head title datalist")
_BESIDE = names("a nav header footer aside button label select")
_MEDIA = names("img video audio iframe embed object")
_FIELDS = names("input textarea select")
_ROOT_IDS = names(
    "app root __next __nuxt ___gatsby __docusaurus svelte q-app react-root react-app reactroot app-root approot "
    "app-container app-mount appmount main-app vue-app ember-app ember root-app mount application spa"
)
_ROOT_ATTRIBUTES = names("ng-app data-ng-app ng-view data-ng-view ui-view data-ui-view ng-version data-reactroot v-app")
_SPLASHES = names(
    "loading loader splash splash-screen splashscreen spinner preloader pre-loader loading-screen loading-spinner "
    "loading-indicator app-loading app-loader page-loader skeleton"
)
_ROOT_NAMES = names("app root shell")
_BANNER = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
_STREAMED = re.compile(r"S:[0-9a-f]+")
"""Ids of what React's server sends hidden, to be put in its place by a script."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_RUN = names(
    "text/javascript application/javascript module text/ecmascript application/ecmascript application/x-javascript "
    "text/babel text/jsx"
)
_LOADING = re.compile(
    r"\W*(?:\d+ ?%\W*)?(?:(?:the )?(?:page|site|app|application|content)? ?(?:is )?(?:now )?"
    r"(?:loading|please wait|one moment|just a moment|initiali[sz]ing|starting)|chargement|cargando|carregando|"
    r"wird geladen|lädt|lade|bitte warten|caricamento|laden|загрузка|加载中|読み込み中)\b"
    r"(?:\W*(?:\d+ ?%\W*)?|\s*[.,:;!…-].{0,40}"
    r"|\s+(?:while|please|(?:(?:the|your) )?(?:page|site|app|application|content|data|more))\b.{0,40})",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:enable|turn on|activate|requires?|require|needs?|without|allow|use|have|is|supports?) (?:your )?java ?script"
    r"(?! (?:runtime|engine|framework|librar|developer|code|files?|knowledge|version|es ?\d))"
    r"|java ?script (?:is |must |has to |needs to |to be )?(?:be )?"
    r"(?:not |turned |currently )?(?:required|disabled|enabled|off|needed|activated|necessary|supported)"
    r"|javascript.{0,30}(?:aktivier|activ|habilit|abilit|schakel|включ|有効|启用|啟用)"
    r"|(?:aktivier|activ|habilit|abilit|schakel|включ|启用|啟用).{0,30}javascript",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"(?<!top\.)(?<!parent\.)\blocation(?:\.href)?\s*=(?![=])|\blocation\.(?:replace|assign|reload)\s*\(|\.submit\s*\(\s*\)",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"(?:\bfunction\s+(?P<name>\w+)\s*\([^()]*\)|(?:\.on(?!load)\w+\s*=|addEventListener\(\s*['\"](?!load|DOMContent)\w+['\"],)"
    r"\s*(?:async\s*)?(?:function\s*\w*\s*)?\(?[^()]*\)?\s*(?:=>)?)\s*$"
)
"""The beginning of a function that is only run when somebody calls for it."""
_MUSTACHES = re.compile(r"\{\{.*?\}\}|\[\[.*?\]\]", re.DOTALL)
_SCRIPT = re.compile(r"<script|<body[^>]+onload", re.IGNORECASE)

_CHALLENGES: tuple[tuple[str, ...], ...] = (
    ("/cdn-cgi/challenge-platform/", "_cf_chl_opt"),
    ("sucuri_cloudproxy_js",),
    ("sec-if-cpt-container",),
    ("gokuProps", ".awswaf.com/"),
    ("AwsWafIntegration", ".awswaf.com/"),
    ("_Incapsula_Resource", "SWJIYLWA"),
    ("anubis_challenge",),
    ("/aes.min.js", "toNumbers("),
    ("/.well-known/ddos-guard/",),
)
"""Pieces that the page of a guard has together: Cloudflare, Sucuri, Akamai, AWS WAF, Imperva, Anubis, testcookie,
DDoS-Guard. Those that ask people for something are not here: a browser alone does not pass them."""
_LONGEST_CHALLENGE = 65_536


@dataclass(slots=True)
class _Survey:
    """What was found in a body."""

    prose: int = 0
    """Characters of text."""
    beside: int = 0
    """Characters in links and navigation."""
    apart: int = 0
    """Characters of splash screens, and of what is hidden."""
    media: int = 0
    logos: int = 0
    """Pictures, players and frames in links and navigation."""
    fields: int = 0
    roots: list[Element] = field(default_factory=list)
    """Places that a framework fills."""
    mains: list[Element] = field(default_factory=list)
    """Main parts that say nothing of a framework."""
    said: list[str] = field(default_factory=list)
    """The text."""
    scripts: list[str] = field(default_factory=list)
    """Text of the scripts that run."""
    runs: bool = False
    """Whether there is a script that runs."""
    asks: bool = False
    """Whether a ``<noscript>`` asks for JavaScript."""


def is_unrendered(body: bytes | str, content_type: str = "text/html") -> bool:
    """Return whether a response is a page that is empty until its scripts have run.

    :param body: as it was received, decoded from its transfer encodings; or its text.
    :param content_type: the Content-Type header; what is no HTML never is.
    """
    return bool(why_unrendered(body, content_type))


def why_unrendered(body: bytes | str, content_type: str = "text/html") -> str:
    """Return in a few words why a page shows nothing before its scripts have run, ``""`` if it does.

    Parameters are those of :func:`is_unrendered`. Takes about as long as parsing the page.
    """
    if isinstance(body, bytes):
        found = read_body(body, content_type)
        if found.kind is not Kind.HTML or not isinstance(found.page, str):
            return ""
        body = found.page
    if not _SCRIPT.search(body):
        return ""
    if is_challenge(body):
        return "a guard asks for JavaScript"
    return _judge(turbohtml.parse(body, positions=False, allow_declarative_shadow_roots=False))


def is_challenge(page: str) -> bool:
    """Return whether *page* is that of a guard which only asks for JavaScript."""
    return len(page) <= _LONGEST_CHALLENGE and any(all(mark in page for mark in marks) for marks in _CHALLENGES)


def _judge(document: Document) -> str:
    body = document.find("body")
    if body is None:
        return ""
    survey = _survey(document, body)
    hidden = survey.apart if survey.apart > SPLASH else 0
    if not survey.runs or survey.prose >= ENOUGH or survey.beside >= MUCH_BESIDE or hidden >= ENOUGH:
        return ""
    if _has_empty_place(survey):
        return "the place that scripts fill is empty"
    survey.prose += hidden
    return "" if survey.media or survey.logos or survey.fields else _judge_text(survey)


def _has_empty_place(survey: _Survey) -> bool:
    """Return whether scripts are to fill a place, and there is hardly anything around it."""
    if survey.media > PICTURES or survey.logos > LOGOS or survey.fields > FIELDS or survey.prose >= LITTLE:
        return False
    if any(map(_is_empty, survey.roots)):
        return True
    # Pages that are complete have an empty one too, as the target of a link.
    may_be = not survey.prose and not survey.fields and survey.beside < ENOUGH and survey.apart <= SPLASH
    return may_be and any(map(_is_empty, survey.mains))


def _judge_text(survey: _Survey) -> str:
    text, length = " ".join(survey.said), survey.prose + survey.beside
    if not length:
        return "there is nothing to see"
    if _LOADING.fullmatch(text):
        return "it says that it is loading"
    if length >= LITTLE:
        return ""
    if survey.asks or _ASKS.search(text):
        return "it asks for JavaScript"
    short = sum(map(len, survey.scripts)) < LONGEST_GOING_ON
    return "a script goes on to another page" if short and any(map(_goes_on, survey.scripts)) else ""


def _goes_on(script: str) -> bool:
    """Return whether *script* goes on to another address by itself, and not on a click or to be on HTTPS."""
    for found in _GOES_ON.finditer(script):
        before = script[: found.start()]
        if "protocol" not in before[-100:] and not any(_waits(head, script) for head in _open_blocks(before)):
            return True
    return False


def _open_blocks(code: str) -> list[str]:
    """Return what stands before each brace in *code* that is not closed."""
    opened: list[int] = []
    for found in re.finditer(r"[{}]", code):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            opened.pop()
    return [code[max(0, place - 100) : place] for place in opened]


def _waits(head: str, script: str) -> bool:
    later = _LATER.search(head)
    if later is None:
        return False
    name = later["name"]
    return name is None or len(re.findall(rf"\b{name}\b", script)) == 1


def _survey(document: Document, body: Element) -> _Survey:
    survey = _Survey(runs=body.attr("onload") is not None)
    for script in document.find_all("script"):
        if (script.attr("type") or "text/javascript").partition(";")[0].strip().lower() in _RUN:
            survey.runs = True
            survey.scripts.append(script.text)
    _walk(body, survey)
    return survey


def _walk(body: Element, survey: _Survey) -> None:
    """Count what is in *body*, until there is enough."""
    stack: list[tuple[Node, str]] = [(body, "")]
    while stack and survey.prose < ENOUGH:
        node, part = stack.pop()
        if isinstance(node, Text):
            _count_text(node.data, part, survey)
        elif isinstance(node, DocumentFragment):
            stack.extend((child, part) for child in reversed(node.children))
        elif isinstance(node, Element):
            if node.tag in _UNSEEN and "shadowrootmode" not in node.attrs:
                continue
            part = _part(node, part)
            if part == "noscript" and node.tag == "noscript" and _is_request(node):
                survey.asks = True
                continue
            _count_element(node, part, survey)
            stack.extend((child, part) for child in reversed(node.children))


def _count_text(data: str, part: str, survey: _Survey) -> None:
    text = " ".join(_MUSTACHES.sub("", data).split())
    if not text:
        return
    if part == "apart":
        survey.apart += len(text)
        return
    survey.said.append(text)
    if part == "beside":
        survey.beside += len(text)
    else:
        survey.prose += len(text)


def _count_element(element: Element, part: str, survey: _Survey) -> None:
    tag = element.tag
    if _is_root(element):
        survey.roots.append(element)
    elif tag == "main" or element.attr("role") == "main":
        survey.mains.append(element)
    if tag in _MEDIA and not _is_pixel(element):
        survey.media += not part
        survey.logos += part == "beside"
    if not part or part == "beside":
        survey.fields += tag in _FIELDS and not part and element.attr("type") != "hidden"


def _part(element: Element, part: str) -> str:
    """Return which part of the page *element* is in: ``"apart"``, ``"noscript"``, ``"beside"``, or ``""``."""
    if element.tag == "noscript":
        return element.tag
    if part in {"apart", "noscript"} or element.tag in {"body", "main"}:
        return part
    if _STREAMED.fullmatch(element.attr("id") or ""):
        return part
    names_of = {*(element.attrs.get("class") or ()), element.attr("id") or ""}
    if "hidden" in element.attrs or _HIDDEN.search(element.attr("style") or "") or not _SPLASHES.isdisjoint(names_of):
        return "apart"
    is_banner = any(map(_BANNER.search, names_of))
    return "beside" if is_banner or element.tag in _BESIDE else part


def _is_request(noscript: Element) -> bool:
    """Return whether there is nothing in *noscript* but a request for JavaScript."""
    text = noscript.text
    return len(text) < LONGEST_REQUEST and _ASKS.search(text) is not None


def _is_pixel(element: Element) -> bool:
    """Return whether *element* only counts visitors."""
    return all((element.attr(side) or "") in {"0", "1"} for side in ("width", "height"))


def _is_root(element: Element) -> bool:
    tag = element.tag
    return (
        (element.attr("id") or "").lower() in _ROOT_IDS
        or not _ROOT_ATTRIBUTES.isdisjoint(element.attrs)
        or ("-" in tag and not _ROOT_NAMES.isdisjoint(tag.split("-")))
    )


def _is_empty(root: Element) -> bool:
    """Return whether there is nothing in *root* but what says that something is coming."""
    inside = _Survey()
    _walk(root, inside)
    text = " ".join(inside.said)
    return inside.prose < ENOUGH and (not text or bool(_LOADING.fullmatch(text) or _ASKS.search(text)))
