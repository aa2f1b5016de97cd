"""Numbers that describe each block of a page: what a model judges it by.

What a reader sees at a glance: how long and how linked a text is, what the elements around it are called, where on the
page it stands, whether it is one of many alike, and what kind of page it is on. None of it knows a language or a site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .page_signs import has_price, signs_of_address, signs_of_data, words_of
from .page_view import KINDS, MARKS, SIGNS, PageView

if TYPE_CHECKING:
    from .blocks import Block, Box
    from .filters import FilterPage

_LEVELS = (1, 2, 3)
_SHORT = 40  # words; longer texts are no titles
_PRICE_WORDS = 15
_SHARE_OF_BIG = 0.6
_LONG = 20
_WINDOW = 8
_FIRST_WORDS = 30
_NO_ITEMS = frozenset({"p", "tr", "td"})
_HEADING = KINDS["heading"]
_FOOT, _RELATED = SIGNS.index("foot"), SIGNS.index("related")
_ENDS = '.?!:;…"”)»。！？'  # noqa: RUF001  # the marks of other scripts

_LEVEL_NAMES = tuple(
    f"box{level}_{name}" for level in _LEVELS for name in ("words", "link", "share", "average", "good", "alike")
)
BOX_FEATURES = (
    "kind",
    "heading_level",
    *(f"sign_{sign}" for sign in SIGNS),
    *(f"in_{tag}" for tag in MARKS),
    "depth",
    *_LEVEL_NAMES,
    *(f"big_{name}" for name in ("words", "link", "average", "good", "start", "good_start")),
    *(f"{core}_{name}" for core in ("core", "inner_core") for name in ("inside", "distance", "up")),
    *(f"group_{name}" for name in ("size", "average", "share", "good")),
)
BLOCK_FEATURES = (
    "words",
    "link",
    "word_length",
    "ends",
    "sentences",
    "capitals",
    "position",
    "block_position",
    "good_before",
    "inner_before",
    "copies",
    "like_title",
    "from_title",
    "after_title",
    "from_core",
    "from_inner_core",
    "beside",
    "since_heading",
    "in_level",
    "heading_foot",
    "heading_related",
    "window_good",
    "before1_kind",
    "after1_kind",
    "before1_link",
    "before2_link",
)
PAGE_FEATURES = (
    "page_words",
    "page_link",
    "page_long",
    "page_good",
    "page_blocks",
    "page_og_article",
    "page_og_website",
    "page_longest",
    "page_articles",
    "page_headings",
    "page_items",
    "page_cells",
    "page_core_share",
    "page_core_words",
    "page_data_product",
    "page_data_list",
    "page_data_faq",
    "page_data_words",
    "page_description_words",
    "page_url_blog",
    "page_url_forum",
    "page_url_length",
    "page_url_hyphens",
    "page_url_number",
    "page_inner_share",
    "page_inner_words",
    "page_comments",
    "page_inner_core_depth",
    "page_inner_core_words",
    "page_inner_core_share",
    "page_inner_core_long",
    "page_group_share",
    "page_group_size",
    "page_group_average",
    "page_group_link",
    "page_prices",
)
FEATURES = (*BLOCK_FEATURES, *BOX_FEATURES, *PAGE_FEATURES)
"""The names of the numbers of a row, in their order."""


def features(page: FilterPage, view: PageView) -> list[list[float]]:
    """One row for each block of *view*, as long as :data:`FEATURES`."""
    if not view.blocks:
        return []
    whole = _page_features(page, view)
    boxes: dict[Box, list[float]] = {}
    rows = []
    for block, own in zip(view.blocks, _block_features(page, view), strict=True):
        around = boxes.get(block.box)
        if around is None:
            around = boxes[block.box] = _box_features(view, block.box)
        rows.append([*own, *around, *whole])
    return rows


def _page_features(page: FilterPage, view: PageView) -> list[float]:
    blocks, total = view.blocks, view.total_words
    metadata = page.metadata
    og_type = metadata.get("og:type")
    core, inner, group, tags = view.core, view.inner_core, view.largest_group, view.tags
    return [
        total,
        sum([block.link_length for block in blocks]) / (sum([block.length for block in blocks]) or 1),
        _long_ones(view.good_words),
        view.good_total / total,
        len(blocks),
        float(og_type == "article"),
        float(og_type == "website"),
        max([block.words for block in blocks]),
        tags["article"],
        tags["h2"] + tags["h3"],
        sum([block.words for block in blocks if block.box.tag == "li"]) / total,
        sum([block.words for block in blocks if block.box.tag == "td"]) / total,
        view.good_share(core),
        core.words,
        *signs_of_data(metadata),
        len(words_of(metadata.get("description") or metadata.get("og:description"))),
        *signs_of_address(page.url),
        view.inner_total / view.good_divisor,
        view.inner_total,
        view.comment_share,
        inner.depth,
        view.inner_in(inner),
        view.inner_in(inner) / view.inner_divisor,
        _long_ones(view.inner_words[inner.first : inner.end]),
        group.words / total,
        group.size,
        group.words / group.size,
        group.link_length / (group.length or 1),
        sum([block.words < _PRICE_WORDS and has_price(block.text) for block in blocks]),
    ]


def _long_ones(words: list[int]) -> int:
    return sum([count >= _LONG for count in words])


def _box_features(view: PageView, box: Box) -> list[float]:
    tag = box.tag
    kind = view.kind(tag)
    row: list[float] = [kind, int(tag[1]) if kind == _HEADING else 0, *view.distances(box), box.depth]
    level = box
    total = view.total_words
    for _ in _LEVELS:
        words = level.words
        row += (
            words,
            level.link_length / (level.length or 1),
            words / total,
            words / ((level.end - level.first) or 1),
            view.good_in(level) / (words or 1),
            view.group(level).size,
        )
        level = level.parent or level
    row += _big_box(view, box)
    row += _place(box, view.core)
    row += _place(box, view.inner_core)
    row += _group(view, box)
    return row


def _big_box(view: PageView, box: Box) -> list[float]:
    """The widest box around that still has no more than 60 % of the page's words."""
    limit = _SHARE_OF_BIG * view.total_words
    big = box
    while big.parent is not None and big.parent.words < limit:
        big = big.parent
    return [
        big.words,
        big.link_length / (big.length or 1),
        big.words / ((big.end - big.first) or 1),
        view.good_in(big) / (big.words or 1),
        view.words_before[big.first] / view.total_words,
        view.good_before[big.first] / view.good_divisor,
    ]


def _place(box: Box, core: Box) -> list[float]:
    """Whether *box* lies in *core*, and how far the two are from the box that holds both."""
    common: Box | None = box
    steps = 0
    while common is not None and not (common.first <= core.first and common.end >= core.end):
        common = common.parent
        steps += 1
    if common is None:
        return [0.0, 9, steps]
    return [float(common is core), core.depth - common.depth, steps]


def _group(view: PageView, box: Box) -> list[float]:
    """The nearest box around that is one of three or more alike."""
    node: Box | None = box
    while node is not None:
        group = view.group(node)
        if group.size > 2 and node.tag not in _NO_ITEMS:  # noqa: PLR2004
            words = group.words
            return [group.size, words / group.size, words / view.total_words, group.good / (words or 1)]
        node = node.parent
    return [0, 0, 0, 0]


def _block_features(page: FilterPage, view: PageView) -> list[list[float]]:
    blocks = view.blocks
    count = len(blocks)
    total, good_divisor, inner_divisor = view.total_words, view.good_divisor, view.inner_divisor
    links = [block.link_length / block.length if block.length else 0.0 for block in blocks]
    kinds = [view.kind(block.box.tag) for block in blocks]
    likeness = _likeness(page, blocks)
    title = view.title_place(likeness)
    heading = -1
    foot = related = 9.0
    level = 0
    rows: list[list[float]] = []
    for number, block in enumerate(blocks):
        if kinds[number] == _HEADING:
            heading, level = number, int(block.box.tag[1])
            distances = view.distances(block.box)
            foot, related = distances[_FOOT], distances[_RELATED]
        low, high = max(0, number - _WINDOW), min(count, number + _WINDOW + 1)
        around = view.words_before[high] - view.words_before[low]
        rows.append(
            [
                block.words,
                links[number],
                block.length / (block.words or 1),
                *_text_features(block.text),
                view.words_before[number] / total,
                number / count,
                view.good_before[number] / good_divisor,
                view.inner_before[number] / inner_divisor,
                view.copies[block.text],
                likeness[number],
                max(-20, min(60, number - title)) if title >= 0 else -30,
                float(number >= title) if title >= 0 else 0.5,
                _side(number, view.core),
                _side(number, view.inner_core),
                float(view.beside[number]),
                min(40, number - heading) if heading >= 0 else 50,
                level,
                foot,
                related,
                (view.good_before[high] - view.good_before[low]) / (around or 1),
                kinds[number - 1] if number else -1,
                kinds[number + 1] if number + 1 < count else -1,
                links[number - 1] if number else -1,
                links[number - 2] if number > 1 else -1,
            ]
        )
    return rows


def _text_features(text: str) -> tuple[float, int, float]:
    """Whether it ends like a sentence, how many end inside, and the share of its first words with a capital."""
    first = text.split(maxsplit=_FIRST_WORDS)[:_FIRST_WORDS]
    return (
        float(text[-1:] in _ENDS) if text else 0.0,
        text.count(". ") + text.count("! ") + text.count("? "),
        sum([word[0].isupper() for word in first]) / (len(first) or 1),
    )


def _side(number: int, core: Box) -> int:
    if core.first <= number < core.end:
        return 0
    return -1 if number < core.first else 1


def _likeness(page: FilterPage, blocks: list[Block]) -> list[float]:
    """How alike each short block and the page's title are."""
    title = words_of(page.metadata.get("title"))
    if not title:
        return [0.0] * len(blocks)
    found = []
    for block in blocks:
        words = words_of(block.text) if block.words < _SHORT else frozenset()
        found.append(len(words & title) / len(words | title))
    return found
