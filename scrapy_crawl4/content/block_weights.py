"""What tags, classes and ids say of a block: content or clutter."""

from __future__ import annotations

import re

from .names import names as words

TAG_WEIGHTS = {
    "article": 1.5, "main": 1.5, "pre": 1.2, "blockquote": 1.2, "p": 1.0,
    "section": 0.8, "table": 0.8, "figure": 0.8, "ol": 0.7, "details": 0.7,
    "div": 0.5, "ul": 0.5, "dl": 0.5, "fieldset": 0.5, "address": 0.5, "center": 0.5, "dir": 0.5, "hgroup": 0.5,
    "header": -2.0, "form": -1.0, "menu": -3.0, "aside": -3.0, "footer": -5.0, "nav": -5.0, "search": -5.0,
}  # fmt: skip
CLUTTER_TAGS = frozenset({"header", "footer", "nav", "aside", "menu", "search"})
IMPORTANT_TAGS = frozenset({"article", "main", "section", "p", "pre", "blockquote"})


# Words of classes and ids, and what they say of a block. The first kind is hardly ever content.
_CLUTTER = words(
    "menu menus submenu megamenu mega nav navs navbar navigation navi topnav subnav sidenav hamburger burger offcanvas "
    "footer foot colophon masthead topbar sidebar aside flyout dropdown drawer popup popover modal lightbox tooltip "
    "login signin signup register subscribe subscription newsletter search pagination pager facet facets filter "
    "filters breadcrumb breadcrumbs crumbs skip share social sharing sharer sharethis addthis follow copyright legal "
    "cookie cookies consent gdpr byline author bio comments commentform commentlist respond disqus related recommended "
    "recommendations trending popular ads advert adverts advertisement sponsor sponsored outbrain taboola cart"
)
_DOUBTFUL = words(
    "header comment meta metadata widget widgets tags tagcloud links buttons actions account feedback privacy policy "
    "recent hide hidden print teaser promo promos banner overlay dialog disclaimer notice alert contact toolbar bar "
    "sticky secondary rail ad date info profile"
)
_CONTENT = words(
    "content article text description quote story entry main body post summary answer question product doc docs "
    "markdown prose"
)
CLUTTER_WEIGHT, DOUBTFUL_WEIGHT, CONTENT_WEIGHT = -7.0, -2.0, 1.0
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_COMPOUND = 2


def weight_of_names(names: str) -> float:
    """The weight of the words in class and id; of a longer compound only the last word says what the block is."""
    every: set[str] = set()
    telling: set[str] = set()
    for name in names.split():
        # block__part in BEM: the part of something that was or will be judged itself.
        parts = [part.lower() for part in _NAME_WORD.findall(name)] if "__" not in name else []
        every.update(parts)
        telling.update(parts if len(parts) <= _COMPOUND else parts[-1:])
    if not _CLUTTER.isdisjoint(telling):
        return CLUTTER_WEIGHT
    if not _DOUBTFUL.isdisjoint(telling):
        return DOUBTFUL_WEIGHT
    return 0.0 if _CONTENT.isdisjoint(every) else CONTENT_WEIGHT
