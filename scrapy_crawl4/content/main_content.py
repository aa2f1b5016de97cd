"""The main content of a page."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate
from math import exp
from typing import TYPE_CHECKING

from turbohtml import Element

from .block_features import features
from .emptied import with_emptied
from .filter_options import number, whole_number
from .filters import TreeFilter
from .main_content_model import score
from .page_view import PageView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Node

    from .blocks import Block, Box
    from .filters import FilterPage

_ALIKE = 0.3
_MOST = 0.5
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SURE = 0.6
_MANY = 3
_ICON = 40  # pixels
_ICON_DIGITS = 3


class MainContentFilter(TreeFilter):
    """Keeps the main content of a page of any kind: article, documentation, forum, listing, product, service.

    Each block of text is judged by what surrounds it, what its elements are called, where it stands and what kind of
    page it is on. How likely each is content comes from a small model (boosted decision trees) that was trained on
    pages with known content; ``benchmarks/train_main_content.py`` made it. Of the blocks those are kept that
    promise the best F measure for this page (the plug-in rule of Ye, Chai, Lee and Chieu, "Optimizing F-Measure: A
    Tale of Two Approaches", 2012). They stay where they are in the page, with their links, pictures, code and tables.

    :param beta: how much more it matters to keep all content than to keep only content: 1 weighs both alike, 2 keeps
        more, 0.5 less.
    :param min_word_threshold: blocks of fewer words go, headings and pictures excepted.
    :raises ValueError: a parameter is out of its range.
    :raises TypeError: a parameter is of the wrong type.
    """

    def __init__(self, beta: float = 1.0, min_word_threshold: int | None = None) -> None:
        super().__init__()
        self.beta = number("beta", beta)
        self.min_word_threshold = whole_number("min_word_threshold", min_word_threshold)

    def unwanted(self, page: FilterPage, min_word_threshold: int | None = None) -> Sequence[Node]:
        """Everything but the main content."""
        given = whole_number("min_word_threshold", min_word_threshold)
        minimum = (self.min_word_threshold if given is None else given) or 0
        view = PageView(page.root)
        if not view.blocks:
            return []
        rows = features(page, view)
        kept = chosen(view, [1 / (1 + exp(-score(row))) for row in rows], self.beta)
        if minimum > 1:
            kept = [keep and not _too_short(block, minimum) for block, keep in zip(view.blocks, kept, strict=True)]
        return _unwanted(view, kept, page.root)


def chosen(view: PageView, likely: Sequence[float], beta: float = 1.0) -> list[bool]:
    """Whether each block is content, from how likely each is."""
    likely = _with_those_alike(view, likely)
    threshold = _best_threshold(likely, [block.words for block in view.blocks], beta)
    kept = [value >= threshold for value in likely]
    _keep_tables_whole(view, kept)
    _keep_pictures_with_text(view, kept)
    _drop_bare_headings(view, kept, likely)
    return kept


def _with_those_alike(view: PageView, likely: Sequence[float]) -> list[float]:
    """Draw each value a little towards the mean of the blocks whose elements have the same names."""
    sums: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
    keys = [_names(block) for block in view.blocks]
    for key, block, value in zip(keys, view.blocks, likely, strict=True):
        total = sums[key]
        total[0] += value * (block.words + 1)
        total[1] += block.words + 1
    return [
        (1 - _ALIKE) * value + _ALIKE * sums[key][0] / sums[key][1] for key, value in zip(keys, likely, strict=True)
    ]


def _names(block: Block) -> tuple[str, ...]:
    box = block.box
    parent = box.parent
    above = parent.parent if parent is not None else None
    return (
        box.tag,
        box.signature,
        parent.signature if parent is not None else "",
        above.signature if above is not None else "",
    )


def _best_threshold(likely: Sequence[float], words: Sequence[int], beta: float) -> float:
    """The value from which on blocks are kept for the highest expected F measure."""
    weight = beta * beta
    expected_total = sum(value * count for value, count in zip(likely, words, strict=True))
    best, threshold = -1.0, 1.0
    found = selected = 0.0
    for value, count in sorted(zip(likely, words, strict=True), reverse=True):
        found += value * count
        selected += count
        measure = found / (selected + weight * expected_total + 1e-9)
        if measure > best:
            best, threshold = measure, value
    return threshold


def _keep_tables_whole(view: PageView, kept: list[bool]) -> None:
    """A data table is kept or dropped as one: rows without their heads say nothing."""
    for box in view.boxes:
        if box.tag == "table" and box.element.find("table") is None:
            span = range(box.first, box.end)
            words = sum(view.blocks[number].words for number in span if kept[number])
            kept[box.first : box.end] = [words > _MOST * box.words] * len(span)


def _drop_bare_headings(view: PageView, kept: list[bool], likely: Sequence[float]) -> None:
    """A heading that is in doubt goes when the text right after it does, unless it names one of many alike."""
    after = False
    for place in range(len(kept) - 1, -1, -1):
        block = view.blocks[place]
        if kept[place] and not after and block.box.tag in _HEADINGS and likely[place] < _SURE:
            kept[place] = _is_of_many(view, block.box)
        if block.words:
            after = kept[place]


def _is_of_many(view: PageView, box: Box | None) -> bool:
    while box is not None:
        if view.group(box).size >= _MANY:
            return True
        box = box.parent
    return False


def _keep_pictures_with_text(view: PageView, kept: list[bool]) -> None:
    """A picture goes with the text around it: that of the innermost box, outside its figure, that has any."""
    words = view.words_before
    kept_words = list(
        accumulate([block.words * keep for block, keep in zip(view.blocks, kept, strict=True)], initial=0)
    )
    for place, block in enumerate(view.blocks):
        figure = _figure(block.box) if block.media else None
        if block.words and figure is None:
            continue
        if all(_is_icon(node) for node in block.nodes):
            kept[place] = False
            continue
        own = figure or block.box
        box = own.parent if figure is not None and own.parent is not None else own
        while box.words == (own.words if figure is not None else 0) and box.parent is not None:
            box = box.parent
        kept[place] = kept_words[box.end] - kept_words[box.first] > _MOST * (words[box.end] - words[box.first])


def _is_icon(node: Node) -> bool:
    sizes = [node.attr(name) or "" for name in ("width", "height")] if isinstance(node, Element) else []
    return any(size.isdecimal() and len(size) <= _ICON_DIGITS and int(size) < _ICON for size in sizes)


def _figure(box: Box) -> Box | None:
    """The ``<figure>`` that *box* is, or lies in."""
    node: Box | None = box
    while node is not None and node.tag != "figure":
        node = node.parent
    return node


def _unwanted(view: PageView, kept: Sequence[bool], root: Element) -> list[Node]:
    """The outermost boxes that nothing of is kept, and the other nodes of blocks that are not."""
    counts = list(accumulate(kept, initial=0))
    nodes: list[Node] = []
    end = 0
    for box in view.boxes:
        if box.first >= end and box.end > box.first and counts[box.end] == counts[box.first] and box.parent is not None:
            nodes.append(box.element)
            end = box.end
    gone = set(nodes)
    for block, keep in zip(view.blocks, kept, strict=True):
        if not keep and not _lies_in(block.box, gone):
            nodes += block.nodes
    return with_emptied(nodes, root)


def _lies_in(box: Box | None, gone: set[Node]) -> bool:
    while box is not None:
        if box.element in gone:
            return True
        box = box.parent
    return False


def _too_short(block: Block, minimum: int) -> bool:
    return bool(block.words) and block.words < minimum and not block.box.tag.startswith("h")
