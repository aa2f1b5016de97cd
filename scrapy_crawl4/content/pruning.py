"""Blocks that look like content."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..exceptions import UnsupportedOption
from .block_weights import CLUTTER_TAGS, CLUTTER_WEIGHT, IMPORTANT_TAGS, TAG_WEIGHTS, weight_of_names
from .emptied import with_emptied
from .filter_options import names, number, whole_number
from .filters import TreeFilter
from .outline import outline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from turbohtml import Node

    from .filters import FilterPage
    from .outline import Outline

_DENSITY, _LINKS, _TAG, _NAMES, _LENGTH = 0.4, 0.2, 0.2, 0.1, 0.1

# What one element costs in markup, in characters: its tags and an attribute.
_MARKUP = 15

# From these shares on a dynamic threshold counts a block as dense, and as made of links.
_DENSE, _LINKED = 0.4, 0.6

# A block that holds this share of the page's text is not clutter, whatever it is called.
_MOST = 0.6

# So many alike under one parent are a list of items.
_ITEMS = 2

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_NO_LEVEL = 9
_JUDGED = frozenset(TAG_WEIGHTS)


class PruningContentFilter(TreeFilter):
    """Drops the blocks that look like navigation, advertising and other clutter.

    Each block (section, list, table, paragraph, ...) gets a score, from the outside in; blocks below *threshold* go
    with all they hold. The score is crawl4ai's: 0.4 text density + 0.2 share of text outside links + 0.2 weight of
    the tag + 0.1 weight of class and id + 0.1 logarithm of the length (of text outside links, in characters). Unlike
    there, inline elements and code are never taken apart, blocks that are repeated are judged together and their parts
    stay with them, pictures stay with the text around them, a block that holds most of the page stays, and a heading
    whose section went goes too.

    :param user_query: not for this filter: :class:`BM25ContentFilter` goes by a query.
    :param min_word_threshold: blocks of fewer words go, whatever their score.
    :param threshold_type: ``"fixed"``, or ``"dynamic"``: the threshold is a fifth lower for articles, sections,
        paragraphs, code and quotes, a tenth lower for dense text, and a fifth higher for blocks of links.
    :param threshold: 0 or more; a higher one keeps less. Useful are 0.3 (lenient) to 0.8 (strict).
    :param preserve_classes: elements of these classes stay whole.
    :param preserve_tags: elements with these tags stay whole.
    :raises ValueError: a parameter is out of its range.
    :raises TypeError: a parameter is of the wrong type.
    :raises UnsupportedOption: *user_query* is given.
    """

    def __init__(
        self,
        user_query: str | None = None,
        min_word_threshold: int | None = None,
        threshold_type: str = "fixed",
        threshold: float = 0.48,
        preserve_classes: Iterable[str] | None = None,
        preserve_tags: Iterable[str] | None = None,
    ) -> None:
        if user_query is not None:
            raise UnsupportedOption(
                "PruningContentFilter does not go by a user_query; use BM25ContentFilter(user_query=...) for that"
            )
        super().__init__()
        if threshold_type not in {"fixed", "dynamic"}:
            raise ValueError(f"threshold_type must be 'fixed' or 'dynamic', got {threshold_type!r}")
        self.min_word_threshold = whole_number("min_word_threshold", min_word_threshold)
        self.threshold_type = threshold_type
        self.threshold = number("threshold", threshold)
        self.preserve_classes = names("preserve_classes", preserve_classes)
        self.preserve_tags = frozenset(tag.lower() for tag in names("preserve_tags", preserve_tags))

    def unwanted(self, page: FilterPage, min_word_threshold: int | None = None) -> Sequence[Node]:
        """The blocks that score below the threshold, and headings that nothing is left of."""
        given = whole_number("min_word_threshold", min_word_threshold)
        minimum = self.min_word_threshold if given is None else given
        return with_emptied(_Pruning(outline(page.root), self, minimum).run(), page.root)


PruningContentFilterLXML = PruningContentFilter
"""The same under crawl4ai's other name."""


# What was decided about an element: it stays and what is inside is judged; it stays as one of a list of items, inside
# of which only clutter by name goes; it stays with all it holds; it goes.
_OPEN, _ITEM, _WHOLE, _GONE = range(4)


@dataclass(slots=True)
class _Group:
    """Alike elements under one parent, taken together."""

    size: int = 0
    chars: int = 0
    link_chars: int = 0
    inner: int = 0


class _Pruning:
    """One page being pruned."""

    def __init__(self, page: Outline, rules: PruningContentFilter, minimum: int | None) -> None:
        self.page = page
        self.threshold = rules.threshold
        self.dynamic = rules.threshold_type == "dynamic"
        self.minimum = minimum or 0
        self.states = [_OPEN] * len(page.elements)
        self.classes, self.groups = _groups(page)
        self.weights: dict[str, float] = {}
        self.preserved, self.holding = _preserved(page, self.classes, rules)
        self.most = _MOST * page.chars[0]
        self.most_text = _MOST * (page.chars[0] - page.link_chars[0])

    def run(self) -> list[Node]:
        states, tags, preserved = self.states, self.page.tags, self.preserved
        parents = iter(self.page.parents)
        next(parents)
        for index, parent in enumerate(parents, 1):
            above = states[parent]
            if above < _WHOLE and (tags[index] in _JUDGED or index in preserved):
                above = self.judge(index, above)
            states[index] = above
        self.drop_headings()
        found = zip(self.page.elements, states, self.page.parents, strict=True)
        return [element for element, state, parent in found if state == _GONE and states[parent] != _GONE]

    def judge(self, index: int, above: int) -> int:
        page = self.page
        tag = page.tags[index]
        if tag == "pre" or index in self.preserved:
            return _WHOLE
        if index in self.holding or (not page.chars[index] and page.pictures[index]):
            return above
        if page.words[index] < self.minimum and not page.pictures[index]:
            return _GONE
        names = self.weight_of_names(index)
        clutter = names == CLUTTER_WEIGHT
        if above == _ITEM:
            return _GONE if clutter else above
        if self.holds_most(index, clutter=clutter or tag in CLUTTER_TAGS):
            return above
        return self.compare(index, names, above)

    def compare(self, index: int, names: float, above: int) -> int:
        """Whether the element, or it and those like it beside it, reach the threshold."""
        page = self.page
        tag = page.tags[index]
        group = self.groups.get((page.parents[index], tag, self.classes[index]))
        repeated = group is not None and group.size >= _ITEMS and page.chars[index] > 0
        if group is None or not repeated:
            group = _Group(1, page.chars[index], page.link_chars[index], page.inner[index])
        if self.is_pruned(tag, names, group):
            return _GONE
        return _ITEM if repeated else above

    def is_pruned(self, tag: str, names: float, block: _Group) -> bool:
        density = block.chars / (block.chars + _MARKUP * block.inner) if block.chars else 0.0
        links = block.link_chars / block.chars if block.chars else 1.0
        length = math.log(1 + block.chars - block.link_chars)
        score = (
            _DENSITY * density
            + _LINKS * (1 - links)
            + _TAG * TAG_WEIGHTS[tag]
            + _NAMES * names
            + _LENGTH * length
        )  # fmt: skip
        return score < (self.dynamic_threshold(tag, density, links) if self.dynamic else self.threshold)

    def dynamic_threshold(self, tag: str, density: float, links: float) -> float:
        threshold = self.threshold
        if tag in IMPORTANT_TAGS:
            threshold *= 0.8
        if density > _DENSE:
            threshold *= 0.9
        if links > _LINKED:
            threshold *= 1.2
        return threshold

    def holds_most(self, index: int, *, clutter: bool) -> bool:
        """Whether a block holds most of the page; of what is called clutter, links do not count."""
        page = self.page
        chars = page.chars[index]
        text = chars - page.link_chars[index]
        return chars > 0 and (0 < self.most_text <= text or (not clutter and chars >= self.most))

    def weight_of_names(self, index: int) -> float:
        """What class and id say, which articles are beyond: theirs tell topics and authors."""
        names = f"{self.classes[index]} {self.page.elements[index].attr('id') or ''}"
        weight = self.weights.get(names)
        if weight is None:
            weight = self.weights[names] = weight_of_names(names)
        return max(weight, 0.0) if self.page.tags[index] in {"article", "main"} else weight

    def drop_headings(self) -> None:
        """Take off headings whose section, up to the next heading of their level, went altogether."""
        page, states, tags = self.page, self.states, self.page.tags
        after = {page.parents[at]: _After() for at, tag in enumerate(tags) if tag in _HEADINGS and states[at] < _WHOLE}
        for parent in _with_own_text(page, after):
            del after[parent]
        for index in range(len(states) - 1, 0, -1):
            following = after.get(page.parents[index])
            if following is None:
                continue
            level = _HEADINGS.get(tags[index])
            if level is None:
                empty = not (page.chars[index] or page.pictures[index])
                following.pass_block(gone=states[index] == _GONE, empty=empty)
            elif following.pass_heading(level) and index not in self.holding and index not in self.preserved:
                states[index] = _GONE


@dataclass(slots=True)
class _After:
    """What comes after a place among the children of one element, up to the next heading, and its level."""

    stays: bool = False
    went: bool = False
    level: int = _NO_LEVEL

    def pass_block(self, *, gone: bool, empty: bool) -> None:
        if gone:
            self.went = True
        elif not empty:
            self.stays = True

    def pass_heading(self, level: int) -> bool:
        """Whether nothing stays of the section that a heading of *level* opens, but something was there."""
        if self.went and not self.stays and not level < self.level < _NO_LEVEL:
            return True
        self.stays = self.went = False
        self.level = level
        return False


def _groups(page: Outline) -> tuple[list[str], dict[tuple[int, str, str], _Group]]:
    """The class of each element that can be judged, and the groups of those alike."""
    classes: list[str] = []
    groups: dict[tuple[int, str, str], _Group] = {}
    for index, tag in enumerate(page.tags):
        if tag not in TAG_WEIGHTS:
            classes.append("")
            continue
        name = page.elements[index].attr("class") or ""
        classes.append(name)
        if (name or tag == "article") and tag != "p":
            key = (page.parents[index], tag, name)
            group = groups.get(key)
            if group is None:
                group = groups[key] = _Group()
            group.size += 1
            group.chars += page.chars[index]
            group.link_chars += page.link_chars[index]
            group.inner += page.inner[index]
    return classes, groups


def _preserved(page: Outline, classes: list[str], rules: PruningContentFilter) -> tuple[set[int], set[int]]:
    """The elements to preserve, and those that hold one."""
    preserved: set[int] = set()
    holding: set[int] = set()
    if not (rules.preserve_tags or rules.preserve_classes):
        return preserved, holding
    for index in range(len(page.elements) - 1, 0, -1):
        names = (classes[index] or page.elements[index].attr("class") or "").split()
        if page.tags[index] in rules.preserve_tags or not rules.preserve_classes.isdisjoint(names):
            preserved.add(index)
        if index in preserved or index in holding:
            holding.add(page.parents[index])
    return preserved, holding


def _with_own_text(page: Outline, wanted: Collection[int]) -> list[int]:
    """Those of *wanted* that hold text directly, outside the elements in them."""
    own = {at: page.chars[at] for at in wanted}
    for index, parent in enumerate(page.parents):
        if index and parent in own:
            own[parent] -= page.chars[index]
    return [at for at, chars in own.items() if chars]
