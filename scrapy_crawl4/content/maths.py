"""Formulas on the tree, as the TeX that the page has of them.

:func:`keep_scripted_maths` runs before scripts go, which hold the TeX of some pages, and :func:`keep_maths` when links
and pictures have been read and before hidden elements go, which hold that of others. They leave one form:
``<math>$TeX$</math>`` in a line of text and ``<math>$$TeX$$</math>`` for a formula of its own. :func:`mark_tex` finds
the same in plain text, which only a script of the page would have set. :func:`mark_formulas` keeps writers from
escaping them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import Element, Text

from .markdown_marks import mark
from .names import names
from .workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from turbohtml import Node

_TEX = frozenset({"application/x-tex", "tex", "latex", "application/x-latex"})
# What the common renderers wrap a formula in; the outermost one is replaced.
_WRAPPERS = names("katex katex-display MathJax MathJax_Display mwe-math-element mjx-container")
_WRAPPER_TAGS = frozenset({"mjx-container", "span", "div"})
_WRAPPER_LEVELS = 6
_DISPLAY = frozenset({"katex-display", "MathJax_Display", "mwe-math-mathml-display", "mwe-math-element-block"})
_RENDERED = ".MathJax_Preview,.MathJax,.MathJax_Display,.MathJax_SVG,.MathJax_CHTML,.mjx-chtml"
_FORMULA_IMAGES = re.compile(r"(?:^|\s)(?:mwe-math-fallback-image\S*|latex|tex|math)(?:\s|$)", re.IGNORECASE)
_DISPLAYSTYLE = re.compile(r"\{\\(?:displaystyle|textstyle)\s+(.*)\}", re.DOTALL)
_DELIMITED = re.compile(r"\$\$(.+)\$\$|\\\[(.+)\\\]|\$(.+)\$|\\\((.+)\\\)", re.DOTALL)

_NOT_PROSE = names("pre code kbd samp tt script style textarea math")
_LONGEST = 2000
_FEW = 100
_IN_TEXT = re.compile(
    rf"\$\$(?P<block>[^$]{{1,{_LONGEST}}})\$\$"
    rf"|\\\[(?P<display>(?:[^\\]|\\(?![\[\]])){{1,{_LONGEST}}})\\\]"
    rf"|\\\((?P<inline>(?:[^\\]|\\(?![()])){{1,{_LONGEST}}})\\\)"
    rf"|(?<![\\$\w])\$(?P<dollar>(?=[^\s$])[^$]{{1,{_LONGEST}}}(?<![\s\\]))\$(?![\d$])"
)
_TEX_SIGN = re.compile(r"[\\^_{}=]")
_BRACKETS = re.compile(r"\\\\\\?[(\[]")
_DOLLARS = re.compile(r"\$(?=[^\s$])([^$\n]{1,500})(?<=\S)\$(?!\d)")


def keep_scripted_maths(root: Node) -> None:
    """Put each formula whose TeX stands in a script into the one form."""
    workshop = Workshop()
    for script in root.find_all("script"):
        kind = script.attr("type") or ""
        if kind[:8] == "math/tex":
            _keep_script(script, workshop, display="mode=display" in kind)


def keep_maths(root: Node) -> None:
    """Put each other formula of which the page has TeX into the one form, in place of the pictures of it."""
    workshop = Workshop()
    for math in root.find_all("math"):
        if not _keep_math(math, workshop):
            for annotation in math.find_all(["annotation", "annotation-xml"]):
                annotation.decompose()
    for container in root.find_all("mjx-container"):
        source = container.find(attrs={"data-latex": True})
        if source is not None:
            display = container.attr("display") == "true"
            _replace(container, source.attr("data-latex") or "", workshop, display=display)


def _keep_script(script: Element, workshop: Workshop, *, display: bool) -> None:
    """MathJax 2 keeps the TeX in a script after what it has drawn."""
    drawn = script.previous_sibling
    while isinstance(drawn, Element) and drawn.matches(_RENDERED):
        before = drawn.previous_sibling
        drawn.decompose()
        drawn = before
    _replace(script, script.text, workshop, display=display)


def _keep_math(math: Element, workshop: Workshop) -> bool:
    tex = _tex_of(math)
    if not tex:
        return False
    display = (math.attr("display") or math.attr("mode") or "") == "block"
    outermost: Element = math
    node = math.parent
    for _ in range(_WRAPPER_LEVELS):
        if not isinstance(node, Element) or node.tag not in _WRAPPER_TAGS:
            break
        classes = set((node.attr("class") or "").split())
        display = display or not _DISPLAY.isdisjoint(classes)
        if node.tag == "mjx-container" or not _WRAPPERS.isdisjoint(classes):
            display = display or node.attr("display") == "true"
            outermost = node
        node = node.parent
    _replace(outermost, tex, workshop, display=display)
    return True


def _tex_of(math: Element) -> str:
    for annotation in math.find_all("annotation"):
        if (annotation.attr("encoding") or "").strip().lower() in _TEX:
            return annotation.text
    return math.attr("alttext") or ""


def formula_of_image(image: Element) -> Element | None:
    """The formula that a picture shows and its ``alt`` spells; None if it is another picture."""
    classes = image.attr("class")
    if not classes or not any(part in classes.lower() for part in ("tex", "math")):
        return None
    alt = (image.attr("alt") or "").strip() if _FORMULA_IMAGES.search(classes) else ""
    if not alt:
        return None
    delimited = _DELIMITED.fullmatch(alt)
    tex = next((part for part in delimited.groups() if part), "") if delimited else alt
    display = bool(delimited and (delimited[1] or delimited[2])) or "-display" in classes
    return _formula(tex, display=display)


def _replace(element: Element, tex: str, workshop: Workshop, *, display: bool) -> None:
    formula = _delimited(tex, display=display)
    if formula and element.parent is not None:
        element.replace_with(workshop.element("math", formula))


def _formula(tex: str, *, display: bool) -> Element | None:
    formula = _delimited(tex, display=display)
    return Element("math", None, [Text(formula)]) if formula else None


def _delimited(tex: str, *, display: bool) -> str:
    """*tex* between dollar signs; ``""`` if there is none."""
    tex = tex.strip()
    styled = _DISPLAYSTYLE.fullmatch(tex)
    tex = " ".join((styled[1] if styled else tex).split()).rstrip("\\")
    delimited = _DELIMITED.fullmatch(tex)
    if delimited:
        tex = next(part for part in delimited.groups() if part).strip()
    mark = "$$" if display else "$"
    return f"{mark}{tex}{mark}" if tex else ""


def mark_formulas(formulas: Iterable[Element]) -> None:
    """Mark the TeX of formulas in the one form, so that it is written as it stands."""
    for formula in formulas:
        tex = formula.text.strip()
        if tex.startswith("$"):
            in_cell = formula.closest("td,th") is not None
            formula.text = mark(tex.replace("|", "\\|") if in_cell else tex)


def may_hold_tex(markdown: str) -> bool:
    """Whether written markdown looks as if a text had formulas in it, which were escaped."""
    # One character is found much faster than several, and most pages have neither of these.
    if "$" in markdown and (
        _holds_double("$", markdown) or any(_TEX_SIGN.search(found[1]) for found in _DOLLARS.finditer(markdown))
    ):
        return True
    return _holds_double("\\", markdown) and _BRACKETS.search(markdown) is not None


def _holds_double(sign: str, markdown: str) -> bool:
    place = -1
    for _ in range(_FEW):
        place = markdown.find(sign, place + 1)
        if place < 0 or markdown[place + 1 : place + 2] == sign:
            return place >= 0
    return sign * 2 in markdown


def mark_tex(root: Node) -> bool:
    r"""Put formulas of plain text (``$x$``, ``$$x$$``, ``\(x\)``, ``\[x\]``) into the one form; whether there were any.

    A pair of dollar signs counts as pandoc reads it (no space inside, no digit after), and only with a sign of TeX
    between: prices are no formulas.
    """
    found = False
    for text in [node for node in root.descendants if isinstance(node, Text) and _may_be_tex(node)]:
        nodes = list(_split(text.data))
        if len(nodes) > 1 or not isinstance(nodes[0], Text):
            text.replace_with(*nodes)
            mark_formulas(node for node in nodes if isinstance(node, Element))
            found = True
    return found


def _may_be_tex(text: Text) -> bool:
    data = text.data
    if "$" not in data and "\\(" not in data and "\\[" not in data:
        return False
    return not any(isinstance(parent, Element) and parent.tag in _NOT_PROSE for parent in text.ancestors)


def _split(data: str) -> Iterator[Node]:
    done = 0
    for match in _IN_TEXT.finditer(data):
        display = match["block"] or match["display"]
        tex = display or match["inline"] or match["dollar"] or ""
        formula = _formula(tex, display=bool(display)) if match["inline"] or _TEX_SIGN.search(tex) else None
        if formula is None:
            continue
        if match.start() > done:
            yield Text(data[done : match.start()])
        yield formula
        done = match.end()
    if done < len(data) or not done:
        yield Text(data[done:])
