"""From text to the terms that a search compares."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALL = "pip install 'scrapy-crawl4[bm25]'"

# Scripts that put no space between words: Thai, Lao, Tibetan, Burmese, Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+")
_UNSPACED_LETTER = re.compile(rf"[{_UNSPACED}]")


def check_search(language: str, *, use_stemming: bool) -> None:
    """Raise unless the libraries are installed and know *language*.

    :raises ImportError: a library is missing.
    :raises ValueError: there is no stemmer for *language*.
    """
    for library in ("bm25s", "Stemmer") if use_stemming else ("bm25s",):
        if find_spec(library) is None:
            name = "PyStemmer" if library == "Stemmer" else library
            raise ImportError(f"BM25ContentFilter needs {name}, which is not installed: {INSTALL}")
    if use_stemming:
        import Stemmer  # noqa: PLC0415 - only needed here, and optional

        if language.lower() not in Stemmer.algorithms():
            known = ", ".join(Stemmer.algorithms())
            raise ValueError(
                f"language must be one that has a stemmer ({known}), got {language!r}; "
                "for others set use_stemming=False"
            )


def splitter(language: str, *, use_stemming: bool) -> Callable[[str], list[str]]:
    """What makes terms of a text: stemmed words in lower case, and pairs of letters where no space parts words.

    Two neighbouring letters are the terms of Chinese, Japanese, Thai and their kind (Lunde, CJKV Information
    Processing; Lucene's CJKAnalyzer does the same).
    """
    if not use_stemming:
        return split
    import Stemmer  # noqa: PLC0415 - only needed here, and optional

    stem = Stemmer.Stemmer(language.lower()).stemWords

    def stemmed(text: str) -> list[str]:
        words: list[str] = stem(split(text))
        return words

    return stemmed


def split(text: str) -> list[str]:
    """The words of *text* in lower case; of scripts without spaces, each two neighbouring letters."""
    terms: list[str] = []
    for token in _TOKEN.findall(text.lower()):
        if len(token) == 1 or not _UNSPACED_LETTER.match(token):
            terms.append(token)
        else:
            terms.extend(token[at : at + 2] for at in range(len(token) - 1))
    return terms
