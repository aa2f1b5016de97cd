"""Records by a schema of selectors: CSS or XPath."""

from __future__ import annotations

from typing import Any, ClassVar

import turbohtml

from ..exceptions import UnsupportedOption
from .extraction import ExtractionStrategy
from .json_fields import Item, Page, read_fields
from .json_schema import read_schema
from .json_selectors import CssSelectors, SelectorLanguage, XPathSelectors


class JsonElementExtractionStrategy(ExtractionStrategy):
    """Base class of the strategies that go by a schema, in the schema language of crawl4ai.

    A schema says which elements are records and what to read from each::

        {
            "name": "products",                         # for error messages; may be left out
            "baseSelector": "div.product",              # each element it finds is a record
            "baseFields": [...],                        # fields that come first; may be left out
            "fields": [
                {"name": "title", "selector": "h2", "type": "text"},
                {"name": "url", "selector": "a", "type": "attribute", "attribute": "href"},
                {"name": "sku", "selector": ".sku", "type": "regex", "pattern": "No ([0-9]+)"},
            ],
        }

    A field has a ``name``, a ``type`` and, as wanted, a ``selector`` (the first element it finds is read; without one
    the element of the level above), a ``source`` and a ``default``. The types:

    ``text``
        The text, without white space around it. Runs of white space are one blank (not in ``<pre>``), and a blank
        divides what stands in different blocks or cells; crawl4ai glues the words on both sides of a tag together.
    ``attribute``
        The value of ``attribute`` as it is written in the page, always as text: URLs stay relative, and ``class`` is
        one text.
    ``html``
        The element as HTML, its own tags included.
    ``regex``
        What ``group`` (default 1) of ``pattern``, a regular expression of Python, matches first in the text.
    a list, such as ``["attribute", "regex"]``
        Each works on what the one before it found.
    ``nested`` with ``fields``
        One record, ``{}`` if there is none.
    ``list`` or ``nested_list`` with ``fields``
        A record for each element that ``selector`` finds; the two are the same.
    ``computed`` with ``function``
        What the function makes of the record as it is so far. If it raises, the field has its default, or is left out
        and a warning logged. An ``expression``, which would have to be run as code, is refused.

    ``transform`` is ``"lowercase"``, ``"uppercase"``, ``"strip"`` or a list of them, for what ``text``, ``attribute``,
    ``html`` and ``regex`` found. ``source`` is ``"+ "`` and a CSS selector: the field is read from the next sibling
    that matches it. A field that finds nothing has its default, or is left out of the record; a record with no field
    at all is left out of the list.

    The page is read as it came (``input_format`` is ``"html"``), so that what cleaning takes away can be selected.

    :param schema: the schema; changes made to it later have no effect.
    :param verbose: logs how many records a page has, at the level INFO.
    :param input_format: only ``"html"``.
    :raises TypeError: something in the schema is of the wrong type; the message names the field.
    :raises ValueError: something in the schema cannot work: a selector, a pattern, a name; the message names the field.

    The work is linear in the page for CSS. The patterns of one page may take one second and one more per million
    characters, the records may be 64 times as long as the page for each field, and where elements that selectors find
    lie in each other their text is not read over and over; beyond that extraction fails.
    """

    _language: ClassVar[SelectorLanguage]

    def __init__(self, schema: dict[str, Any], *, verbose: bool = False, input_format: str = "html") -> None:
        name = type(self).__name__
        if input_format != "html":
            raise ValueError(f"{name} reads the page as it came: input_format must be 'html', got {input_format!r}")
        super().__init__(input_format, verbose=verbose)
        self._plan = read_schema(schema, self._language, name)
        self._schema = schema

    @property
    def schema(self) -> dict[str, Any]:
        """The schema, for reading."""
        return self._schema

    def extract(self, url: str, html: str, *q: Any, **kwargs: Any) -> list[Item]:
        """The records of the page *html*, in the order of their elements.

        :param url: not used: URLs stay as they are written.
        :raises ValueError: the page takes more time or room than it may; see the class.
        """
        document = turbohtml.parse(html, positions=False, allow_declarative_shadow_roots=False)
        page = Page(self._language, len(html), self._plan.count())
        elements = self._language.bases(document, self._plan.base)
        records = (read_fields(self._plan.fields, element, page) for element in elements)
        return [record for record in records if record]

    def run(self, url: str, sections: list[str], *q: Any, **kwargs: Any) -> list[Item]:
        """The records of *sections*, which are parts of one page."""
        return self.extract(url, "\n".join(sections))


class JsonCssExtractionStrategy(JsonElementExtractionStrategy):
    """Records by a schema of CSS selectors: see :class:`JsonElementExtractionStrategy` for the schema.

    Selectors find descendants of the element of the level above; ``> td`` finds children. The selectors of the standard
    are there, ``:has()`` included; ``:contains()`` is not one of them (XPath has ``contains()``).
    """

    _language = CssSelectors()


class JsonLxmlExtractionStrategy(JsonCssExtractionStrategy):
    """Another name for :class:`JsonCssExtractionStrategy`, which crawl4ai has for its faster engine.

    :param use_caching: selectors are compiled once; there is nothing to switch off.
    :param optimize_common_patterns: the one engine is the fast one; there is nothing to switch off.
    :raises UnsupportedOption: for one of them that is switched off.
    """

    def __init__(
        self,
        schema: dict[str, Any],
        *,
        use_caching: bool = True,
        optimize_common_patterns: bool = True,
        verbose: bool = False,
        input_format: str = "html",
    ) -> None:
        super().__init__(schema, verbose=verbose, input_format=input_format)
        for name, given in (("use_caching", use_caching), ("optimize_common_patterns", optimize_common_patterns)):
            if not given:
                raise UnsupportedOption(f"{name}={given!r} has no effect: leave it out")


class JsonXPathExtractionStrategy(JsonElementExtractionStrategy):
    """Records by a schema of XPath 1.0 expressions: see :class:`JsonElementExtractionStrategy` for the schema.

    ``re:test()`` and ``set:distinct()`` of EXSLT and ``lower-case()``, ``ends-with()`` and ``matches()`` of XPath 2.0
    are there too.
    The path of a field starts at the element of the level above, also if it begins with ``/`` or ``//``. Names alone
    are a shorthand for descendants, as in crawl4ai: ``h3[@class="t"]`` is ``.//h3[@class="t"]``, ``ul > li`` is
    ``.//ul/li``. A path may end in ``@href`` or ``text()``, and an expression such as ``count(.//li)`` is a text.
    Names of elements and attributes are in lower case. For siblings ``source`` takes less time than
    ``following-sibling::``, which looks at all of them for every record.
    """

    _language = XPathSelectors()
