"""RSS, Atom and RDF feeds, made pages of HTML: a heading, and a list of the entries with their links and texts."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import turbohtml
from turbohtml import CData, Element, HTMLParseError, Text, escape

from .xhtml import cdata_parts, xhtml_as_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Node

_ROOTS = frozenset({"rss", "feed", "rdf"})
_ENTRIES = frozenset({"item", "entry"})
_AUTHORS = ("author", "creator", "managingeditor")
_DATES = ("published", "pubdate", "date", "issued", "updated", "modified", "lastbuilddate")
_TEXTS = ("encoded", "content", "description", "summary", "subtitle", "tagline")
_SUMMARIES = ("description", "subtitle", "tagline", "summary")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITY = re.compile(r"&(?:(#x?[0-9a-fA-F]+|amp|lt|gt|quot|apos);|(\w+;))?")
_PREFIX = re.compile(r"[<\s]([A-Za-z_][\w.-]*+):[A-Za-z_]")
_DECLARED = re.compile(r"\bxmlns:([A-Za-z_][\w.-]*+)")
_ROOT_TAG = re.compile(r"<(?:rss|feed|rdf:RDF)(?=[\s>])")
_HEAD_ELEMENTS = "base,link,meta,title,script,style"
_TEXT_TYPES = frozenset({"", "text", "text/plain"})


@dataclass(frozen=True, slots=True)
class Item:
    """A feed or an entry of it, as far as it says."""

    title: str
    link: str
    date: str
    author: str
    html: str
    """Its text as HTML, balanced."""
    files: tuple[tuple[str, str], ...]
    """URL and media type of what is attached."""


def feed_as_html(text: str) -> str | None:
    """A page that says what the feed *text* says; None if it is no feed.

    XML that is not well-formed in the ways that are common in feeds (bare ``&``, names of HTML's characters, control
    characters) is put right first; what is more broken is no feed.
    """
    root = _root(text)
    if root is None:
        return None
    channel = next((child for child in _children(root) if _name(child) == "channel"), root)
    entries = [child for parent in ([root] if channel is root else [channel, root]) for child in _children(parent)]
    feed = _item(channel, _SUMMARIES)
    items = [_item(entry, _TEXTS) for entry in entries if _name(entry) in _ENTRIES]
    if not (feed.title or items):
        return None
    return _page(feed, _first(channel, ("language",)) or (root.attr("xml:lang") or ""), items)


def _root(text: str) -> Element | None:
    text = _NOT_XML.sub("", text).lstrip("\ufeff \t\r\n")
    try:
        document = turbohtml.parse_xml(text)
    except HTMLParseError:
        try:
            document = turbohtml.parse_xml(_well_formed(text))
        except HTMLParseError:
            return None
    root = document.root
    return root if root is not None and _name(root) in _ROOTS else None


def _well_formed(text: str) -> str:
    """*text* with its ``&`` and entities as XML has them and with all its prefixes declared; CDATA sections stay."""
    parts = cdata_parts(text)
    parts[::2] = [_ENTITY.sub(_known_entity, part) for part in parts[::2]]
    parts[1::2] = [f"<![CDATA[{part}]]>" for part in parts[1::2]]
    text = "".join(parts)
    missing = set(_PREFIX.findall(text)) - set(_DECLARED.findall(text)) - {"xml", "xmlns"}
    declared = "".join(f' xmlns:{prefix}="{prefix}"' for prefix in sorted(missing))
    return _ROOT_TAG.sub(lambda found: found[0] + declared, text, count=1)


def _known_entity(found: re.Match[str]) -> str:
    if found[1]:
        return found[0]
    return escape(html.unescape(found[0]), quote=False)


def _name(element: Element) -> str:
    return element.tag.rpartition(":")[2].lower()


def _text_of(element: Node) -> str:
    """All text of *element*, that of CDATA sections too."""
    return "".join(node.data for node in element.descendants if isinstance(node, (Text, CData))).strip()


def _children(element: Node) -> Iterator[Element]:
    return (child for child in element if isinstance(child, Element))


def _item(element: Element, texts: tuple[str, ...]) -> Item:
    return Item(
        title=_plain(_named(element, ("title",))),
        link=_link(element),
        date=_first(element, _DATES),
        author=_author(element),
        html=next((made for name in texts if (made := _as_html(_named(element, (name,))))), ""),
        files=tuple(_files(element)),
    )


def _named(element: Element, names: tuple[str, ...]) -> Element | None:
    """The first child with the first of *names* that a child with text has; one of its own format before others'."""
    found = [child for child in _children(element) if _name(child) in names and (_text_of(child) or len(child))]
    return min(found, key=lambda child: (names.index(_name(child)), ":" in child.tag), default=None)


def _first(element: Element, names: tuple[str, ...]) -> str:
    child = _named(element, names)
    return " ".join(_text_of(child).split()) if child is not None else ""


def _author(element: Element) -> str:
    child = _named(element, _AUTHORS)
    if child is None:
        return ""
    name = _named(child, ("name",))
    return " ".join(_text_of(name if name is not None else child).split())


def _plain(element: Element | None) -> str:
    """The text of a title, which may be HTML."""
    if element is None:
        return ""
    text = _text_of(element)
    if "<" in text or "&" in text:
        text = turbohtml.parse_fragment(text, positions=False).text
    return " ".join(text.split())


def _link(element: Element) -> str:
    """The address of the page that a feed or an entry is about, not of the feed itself."""
    links = [child for child in _children(element) if _name(child) == "link"]
    pages = [link for link in links if (link.attr("rel") or "alternate") == "alternate"]
    for link in pages:
        if href := (link.attr("href") or _text_of(link)).strip():
            return href
    guid = _named(element, ("guid",))
    is_address = guid is not None and (guid.attr("isPermaLink") or "true").lower() == "true"
    text = _text_of(guid) if guid is not None and is_address else ""
    return text if text.startswith(("http://", "https://")) else ""


def _as_html(element: Element | None) -> str:
    if element is None:
        return ""
    kind = (element.attr("type") or "html").lower()
    if kind == "xhtml" or any(True for _ in _children(element)):
        text = xhtml_as_html(element.inner_xml)
    elif kind in _TEXT_TYPES:
        return f"<p>{escape(_text_of(element), quote=False)}</p>"
    else:
        text = _text_of(element)
    fragment = turbohtml.parse_fragment(text, positions=False)
    fragment.remove(_HEAD_ELEMENTS)
    return fragment.inner_html if fragment.text.strip() or fragment.find("img") is not None else ""


def _files(element: Element) -> Iterator[tuple[str, str]]:
    for child in _children(element):
        is_link = _name(child) == "link" and child.attr("rel") == "enclosure"
        if is_link or _name(child) == "enclosure":
            address = (child.attr("url") or child.attr("href") or "").strip()
            if address:
                yield address, (child.attr("type") or "").lower()


def _page(feed: Item, language: str, items: list[Item]) -> str:
    title = escape(feed.title, quote=False)
    heading = _linked(title, feed.link) if title else ""
    metas = {"description": _text(feed.html), "author": feed.author, "article:modified_time": feed.date}
    head = "".join(f'<meta name="{name}" content="{escape(value)}">' for name, value in metas.items() if value)
    entries = "".join(f"<li>{_entry(item)}</li>" for item in items)
    return (
        f'<html lang="{escape(language)}"><head><title>{title}</title>{head}</head><body>'
        f"<h1>{heading}</h1>{feed.html}<ul>{entries}</ul></body></html>"
    )


def _text(fragment: str) -> str:
    return " ".join(turbohtml.parse_fragment(fragment, positions=False).text.split())


def _entry(item: Item) -> str:
    title = escape(item.title or item.link, quote=False)
    facts = escape(", ".join(filter(None, (item.date, item.author))), quote=False)
    files = "".join(_file(address, kind) for address, kind in item.files)
    return f"<p>{_linked(title, item.link)}{f' ({facts})' if facts else ''}</p>{item.html}{files}"


def _linked(title: str, link: str) -> str:
    return f'<a href="{escape(link)}">{title}</a>' if link else title


def _file(address: str, kind: str) -> str:
    address = escape(address)
    if kind.startswith("image/"):
        return f'<img src="{address}">'
    media = f'<{kind[:5]} src="{address}"></{kind[:5]}>' if kind.startswith(("audio/", "video/")) else ""
    return f'{media}<p><a href="{address}">{escape(kind or "file", quote=False)}</a></p>'
