"""Videos and sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from turbohtml import Element

from .media_items import media_item, pixels, suffix
from .urls import is_page_url, join, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Node

_SOURCES = ("src", "data-src")
_TRACK = ("kind", "srclang", "label")


def extract_players(scope: Node, base: str, tag: str) -> list[dict[str, Any]]:
    """The ``<video>`` or ``<audio>`` elements of *scope*: one item for each distinct address.

    All addresses of one player have the same ``group_id``. A video may have ``poster``; what has subtitles or chapters
    has ``tracks``, each with ``src``, ``kind``, ``srclang`` and ``label``.
    """
    items: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, player in enumerate(scope.find_all(tag)):
        common = _common(player, base, tag, number)
        for src in _addresses(player, base):
            if src not in seen and is_page_url(src):
                seen.add(src)
                items.append({**common, "src": src, "format": suffix(src) or None})
    return items


def _common(player: Element, base: str, tag: str, number: int) -> dict[str, Any]:
    item = media_item(
        "",
        tag,
        alt=(player.attr("alt") or "").strip(),
        desc=(player.attr("title") or player.attr("aria-label") or "").strip(),
        group=number,
        width=pixels(player.attr("width")),
    )
    poster = join(base, tidy(player.attr("poster") or ""))
    if is_page_url(poster):
        item["poster"] = poster
    tracks = list(_tracks(player, base))
    if tracks:
        item["tracks"] = tracks
    return item


def _addresses(player: Element, base: str) -> Iterator[str]:
    for holder in (player, *_children(player, "source")):
        for name in _SOURCES:
            src = holder.attr(name)
            if src:
                yield join(base, tidy(src))


def _children(player: Element, tag: str) -> list[Element]:
    return [child for child in player if isinstance(child, Element) and child.tag == tag]


def _tracks(player: Element, base: str) -> Iterator[dict[str, str]]:
    for track in _children(player, "track"):
        src = join(base, tidy(track.attr("src") or ""))
        if is_page_url(src):
            yield {"src": src, **{name: (track.attr(name) or "").strip() for name in _TRACK}}
