"""What names, addresses and structured data say about a page and its parts: signs, not proofs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Parts of names, which are compared in lower case with "-" at both ends and in place of all other punctuation.
_NAME_PARTS = {
    "comment": "comment disqus discuss respond livefyre",
    "reply": "reply replies",
    "share": "share sharing social follow addthis facebook twitter",
    "nav": "nav menu crumb pagina pager",
    "toc": "toc- table-of contents-",
    "side": "side widget -rail- aside column-right columnright secondary complementary",
    "foot": "foot copyright legal disclaimer colophon",
    "head": "header masthead topbar top-bar banner hero",
    "related": (
        "relat recommend more- popular trending latest similar also next prev recirc teaser suggest upsell "
        "crosssell cross-sell"
    ),
    "ad": "-ad- -ads- -adv- adsense adslot adunit advert sponsor promo outbrain taboola dfp affiliate",
    "subscribe": "newsletter subscri signup sign-up login log-in register paywall donat -cta- call-to",
    "cookie": "cookie consent gdpr popup modal overlay dialog toast alert",
    "meta": "byline author date time meta tag- tags- categor credit posted publish",
    "bio": "-bio about- profile avatar",
    "caption": "caption figure",
    "tool": "tool button btn icon action control search filter sort form rating vote",
    "article": "article story blog",
    "content": ("content body main copy prose markdown richtext rich-text -text- primary description wysiwyg"),
    "product": "product price sku review spec detail item",
    "list": "list card grid result tile row",
}
_NAMES = {sign: tuple(parts.split()) for sign, parts in _NAME_PARTS.items()}
_CAMEL = re.compile(r"([a-z])([A-Z])")
_PUNCTUATION = re.compile(r"[\W_]+")
_ROLES = {
    "navigation": "nav",
    "banner": "head",
    "contentinfo": "foot",
    "complementary": "side",
    "main": "content",
    "search": "tool",
    "dialog": "cookie",
    "article": "article",
}
BESIDE = frozenset({"comment", "reply", "share", "nav", "side", "foot", "related", "ad", "subscribe", "cookie", "bio"})
"""Signs of what stands beside the content."""

_ADDRESS_SIGNS = {
    "blog": re.compile(r"/(?:blog|news|article|story|posts?|20\d\d)[/-]"),
    "forum": re.compile(r"forum|thread|/t/|topic|question|discuss|viewtopic|community|comments|/q/"),
}
_LONG_NUMBER = re.compile(r"\d{4,}")
_PRICE = re.compile(r"[$€£¥]\s?\d|\d\s?(?:€|£|usd|eur)", re.IGNORECASE)

_KINDS_OF_DATA = {
    "product": frozenset({"product", "productgroup", "offer", "vehicle", "book", "videogame", "softwareapplication"}),
    "list": frozenset({"itemlist", "collectionpage", "searchresultspage", "productcollection", "offercatalog", "blog"}),
    "faq": frozenset({"faqpage"}),
}
_TEXTS_OF_DATA = frozenset({"articleBody", "description", "text", "reviewBody"})
_DEEPEST_DATA = 8
_MOST_DATA = 50
_WORD = re.compile(r"\w+")


def signs_of_names(names: str, role: str | None) -> frozenset[str]:
    """The signs in the class and id of an element, and in its ``role``."""
    parted = _CAMEL.sub(r"\1-\2", names).lower()
    text = _PUNCTUATION.sub("-", f"-{parted}-")
    found = {sign for sign, parts in _NAMES.items() if any(part in text for part in parts)} if text != "-" else set()
    if role in _ROLES:
        found.add(_ROLES[role])
    return frozenset(found)


def signs_of_address(url: str) -> list[float]:
    """What kinds of page the path of *url* speaks for, and its length, hyphens and long numbers."""
    path = "/" + url.split("//", 1)[-1].partition("/")[2].lower()
    signs = [float(pattern.search(path) is not None) for pattern in _ADDRESS_SIGNS.values()]
    return [
        *signs,
        len(path),
        path.count("-"),
        float(_LONG_NUMBER.search(path) is not None),
    ]


def has_price(text: str) -> bool:
    """Whether there is an amount of money in *text*."""
    return _PRICE.search(text) is not None


def words_of(text: object) -> frozenset[str]:
    """The distinct words of *text*, in lower case; none for what is not text."""
    return frozenset(_WORD.findall(text.lower())) if isinstance(text, str) else frozenset()


def signs_of_data(metadata: Mapping[str, Any]) -> list[float]:
    """Whether JSON-LD tells of a product, of a list, of questions and answers; and how many words its texts have."""
    kinds: set[str] = set()
    words: set[str] = set()
    data = metadata.get("structured_data")
    _read_data(data.get("json_ld", []) if isinstance(data, dict) else [], kinds, words, _DEEPEST_DATA)
    return [*(float(not kinds.isdisjoint(names)) for names in _KINDS_OF_DATA.values()), len(words)]


def _read_data(value: Any, kinds: set[str], words: set[str], levels: int) -> None:
    if levels < 0:
        return
    if isinstance(value, list):
        for member in value[:_MOST_DATA]:
            _read_data(member, kinds, words, levels - 1)
    elif isinstance(value, dict):
        kinds.update(_kinds(value.get("@type")))
        for name, part in value.items():
            if isinstance(part, str):
                if name in _TEXTS_OF_DATA:
                    words |= words_of(part)
            else:
                _read_data(part, kinds, words, levels - 1)


def _kinds(declared: object) -> Iterable[str]:
    types = declared if isinstance(declared, list) else [declared]
    return (kind.lower().rpartition("/")[2] for kind in types if isinstance(kind, str))
