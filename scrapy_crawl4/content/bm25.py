"""Blocks that match a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .emptied import with_emptied
from .filter_options import number, whole_number
from .filters import TreeFilter
from .terms import check_search, splitter
from .units import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Node

    from .filters import FilterPage
    from .units import Unit

_K1, _B = 1.5, 0.75

_BOOSTS = {
    "h1": 5.0, "h2": 4.0, "h3": 3.0, "strong": 2.0, "blockquote": 2.0, "code": 2.0,
    "b": 1.5, "em": 1.5, "pre": 1.5, "th": 1.5,
}  # fmt: skip


class BM25ContentFilter(TreeFilter):
    """Keeps the blocks of a page that match a query, by Okapi BM25 (Robertson and Zaragoza, 2009).

    A block is the smallest there is: a paragraph, a list item, a table, a heading. Its score counts 5 times for h1, 4
    for h2, 3 for h3, twice for quotes and where all its text is strong or code, 1.5 times for b, em and pre. A block
    that is kept brings the headings it stands under, a heading that matches brings the text up to the next heading,
    and a picture stays with the text before it.

    In Chinese, Japanese, Thai and other scripts without spaces, pairs of neighbouring letters are compared.

    :param user_query: what to look for; without it, the page's title, first h1, description and keywords. A page that
        has none of them is kept whole.
    :param bm25_threshold: 0 or more; blocks of this score or a higher one stay. A page of many blocks gives higher
        scores: a term that few of them have counts more.
    :param language: of the stemmer, as Snowball names it: ``"english"``, ``"german"``, ...
    :param use_stemming: whether "walls" matches "wall"; False for languages without a stemmer.
    :raises ValueError: there is no stemmer for *language*, or *bm25_threshold* is below 0.
    :raises TypeError: a parameter is of the wrong type.
    :raises ImportError: the libraries of the extra ``bm25`` are not installed.
    """

    def __init__(
        self,
        user_query: str | None = None,
        bm25_threshold: float = 1.0,
        language: str = "english",
        use_stemming: bool = True,
    ) -> None:
        if not (user_query is None or isinstance(user_query, str)):
            raise TypeError(f"user_query must be text or None, got {user_query!r}")
        if not isinstance(language, str):
            raise TypeError(f"language must be a name such as 'english', got {language!r}")
        super().__init__(user_query)
        self.bm25_threshold = number("bm25_threshold", bm25_threshold)
        check_search(language, use_stemming=use_stemming)
        self.language = language
        self.use_stemming = use_stemming

    def unwanted(self, page: FilterPage, min_word_threshold: int | None = None) -> Sequence[Node]:
        """The blocks that do not match; *min_word_threshold* drops shorter ones first, headings excepted."""
        minimum = whole_number("min_word_threshold", min_word_threshold) or 0
        query = self.user_query if self.user_query and self.user_query.strip() else _query_of(page)
        if not query:
            return []
        blocks = list(units(page.root))
        matching = [score >= self.bm25_threshold and score > 0 for score in self.scores(query, blocks)]
        for index, block in enumerate(blocks):
            if not block.level and len(block.text.split()) < minimum:
                matching[index] = False
        kept = _with_headings(blocks, _with_sections(blocks, matching))
        gone = [node for block, stays in zip(blocks, kept, strict=True) if not stays for node in block.nodes]
        return with_emptied(gone, page.root)

    def scores(self, query: str, blocks: list[Unit]) -> list[float]:
        """BM25 of each block, times the boost of its tag."""
        import bm25s  # noqa: PLC0415 - optional

        split = splitter(self.language, use_stemming=self.use_stemming)
        texts = [split(block.text) for block in blocks]
        known = set().union(*texts)
        terms = [term for term in dict.fromkeys(split(query)) if term in known]
        if not terms:
            return [0.0] * len(blocks)
        index = bm25s.BM25(method="lucene", k1=_K1, b=_B)
        index.index(texts, show_progress=False)
        # Lucene leaves out the factor k1 + 1 of the textbook, which the threshold is used to.
        scores = index.get_scores(terms) * (_K1 + 1)
        return [float(score) * _boost(block) for score, block in zip(scores, blocks, strict=True)]


def _query_of(page: FilterPage) -> str:
    """What the page says it is about."""
    heading = page.root.find("h1")
    parts = [page.metadata.get(name) for name in ("title", "description", "keywords")]
    parts.insert(1, heading.text if heading is not None else None)
    return " ".join(part for part in parts if isinstance(part, str)).strip()


def _boost(block: Unit) -> float:
    tags = (block.tag, block.whole_tag, "blockquote" if block.quoted else "")
    return max(_BOOSTS.get(tag, 1.0) for tag in tags)


def _with_sections(blocks: list[Unit], matching: list[bool]) -> list[bool]:
    """Keep what stands under a heading that matches, and pictures that follow what is kept."""
    kept: list[bool] = []
    under = False
    for block, matches in zip(blocks, matching, strict=True):
        if block.level:
            under = matches
        picture = not block.text.strip()
        kept.append(matches or under or (picture and bool(kept) and kept[-1]))
    return kept


def _with_headings(blocks: list[Unit], kept: list[bool]) -> list[bool]:
    """Keep the headings that a kept block stands under."""
    result = kept.copy()
    above: list[int] = []
    for index, block in enumerate(blocks):
        if block.level:
            while above and blocks[above[-1]].level >= block.level:
                above.pop()
        if kept[index]:
            for heading in above:
                result[heading] = True
        if block.level:
            above.append(index)
    return result
