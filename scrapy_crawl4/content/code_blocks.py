"""Code on the tree: its language, line numbers that are no code, lines that only a style sheet breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import Element, Text

from .names import names
from .selection import outermost
from .workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from turbohtml import Node

_LANGUAGE_CLASS = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-text-|highlight-(?=[a-z])|src-|(?:brush|lang):\s*)([\w+#.-]+)"
)
_LANGUAGE_AFTER = re.compile(r"(?:^|\s)(?:sourceCode|hljs|prism|codehilite)\s+([\w+#.-]+)")
_NO_LANGUAGE = names("default none plain plaintext notranslate nohighlight text highlight auto undefined unknown")
# What may stand alone as a class of <pre> or <code>; other single words say how the block looks.
_LANGUAGES = names(
    "bash c c# c++ clojure cpp cs csharp css cuda dart diff dockerfile elixir erlang fortran fsharp go golang graphql "
    "groovy haskell html http ini java javascript js json jsx julia kotlin latex lisp lua makefile matlab mermaid "
    "nginx objectivec ocaml perl php powershell protobuf py python r ruby rust sass scala scheme scss sh shell sql "
    "swift tcl toml ts tsx typescript vb vim xml yaml yml zig zsh"
)
_LANGUAGE_ATTRIBUTES = ("data-lang", "data-language", "data-code-language", "data-enlighter-language", "lang")
_HUMAN_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2,4})?", re.IGNORECASE)
_CODE_ANCESTORS = 3
_AROUND_CODE = frozenset({"div", "figure", "td", "span"})

_MAYBE_NUMBERS = '[class*="lin" i],[class*="ln"],[class*="gutter"],[class*="num" i]'
_NUMBERS = names(
    "linenos lineno linenum linenums linenumber linenumbers line-number line-numbers line-numbers-rows line_number "
    "lineNo lineNumber lineNumbers line-no ln lnum gutter gutter-line blob-num code-line-number hljs-ln-numbers "
    "hljs-ln-n react-syntax-highlighter-line-number LineNumber LineNumbers lnt"
)
_COPIES = re.compile(r"\s*(?:cop(?:y|ied)\b|$)", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_OWN_LINE = re.compile(r"display\s*:\s*(?:block|flex|grid|table|list-item)", re.IGNORECASE)
_KEPT_LINES = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_LINE_STYLE = re.compile(f"{_OWN_LINE.pattern}|{_KEPT_LINES.pattern}", re.IGNORECASE)


def prepare_code(root: Node) -> None:
    """Take line numbers away from code, and write its language where a fence takes it from."""
    if root.find("table") is not None:
        _open_code_tables(root)
    blocks = root.find_all("pre")
    if not blocks:
        return
    has_buttons = root.find("button") is not None
    beside: set[Element] = set()
    for pre in blocks:
        parent = pre.parent
        if not isinstance(parent, Element) or parent.closest("pre") is None:  # else done with the one around it
            _remove_numbers(pre)
            for button in pre.find_all("button") if has_buttons else ():
                button.decompose()
        if has_buttons and isinstance(parent, Element) and parent.tag == "div" and parent not in beside:
            beside.add(parent)
            _remove_copy_buttons(parent)
    by_class: dict[str, str] = {}
    for pre in blocks:
        language = _language(pre, by_class)
        if language:
            pre.attrs["class"] = f"language-{language}"


def _remove_copy_buttons(place: Element) -> None:
    """The button beside code that copies it."""
    for button in [node for node in place if isinstance(node, Element) and node.tag == "button"]:
        if _COPIES.match(button.text):
            button.decompose()


def _remove_numbers(scope: Node) -> None:
    for element in scope.select(_MAYBE_NUMBERS):
        if _is_numbers(element):
            element.decompose()


def _is_numbers(element: Element) -> bool:
    classes = (element.attr("class") or "").split()
    return not _NUMBERS.isdisjoint(classes) and element.tag not in {"pre", "code"} and not _LETTER.search(element.text)


def _open_code_tables(root: Node) -> None:
    """A table that only laid line numbers beside code becomes that code."""
    workshop = Workshop()
    tables: dict[Element, None] = {}
    for cell in root.find_all("td", class_=True):
        if _is_numbers(cell):
            table = cell.closest("table")
            cell.decompose()
            if table is not None:
                tables[table] = None
    for table in tables:
        code = _code_of_table(table, workshop)
        if code is not None and table.parent is not None:
            table.replace_with(code)


def _code_of_table(table: Element, workshop: Workshop) -> Element | None:
    cells = table.find_all("td")
    blocks = table.find_all("pre", limit=2)
    if len(blocks) == 1 and len(cells) == 1:
        return blocks[0]
    rows = table.find_all("tr")
    if blocks or not cells or len(cells) > len(rows) or table.closest("pre") is not None:
        return None
    lines = table.select("div.line") if len(cells) == 1 else cells
    if not lines:
        return None
    code = "\n".join(line.text.strip("\n") for line in lines)
    return workshop.element("pre", code, {"class": table.attr("class") or ""})


def _language(pre: Element, by_class: dict[str, str]) -> str:
    """The language of a block; *by_class* holds what each ``class`` of the page that was read says, and grows."""
    code = next((child for child in pre if isinstance(child, Element)), None)
    around: list[Element] = [pre] if code is None or code.tag != "code" else [code, pre]
    parent = pre.parent
    for _ in range(_CODE_ANCESTORS):
        if not isinstance(parent, Element) or parent.tag not in _AROUND_CODE:
            break
        around.append(parent)
        parent = parent.parent
    for element in around:
        language = _declared_language(element, by_class, is_code=element is pre or element is code)
        if language:
            return language
    return ""


def _declared_language(element: Element, by_class: dict[str, str], *, is_code: bool) -> str:
    if not element.attrs:
        return ""
    classes = element.attr("class") or ""
    language = by_class.get(classes)
    if language is None:
        language = by_class[classes] = _language_of_class(classes)
    return language or (_language_of_code(element, classes) if is_code else "")


def _language_of_class(classes: str) -> str:
    for pattern in (_LANGUAGE_CLASS, _LANGUAGE_AFTER):
        for language in pattern.findall(classes):
            if language not in _NO_LANGUAGE and not language.startswith(("language-", "lang-", "hljs")):
                return str(language)
    return ""


def _language_of_code(element: Element, classes: str) -> str:
    for name in _LANGUAGE_ATTRIBUTES:
        declared = (element.attr(name) or "").strip().lower()
        human = name == "lang" and _HUMAN_LANGUAGE.fullmatch(declared) and declared not in _LANGUAGES
        if declared and " " not in declared and declared not in _NO_LANGUAGE and not human:
            return declared
    return next((name.lower() for name in classes.split() if name.lower() in _LANGUAGES), "")


def break_styled_lines(root: Node, marked: Iterable[Element] | None = None) -> None:
    """Where a style makes lines, make them: ``display: block`` on a span, and line ends that ``white-space`` keeps.

    :param marked: elements among which all below *root* are that have a ``style``; None to look for them.
    """
    if marked is not None and not any(_LINE_STYLE.search(element.attr("style") or "") for element in marked):
        return
    keeping: list[Element] = []
    for element in root.select('span[style*="display" i],[style*="white-space" i]'):
        style = element.attr("style") or ""
        if element.tag == "span" and _OWN_LINE.search(style):
            element.tag = "div"
        if element.tag not in {"pre", "code"} and _KEPT_LINES.search(style):
            keeping.append(element)
    workshop = Workshop()
    for element in outermost(root, keeping):
        _break_lines(element, workshop)


def _break_lines(element: Element, workshop: Workshop) -> None:
    for node in [child for child in element.descendants if isinstance(child, Text) and "\n" in child.data.strip()]:
        parent = node.parent
        if isinstance(parent, Element) and parent.tag not in {"pre", "code", "textarea"}:
            node.replace_with(*workshop.lines(node.data))


def tidy_pre(pre: Element) -> None:
    """Drop an empty block; make spaces of the kinds that only pages need, which no program would read, plain."""
    text = pre.text
    if not text.strip():
        pre.decompose()
    elif "\xa0" in text or "\u200b" in text or "\ufeff" in text:
        for node in [child for child in pre.descendants if isinstance(child, Text)]:
            node.data = node.data.replace("\xa0", " ").replace("\u200b", "").replace("\ufeff", "")


def pre_of_lines(code: Element) -> None:
    """``<code>`` of several lines that stands alone in its paragraph becomes a block."""
    parent = code.parent
    if isinstance(parent, Element) and parent.tag in {"p", "div"} and _alone(code):
        for line in code.find_all("br"):
            line.replace_with(Text("\n"))
        code.wrap(Element("pre", {"class": code.attr("class") or ""}))


def _alone(element: Element) -> bool:
    parent = element.parent
    return parent is not None and all(
        node == element or (isinstance(node, Text) and not node.data.strip()) for node in parent.children
    )
