"""BM25ContentFilter: what matches a query, what it brings along, and what its parameters mean."""

from __future__ import annotations

import pickle
import re

import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import BM25ContentFilter, CrawlerRunConfig, DefaultMarkdownGenerator, process
from scrapy_crawl4.content import terms
from scrapy_crawl4.content.filters import FilterPage
from scrapy_crawl4.content.units import units

URL = "https://example.org/"
FILL = "".join(f"<p>Paragraph {n} talks about the weather of day {n} in the valley.</p>" for n in range(12))
PAGE = f"""<html><head><title>Dry stone walls</title><meta name=description content="How to build walls"></head>
<body><h1>Dry stone</h1><p>Nothing here on the subject.</p>
<h2>Tools</h2><p>You need a hammer and <b>string</b>.</p><div>Loose text on hammers <ul><li>A heavy hammer</li>
<li>A bucket</li></ul> and after it</div>
<h2>Weather</h2>{FILL}
<h3>Rain</h3><p>Walls move when it rains.</p><img src=/rain.jpg alt=rain>
<table><tr><th>Hammer</th><th>Weight</th></tr><tr><td>Walling</td><td>2</td></tr></table>
<blockquote><p>Who has a hammer sees nails.</p></blockquote><pre>hammer --help</pre></body></html>"""


def fit(html, query=None, **arguments):
    content_filter = BM25ContentFilter(user_query=query, **arguments)
    config = CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(content_filter=content_filter))
    result = process(html, URL, config)
    assert result.success, result.error_message
    return result.markdown.fit_markdown


def kept_blocks(html, query, **arguments):
    return BM25ContentFilter(user_query=query, **arguments).filter_content(html)


# What matches, and what it brings along


def test_matching_blocks_stay_with_their_headings_and_structure():
    markdown = fit(PAGE, "hammer")
    for wanted in (
        "# Dry stone",
        "## Tools",
        "**string**",
        "- A heavy hammer",
        "| Hammer | Weight |",
        "> Who has",
        "```",
    ):
        assert wanted in markdown
    for unwanted in ("Nothing here", "bucket", "Paragraph", "Walls move", "and after it"):
        assert unwanted not in markdown
    assert markdown.index("Tools") < markdown.index("heavy") < markdown.index("Who has")


def test_nothing_is_there_twice():
    markdown = fit(PAGE, "hammer")
    assert markdown.count("A heavy hammer") == 1
    assert markdown.count("Loose text on hammers") == 1


def test_a_heading_that_matches_brings_its_section_and_a_picture_stays_with_its_text():
    markdown = fit(PAGE, "rain")
    assert "### Rain\n\nWalls move when it rains." in markdown
    assert "![rain](https://example.org/rain.jpg)" in markdown
    assert "## Weather" in markdown
    assert "Tools" not in markdown


def test_without_a_query_the_page_says_what_it_is_about():
    markdown = fit(PAGE)
    assert "Walls move when it rains" in markdown
    assert "Paragraph 3" not in markdown


def test_a_page_without_query_and_title_is_kept_whole():
    assert fit("<p>one</p><p>two</p>") == "one\n\ntwo"


def test_a_query_that_nothing_matches_keeps_nothing():
    assert fit(PAGE, "zeppelin") == ""
    assert fit("", "zeppelin") == ""


def test_common_words_count_less_than_rare_ones():
    markdown = fit(PAGE, "paragraph hammer")
    assert "heavy hammer" in markdown
    assert "Paragraph 3" not in markdown


def test_boosts_raise_headings_and_quotes():
    html = (
        "<h1>wall</h1><p>wall</p><blockquote><p>wall</p></blockquote><p><strong>wall</strong></p><p><em>wall</em></p>"
    )
    blocks = list(units(turbohtml.parse(html).root))
    scores = BM25ContentFilter(user_query="wall").scores("wall", blocks)
    assert [round(score / scores[1], 3) for score in scores] == [5, 1, 2, 2, 1.5]


# Languages


def test_stemming_finds_other_forms_and_can_be_turned_off():
    assert "Walls move" in fit(PAGE, "walling moves")
    assert fit(PAGE, "moving", use_stemming=False) == ""
    german = f"<h2>Mauern</h2>{FILL}<p>Die Mauer steht.</p>"
    assert "Die Mauer steht" in fit(german, "Mauern", language="German")


@pytest.mark.parametrize(
    ("text", "query"),
    [("石を積んで壁を作る方法です", "壁を作る"), ("วิธีสร้างกำแพงหิน", "กำแพง"), ("돌담을 쌓는 방법", "방법")],
)
def test_scripts_without_spaces_are_found(text, query):
    assert text in fit(f"{FILL}<p>{text}</p>", query, use_stemming=False)
    assert text in fit(f"{FILL}<p>{text}</p>", query)


def test_terms_of_mixed_text():
    assert terms.split("Tokyo 東京都 wall-to-wall x2 壁") == ["tokyo", "東京", "京都", "wall", "to", "wall", "x2", "壁"]


# Parameters


def test_a_higher_threshold_keeps_less():
    sizes = [len("".join(kept_blocks(PAGE, "hammer weather", bm25_threshold=value))) for value in (0, 1, 2, 4, 8, 99)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_min_word_threshold_drops_short_blocks():
    root = turbohtml.parse(PAGE).root
    gone = [node.text for node in BM25ContentFilter("hammer").unwanted(FilterPage(root), 4)]
    assert "A heavy hammer" in gone
    assert not any("need a hammer" in text for text in gone)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"language": "klingon"}, ValueError, "language"),
        ({"language": None}, TypeError, "language"),
        ({"bm25_threshold": -1}, ValueError, "bm25_threshold"),
        ({"bm25_threshold": "1"}, TypeError, "bm25_threshold"),
        ({"user_query": ["a"]}, TypeError, "user_query"),
    ],
)
def test_wrong_parameters_are_named(arguments, error, name):
    with pytest.raises(error, match=rf"\b{name}\b"):
        BM25ContentFilter(**arguments)


def test_any_language_goes_without_stemming():
    assert BM25ContentFilter(language="klingon", use_stemming=False).language == "klingon"


@pytest.mark.parametrize("library", ["bm25s", "Stemmer"])
def test_a_missing_library_is_a_sentence_that_says_what_to_install(monkeypatch, library):
    monkeypatch.setattr(terms, "find_spec", lambda name: None if name == library else name)
    with pytest.raises(ImportError, match=r"which is not installed: pip install 'scrapy-crawl4\[bm25\]'"):
        BM25ContentFilter()


def test_the_filter_is_picklable():
    content_filter = pickle.loads(pickle.dumps(BM25ContentFilter("hammer", 2.0)))
    assert (content_filter.user_query, content_filter.bm25_threshold) == ("hammer", 2.0)


# Units

PARTS = [
    "<p>a b</p>", "text ", "<div>", "</div>", "<ul><li>x</li>", "</ul>", "<b>bold</b> ", "<table><tr><td>c</table>",
    "<blockquote>", "</blockquote>", "<a href=x><div>in</div> on</a>", "<h2>head</h2>", "<img src=x>", "<pre> p </pre>",
    "<figure><p>f</p><figcaption>g</figcaption></figure>", "<dl><dt>t<dd>d</dl>", "<table><th>h<td><p>q</table>",
    "u<br>v",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS)))
def test_units_hold_all_text_once_in_order(parts):
    root = turbohtml.parse("<body>" + "".join(parts)).root
    text = "".join(unit.text for unit in units(root))
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", root.find("body").text)
    nodes = [node for unit in units(root) for node in unit.nodes]
    assert not any(ancestor in nodes for node in nodes for ancestor in node.ancestors)
