"""Hostile pages and random configurations, each from one number: what content_fuzz.py runs."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_crawl4 import (
    BM25ContentFilter,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    DefaultTableExtraction,
    FixedLengthWordChunking,
    JsonCssExtractionStrategy,
    JsonXPathExtractionStrategy,
    NoTableExtraction,
    PruningContentFilter,
    RegexChunking,
    RegexExtractionStrategy,
    SlidingWindowChunking,
)
from scrapy_crawl4 import MainContentFilter as _MainContentFilter

if TYPE_CHECKING:
    from pathlib import Path

MAX_PAGE = 150_000
"""Characters; larger pages are cut, so that a slow one is slow for its shape and not for its size."""

_ARTICLE = (
    b"<!doctype html><html lang=en><head><title>Seed</title><meta name=description content=words><base href=/dir/>"
    b'<script type=\'application/ld+json\'>{"@type":"Article","headline":"x"}</script></head><body><header><nav>'
    b"<ul><li><a href=/>Home</a><li><a href='x?a=1&b#c'>Next</a></ul></nav></header><main><h1 id=top>Head</h1>"
    b"<p class=lead>A <b>bold</b> <a href='http://other.example/'>link</a> &amp; <code>code</code>.</p><img src=a.png "
    b"srcset='b.png 2x, c.png 3x' alt=Pic><table><thead><tr><th>A<th>B</thead><tr><td rowspan=2>1<td>2<tr><td>3"
    b"</table><pre class='language-python'><code>def f():\n  pass</code></pre><blockquote><p>Quote</blockquote>"
    b"<dl><dt>T<dd>D</dl><ol start=3><li>x<ul><li>y</ul></ol></main><footer>&copy;</footer></body></html>"
)
_PARTS = (
    b"<article><h2><a href=//h/p>T</a></h2><p>one<br>two<p>three<noscript><img src=l.png></noscript><figure><img "
    b"data-src=x.jpg><figcaption>C</figcaption></figure><video src=v.mp4 poster=p.png><source src=w.webm></video>"
    b"<details><summary>S</summary>D</details><math><mi>x</mi></math><svg><title>s</title></svg><template><p>t"
    b"</template><form><input value=1><select><option>o</select><textarea>ta</textarea><button>b</button></form>"
)
_FEED = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>F</title><item><title>I</title><link>http://e/</link>"
    b"<description>&lt;p&gt;d&lt;/p&gt;</description></item></channel></rss>"
)
_ODD = (
    b"<div itemscope itemtype=http://schema.org/Product><span itemprop=name>N</span></div><p style='display:none'>h</p>"
    b"<div hidden>x</div><sup><a href=#fn1>1</a></sup><ol><li id=fn1>note</ol><a href='javascript:x'>j</a><a href>e</a>"
    b"<p>\xe4\xb8\xad\xe6\x96\x87 \xe0\xb8\xa0\xe0\xb8\xb2 *_`[]()<>#|\\ 1. - +</p>"
    b"<img src='data:image/png;base64,AA=='>"
)
SEEDS = (_ARTICLE, _PARTS, _FEED, _ODD)
_TAGS = (
    b"a b i p div span table tr td th ul ol li dl dt dd pre code blockquote h1 h2 h6 img br hr form nav header footer "
    b"section article main aside figure details summary template noscript script style svg math select option button "
    b"iframe video object sup sub ruby rt base title body html frameset textarea"
).split()
_ATTRIBUTES = (b"class", b"id", b"href", b"src", b"style", b"alt", b"title", b"rowspan", b"colspan", b"start", b"lang",
               b"datetime", b"srcset", b"width", b"data-x", b"itemprop", b"onclick")  # fmt: skip
_VALUES = (b"", b"0", b"-1", b"99999999999", b"x", b"http://[", b"//", b"#", b"?", b"javascript:1", b"display:none",
           b"language-", b"\xff\xfe", b"%zz", b"\xe2\x80\xae", b"&#0;", b"\x00", b"mailto:", b"2x,,3w",
           b"data:,")  # fmt: skip
_TYPES = ("text/html",) * 12 + ("application/xhtml+xml", "application/xml", "application/rss+xml", "text/plain",
          "application/json", "text/csv", "text/markdown", "application/pdf", "text/html; charset=utf-16",
          "", "x")  # fmt: skip
_URLS = ("https://example.org/dir/page.html", "http://example.org", "", "raw:", "file:///x", "http://[::1]:99999/", "x",
         "https://xn--a.example/?q=%zz#f", "https://example.org/" + "d/" * 500)  # fmt: skip
_SELECTORS = ("main", "p", "body > *", "div div", "table", "a[href]", "#top", "h1,h2", ":not(p)", "li:nth-child(2n+1)")


@dataclass(frozen=True)
class Case:
    """One page and what is done with it; the same number and pages always give the same."""

    number: int
    body: bytes
    url: str
    content_type: str
    config: CrawlerRunConfig


def read_pages(folder: Path | None) -> list[bytes]:
    """The built-in pages and those below *folder* (``*.html``, ``*.html.gz``), in a fixed order."""
    paths = sorted(path for path in folder.rglob("*.html*") if path.is_file()) if folder else []
    bodies = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in paths]
    return [*SEEDS, *bodies]


def make_case(number: int, pages: list[bytes]) -> Case:
    rng = random.Random(number)
    body = rng.choice(pages if rng.random() < 0.7 else pages[: len(SEEDS)])
    for _ in range(rng.randint(1, 6)):
        body = rng.choice(MUTATIONS)(rng, body, pages)[:MAX_PAGE]
    return Case(number, body, rng.choice(_URLS) if rng.random() < 0.3 else _URLS[0], rng.choice(_TYPES), config(rng))


# Mutations


def flip(rng, body, pages):
    changed = bytearray(body)
    for _ in range(rng.randint(1, 40)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng, body, pages):
    start, end = sorted((_at(rng, body), _at(rng, body)))
    return body[:start] + body[end:] if rng.random() < 0.5 else body[start:end]


def double(rng, body, pages):
    start, end = sorted((_at(rng, body), _at(rng, body)))
    return body[:end] + body[start:end] * rng.randint(1, 20) + body[end:]


def splice(rng, body, pages):
    other = rng.choice(pages)
    return body[: _at(rng, body)] + other[_at(rng, other) :]


def swap_tag(rng, body, pages):
    old, new = rng.choice(_TAGS), rng.choice(_TAGS)
    return body.replace(b"<" + old, b"<" + new, rng.randint(1, 50))


def drop_ends(rng, body, pages):
    return body.replace(b"</" + rng.choice(_TAGS), b"<!", rng.randint(1, 1000))


def nest(rng, body, pages):
    depth = rng.choice((10, 100, 1000, 10_000))
    tags = b"".join(b"<" + rng.choice(_TAGS) + b">" for _ in range(rng.randint(1, 3)))
    at = _at(rng, body)
    return body[:at] + tags * depth + body[at:]


def attribute(rng, body, pages):
    value = rng.choice(_VALUES) * rng.choice((1, 1, 2, 100, 10_000))
    quote = rng.choice((b'"', b"'", b""))
    added = b"<%s %s=%s%s%s" % (rng.choice(_TAGS), rng.choice(_ATTRIBUTES), quote, value, quote)
    at = body.find(b"<", _at(rng, body))
    return body[:at] + added * rng.choice((1, 1, 300)) + b">" + body[at:]


def insert(rng, body, pages):
    at = _at(rng, body)
    text = rng.choice((b"<!--", b"<![CDATA[", b"]]>", b"<script>", b"<plaintext>", b"</p>", b"</body>", b"\x00",
                       b"&#x110000;", b"<table><tr>", b"| a | b |\n", b"```", b"* _ ` [", b"\xef\xbb\xbf", b"<?xml?>",
                       b"&" * 500, b"(((((" * 400, b"1-" * 800, b"a@" * 500, b" " * 3000))  # fmt: skip
    return body[:at] + text + body[at:]


MUTATIONS = (flip, cut, double, splice, swap_tag, drop_ends, nest, attribute, insert)


def _at(rng, body):
    return rng.randint(0, len(body))


# Configurations

_SCHEMA = {
    "name": "All",
    "baseSelector": "body",  # elements in elements would ask for the same text again and again
    "fields": [
        {"name": "text", "selector": "a", "type": "text", "default": ""},
        {"name": "href", "selector": "a", "type": "attribute", "attribute": "href"},
        {"name": "price", "type": "regex", "selector": "*", "pattern": r"(\d+)"},
        {"name": "parts", "selector": "td", "type": "nested_list", "fields": [{"name": "t", "type": "text"}]},
    ],
}
_XPATHS = {"name": "All", "baseSelector": "//p", "fields": [{"name": "text", "selector": ".//a", "type": "text"}]}

# Each option with what may be chosen for it.
_OPTIONS = {
    "css_selector": _SELECTORS,
    "target_elements": [[selector] for selector in _SELECTORS],
    "excluded_tags": [["nav"], ["p", "div"], ["body"], ["table", "a"]],
    "excluded_selector": _SELECTORS,
    "word_count_threshold": [1, 3, 50],
    "exclude_domains": [["other.example"], ["example.org"]],
    "keep_attrs": [["style"], ["class", "id"]],
    "image_score_threshold": [0, 5],
    "image_description_min_word_threshold": [0, 3],
    "table_score_threshold": [0, 3, 20],
    "table_extraction": [NoTableExtraction(), DefaultTableExtraction(min_rows=2, min_cols=2)],
    "base_url": ["https://base.example/x/"],
    "chunking_strategy": [RegexChunking(), FixedLengthWordChunking(7), SlidingWindowChunking(9, 4)],
    **{name: [True] for name in (
        "exclude_all_images", "exclude_external_images", "exclude_external_links", "exclude_internal_links",
        "exclude_social_media_links", "keep_data_attributes", "only_text", "prefetch", "prettiify", "remove_forms",
        "preserve_https_for_internal_links", "score_links",
    )},
}  # fmt: skip
_MARKDOWN = {
    "ignore_links": [True], "ignore_images": [True], "ignore_emphasis": [True], "ignore_tables": [True],
    "bypass_tables": [True], "pad_tables": [True], "images_to_alt": [True], "images_as_html": [True],
    "body_width": [0, 20, 80],
    "single_line_break": [True], "mark_code": [False], "escape_html": [False], "skip_internal_links": [True],
    "include_sup_sub": [True], "inline_links": [False], "protect_links": [True], "wrap_list_items": [True],
    "unicode_snob": [False], "escape_snob": [True],
}  # fmt: skip
_FILTERS = (
    PruningContentFilter,
    lambda: PruningContentFilter(threshold=0.9, threshold_type="dynamic", min_word_threshold=5),
    lambda: PruningContentFilter(preserve_tags=["nav"], preserve_classes=["lead"]),
    BM25ContentFilter,
    lambda: BM25ContentFilter("head link", 0.1, use_stemming=False),
    _MainContentFilter,
)


def config(rng: random.Random) -> CrawlerRunConfig:
    chosen = {
        name: rng.choice(values)
        for name, values in _OPTIONS.items()
        if rng.random() < (0.02 if name == "prefetch" else 0.07)
    }
    chosen["markdown_generator"] = _generator(rng)
    extraction = rng.random()
    if extraction < 0.1:
        chosen["extraction_strategy"] = JsonCssExtractionStrategy(_SCHEMA)
    elif extraction < 0.15:
        chosen["extraction_strategy"] = JsonXPathExtractionStrategy(_XPATHS)
    elif extraction < 0.25:
        input_format = rng.choice(("html", "cleaned_html", "markdown"))
        chosen["extraction_strategy"] = RegexExtractionStrategy(RegexExtractionStrategy.All, input_format=input_format)
    return CrawlerRunConfig(**chosen)


def _generator(rng: random.Random) -> DefaultMarkdownGenerator:
    content_filter = _made(rng.choice(_FILTERS)) if rng.random() < 0.6 else None
    options = {name: rng.choice(values) for name, values in _MARKDOWN.items() if rng.random() < 0.07}
    source = rng.choice(("cleaned_html", "cleaned_html", "cleaned_html", "raw_html", "fit_html"))
    if source == "fit_html" and content_filter is None:
        source = "cleaned_html"
    converter = "markdownify" if rng.random() < 0.1 and not options else None
    return DefaultMarkdownGenerator(content_filter, options, content_source=source, converter=converter)


def _made(factory):
    try:
        return factory()
    except (ImportError, ValueError):  # not installed, or not there yet
        return None
