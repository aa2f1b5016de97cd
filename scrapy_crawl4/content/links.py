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

_DEAD = frozenset({"", "#", "//"})
_BEFORE_HOST = len("https://")
_SURE = frozenset({"h", "/"})
"""Begin neither scripts nor, but for one, what is dead."""

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
        self._known = is_page_url(url)
        self._domain = registered_domain(host_of(url))
        self._places: dict[str, Place] = {}

    def place(self, url: str) -> Place:
        """Where an absolute *url* leads. Internal: same registered domain, or both without a host (``file:``)."""
        # A URL without a path keeps its query in this key, and one with few letters before it a bit more: the same
        # answer, remembered once more.
        end = url.find("/", _BEFORE_HOST)
        origin = url[:end] if end > 0 else url
        place = self._places.get(origin)
        if place is None:
            host = host_of(origin)
            domain = registered_domain(host)
            place = self._places[origin] = Place(host, domain, self._known and domain == self._domain)
        return place


@dataclass(frozen=True, slots=True)
class LinkRules:
    """Which links and images a configuration leaves out."""

    internal: bool = False
    external: bool = False
    domains: frozenset[str] = frozenset()

    @classmethod
    def from_config(cls, config: CrawlerRunConfig) -> LinkRules:
        """The rules of ``exclude_*_links``, ``exclude_social_media_*`` and ``exclude_domains``."""
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


def tidy_hrefs(scope: Node) -> None:
    """Take white space and line breaks out of addresses, and the target off links that lead nowhere.

    Those are empty ones, a bare ``#`` and scripts; their text stays. It happens before URLs are made absolute, which
    would turn a ``#`` into the page itself.
    """
    for element in _anchors(scope):
        given = element.attr("href")
        if given is None or (given[:1] in _SURE and given != "//" and given[-1] != " " and given.isprintable()):
            continue
        href = tidy(given)
        if href in _DEAD or href[:11].lower() == "javascript:":
            del element.attrs["href"]
        elif href != given:
            element.attrs["href"] = href


def _anchors(scope: Node) -> list[Element]:
    # Names alone are looked up; a selector, and a list of names, would walk the tree.
    if scope.find("area") is None:
        return scope.find_all("a")
    return scope.find_all(["a", "area"])


def page_links(scope: Node) -> Iterator[tuple[Element, str]]:
    """The ``<a>`` and ``<area>`` elements that lead to a page, with their (absolute) URL, in document order."""
    for element in _anchors(scope):
        href = element.attr("href") or element.attr(_DRAWN)
        if href and is_page_url(href):
            yield element, href


def remove_excluded_links(scope: Node, rules: LinkRules, site: Site) -> None:
    """Take the links that *rules* leave out off the tree; the text after them stays."""
    for element, href in page_links(scope):
        if rules.exclude(site.place(href)):
            element.decompose()


def prefer_https(scope: Node, site: Site, page: str) -> None:
    """``preserve_https_for_internal_links``: on an https page, internal http links without a port become https."""
    if page[:6].lower() != "https:":
        return
    for element, href in page_links(scope):
        if href[:5].lower() == "http:" and site.place(href).internal and not has_port(href):
            element.attrs["href"] = "https" + href[4:]


def extract_links(scope: Node, site: Site, scores: LinkScores | None = None) -> dict[str, list[dict[str, Any]]]:
    """All links of *scope* as ``{"internal": [...], "external": [...]}``, each URL once.

    A URL that is linked several times has the first text that is not empty. With *scores*, each link also has
    ``intrinsic_score``, ``contextual_score`` and ``total_score``.
    """
    links = empty_links()
    internal, external = links["internal"], links["external"]
    seen: dict[str, dict[str, Any]] = {}
    elements: dict[str, Element] = {}
    for element, href in page_links(scope):
        item = seen.get(href)
        if item is None:
            place = site.place(href)
            title = element.attr("title")
            item = seen[href] = {
                "href": href,
                "text": _text(element),
                "title": title.strip() if title else "",
                "base_domain": place.domain,
            }
            (internal if place.internal else external).append(item)
            elements[href] = element
        elif not item["text"]:
            item["text"] = _text(element)
    if scores is not None:
        for href, item in seen.items():
            item.update(scores.of_link(elements[href], href, item["text"], item["title"]))
    return links


def quick_links(links: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Only ``href`` and ``text`` of each link: what prefetch mode returns."""
    return {kind: [{"href": item["href"], "text": item["text"]} for item in found] for kind, found in links.items()}


def _text(element: Element) -> str:
    text = " ".join(element.text.split())
    if text:
        return text
    image = element.find("img")
    described = image.attr("alt") if image is not None else element.attr("alt")
    return " ".join((described or element.attr("aria-label") or "").split())
