"""What regular expressions find."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from .extraction import ExtractionStrategy
from .regex_patterns import PATTERNS, BuiltinPattern
from .timed_regex import MatchTime, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    import regex

_FLAGS = re.IGNORECASE | re.MULTILINE


class RegexExtractionStrategy(ExtractionStrategy):
    """E-mail addresses, phone numbers, prices, dates and the like, found by regular expressions.

    Each match is ``{"url": ..., "label": ..., "value": ..., "span": [start, end]}``: first all of one pattern, from
    left to right, then those of the next; built-in patterns in the order of their flags, then your own. The span is
    where the value is in the text that was searched, which is ``cleaned_html``, ``markdown`` or what ``input_format``
    says. In HTML a value is as HTML has it (``&amp;`` in URLs), and attributes are searched too; ``"markdown"`` has
    neither.

    Values are told by their form: a card number or an IBAN may be one that nobody has. Parts of longer words or numbers
    do not count.

    :param pattern: which built-in patterns to look for: ``Email``, ``PhoneIntl``, ``PhoneUS``, ``Url``, ``IPv4``,
        ``IPv6``, ``Uuid``, ``Currency``, ``Percentage``, ``Number``, ``DateIso``, ``DateUS``, ``Time24h``,
        ``PostalUS``, ``PostalUK``, ``HexColor``, ``TwitterHandle``, ``Hashtag``, ``MacAddr``, ``Iban``, ``CreditCard``
        of this class, combined with ``|``, or ``All``. The default is ``Nothing``, as in crawl4ai: only *custom*
        counts.
    :param custom: patterns of your own, as a dict of labels and regular expressions of Python or a list of such pairs.
        They are matched without regard to case, and ``^`` and ``$`` match at each line. The label of a built-in pattern
        replaces it. Matches of nothing are left out.
    :param input_format: what is searched. ``"fit_html"``, the default, means ``cleaned_html`` when no content filter is
        configured. Markdown is searched as a whole, unless there is a ``chunking_strategy``; spans are then places in
        the chunks.
    :param verbose: logs how many records a page has, at the level INFO.
    :raises TypeError: something is of the wrong type.
    :raises ValueError: a pattern is not valid; the message names its label.

    The built-in patterns take time in proportion to the text. Your own may take one second for a page and one more per
    million characters; beyond that extraction fails with a message that names the pattern.
    """

    Email: ClassVar = BuiltinPattern.EMAIL
    PhoneIntl: ClassVar = BuiltinPattern.PHONE_INTL
    PhoneUS: ClassVar = BuiltinPattern.PHONE_US
    Url: ClassVar = BuiltinPattern.URL
    IPv4: ClassVar = BuiltinPattern.IPV4
    IPv6: ClassVar = BuiltinPattern.IPV6
    Uuid: ClassVar = BuiltinPattern.UUID
    Currency: ClassVar = BuiltinPattern.CURRENCY
    Percentage: ClassVar = BuiltinPattern.PERCENTAGE
    Number: ClassVar = BuiltinPattern.NUMBER
    DateIso: ClassVar = BuiltinPattern.DATE_ISO
    DateUS: ClassVar = BuiltinPattern.DATE_US
    Time24h: ClassVar = BuiltinPattern.TIME_24H
    PostalUS: ClassVar = BuiltinPattern.POSTAL_US
    PostalUK: ClassVar = BuiltinPattern.POSTAL_UK
    HexColor: ClassVar = BuiltinPattern.HTML_COLOR_HEX
    TwitterHandle: ClassVar = BuiltinPattern.TWITTER_HANDLE
    Hashtag: ClassVar = BuiltinPattern.HASHTAG
    MacAddr: ClassVar = BuiltinPattern.MAC_ADDR
    Iban: ClassVar = BuiltinPattern.IBAN
    CreditCard: ClassVar = BuiltinPattern.CREDIT_CARD
    All: ClassVar = BuiltinPattern.ALL
    Nothing: ClassVar = BuiltinPattern.NOTHING

    DEFAULT_PATTERNS: ClassVar[Mapping[str, str]] = PATTERNS

    without_filter: ClassVar[Mapping[str, str]] = MappingProxyType({"fit_html": "cleaned_html"})
    whole_text: ClassVar[bool] = True

    def __init__(
        self,
        pattern: BuiltinPattern | int = BuiltinPattern.NOTHING,
        *,
        custom: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        input_format: str = "fit_html",
        verbose: bool = False,
    ) -> None:
        super().__init__(input_format, verbose=verbose)
        wanted = _flags(pattern)
        patterns = {label: text for label, text in PATTERNS.items() if BuiltinPattern[label.upper()] & wanted}
        own = _labelled(custom)
        patterns.update(own)
        self._patterns = tuple(
            (label, compile_pattern(f"RegexExtractionStrategy: pattern '{label}'", text, _FLAGS), label in own)
            for label, text in patterns.items()
        )

    def extract(self, url: str, html: str, *q: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """The matches in the text *html*, whatever its format.

        :raises ValueError: a pattern of your own takes too long.
        """
        time = MatchTime(len(html))
        found: list[dict[str, Any]] = []
        for label, pattern, is_own in self._patterns:
            matches = time.find(f"the pattern '{label}'", pattern, html) if is_own else _found(pattern, html)
            found += [
                {"url": url, "label": label, "value": match[0], "span": [*match.span()]}
                for match in matches
                if match[0]
            ]
        return found


def _found(pattern: regex.Pattern[str], text: str) -> Iterable[regex.Match[str]]:
    return pattern.finditer(text, concurrent=True)


def _flags(pattern: object) -> BuiltinPattern:
    if isinstance(pattern, bool) or not isinstance(pattern, int):
        raise TypeError(
            "RegexExtractionStrategy: pattern must be made of its flags, such as RegexExtractionStrategy.Email |"
            f" RegexExtractionStrategy.Url, got {type(pattern).__name__}; patterns of your own go into custom"
        )
    if not 0 <= pattern <= BuiltinPattern.ALL:
        raise ValueError(f"RegexExtractionStrategy: pattern {int(pattern)} is not made of its flags")
    return BuiltinPattern(pattern)


def _labelled(custom: object) -> dict[str, str]:
    """*custom* as a dict."""
    if custom is None:
        return {}
    where = "RegexExtractionStrategy: custom"
    pairs = custom.items() if isinstance(custom, Mapping) else custom
    if isinstance(pairs, str) or not hasattr(pairs, "__iter__"):
        raise TypeError(f"{where} must be a dict or pairs of label and regular expression, got {custom!r:.80}")
    own: dict[str, str] = {}
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # noqa: PLR2004 - a pair
            raise TypeError(f"{where} must hold pairs of label and regular expression, got {pair!r:.80}")
        label, text = pair
        if not isinstance(label, str) or not label:
            raise TypeError(f"{where}: labels must be text, got {label!r:.80}")
        if label in own:
            raise ValueError(f"{where} has the label '{label}' twice")
        own[label] = text
    return own
