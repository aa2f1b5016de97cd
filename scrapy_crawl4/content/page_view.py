"""A page's blocks and boxes with what is counted over them, once for all features."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from .blocks import segment
from .page_signs import BESIDE, signs_of_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Element

    from .blocks import Box

FAR = 9
"""A distance that is not worth telling from others."""

KINDS = {
    name: number
    for number, name in enumerate(
        ("p", "li", "heading", "td", "pre", "blockquote", "dt", "caption", "button", "label", "time", "div")
    )
}
_KIND_OF = {
    **{f"h{level}": KINDS["heading"] for level in range(1, 7)},
    **dict.fromkeys(("td", "th"), KINDS["td"]),
    **dict.fromkeys(("dt", "dd"), KINDS["dt"]),
    **dict.fromkeys(("figcaption", "caption", "legend", "summary"), KINDS["caption"]),
    **{tag: KINDS[tag] for tag in ("p", "li", "pre", "blockquote", "button")},
}
SIGNS = ("nav", "foot", "head", "related", "cookie", "meta", "caption", "tool", "content", "product", "list")
MARKS = ("nav", "footer", "aside", "main", "article", "form", "table", "ul", "li")
_SIGN_PLACE = {sign: place for place, sign in enumerate(SIGNS)}
_MARK_PLACE = {tag: len(SIGNS) + place for place, tag in enumerate(MARKS)} | {"ol": len(SIGNS) + MARKS.index("ul")}
_BESIDE_TAGS = frozenset({"nav", "aside", "footer"})
_COMMENTS = frozenset({"comment", "reply"})
_PAGE_TAGS = frozenset({"html", "body"})
_NOT_BESIDE = 0.6  # a box with this share of the good text is not beside it, whatever it is called
_CORE = 0.5
_TITLE = 0.3
_GOOD_WORDS = 10


@dataclass(slots=True)
class Group:
    """Boxes of one tag and class under one parent."""

    size: int = 0
    words: int = 0
    length: int = 0
    link_length: int = 0
    good: int = 0


class PageView:
    """Blocks, boxes, and sums over them.

    *Good* words are those of blocks of ten words or more that are not mostly linked; *inner* words are good ones
    outside boxes that are named as standing beside the content. A *core* is the innermost box with half of such words.
    """

    def __init__(self, root: Element) -> None:
        self.blocks, self.boxes = segment(root)
        self.total_words = sum([block.words for block in self.blocks]) or 1
        self.copies = Counter([block.text for block in self.blocks])
        self.tags = Counter([box.tag for box in self.boxes])
        self.good_words = [
            block.words if block.words >= _GOOD_WORDS and block.link_length * 2 < block.length else 0
            for block in self.blocks
        ]
        self.words_before = _sums([block.words for block in self.blocks])
        self.good_before = _sums(self.good_words)
        self.good_total = self.good_before[-1]
        self.good_divisor = self.good_total or 1
        self._signs: dict[Box, frozenset[str]] = {}
        self._distances: dict[Box, list[int]] = {}
        self._groups: dict[tuple[Box | None, str, str], Group] = {}
        self._group_of: dict[Box, Group] = {}
        self._read_names()
        self._find_groups()
        self._find_inner()
        self.core = self._core(self.good_before)
        self.inner_core = self._core(self.inner_before)

    def kind(self, tag: str) -> int:
        """The number in :data:`KINDS` for a box with this tag."""
        return _KIND_OF.get(tag, KINDS["div"])

    def distances(self, box: Box) -> list[int]:
        """How many levels up the nearest box with each sign of :data:`SIGNS` and each tag of :data:`MARKS` is."""
        unknown = []
        node: Box | None = box
        while node is not None and node not in self._distances:
            unknown.append(node)
            node = node.parent
        for inner in reversed(unknown):
            self._distances[inner] = self._find_distances(inner)
        return self._distances[box]

    def group(self, box: Box) -> Group:
        """The boxes that are like *box*, itself among them."""
        return self._group_of[box]

    @property
    def largest_group(self) -> Group:
        """The group of three or more that has most words; an empty one if there is none."""
        groups = [group for group in self._groups.values() if group.size > 2]  # noqa: PLR2004
        return max(groups, key=lambda group: group.words, default=Group(size=1))

    def good_in(self, box: Box) -> int:
        """Good words in *box*."""
        return self.good_before[box.end] - self.good_before[box.first]

    def good_share(self, box: Box) -> float:
        """The share of the page's good words that is in *box*."""
        return self.good_in(box) / self.good_divisor

    def inner_in(self, box: Box) -> int:
        """Inner words in *box*."""
        return self.inner_before[box.end] - self.inner_before[box.first]

    def title_place(self, likeness: Sequence[float]) -> int:
        """The number of the block that has the page's title or is its first ``<h1>``; -1 if there is neither."""
        best = max(range(len(likeness)), key=lambda number: (likeness[number], -number))
        if likeness[best] > _TITLE:
            return best
        return next((number for number, block in enumerate(self.blocks) if block.box.tag == "h1"), -1)

    def _read_names(self) -> None:
        known: dict[tuple[str, str | None], frozenset[str]] = {}
        for box in self.boxes:
            key = (box.signature, box.element.attr("role"))
            signs = known.get(key)
            if signs is None:
                signs = known[key] = signs_of_names(*key)
            self._signs[box] = signs

    def _find_groups(self) -> None:
        for box in self.boxes:
            key = (box.parent, box.tag, box.element.attr("class") or "")
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = Group()
            self._group_of[box] = group
            group.size += 1
            group.words += box.words
            group.length += box.length
            group.link_length += box.link_length
            group.good += self.good_in(box)

    def _find_inner(self) -> None:
        self.beside = [False] * len(self.blocks)
        comments = [False] * len(self.blocks)
        for box in self.boxes:
            signs = self._signs[box]
            named = box.tag in _BESIDE_TAGS or not BESIDE.isdisjoint(signs)
            if not named or box.tag in _PAGE_TAGS or self.good_share(box) >= _NOT_BESIDE:
                continue
            _mark(self.beside, box)
            if not _COMMENTS.isdisjoint(signs):
                _mark(comments, box)
        good = self.good_words
        self.inner_words = [0 if beside else words for words, beside in zip(good, self.beside, strict=True)]
        self.inner_before = _sums(self.inner_words)
        self.inner_total = self.inner_before[-1]
        self.inner_divisor = self.inner_total or 1
        self.comment_share = sum(w for w, comment in zip(good, comments, strict=True) if comment) / self.good_divisor

    def _core(self, sums: list[int]) -> Box:
        core = self.boxes[0]
        half = _CORE * (sums[-1] or 1)
        for box in self.boxes:
            if box.parent is core and sums[box.end] - sums[box.first] >= half:
                core = box
        return core

    def _find_distances(self, box: Box) -> list[int]:
        if box.parent is None:
            row = [FAR] * (len(SIGNS) + len(MARKS))
        else:
            row = [distance + 1 if distance < FAR else FAR for distance in self._distances[box.parent]]
        if box.tag not in _PAGE_TAGS:
            for sign in self._signs[box]:
                if sign in _SIGN_PLACE:
                    row[_SIGN_PLACE[sign]] = 0
        if box.tag in _MARK_PLACE:
            row[_MARK_PLACE[box.tag]] = 0
        return row


def _sums(values: Sequence[int]) -> list[int]:
    return list(accumulate(values, initial=0))


def _mark(flags: list[bool], box: Box) -> None:
    flags[box.first : box.end] = [True] * (box.end - box.first)
