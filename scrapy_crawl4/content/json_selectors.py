"""The two languages in which a schema selects: CSS and XPath."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeAlias

import turbohtml
from turbohtml import Element, Node, SelectorSyntaxError, XPath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Document

Found: TypeAlias = Node | str
"""What a selector finds: a node, or the text of one (XPath only)."""

_LITERAL = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_BRANCH = re.compile(rf"({_LITERAL.pattern})|(\|\s*+)(?=/)")
_FUNCTION = re.compile(r"([\w.-]+(?::[\w.-]+)?)\s*\(")
_PREFIX = re.compile(r"([\w.-]+):(?=[\w*])(?<!::)(?!:)")
_NOT_FUNCTIONS = frozenset({"node", "text", "comment", "processing-instruction", "and", "or", "div", "mod"})
# Names with predicates, one inside or below the other: `h3[@class="t"]`, `ul li`, `ul > li`.
_STEP = r"(?:\*|[^\W\d][\w.-]*+)(?:\[(?:[^\[\]\"']|\"[^\"]*+\"|'[^']*+')*+\])*+"
_SHORTHAND = re.compile(rf"{_STEP}(?:\s*+(?:>\s*+|(?<=\s)){_STEP})*+")
_STEP_AND_REST = re.compile(rf"({_STEP})(\s*+)(>?)\s*+")


class SelectorLanguage(ABC):
    """How a schema selects; every selector that is used has been through :meth:`base` or :meth:`field` once."""

    name: str

    @abstractmethod
    def base(self, selector: str) -> str:
        """The base selector, made ready.

        :raises ValueError: it is not valid.
        """

    @abstractmethod
    def field(self, selector: str) -> str:
        """The selector of a field, made ready.

        :raises ValueError: it is not valid.
        """

    @abstractmethod
    def bases(self, document: Document, selector: str) -> Sequence[Found]:
        """What the base selector finds on a page, in document order."""

    @abstractmethod
    def all(self, node: Found, selector: str) -> Sequence[Found]:
        """What *selector* finds from *node*, in document order."""

    def first(self, node: Found, selector: str) -> Found | None:
        """The first of what *selector* finds from *node*."""
        return next(iter(self.all(node, selector)), None)


class CssSelectors(SelectorLanguage):
    """CSS: selectors find descendants; ``> a`` finds children."""

    name = "CSS"

    def base(self, selector: str) -> str:
        """The base selector, checked."""
        check_css(selector)
        return selector

    def field(self, selector: str) -> str:
        """The selector of a field, checked."""
        ready = f":scope {selector}" if selector.lstrip().startswith(">") else selector
        check_css(ready)
        return ready

    def bases(self, document: Document, selector: str) -> Sequence[Found]:
        """What the base selector finds on a page."""
        return document.select(selector)

    def all(self, node: Found, selector: str) -> Sequence[Found]:
        """The descendants that match."""
        return node.select(selector) if isinstance(node, Node) else ()

    def first(self, node: Found, selector: str) -> Found | None:
        """The first descendant that matches; the search ends there."""
        return node.select_one(selector) if isinstance(node, Node) else None


class XPathSelectors(SelectorLanguage):
    """XPath 1.0: see :class:`~scrapy_crawl4.JsonXPathExtractionStrategy` for what a path is relative to."""

    name = "XPath"

    def base(self, selector: str) -> str:
        """The base path, checked."""
        ready = _spelled_out(selector, "//")
        if not isinstance(_check_xpath(ready), list):
            raise ValueError("it gives a value, not elements")  # noqa: TRY004 - what is wrong is the text
        return ready

    def field(self, selector: str) -> str:
        """The path of a field, from the element of the level above, checked."""
        ready = _spelled_out(selector, ".//")
        if ready.startswith("/"):
            ready = _BRANCH.sub(lambda match: match[1] or f"{match[2]}.", f".{ready}")
        _check_xpath(ready)
        return ready

    def bases(self, document: Document, selector: str) -> Sequence[Found]:
        """What the base path finds on a page; a relative one starts at its ``<html>``."""
        return self.all(document.root or document, selector)

    def all(self, node: Found, selector: str) -> Sequence[Found]:
        """What the path finds, or the value of the expression."""
        if not isinstance(node, Node):
            return ()
        try:
            found = node.xpath(selector)
        except (ValueError, TypeError, re.error) as error:
            raise ValueError(f"the XPath {selector!r} failed: {error}") from None
        return found if isinstance(found, list) else (_text_of_value(found),)


def check_css(selector: str) -> None:
    """Check that *selector* is valid.

    :raises ValueError: it is not.
    """
    try:
        Element("div").matches(selector)
    except SelectorSyntaxError as error:
        raise ValueError(str(error)) from None


def _spelled_out(selector: str, anywhere: str) -> str:
    """*selector*, or, if it is only names, crawl4ai's shorthand for a path that starts *anywhere*."""
    text = selector.strip()
    if not _SHORTHAND.fullmatch(text):
        return text
    path, at = anywhere, 0
    while match := _STEP_AND_REST.match(text, at):
        path += match[1] + ("/" if match[3] else "//")
        at = match.end()
    return path.rstrip("/")


def _check_xpath(expression: str) -> object:
    """What *expression* gives on a page with nothing in it; a predicate is only checked as far as that can be done."""
    probe = turbohtml.parse("", positions=False).root or Element("html")
    try:
        XPath(expression)
        _check_names(probe, _LITERAL.sub("''", expression))
        return probe.xpath(expression)
    except (ValueError, TypeError, re.error) as error:
        raise ValueError(f"invalid XPath {expression!r}: {error}") from None


def _check_names(probe: Element, expression: str) -> None:
    """Check the functions, prefixes and variables of *expression*: the engine does so only when it comes to them."""
    if "$" in expression:
        raise ValueError("variables have no value here")
    for name in set(_FUNCTION.findall(expression)) - _NOT_FUNCTIONS:
        _check_function(probe, name)
    for prefix in set(_PREFIX.findall(_FUNCTION.sub("(", expression))):
        probe.xpath(f"self::{prefix}:a")


def _check_function(probe: Element, name: str) -> None:
    try:
        probe.xpath(f"{name}()")
    except (ValueError, TypeError) as error:
        # That it was called without arguments is no fault of the expression.
        if "unknown function" in str(error):
            raise


def _text_of_value(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
