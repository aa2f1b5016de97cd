"""The markdown of a page: a ``str`` that knows its other forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from .citations import with_citations
from .jsonable import clean_text

if TYPE_CHECKING:
    from typing import Self

    from pydantic import GetCoreSchemaHandler

_PARTS = ("raw_markdown", "markdown_with_citations", "references_markdown", "fit_markdown", "fit_html")


class MarkdownGenerationResult(str):
    """Raw markdown, with citations, references and filtered markdown as attributes.

    It is an immutable ``str``: slicing, ``len``, ``in``, ``split`` work on the raw markdown. Citations and references
    that are not given are computed when one of them is first read.

    :param raw_markdown: the text itself.
    :param markdown_with_citations: the text with ``label⟨n⟩`` for links; None computes it on first use.
    :param references_markdown: the list of references; None computes it on first use.
    :param fit_markdown: markdown of what the content filter kept; None is ``""``, as without a filter.
    :param fit_html: HTML of what the content filter kept; None is ``""``.
    :param base_url: the URL that relative links of the citations are joined with.
    """

    __slots__ = ("_base_url", "_citations", "_fit_html", "_fit_markdown", "_references")

    _base_url: str
    _citations: str | None
    _references: str | None
    _fit_markdown: str
    _fit_html: str

    def __new__(  # noqa: D102 - described with the class
        cls,
        raw_markdown: str = "",
        markdown_with_citations: str | None = None,
        references_markdown: str | None = None,
        fit_markdown: str | None = None,
        fit_html: str | None = None,
        *,
        base_url: str = "",
    ) -> Self:
        self = super().__new__(cls, raw_markdown)
        self._base_url = base_url
        self._citations = markdown_with_citations
        self._references = references_markdown
        self._fit_markdown = fit_markdown or ""
        self._fit_html = fit_html or ""
        return self

    @property
    def raw_markdown(self) -> str:
        """The markdown of the page, with its links in place."""
        return str(self)

    @property
    def markdown_with_citations(self) -> str:
        """The markdown with a number ``⟨n⟩`` after each link instead of its URL."""
        if self._citations is None:
            self._cite()
        return self._citations or ""

    @property
    def references_markdown(self) -> str:
        """The section ``## References`` with the URL of each number; ``""`` when there is no link."""
        if self._references is None:
            self._cite()
        return self._references or ""

    @property
    def fit_markdown(self) -> str:
        """The markdown of what the content filter kept; ``""`` without a filter."""
        return self._fit_markdown

    @property
    def fit_html(self) -> str:
        """The HTML of what the content filter kept; ``""`` without a filter."""
        return self._fit_html

    def model_dump(self) -> dict[str, str]:
        """Return the five parts by name, as a result's ``model_dump()`` has them under ``markdown``."""
        return {name: getattr(self, name) for name in _PARTS}

    def same_parts(self, other: MarkdownGenerationResult) -> bool:
        """Tell whether the filtered parts are equal too; ``==`` compares the raw markdown, as strings do."""
        return self == other and self._fit_markdown == other._fit_markdown and self._fit_html == other._fit_html

    def _cite(self) -> None:
        citations, references = with_citations(self, self._base_url)
        if self._citations is None:
            self._citations = citations
        if self._references is None:
            self._references = references

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def parts(self) -> tuple[tuple[str | None, ...], str]:
        """Return the arguments that make the same again: the five parts, None for what is not computed, and the URL."""
        return (str(self), self._citations, self._references, self._fit_markdown, self._fit_html), self._base_url

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), *self.parts())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        parts = core_schema.typed_dict_schema(
            {name: core_schema.typed_dict_field(core_schema.str_schema(), required=False) for name in _PARTS}
        )
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            json_schema_input_schema=core_schema.union_schema([core_schema.str_schema(), parts]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                _dump, info_arg=True, return_schema=core_schema.dict_schema()
            ),
        )

    @classmethod
    def _validate(cls, value: Any) -> MarkdownGenerationResult:
        if isinstance(value, MarkdownGenerationResult):
            return value
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, dict) and value.keys() <= set(_PARTS) and _all_text(value):
            return cls(**value)
        raise ValueError("markdown must be a str, a MarkdownGenerationResult or a dict of its parts")


def _all_text(parts: dict[str, Any]) -> bool:
    optional = all(part is None or isinstance(part, str) for part in parts.values())
    return optional and isinstance(parts.get("raw_markdown", ""), str)


def _restore(cls: type[MarkdownGenerationResult], parts: tuple[Any, ...], base_url: str) -> MarkdownGenerationResult:
    return cls(*parts, base_url=base_url)


def _dump(value: Any, info: core_schema.SerializationInfo) -> dict[str, str]:
    markdown = value if isinstance(value, MarkdownGenerationResult) else MarkdownGenerationResult(str(value))
    dumped = markdown.model_dump()
    return {name: clean_text(part) for name, part in dumped.items()} if info.mode == "json" else dumped
