"""Links, headings and pictures on the tree, as far as markdown has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turbohtml import Element, Text

from .footnotes import mend_footnotes
from .markdown_marks import GREATER, LESS, mark
from .maths import formula_of_image, mark_formulas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from turbohtml import Node

    from .markdown_options import MarkdownStyle

_NO_PAGE = ("data:", "vbscript:", "javascript:", "about:")
_HEADINGS = "h1,h2,h3,h4,h5,h6"
_LONGEST_SCHEME = 11
_PERMALINKS = frozenset({"#", "¶", "§", "🔗", "⚓", "\u200b", "", "link", "permalink", "anchor"})


def mend_links(root: Node, links: Sequence[Element], style: MarkdownStyle, base: str) -> None:
    """Footnotes into their form; no links without a text or a target, and none that *style* leaves out."""
    here = ("#", base.partition("#")[0] + "#")
    within: list[tuple[Element, str]] = []
    dropped: list[Element] = []
    protect = style.protect_links
    for link in links:
        href = link.attr("href")
        if not href:
            continue
        if "#" in href and href.startswith(here):
            within.append((link, href.partition("#")[2]))
        text = link.text
        # Most addresses begin with an h, as none of those schemes does.
        if ((not text or text.isspace()) and _shows_nothing(link, style)) or (
            href[0] != "h" and _leads_nowhere(href, style)
        ):
            dropped.append(link)
        elif protect:
            link.attrs["href"] = f"{LESS}{href.strip()}{GREATER}"
    if within:
        mend_footnotes(root, within)
        if style.skip_internal_links:
            dropped.extend(link for link, _ in within)
    for link in dropped:
        if link.parent is not None:
            link.unwrap()


def _leads_nowhere(href: str, style: MarkdownStyle) -> bool:
    start = href[:_LONGEST_SCHEME].lower()
    return start.startswith(_NO_PAGE) or (style.ignore_mailto_links and start.startswith("mailto:"))


def _shows_nothing(link: Element, style: MarkdownStyle) -> bool:
    return style.drops_images or link.find("img") is None


def mend_headings(headings: Iterable[Element]) -> None:
    """Headings around links, not in them, and without the links to themselves that pages put there."""
    for heading in headings:
        nested = isinstance(heading.parent, Element) and heading.parent.closest(_HEADINGS) is not None
        for link in () if nested else heading.find_all("a"):
            if "#" in (link.attr("href") or "") and link.text.strip().lower() in _PERMALINKS and not link.find("img"):
                link.decompose()
        _lift_out_of_link(heading)


def _lift_out_of_link(heading: Element) -> None:
    """``<a><h2>x</h2></a>`` to ``<h2><a>x</a></h2>``: markdown has no link around a heading."""
    link = heading.closest("a")
    if link is None:
        return
    href, title = link.attr("href"), link.attr("title")
    if href:
        heading.wrap_children(Element("a", {"href": href, "title": title} if title else {"href": href}))
    if link.parent is not None:
        link.unwrap()


def mend_images(images: Iterable[Element], style: MarkdownStyle) -> None:
    """Pictures with an address; formulas as what they show, other pictures without one as their text."""
    for image in images:
        if image.parent is None:
            continue
        formula = formula_of_image(image)
        if formula is not None:
            image.replace_with(formula)
            mark_formulas([formula])
            continue
        src = image.attr("src") or ""
        address = src.strip()
        if not address or address[:5].lower() == "data:":
            image.replace_with(Text((image.attr("alt") or "").strip()))
            continue
        if address != src:
            image.attrs["src"] = address
        for name in ("alt", "title"):
            value = image.attr(name)
            if value and "\n" in value:
                image.attrs[name] = " ".join(value.split())
        if style.images_with_size and (image.attr("width") or image.attr("height")):
            image.replace_with(Text(mark(_sized(image))))


def _sized(image: Element) -> str:
    """html2text's form of a picture that says its size."""
    own = {name: value for name in ("src", "width", "height", "alt") if (value := image.attr(name))}
    return Element("img", own).html
