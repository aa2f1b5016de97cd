"""Pictures and other media: where lazy ones really are, what the page says about them."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from turbohtml import Element, Text

from .page import empty_media
from .urls import is_page_url, join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Node

    from ..config import CrawlerRunConfig
    from .links import LinkRules, Site

_LAZY_SOURCES = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-original-src", "data-hi-res-src")
_LAZY_SRCSETS = ("data-srcset", "data-lazy-srcset")
_PLACEHOLDER = re.compile(r"(?:blank|spacer|placeholder|transparent|pixel|loading|lazy|1x1)", re.IGNORECASE)
_FORMATS = frozenset({"jpg", "jpeg", "png", "webp", "avif", "gif", "svg", "bmp", "tif", "tiff", "ico"})
_SMALL = 150
_DENSITY = 10  # a smaller number beside a candidate is a density, not a width
_DESCRIPTION_NODES = 100
_DESCRIPTION_LENGTH = 300
_DESCRIPTION_LEVELS = 4
_TOO_WIDE = frozenset({"body", "html", "main", "article", "section"})


def reveal_lazy_images(root: Node) -> None:
    """Give every picture that waits for a script the address it would get; still relative as on the page."""
    alternatives = _picture_sources(root)
    for image in root.find_all("img"):
        attributes = image.attrs
        lazy_set = _first(image, _LAZY_SRCSETS)
        if lazy_set and not image.attr("srcset"):
            attributes["srcset"] = lazy_set
        source = (image.attr("src") or "").strip()
        lazy = _first(image, _LAZY_SOURCES)
        if not source or source.startswith("data:") or (lazy and _PLACEHOLDER.search(source.rpartition("/")[2])):
            candidate = lazy or _best_candidate(image, alternatives.pop(image.parent, []))
            if candidate:
                attributes["src"] = candidate


def _picture_sources(root: Node) -> dict[Node | None, list[str]]:
    """The ``srcset`` of the sources of each ``<picture>``; popped by its first ``<img>``, the one it is for."""
    found: dict[Node | None, list[str]] = {}
    for source in root.find_all("source"):
        parent = source.parent
        if isinstance(parent, Element) and parent.tag == "picture":
            value = source.attr("srcset") or source.attr("data-srcset")
            if value:
                found.setdefault(parent, []).append(value)
    return found


def _first(image: Element, names: tuple[str, ...]) -> str:
    for name in names:
        value = (image.attr(name) or "").strip()
        if value and not value.startswith(("data:", "{", "[")):
            return value
    return ""


def _best_candidate(image: Element, alternatives: list[str]) -> str:
    sets = [image.attr("srcset") or "", *alternatives]
    candidates = [candidate for value in sets for candidate in parse_srcset(value)]
    return max(candidates, key=lambda candidate: candidate[1], default=("", 0.0))[0]


def parse_srcset(value: str) -> list[tuple[str, float]]:
    """The candidates of a ``srcset`` as (url, width in pixels or density); 0 where it says neither."""
    candidates: list[tuple[str, float]] = []
    url = ""
    for token in value.split():
        if url:
            candidates.append((url, _descriptor(token)))
            url = ""
        elif token.endswith(","):
            candidates.append((token.rstrip(","), 0.0))
        else:
            url = token
    if url:
        candidates.append((url, 0.0))
    return [(url, size) for url, size in candidates if url and not url.startswith("data:")]


def _descriptor(token: str) -> float:
    try:
        return float(token.rstrip(",")[:-1])
    except ValueError:
        return 0.0


def remove_excluded_images(scope: Node, config: CrawlerRunConfig, rules: LinkRules, site: Site) -> None:
    """Take off pictures of other sites (``exclude_external_images``) and of excluded domains."""
    if not (config.exclude_external_images or rules.domains):
        return
    for image in scope.find_all("img"):
        src = (image.attr("src") or "").strip()
        if not is_page_url(src):
            continue
        place = site.place(src)
        outside = config.exclude_external_images and not place.internal
        if outside or rules.exclude_domain(place):
            image.decompose()


def extract_media(scope: Node, base: str, config: CrawlerRunConfig) -> dict[str, list[dict[str, Any]]]:
    """Pictures, videos and sounds of *scope*.

    A picture that comes in several sizes has one item for each distinct address, all with the same ``group_id``.
    Pictures that score no more than ``image_score_threshold`` are left out, and so is what has no absolute address.
    """
    media = empty_media()
    images = scope.find_all("img")
    alternatives = _picture_sources(scope)
    describe = _Describer(config.image_description_min_word_threshold)
    seen: set[str] = set()
    for position, image in enumerate(images):
        score = _score(image, first_half=position * 2 < len(images))
        if score <= config.image_score_threshold:
            continue
        desc = ""
        for src, width in _addresses(image, base, alternatives.pop(image.parent, [])):
            if src in seen or not is_page_url(src):
                continue
            seen.add(src)
            desc = desc or describe(image)
            media["images"].append(_item(image, src, width, desc, score, position))
    media["videos"] = list(_players(scope, "video"))
    media["audios"] = list(_players(scope, "audio"))
    return media


def _addresses(image: Element, base: str, alternatives: list[str]) -> Iterator[tuple[str, int | None]]:
    yield (image.attr("src") or "").strip(), _pixels(image.attr("width"))
    lazy = _first(image, _LAZY_SOURCES)
    if lazy:
        yield join(base, lazy), _pixels(image.attr("width"))
    for value in (image.attr("srcset") or "", *alternatives):
        for url, size in parse_srcset(value):
            yield join(base, url), int(size) if size > _DENSITY else None


def _item(image: Element, src: str, width: int | None, desc: str, score: int, group: int) -> dict[str, Any]:
    return {
        "src": src,
        "alt": (image.attr("alt") or "").strip(),
        "desc": desc,
        "score": score,
        "type": "image",
        "group_id": group,
        "format": _format(src),
        "width": width,
    }


def _format(src: str) -> str | None:
    suffix = _suffix(src)
    return suffix if suffix in _FORMATS else None


def _suffix(src: str) -> str:
    name = src.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def _pixels(value: str | None) -> int | None:
    digits = (value or "").strip().removesuffix("px")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 6 else None  # noqa: PLR2004


def _score(image: Element, *, first_half: bool) -> int:
    """0 to 7: not known to be narrow, not known to be low, alt text, first half, known format, srcset, picture.

    A size that the page does not give speaks neither for nor against a picture.
    """
    width, height = _pixels(image.attr("width")), _pixels(image.attr("height"))
    if (width is not None and width <= 1) or (height is not None and height <= 1):
        return 0  # counts visitors
    parent = image.parent
    return (
        (width is None or width > _SMALL)
        + (height is None or height > _SMALL)
        + bool((image.attr("alt") or "").strip())
        + first_half
        + (_format(image.attr("src") or "") is not None)
        + bool(image.attr("srcset"))
        + (isinstance(parent, Element) and parent.tag == "picture")
    )


class _Describer:
    """Finds the words next to a picture: its caption or the smallest block around it that has any.

    Each container is read once, and never a whole page: at most 300 characters, at most four levels up.
    """

    def __init__(self, min_words: int) -> None:
        self._min_words = min_words
        self._read: dict[Element, str] = {}

    def __call__(self, image: Element) -> str:
        node = image.parent
        for _ in range(_DESCRIPTION_LEVELS):
            if not isinstance(node, Element) or node.tag in _TOO_WIDE:
                break
            text = self._text(node)
            if text and len(text.split()) >= self._min_words:
                return text
            node = node.parent
        return ""

    def _text(self, container: Element) -> str:
        known = self._read.get(container)
        if known is None:
            known = self._read[container] = _shortened(container)
        return known


def _shortened(container: Element) -> str:
    words: list[str] = []
    length = 0
    for node in islice(container.descendants, _DESCRIPTION_NODES):
        for word in node.data.split() if isinstance(node, Text) else ():
            length += len(word) + 1
            if length > _DESCRIPTION_LENGTH:
                return " ".join(words)
            words.append(word)
    return " ".join(words)


def _players(scope: Node, tag: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for holder in scope.select(f"{tag},{tag} > source"):
        parent = holder.parent
        player = parent if holder.tag == "source" and isinstance(parent, Element) else holder
        src = (holder.attr("src") or "").strip()
        if src in seen or not is_page_url(src):
            continue
        seen.add(src)
        item = {
            "src": src,
            "alt": (player.attr("alt") or "").strip(),
            "desc": (player.attr("title") or player.attr("aria-label") or "").strip(),
            "type": tag,
            "format": _suffix(src) or None,
        }
        poster = player.attr("poster")
        if poster:
            item["poster"] = poster
        yield item
