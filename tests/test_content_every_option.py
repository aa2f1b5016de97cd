"""No content option is without effect: each one changes what it names, or is refused."""

from __future__ import annotations

import pytest

from scrapy_crawl4 import process
from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.config.run_content import ContentOptions
from scrapy_crawl4.content import (
    DefaultMarkdownGenerator,
    DefaultTableExtraction,
    IdentityChunking,
    RegexExtractionStrategy,
    WebScrapingStrategy,
)
from scrapy_crawl4.content.extraction import ExtractionStrategy
from scrapy_crawl4.exceptions import UnsupportedOption

URL = "https://www.example.org/dir/page.html"
TABLE = "<table><tr><th>A<th>B<tr><td>1<td>2</table>"


class Sections(ExtractionStrategy):
    """Gives the sections it is given."""

    def extract(self, url, content, *args, **kwargs):
        return [{"text": content}]

    def run(self, url, sections, *args, **kwargs):
        return [{"text": section} for section in sections]


def hrefs(result):
    return [link["href"] for kind in ("internal", "external") for link in result.links[kind]]


def images(result):
    return [image["src"].rpartition("/")[2] for image in result.media["images"]]


def markdown(result):
    return str(result.markdown)


LINKS = '<a href="/a">a</a><a href="https://other.net/b">b</a><a href="https://x.com/c">c</a><p>end</p>'
INTERNAL, EXTERNAL, SOCIAL = "https://www.example.org/a", "https://other.net/b", "https://x.com/c"

# name: page, what the default gives, value, what the value gives, how to look at it; further options
EFFECTS = {
    "word_count_threshold": ("<p>two words</p><p>a b c</p>", "two words\n\na b c", 3, "a b c", markdown),
    "extraction_strategy": (
        "<p>a@example.org</p>",
        None,
        RegexExtractionStrategy(RegexExtractionStrategy.Email),
        True,
        lambda result: result.extracted_content and "a@example.org" in result.extracted_content,
    ),
    "chunking_strategy": (
        "<p>a</p><p>b</p>",
        2,
        IdentityChunking(),
        1,
        lambda result: result.extracted_content.count('"text"'),
        {"extraction_strategy": Sections()},
    ),
    "markdown_generator": (
        "<a href=/a>a</a>",
        "[a](https://www.example.org/a)",
        DefaultMarkdownGenerator(options={"ignore_links": True}),
        "a",
        markdown,
    ),
    "only_text": ("<p>a<b>b</b></p>", "a**b**", True, "ab", markdown),
    "css_selector": ("<p>a</p><div>b</div>", "a\n\nb", "div", "b", markdown),
    "target_elements": ("<p>a</p><div>b</div>", "a\n\nb", ["div"], "b", markdown),
    "excluded_tags": ("<p>a</p>b", "a\n\nb", ["p"], "b", markdown),
    "excluded_selector": ("<p id=x>a</p>b", "a\n\nb", "#x", "b", markdown),
    "keep_data_attributes": (
        "<p data-x=1>a",
        "<p>a</p>",
        True,
        '<p data-x="1">a</p>',
        lambda result: result.cleaned_html[result.cleaned_html.index("<p") :].partition("</body>")[0],
    ),
    "keep_attrs": (
        "<p style=x>a",
        "<p>a</p>",
        ["style"],
        '<p style="x">a</p>',
        lambda result: result.cleaned_html[result.cleaned_html.index("<p") :].partition("</body>")[0],
    ),
    "remove_forms": ("<form><p>a</p></form><p>b", "a\n\nb", True, "b", markdown),
    "prettiify": ("<p>a", False, True, True, lambda result: "\n  " in result.cleaned_html),
    "image_description_min_word_threshold": (
        "<div>some more words <p>one <img src=i.png>",
        "one",
        3,
        "some more words one",
        lambda result: result.media["images"][0]["desc"],
    ),
    "image_score_threshold": ("<img src=a.png alt=x><img src=b>", ["a.png", "b"], 3, ["a.png"], images),
    "table_score_threshold": (TABLE, 1, 99, 0, lambda result: len(result.tables)),
    "table_extraction": (TABLE, 1, DefaultTableExtraction(min_rows=2), 0, lambda result: len(result.tables)),
    "exclude_external_images": (
        "<img src=a.png><img src=https://other.net/b.png>",
        ["a.png", "b.png"],
        True,
        ["a.png"],
        images,
    ),
    "exclude_all_images": ("<img src=a.png>", ["a.png"], True, [], images),
    "exclude_social_media_domains": (
        LINKS,
        [INTERNAL, EXTERNAL],
        ["other.net"],
        [INTERNAL],
        hrefs,
        {"exclude_social_media_links": True},
    ),
    "exclude_external_links": (LINKS, [INTERNAL, EXTERNAL, SOCIAL], True, [INTERNAL], hrefs),
    "exclude_social_media_links": (LINKS, [INTERNAL, EXTERNAL, SOCIAL], True, [INTERNAL, EXTERNAL], hrefs),
    "exclude_domains": (LINKS, [INTERNAL, EXTERNAL, SOCIAL], ["other.net"], [INTERNAL, SOCIAL], hrefs),
    "exclude_internal_links": (LINKS, [INTERNAL, EXTERNAL, SOCIAL], True, [EXTERNAL, SOCIAL], hrefs),
    "score_links": (LINKS, False, True, True, lambda result: "intrinsic_score" in result.links["internal"][0]),
    "preserve_https_for_internal_links": (
        "<a href=http://www.example.org/a>a",
        ["http://www.example.org/a"],
        True,
        [INTERNAL],
        hrefs,
    ),
    "fetch_only": ("<p>a", "a", True, None, lambda result: result.markdown),
    "prefetch": ("<p>a", "a", True, None, lambda result: result.markdown),
    "base_url": ("<a href=a>a", ["https://www.example.org/dir/a"], "https://base.org/", ["https://base.org/a"], hrefs),
}
REFUSED = {"parser_type": "html5lib", "link_preview_config": {"include_internal": True}}
ONE_OF_A_KIND = {"scraping_strategy": WebScrapingStrategy()}
"""There is one engine, which may be named."""


def test_every_option_is_here():
    own = {name for name in ContentOptions._options if name in vars(ContentOptions)}
    assert own == EFFECTS.keys() | REFUSED.keys() | ONE_OF_A_KIND.keys()


@pytest.mark.parametrize("name", EFFECTS)
def test_an_option_changes_what_it_names(name):
    html, by_default, value, expected, look, *rest = EFFECTS[name]
    others = rest[0] if rest else {}
    default = process(html, URL, CrawlerRunConfig(**others))
    changed = process(html, URL, CrawlerRunConfig(**others, **{name: value}))
    assert default.success
    assert changed.success
    assert look(default) == by_default
    assert look(changed) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_an_option_without_effect_is_refused(name):
    with pytest.raises(UnsupportedOption, match=name):
        CrawlerRunConfig(**{name: REFUSED[name]})


@pytest.mark.parametrize("name", ONE_OF_A_KIND)
def test_the_one_engine_may_be_named(name):
    assert process("<p>a", URL, CrawlerRunConfig(**{name: ONE_OF_A_KIND[name]})).markdown == "a"
