"""``score_links``: how much a link promises, from what stands on the page alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from turbohtml import Element

_WORD = re.compile(r"\w{3,}")
_TOPIC_KEYS = ("title", "description", "keywords")
_BEST_WORDS = 3  # a link of so many words says where it leads
_MANY_WORDS = 20  # one of more is a paragraph
_DEEP = 4
_FURNITURE = "nav,header,footer,aside,form"
_UNENDORSED = frozenset({"nofollow", "sponsored", "ugc"})
_FEW_PARAMETERS = 2
_ROUTINE = frozenset(
    [
        *("login", "signin", "sign-in", "signup", "sign-up", "register", "logout", "cart", "checkout", "account"),
        *("share", "print", "privacy", "terms", "cookies", "contact", "search", "tag", "tags", "feed", "rss"),
    ]
)
_GENERIC = frozenset(
    [
        *("more", "read more", "learn more", "see more", "show more", "click here", "here", "link", "this", "home"),
        *("next", "previous", "back", "continue", "continue reading", "details", "view all", "see all", "top", "menu"),
    ]
)


class LinkScores:
    """Scores the links of one page from 0 to 10, by fixed rules of this package.

    Up to 4 points for a text that says where the link leads, 3 for an address of a page of content (not deep in
    folders, few parameters, no login, cart or share), 1 each for a title of its own, for standing in the content (not
    in navigation, header, footer, aside or form) without ``rel=nofollow``, and for words in common with what the page
    says it is about.
    """

    def __init__(self, topic: frozenset[str]) -> None:
        self._topic = topic

    @classmethod
    def of_page(cls, metadata: dict[str, Any]) -> LinkScores:
        """Scores for a page with this *metadata*: its topic is in title, description and keywords."""
        return cls(_words(" ".join(str(metadata.get(key) or "") for key in _TOPIC_KEYS)))

    def of_link(self, element: Element, href: str, text: str, title: str) -> dict[str, float | None]:
        """``intrinsic_score``, 0 to 10; ``total_score``, the same while ``contextual_score`` is None.

        A contextual score would be that of the head of the linked page, which is not fetched.
        """
        endorsed = _UNENDORSED.isdisjoint((element.attr("rel") or "").lower().split())
        score = (
            _text_score(text)
            + _address_score(href)
            + bool(title and title != text)
            + (endorsed and element.closest(_FURNITURE) is None)
            + (not self._topic.isdisjoint(_words(f"{text} {title}")))
        )
        return {"intrinsic_score": score, "contextual_score": None, "total_score": score}


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _text_score(text: str) -> float:
    words = len(text.split())
    if not words:
        return 0.0
    if text.lower().strip(" .…»→>") in _GENERIC or not any(map(str.isalpha, text)):
        return 0.5
    return min(words, _BEST_WORDS) + (1.0 if _BEST_WORDS <= words <= _MANY_WORDS else 0.0)


def _address_score(href: str) -> float:
    _, _, rest = href.partition("://")
    path, _, query = rest.partition("#")[0].partition("?")
    folders = [part for part in path.split("/")[1:] if part]
    routine = any(part.lower() in _ROUTINE for part in folders)
    return float(not routine) + (0 < len(folders) <= _DEEP) + (query.count("=") <= _FEW_PARAMETERS)
