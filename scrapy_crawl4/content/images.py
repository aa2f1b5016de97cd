"""Pictures: where lazy ones really are, and what the page says about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from turbohtml import Element

from .descriptions import Describer
from .media_items import media_item, pixels, suffix
from .srcset import best_candidate, parse_srcset
from .urls import page_url, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from turbohtml import Node

    from ..config import CrawlerRunConfig
    from .links import LinkRules, Site

_LAZY_SOURCES = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-original-src", "data-hi-res-src")
_LAZY_SRCSETS = ("data-srcset", "data-lazy-srcset")
_SRCSETS = ("srcset", *_LAZY_SRCSETS)
_LAZY = frozenset({*_LAZY_SOURCES, *_LAZY_SRCSETS})
_PLACEHOLDER = re.compile(r"(?:blank|spacer|placeholder|transparent|pixel|loading|lazy|1x1)", re.IGNORECASE)
_FORMATS = frozenset({"jpg", "jpeg", "png", "webp", "avif", "gif", "svg", "bmp", "tif", "tiff", "ico"})
_SMALL = 150
_LEAST_SCORE = 3

Displaced = dict[Element, str]
"""The address that a lazy picture had before it got its real one."""


def reveal_lazy_images(root: Node) -> Displaced:
    """Give every picture that waits for a script the address it would get; still relative as on the page.

    :returns: the addresses, relative too, that made way for it.
    """
    displaced: Displaced = {}
    alternatives = _picture_sources(root)
    for image in root.find_all("img"):
        given = image.attr("src") or ""
        source = tidy(given)
        lazy = ""
        if _is_lazy(image):
            lazy = next(_values(image, _LAZY_SOURCES), "")
            lazy_set = next(_values(image, _LAZY_SRCSETS), "")
            if lazy_set and not image.attr("srcset"):
                image.attrs["srcset"] = lazy_set
        embedded = not source or source.startswith(("data:", "#"))
        real = ""
        if embedded:
            real = lazy or _best(image, alternatives.pop(image.parent, []))
        elif lazy and _PLACEHOLDER.search(source.rpartition("/")[2]):
            real = lazy
            displaced[image] = source
        if real or source.startswith("#"):  # the page itself is no picture
            source = real
        if source != given:
            image.attrs["src"] = source
    return displaced


def _picture_sources(root: Node) -> dict[Node | None, list[str]]:
    """The ``srcset`` of the sources of each ``<picture>``; popped by its first ``<img>``, the one it is for."""
    found: dict[Node | None, list[str]] = {}
    for source in root.find_all("source"):
        parent = source.parent
        if isinstance(parent, Element) and parent.tag == "picture":
            for name in _SRCSETS:
                value = source.attr(name)
                if value:
                    found.setdefault(parent, []).append(value)
    return found


def _is_lazy(image: Element) -> bool:
    """Whether any attribute says so: one look for the many that have none."""
    return not _LAZY.isdisjoint(image.attrs)


def _has_one_address(image: Element) -> bool:
    return not image.attr("srcset") and not _is_lazy(image)


def _values(image: Element, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = image.attr(name)
        if value:
            value = tidy(value)
            if value and not value.startswith(("data:", "{", "[")):
                yield value


def _best(image: Element, alternatives: list[str]) -> str:
    return best_candidate(
        [candidate for value in (image.attr("srcset") or "", *alternatives) for candidate in parse_srcset(value)]
    )


def remove_excluded_images(scope: Node, config: CrawlerRunConfig, rules: LinkRules, site: Site) -> None:
    """Take off pictures of other sites (``exclude_external_images``) and of excluded domains."""
    if not (config.exclude_external_images or rules.domains):
        return
    for image in scope.find_all("img"):
        src = (image.attr("src") or "").strip()
        place = site.place(src)
        if place is None:
            continue
        outside = config.exclude_external_images and not place.internal
        if outside or rules.exclude_domain(place):
            image.decompose()


def extract_images(
    scope: Node, base: str, config: CrawlerRunConfig, displaced: Mapping[Element, str]
) -> list[dict[str, Any]]:
    """The pictures of *scope*, lazy ones where they really are.

    A picture that comes in several sizes has one item for each distinct address, all with the same ``group_id``, the
    one that it shows first. Pictures that score no more than ``image_score_threshold`` are left out, and so is what
    has no absolute address. The default threshold leaves out only what counts visitors.
    """
    found: list[dict[str, Any]] = []
    images = scope.find_all("img")
    if not images:
        return found
    alternatives = _picture_sources(scope)
    describe = Describer(config.image_description_min_word_threshold)
    seen: set[str] = set()
    for position, element in enumerate(images):
        if element.attr("src") in seen and not (alternatives or displaced) and _has_one_address(element):
            continue  # an icon, once more
        image = _Image(element)
        score = image.score(first_half=position * 2 < len(images))
        if score <= config.image_score_threshold:
            continue
        desc: str | None = None
        for src, width in image.addresses(displaced, alternatives):
            url = page_url(base, src)
            if not url or url in seen:
                continue
            seen.add(url)
            if desc is None:
                desc = describe(element)
            item = media_item(url, "image", alt=image.alt, desc=desc, group=position, width=width, score=score)
            item["format"] = image.format if url is image.src else _format(url)
            found.append(item)
    return found


class _Image:
    """What an ``<img>`` says, each attribute read once."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.src = (element.attr("src") or "").strip()
        self.format = _format(self.src)
        self.alt = " ".join((element.attr("alt") or "").split())
        self.srcset = element.attr("srcset")
        self.width = pixels(element.attr("width"))
        self.height = pixels(element.attr("height"))

    def addresses(
        self, displaced: Mapping[Element, str], alternatives: dict[Node | None, list[str]]
    ) -> Iterator[tuple[str, int | None]]:
        if self.src:
            yield self.src, self.width
        sets = [self.srcset] if self.srcset else []
        if _is_lazy(self.element):
            for lazy in _values(self.element, _LAZY_SOURCES):
                yield lazy, self.width
            sets += _values(self.element, _LAZY_SRCSETS)
        if self.element in displaced:
            yield displaced[self.element], self.width
        if alternatives:
            sets += alternatives.pop(self.element.parent, [])
        for value in sets:
            for candidate in parse_srcset(value):
                yield candidate.url, candidate.width or None

    def score(self, *, first_half: bool) -> int:
        """0 for what counts visitors, else 3 to 7.

        One point each for: not known to be narrow, not known to be low, alt text, first half of the page's pictures,
        known format, srcset, picture. A size that the page does not give speaks neither for nor against a picture, and
        one that has fewer than three points has three: it is a picture after all.
        """
        if _counts(self.width, self.height):
            return 0
        parent = self.element.parent
        points = (
            (self.width is None or self.width > _SMALL)
            + (self.height is None or self.height > _SMALL)
            + bool(self.alt)
            + first_half
            + (self.format is not None)
            + bool(self.srcset)
            + (isinstance(parent, Element) and parent.tag == "picture")
        )
        return max(points, _LEAST_SCORE)


def _format(src: str) -> str | None:
    found = suffix(src)
    return found if found in _FORMATS else None


def counts_visitors(image: Element) -> bool:
    """Whether a picture is there to be fetched, not to be seen: it is at most one pixel wide or high."""
    return _counts(pixels(image.attr("width")), pixels(image.attr("height")))


def _counts(width: int | None, height: int | None) -> bool:
    return (width is not None and width <= 1) or (height is not None and height <= 1)
