"""The patterns that :class:`~scrapy_crawl4.RegexExtractionStrategy` brings.

Each takes time in proportion to the text, whatever the text: a search can start only where a run of the characters it
repeats begins (a look-behind says so), repeats are possessive or bounded, and what follows one cannot be read as part
of it. A look-ahead for the first character, where there is one, only saves time. Case does not count, except where a
pattern says otherwise.
"""

from __future__ import annotations

from enum import IntFlag, auto
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class BuiltinPattern(IntFlag):
    """Which patterns to look for; they can be combined with ``|``."""

    EMAIL = auto()
    PHONE_INTL = auto()
    PHONE_US = auto()
    URL = auto()
    IPV4 = auto()
    IPV6 = auto()
    UUID = auto()
    CURRENCY = auto()
    PERCENTAGE = auto()
    NUMBER = auto()
    DATE_ISO = auto()
    DATE_US = auto()
    TIME_24H = auto()
    POSTAL_US = auto()
    POSTAL_UK = auto()
    HTML_COLOR_HEX = auto()
    TWITTER_HANDLE = auto()
    HASHTAG = auto()
    MAC_ADDR = auto()
    IBAN = auto()
    CREDIT_CARD = auto()
    ALL = (1 << 21) - 1
    NOTHING = 0


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_HEX = r"[0-9A-F]{1,4}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])"
# The next digit of a phone number; a date after the number is no part of it.
_DIGIT = rf"(?! ?{_DATE})[ .()-]{{0,3}}[0-9]"
_CARD = r"(?:[0-9]{4}[ -]){2,3}[0-9]{4}(?![0-9])"
_MONEY = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,9}(?:\.[0-9]{1,2})?|[0-9]{1,3}(?:\.[0-9]{3}){1,9}(?:,[0-9]{1,2})?"
    r"|[0-9]{1,30}(?:[.,][0-9]{1,2})?)"
)
_CODES = r"(?:USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|RM)"


def _ipv6() -> str:
    """Eight groups, or fewer with ``::`` for those left out; the last two may be an IPv4 address."""
    shortened = [rf"(?:{_HEX}:){{1,{left}}}(?::{_HEX}){{1,{7 - left}}}" for left in range(6, 0, -1)]
    mixed = [rf"(?:{_HEX}:){{6}}{_IPV4}", rf"::(?:{_HEX}:){{0,5}}{_IPV4}"]
    mixed += [rf"(?:{_HEX}:){{1,{left}}}(?::{_HEX}){{0,{5 - left}}}:{_IPV4}" for left in range(5, 0, -1)]
    whole = [rf"(?:{_HEX}:){{7}}{_HEX}", *shortened, rf":(?::{_HEX}){{1,7}}", rf"(?:{_HEX}:){{1,7}}:"]
    return rf"(?=[0-9A-F:])(?<![\w:.])(?=[0-9A-F]{{0,4}}:)(?:{'|'.join([*mixed, *whole])})(?![\w:]|\.[0-9])"


_PATTERNS = {
    BuiltinPattern.EMAIL: r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)*\.[^\W\d_](?:[\w-]*\w)",
    BuiltinPattern.PHONE_INTL: (
        rf"(?=[+(0-9])(?<![\w+.,:])(?<![0-9][.()-])(?!{_DATE})(?!(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?![0-9.]))"
        rf"(?:\+\(?[0-9](?:{_DIGIT}){{6,14}}|(?!{_CARD})\(?[0-9](?:{_DIGIT}){{8,14}})(?!\w|[.()-][0-9])"
    ),
    BuiltinPattern.PHONE_US: r"(?=[(0-9])(?:(?<![\w+])|(?<=\+1))\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}(?!\w)",
    BuiltinPattern.URL: (r"(?<![A-Z0-9])https?://(?:[^\s\"'<>()`]|\([^\s\"'<>()`]*+\))+(?<![.,;:!?*\]}])"),
    BuiltinPattern.IPV4: rf"(?<![\w.]){_IPV4}(?![\w]|\.[0-9])",
    BuiltinPattern.IPV6: _ipv6(),
    BuiltinPattern.UUID: (
        r"(?<![0-9A-F-])[0-9A-F]{8}-[0-9A-F]{4}-[1-8][0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}(?![0-9A-F-])"
    ),
    BuiltinPattern.CURRENCY: (
        rf"(?=[$€£¥₹0-9UEGJCIAR])(?:(?:(?<![A-Z]){_CODES}|[$€£¥₹])[ \u00a0]?{_MONEY}(?![0-9])"
        rf"|(?=[0-9])(?<![\w.,]){_MONEY}[ \u00a0]?(?:[€£]|{_CODES}(?!\w)))"
    ),
    BuiltinPattern.PERCENTAGE: r"(?=[0-9])(?<![0-9])[0-9]++(?:[.,][0-9]++)?%(?!\w)",
    BuiltinPattern.NUMBER: (
        r"(?=[0-9])(?<!\w)(?<![0-9]\.)"
        r"(?:[0-9]{1,3}(?:[,\u00a0\u202f][0-9]{3})+|[0-9]{1,3}(?:\.[0-9]{3}){2,}|[0-9]++)(?:\.[0-9]++)?(?!\w)"
    ),
    BuiltinPattern.DATE_ISO: r"(?<![0-9])[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?![0-9])",
    BuiltinPattern.DATE_US: (
        r"(?<![\w/])(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01])/(?:[0-9]{4}|[0-9]{2})(?![\w/])"
    ),
    BuiltinPattern.TIME_24H: (
        r"(?:(?<![\w:.])|(?<=[0-9]T))(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?:[:.][0-5][0-9])?(?:(?=Z\b)|(?!\w|:[0-9]))"
    ),
    BuiltinPattern.POSTAL_US: r"(?<![\w.,-])[0-9]{5}(?:-[0-9]{4})?(?![\w]|-[0-9])",
    BuiltinPattern.POSTAL_UK: r"(?=[A-Z])(?<!\w)(?:[A-Z]{1,2}[0-9][A-Z0-9]?|GIR) ?[0-9][ABD-HJLNP-UW-Z]{2}(?!\w)",
    BuiltinPattern.HTML_COLOR_HEX: r"(?<![\w&])#(?:[0-9A-F]{8}|[0-9A-F]{6})(?!\w)",
    BuiltinPattern.TWITTER_HANDLE: r"(?<![\w.+@-])@[A-Z0-9_]{1,15}(?![\w@])",
    BuiltinPattern.HASHTAG: r"(?<![\w&#/])(?<!=[\"'])#(?=[\d_-]*+[^\W\d_])\w++(?:-\w++)*+",
    BuiltinPattern.MAC_ADDR: (
        r"(?=[0-9A-F])(?<![\w:-])[0-9A-F]{2}(?:(?::[0-9A-F]{2}){5}|(?:-[0-9A-F]{2}){5})(?![\w]|[:-][0-9A-F])"
    ),
    BuiltinPattern.IBAN: (
        r"(?-i:(?<!\w)[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?!\w))"
    ),
    BuiltinPattern.CREDIT_CARD: (
        r"(?<![\w.-])(?:"
        r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)|6(?:011|5[0-9]{2}))"
        r"(?:[0-9]{12}|(?: [0-9]{4}){3}|(?:-[0-9]{4}){3})"
        r"|3[47][0-9]{2}(?:[0-9]{11}| [0-9]{6} [0-9]{5}|-[0-9]{6}-[0-9]{5})|4[0-9]{12})(?![\w]|-[0-9])"
    ),
}

PATTERNS: Mapping[str, str] = MappingProxyType(
    {(flag.name or "").lower(): pattern for flag, pattern in _PATTERNS.items()}
)
"""The patterns by label: the names of :class:`BuiltinPattern` in lower case."""
