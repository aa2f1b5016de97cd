"""Are links, pictures and metadata what an independent reader finds in the same pages?

    python benchmarks/content_oracle.py FOLDER [FOLDER ...] [--list] [--expected FOLDER]

Each FOLDER has pages (bytes as served) and ``index.jsonl``, one line a page: ``{"file": ..., "url": ...}``. lxml reads
the page once more and collects the addresses of all ``<a>`` and ``<area>`` elements, of all pictures (``src``, lazy
attributes, ``srcset``, sources of ``<picture>``), and the metadata of the head. Addresses are joined by the standard
library. lxml builds other trees of broken HTML than browsers do: where the two differ, html5lib, which is slow and
follows the standard, decides. What is still different is counted as missing, extra, relative or wrong, listed with
``--list``, and makes the exit status 1.

Pictures are compared twice: without a threshold, where none may be missing, and with the default one, where only those
may be that count visitors (at most one pixel wide or high).

``--expected`` names a folder of pages with known metadata (``NAME/expected-metadata.json`` and ``NAME/source.html``):
how often title, byline, language and time of publication agree is printed, and changes nothing.

Needs lxml and html5lib.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import html5lib
import lxml.html
from html5lib.constants import DataLossWarning
from scrapy.http import HtmlResponse

from scrapy_crawl4 import CrawlerRunConfig
from scrapy_crawl4.content import extract_page

if TYPE_CHECKING:
    from collections.abc import Iterator

SPACE = "".join(map(chr, range(33)))
LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-original-src", "data-hi-res-src")
LAZY_SETS = ("data-srcset", "data-lazy-srcset")
NAMES = ("description", "keywords", "author")
PREFIXES = ("og:", "twitter:", "article:")
ALL = CrawlerRunConfig(image_score_threshold=-1)
DEFAULT = CrawlerRunConfig()


@dataclass
class Found:
    """What one reader found in a page."""

    links: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    counters: set[str] = field(default_factory=set)
    """Pictures that count visitors wherever they stand."""
    metadata: dict[str, str] = field(default_factory=dict)


def joined(base: str, reference: str) -> str:
    """*reference* as an absolute web address, ``""`` if it is none; an empty query or fragment stays."""
    reference = reference.strip(SPACE).translate(dict.fromkeys(map(ord, "\t\n\r")))
    if not reference or reference == "#":
        return ""
    try:
        url = urljoin(base, reference)
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return ""
    if re.match("https?://[^/?#]", reference, re.IGNORECASE):
        return reference  # as it is: urljoin writes absolute ones anew
    head, mark, fragment = reference.partition("#")
    if head.endswith("?") and "?" not in url.partition("#")[0]:  # urljoin drops an empty query, the standard does not
        url = f"{url.partition('#')[0]}?{mark}{fragment}"
    return url + "#" if mark and not fragment and not url.endswith("#") else url


def srcset(value: str) -> Iterator[str]:
    """The addresses in a ``srcset``, by the standard's own steps, one character after another."""
    position, end = 0, len(value)
    while position < end:
        while position < end and (value[position] in " \t\n\f\r,"):
            position += 1
        start = position
        while position < end and value[position] not in " \t\n\f\r":
            position += 1
        url = value[start:position]
        in_brackets = False
        while not url.endswith(",") and position < end and (in_brackets or value[position] != ","):
            in_brackets = value[position] != ")" if in_brackets else value[position] == "("
            position += 1
        url = url.rstrip(",")
        if url:
            yield url


class Reader:
    """Reads a tree of lxml; html5lib can build one, too."""

    def __init__(self, tree: Any, url: str) -> None:
        self.tree = tree
        base = next(iter(tree.xpath("//base/@href")), "")
        self.base = joined(url, base) or url

    def read(self) -> Found:
        found = Found()
        for href in self.tree.xpath("//a/@href | //area/@href | //a/@*[name()='xlink:href']"):
            found.links.add(joined(self.base, href))
        for picture in self.tree.xpath("//img"):
            addresses = {joined(self.base, address) for address in self.addresses(picture)}
            (found.counters if is_counter(picture) else found.images).update(addresses)
        found.counters -= found.images
        for addresses in (found.links, found.images, found.counters):
            addresses.discard("")
        found.metadata = dict(self.metadata())
        return found

    def addresses(self, picture: Any) -> Iterator[str]:
        for name in ("src", *LAZY):
            value = picture.get(name, "").strip(SPACE)
            if not value.startswith(("{", "[")):
                yield value
        # lxml does not know that <source> is empty, and puts into it what follows.
        holders = [
            picture,
            *(source for around in picture.xpath("ancestor::picture[1]") for source in around.iter("source")),
        ]
        for holder in holders:
            for name in ("srcset", *LAZY_SETS):
                value = holder.get(name, "").strip(SPACE)
                if not value.startswith(("{", "[")):
                    yield from srcset(value)

    def metadata(self) -> Iterator[tuple[str, str]]:
        titles = self.tree.xpath("//title[not(ancestor::svg)]")
        title = " ".join(("".join(titles[0].itertext()) if titles else "").split())
        metas = list(self.metas())
        yield "title", title or dict(reversed(metas)).get("og:title", "")
        yield from reversed([(name, content) for name, content in metas if name != "content-language"])
        language = next(iter(self.tree.xpath("/html/@lang | /html/@*[name()='xml:lang']")), "").strip()
        yield "language", language or dict(reversed(metas)).get("content-language", "")
        for link in self.tree.xpath("//link[@href]"):
            if "canonical" in link.get("rel", "").lower().split() and link.get("href").strip(SPACE):
                yield "canonical", joined(self.base, link.get("href"))
                break

    def metas(self) -> Iterator[tuple[str, str]]:
        for meta in self.tree.xpath("//meta[@content]"):
            for attribute in ("name", "property", "http-equiv"):
                content = meta.get("content").strip()
                for name in meta.get(attribute, "").lower().split() if content else ():
                    if name in (*NAMES, "content-language") or name.startswith(PREFIXES):
                        yield name, content


def is_counter(picture: Any) -> bool:
    sizes = [picture.get(name, "").strip().removesuffix("px") for name in ("width", "height")]
    return any(re.fullmatch(r"0*[01]", size) for size in sizes)


def by_lxml(text: str) -> Any:
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)


def by_html5lib(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataLossWarning)  # names that XML does not allow; none of them is looked at
        return html5lib.parse(text, treebuilder="lxml", namespaceHTMLElements=False).getroot()


def ours(text: str, url: str, config: CrawlerRunConfig) -> tuple[Found, list[str], set[str]]:
    """What the content stages found, hosts on the wrong side, and what is relative."""
    page = extract_page(text, url=url, config=config)
    links = [link for kind in page.links.values() for link in kind]
    addresses = {link["href"] for link in links}
    images = {image["src"] for image in page.media["images"]}
    values = [page.metadata.get("canonical") or "http:", *addresses, *images]
    relative = {value for value in values if not re.match(r"(?:https?|ftp|file):", value, re.IGNORECASE)}
    if page.stage_errors:
        raise SystemExit(f"{url}: {page.stage_errors}")
    found = Found(web(addresses), web(images))
    found.metadata = {name: value for name, value in page.metadata.items() if isinstance(value, str)}
    sites = {host(link["href"]): kind for kind, found_links in page.links.items() for link in found_links}
    return found, misplaced(url, sites), relative


def web(addresses: set[str]) -> set[str]:
    return {address for address in addresses if address[:4].lower() == "http"}


def host(url: str) -> str:
    return (urlsplit(url).hostname or "") if "[" not in url else ""


def misplaced(url: str, sites: dict[str, str]) -> list[str]:
    """Hosts on the wrong side, as far as names alone tell: the page's own, and those of another top-level domain."""
    own = host(url)
    top = own.rpartition(".")[2]
    sites.pop("", None)
    strangers = {name for name, kind in sites.items() if kind == "internal" and name.rpartition(".")[2] != top}
    return sorted(strangers | {name for name, kind in sites.items() if kind == "external" and name == own})


class Comparison:
    """Counts of one folder, and what they are of."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []

    def page(self, name: str, text: str, url: str) -> None:
        mine, wrong_sites, relative = ours(text, url, ALL)
        listed = ours(text, url, DEFAULT)[0].images
        clean = text.replace("\0", "\ufffd")
        theirs = Reader(by_lxml(clean), url).read()
        judge = Referee(clean, url)
        self.counts["pages"] += 1
        for kind in ("links", "images"):
            wanted = getattr(theirs, kind) | (theirs.counters if kind == "images" else set())
            self.compare(name, kind, wanted, getattr(mine, kind), judge)
        self.counts["counters"] += len(theirs.counters)
        self.compare(name, "images, default threshold", theirs.images, listed - theirs.counters, judge)
        self.metadata(name, theirs.metadata, mine.metadata, judge)
        self.add(name, "relative", relative)
        self.add(name, "links wrong side", wrong_sites)

    def compare(self, name: str, kind: str, wanted: set[str], got: set[str], judge: Referee) -> None:
        self.counts[kind] += len(wanted)
        missing, extra = wanted - got, got - wanted
        if missing or extra:
            real = judge.found()
            known = real.links if kind == "links" else real.images | real.counters
            self.counts[f"{kind} of lxml alone"] += len(missing - known)
            self.counts[f"{kind} that lxml lacks"] += len(extra & known)
            missing, extra = missing & known, extra - known
        self.add(name, f"{kind} missing", missing)
        self.add(name, f"{kind} extra", extra)

    def metadata(self, name: str, wanted: dict[str, str], got: dict[str, str], judge: Referee) -> None:
        wanted = {key: value for key, value in wanted.items() if value}
        got = {key: value for key, value in got.items() if key in wanted or is_of_head(key)}
        self.counts["metadata"] += len(wanted)
        different = {key for key in wanted.keys() | got.keys() if wanted.get(key) != got.get(key)}
        if different:
            real = judge.found().metadata
            agreed = {key for key in different if (real.get(key) or None) == got.get(key)}
            self.counts["metadata that lxml reads otherwise"] += len(agreed)
            different -= agreed
        for fault, keys in (
            ("missing", different - got.keys()),
            ("extra", different - wanted.keys()),
            ("wrong", different & got.keys() & wanted.keys()),
        ):
            self.add(name, f"metadata {fault}", [f"{key}: {wanted.get(key)!r} {got.get(key)!r}" for key in keys])

    def add(self, name: str, fault: str, values: Any) -> None:
        self.counts[fault] += len(values)
        self.faults += [f"{name}  {fault}  {value[:300]}" for value in sorted(values)]


def is_of_head(key: str) -> bool:
    return key in {*NAMES, "title", "language", "canonical"} or key.startswith(PREFIXES)


class Referee:
    """html5lib's reading of a page, made when it is asked for."""

    def __init__(self, text: str, url: str) -> None:
        self.text, self.url = text, url
        self._found: Found | None = None

    def found(self) -> Found:
        if self._found is None:
            self._found = Reader(by_html5lib(self.text), self.url).read()
        return self._found


def compare_folder(folder: Path) -> Comparison:
    comparison = Comparison()
    for line in (folder / "index.jsonl").read_text("utf-8").splitlines():
        page = json.loads(line)
        response = HtmlResponse(page["url"], body=(folder / page["file"]).read_bytes())
        comparison.page(page["file"], response.text, page["url"])
    return comparison


def print_agreement(folder: Path) -> None:
    """How often metadata agree with what is expected of pages that say it."""
    pairs = {
        "title": "title",
        "byline": "author",
        "excerpt": "description",
        "siteName": "og:site_name",
        "lang": "language",
        "publishedTime": "published_time",
    }
    agree: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for expected_file in sorted(folder.glob("**/expected-metadata.json")):
        expected = json.loads(expected_file.read_text("utf-8"))
        response = HtmlResponse(
            "http://fakehost/test/page.html", body=(expected_file.parent / "source.html").read_bytes()
        )
        got = extract_page(response.text, url=response.url, config=DEFAULT).metadata
        for theirs, name in pairs.items():
            if expected.get(theirs):
                asked[name] += 1
                agree[name] += holds(got.get(name) or "", expected[theirs])
    print("Expected metadata:", ", ".join(f"{name} {agree[name]} of {asked[name]}" for name in asked))


def holds(got: str, expected: str) -> bool:
    """Whether both are the same time, or the expected text is in ours: titles come without the name of the site."""
    try:
        return datetime.fromisoformat(got) == datetime.fromisoformat(expected)
    except (ValueError, TypeError):
        return " ".join(expected.split()).lower() in " ".join(got.split()).lower()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--list", action="store_true", help="list what is different")
    parser.add_argument("--expected", type=Path, help="a folder of pages with known metadata")
    arguments = parser.parse_args()
    faults = 0
    for folder in arguments.folders:
        comparison = compare_folder(folder)
        counts = comparison.counts
        print(f"{folder.name}: " + ", ".join(f"{name} {count:,}" for name, count in counts.items() if count))
        faults += len(comparison.faults)
        for fault in comparison.faults if arguments.list else ():
            print(f"  {fault}")
    if arguments.expected:
        print_agreement(arguments.expected)
    print(f"{faults} differences" if faults else "No difference")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
