"""The links stage: which pages a page leads to, and which of them a configuration leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .domains import SOCIAL_MEDIA_DOMAINS, matches_domain, normalised_domain, registered_domain
from .page import empty_links
from .urls import has_port, host_of, is_page_url, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Element, Node

    from ..config import CrawlerRunConfig
    from .link_scores import LinkScores

_BEFORE_HOST = len("https://")
_NOWHERE = frozenset({"", "#", "//"})
_ANCHORS = ("a", "area")
_LEADS_NOWHERE = {tag: ",".join(f'{tag}[href="{href}"]' for href in sorted(_NOWHERE)) for tag in _ANCHORS}
_WHITE = "".join(map(chr, range(33)))
_SCRIPT = "javascript:"
_NO_ORIGIN = "\0"
"""Which no address begins with: parsers of HTML take it out."""
_DRAWN = "xlink:href"


class Place(NamedTuple):
    """Where a URL leads, seen from a page."""

    host: str
    domain: str
    """The registered domain; the host itself where none is registered."""
    internal: bool
    """Whether it is of the page's own site."""


class Site:
    """The site that a page belongs to; tells for other URLs whether they do. One per page, since it remembers."""

    def __init__(self, url: str) -> None:
        self._own: str | None = None
        self._places: dict[str, Place | None] = {}
        if is_page_url(url):
            host = host_of(url)
            self._own = registered_domain(host)
            self._places[_origin(url)] = Place(host, self._own, internal=True)

    def place(self, url: str) -> Place | None:
        """Where *url* leads; None for one that is not absolute or leads to no page.

        Internal: same registered domain, or both without a host (``file:``).
        """
        origin = _origin(url)
        if origin in self._places:
            return self._places[origin]
        place = self._places[origin] = self._look(origin) if is_page_url(origin) else None
        return place

    def _look(self, origin: str) -> Place:
        host = host_of(origin)
        domain = registered_domain(host)
        return Place(host, domain, internal=domain == self._own)


def _origin(url: str) -> str:
    """What tells where *url* leads: all up to its path.

    A URL without a path keeps its query, and one with few letters before it a bit more: the same answer, once more.
    """
    end = url.find("/", _BEFORE_HOST)
    return url[:end] if end > 0 else url


@dataclass(frozen=True, slots=True)
class LinkRules:
    """Which links and images a configuration leaves out."""

    internal: bool = False
    external: bool = False
    domains: frozenset[str] = frozenset()

    @classmethod
    def from_config(cls, config: CrawlerRunConfig) -> LinkRules:
        """The rules of ``exclude_*_links``, ``exclude_social_media_*`` and ``exclude_domains``."""
        if not (config.exclude_domains or config.exclude_social_media_links):
            return cls(config.exclude_internal_links, config.exclude_external_links)
        domains = {normalised_domain(domain) for domain in config.exclude_domains or ()}
        if config.exclude_social_media_links:
            domains.update(SOCIAL_MEDIA_DOMAINS)
            domains.update(normalised_domain(domain) for domain in config.exclude_social_media_domains or ())
        return cls(config.exclude_internal_links, config.exclude_external_links, frozenset(domains - {""}))

    def __bool__(self) -> bool:
        return self.internal or self.external or bool(self.domains)

    def exclude(self, place: Place) -> bool:
        """Whether a link to *place* is left out."""
        return (self.internal if place.internal else self.external) or self.exclude_domain(place)

    def exclude_domain(self, place: Place) -> bool:
        """Whether *place* is of an excluded domain or below one."""
        return bool(self.domains) and matches_domain(place.host, self.domains)


class Anchors(NamedTuple):
    """The ``<a>`` and ``<area>`` elements of a scope, in document order, and the address that each has."""

    elements: list[Element]
    hrefs: list[str]
    """``""`` where there is none."""


def drop_empty_targets(scope: Node) -> None:
    """Take the target off links that lead nowhere: made absolute, a bare ``#`` would be the page itself."""
    for tag in _ANCHORS:
        if scope.find(tag) is not None:
            for element in scope.select(_LEADS_NOWHERE[tag]):
                del element.attrs["href"]


def tidy_hrefs(scope: Node, base: str) -> Anchors:
    """Take white space and line breaks out of addresses, and the target off scripts; their text stays.

    :param base: the URL that the addresses were made absolute by; ``""`` if they were not.
    """
    anchors = read_anchors(scope)
    # One look at all of them is enough for most pages.
    everything = "|".join(anchors.hrefs)
    if any(map(everything.__contains__, _WHITE)) or _SCRIPT in everything.lower():
        _tidy_each(anchors, _NOWHERE | {base.partition("#")[0] + "#"})
    return anchors


def _tidy_each(anchors: Anchors, nowhere: frozenset[str]) -> None:
    for place, given in enumerate(anchors.hrefs):
        href = tidy(given)
        attributes = anchors.elements[place].attrs
        if href[: len(_SCRIPT)].lower() == _SCRIPT or (href != given and href in nowhere):
            del attributes["href"]
            anchors.hrefs[place] = ""
        elif href != given:
            anchors.hrefs[place] = attributes["href"] = href


def read_anchors(scope: Node) -> Anchors:
    """The anchors of *scope* as they are."""
    elements = _anchors(scope)
    return Anchors(elements, [element.attr("href") or "" for element in elements])


def _anchors(scope: Node) -> list[Element]:
    # Names alone are looked up; a list of names would walk the tree.
    return scope.find_all("a") if scope.find("area") is None else scope.find_all([*_ANCHORS])


def _page_links(scope: Node, site: Site) -> Iterator[tuple[Element, str, Place]]:
    """The ``<a>`` and ``<area>`` elements that lead to a page, with their (absolute) URL, in document order."""
    for element in _anchors(scope):
        href = element.attr("href") or element.attr(_DRAWN)
        place = site.place(href) if href else None
        if href and place is not None:
            yield element, href, place


def remove_excluded_links(scope: Node, rules: LinkRules, site: Site) -> None:
    """Take the links that *rules* leave out off the tree; the text after them stays."""
    for element, _, place in _page_links(scope, site):
        if rules.exclude(place):
            element.decompose()


def prefer_https(scope: Node, site: Site, page: str) -> None:
    """``preserve_https_for_internal_links``: on an https page, internal http links without a port become https."""
    if page[:6].lower() != "https:":
        return
    for element, href, place in _page_links(scope, site):
        if href[:5].lower() == "http:" and place.internal and not has_port(href):
            element.attrs["href"] = "https" + href[4:]


def extract_links(
    scope: Node, site: Site, scores: LinkScores | None = None, anchors: Anchors | None = None
) -> dict[str, list[dict[str, Any]]]:
    """All links of *scope* as ``{"internal": [...], "external": [...]}``, each URL once.

    A URL that is linked several times has the first text that is not empty. With *scores*, each link also has
    ``intrinsic_score``, ``contextual_score`` and ``total_score``.

    :param anchors: those of *scope*, if they are known.
    """
    links = empty_links()
    seen: dict[str, dict[str, Any]] = {}
    elements: dict[str, Element] = {}
    origin, domain, append = _NO_ORIGIN, "", links["internal"].append
    for element, target in zip(*(anchors or read_anchors(scope)), strict=True):
        href = target or element.attr(_DRAWN) or ""
        item = seen.get(href)
        if item is None:
            if not href.startswith(origin):  # most lead where the one before led
                place = site.place(href)
                if place is None:
                    continue
                origin = _origin(href) + "/"
                domain, append = place.domain, links["internal" if place.internal else "external"].append
            title = element.attr("title")
            item = seen[href] = {
                "href": href,
                "text": " ".join(element.text.split()) or _described(element),
                "title": title.strip() if title else "",
                "base_domain": domain,
            }
            append(item)
            if scores is not None:
                elements[href] = element
        elif not item["text"]:
            item["text"] = " ".join(element.text.split()) or _described(element)
    if scores is not None:
        for href, item in seen.items():
            item.update(scores.of_link(elements[href], href, item["text"], item["title"]))
    return links


def quick_links(links: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Only ``href`` and ``text`` of each link: what prefetch mode returns."""
    return {kind: [{"href": item["href"], "text": item["text"]} for item in found] for kind, found in links.items()}


def _described(element: Element) -> str:
    image = element.find("img")
    described = image.attr("alt") if image is not None else element.attr("alt")
    return " ".join((described or element.attr("aria-label") or "").split())
