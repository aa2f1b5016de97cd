"""PruningContentFilter: what goes, what stays, and what its parameters mean."""

from __future__ import annotations

import pickle

import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator, PruningContentFilter, UnsupportedOption, process
from scrapy_crawl4.content.filters import FilterPage

PROSE = "<p>" + "The walls were laid dry, stone on stone, by people who knew the slope and its water. " * 4 + "</p>"
NAV = "<ul>" + "".join(f"<li><a href=/{word}>{word}</a></li>" for word in ("Home", "News", "Shop", "About")) + "</ul>"
PAGE = f"""<html><head><title>Walls</title></head><body>
<header><a href=/>Logo</a>{NAV}</header><nav>{NAV}</nav>
<main><h1>Dry walls</h1>{PROSE}
<figure><img src=/wall.jpg alt="A wall"></figure>
<h2>Tools</h2><ul><li>Hammer, two kilograms, with a short handle</li><li>String line and pins</li></ul>
<pre><code><span>let</span> <span>text</span> <span>=</span> <span>1</span>;</code></pre>
<blockquote><p>One over two, two over one.</p></blockquote>
<table><tr><th>Stone</th><th>Weight</th></tr><tr><td>Cope</td><td>20</td></tr></table>{PROSE}</main>
<div class="share-buttons"><a href=/a>Tweet</a> <a href=/b>Mail</a></div>
<h2>Related</h2><div class=related><p>Gates and how they swing in the wind of the hills</p></div>
<footer>Copyright by the wallers. <a href=/i>Imprint</a></footer></body></html>"""


def fit(html, **arguments):
    generator = DefaultMarkdownGenerator(content_filter=PruningContentFilter(**arguments))
    result = process(html, "https://example.org/", CrawlerRunConfig(markdown_generator=generator))
    assert result.success, result.error_message
    return result.markdown.fit_markdown


def removed(html, **arguments):
    root = turbohtml.parse(html).root
    return PruningContentFilter(**arguments).unwanted(FilterPage(root))


def kept_text(html, **arguments):
    root = turbohtml.parse(html).root
    for node in PruningContentFilter(**arguments).unwanted(FilterPage(root)):
        node.decompose()
    return " ".join(root.text.split())


# What stays, and what goes


@pytest.mark.parametrize(
    "wanted",
    ["# Dry walls", "![A wall](https://example.org/wall.jpg)", "let text = 1;", "> One over two", "| Cope | 20 |",
     "- Hammer", "## Tools"],
)  # fmt: skip
def test_content_stays_with_its_structure(wanted):
    assert wanted in fit(PAGE)


@pytest.mark.parametrize("clutter", ["Logo", "Home", "Tweet", "Gates", "Copyright", "## Related"])
def test_clutter_goes(clutter):
    assert clutter not in fit(PAGE)


@pytest.mark.parametrize("tag", ["form", "header", "nav", "aside", "footer"])
def test_a_block_that_holds_most_of_the_page_stays_whatever_its_tag(tag):
    assert "stone on stone" in fit(f"<body>{NAV}<{tag}><h1>Walls</h1>{PROSE}</{tag}></body>")


def test_a_navigation_of_links_goes_even_if_it_is_most_of_the_page():
    assert "Home" not in fit(f"<body><nav>{NAV * 20}</nav><p>A short word about walls.</p></body>")


@pytest.mark.parametrize("name", ["sidebar", "left-sidebar", "sidebar-left", "leftSidebar", "x sidebar"])
def test_class_and_id_count_against_a_block(name):
    block = f"<div {{}}='{name}'><p>Some words on gates that nobody asked for on this page</p></div>"
    for attribute in ("class", "id"):
        text = kept_text(f"<body><main>{PROSE * 3}</main>{block.format(attribute)}</body>")
        assert "gates" not in text
    assert "gates" in kept_text(f"<body><main>{PROSE * 3}</main>{block.format('title')}</body>")


@pytest.mark.parametrize("name", ["dark-nav-buttons-grid", "card__footer", "navigator", "unfooted"])
def test_a_word_inside_a_name_does_not(name):
    block = f"<div class='{name}'><p>Some words on gates that belong to this page</p></div>"
    assert "gates" in kept_text(f"<body><main>{PROSE * 3}</main>{block}</body>")


def test_repeated_items_stay_together_and_whole():
    cards = "".join(f"<div class=card><a href=/{n}>Wall {n}</a><div>{n} m</div></div>" for n in range(30))
    text = kept_text(f"<body>{PROSE}<div>{cards}</div></body>")
    assert [f"Wall {n} {n} m" in text or f"Wall {n}{n} m" in text for n in range(30)] == [True] * 30


def test_a_heading_stays_while_something_of_its_section_does():
    html = f"<body><main>{PROSE * 2}</main><section><h2>More</h2><nav>{NAV}</nav><p>Words enough to stay.</p></section>"
    assert "More" in kept_text(html)
    assert "More" not in kept_text(html.replace("<p>Words enough to stay.</p>", ""))


def test_a_heading_over_a_lower_one_that_stays_does_too():
    html = f"<body><section><h2>Upper</h2><nav>{NAV}</nav><h3>Lower</h3>{PROSE}</section></body>"
    assert "Upper" in kept_text(html)
    assert "Lower" in kept_text(html)


def test_an_empty_page_is_an_empty_result():
    assert fit("") == ""
    assert fit("<body><div></div></body>") == ""


# Parameters


@given(st.lists(st.sampled_from([PROSE, NAV, "<div>word</div>", f"<nav>{NAV}</nav>", "<section><h2>Head</h2>",
                                 "</section>", "<div class=related>", "</div>", "<p>Short <a href=x>link</a></p>",
                                 "<table><tr><td>1<td>2</table>", "<img src=a>", "text", "<pre>a\n b</pre>"])),
       st.floats(0, 2), st.floats(0, 2))  # fmt: skip
def test_a_higher_threshold_keeps_a_part_of_what_a_lower_one_keeps(parts, one, other):
    html = "<body>" + "".join(parts)
    for kind in ("fixed", "dynamic"):
        root = turbohtml.parse(html).root
        low, high = (
            _stays(root, PruningContentFilter(threshold=threshold, threshold_type=kind))
            for threshold in sorted((one, other))
        )
        assert high <= low


def _stays(root, content_filter):
    gone = set()
    for node in content_filter.unwanted(FilterPage(root)):
        gone.add(node)
        gone.update(node.descendants)
    return set(root.descendants) - gone


def test_the_nodes_are_named_once():
    nodes = removed(PAGE)
    assert len(nodes) == len(set(nodes))


def test_what_pruning_leaves_empty_goes_too_but_no_table_cell():
    words = "words enough to stay in this place"
    link = "<div><a href=x>x</a></div>"
    html = f"<body>{PROSE}<details>{link}</details><table><tr><td>{link}<td>{words}<tr><td>{words}<td>{words}</table>"
    root = turbohtml.parse(html).root
    gone = PruningContentFilter().unwanted(FilterPage(root))
    assert [node.tag for node in gone] == ["details", "div"]
    assert gone[1].parent.tag == "td"


def test_nothing_is_pruned_at_zero_but_blocks_below_it():
    html = f"<body><main>{PROSE}<div>x</div></main><aside>{NAV}</aside></body>"
    assert "x" in kept_text(html, threshold=0).split()


def test_min_word_threshold_counts_words_not_glued_text():
    html = f"<body>{PROSE}<p><b>one</b> <i>two</i> <u>three</u></p><p>one two</p></body>"
    assert "one two three" in kept_text(html, min_word_threshold=3)
    assert kept_text(html, min_word_threshold=3).count("one two") == 1
    root = turbohtml.parse(html).root
    assert len(PruningContentFilter().unwanted(FilterPage(root), 4)) == 2


def test_a_dynamic_threshold_spares_paragraphs_and_presses_links():
    links = f"<body>{PROSE}<div>{NAV}</div><p>Short.</p></body>"
    strict = {"threshold": 0.86}
    assert "Short." not in kept_text(links, **strict)
    assert "Short." in kept_text(links, threshold_type="dynamic", **strict)


@pytest.mark.parametrize("arguments", [{"preserve_classes": ["related"]}, {"preserve_tags": ["DIV"]}])
def test_what_is_preserved_stays_whole_with_what_holds_it(arguments):
    html = PAGE.replace("<footer>", "<footer><div class='x related'><nav><a href=/k>Keep me</a></nav></div>")
    text = fit(html, **arguments)
    assert "Keep me" in text
    assert "Logo" not in text


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"threshold": "0.4"}, TypeError, "threshold"),
        ({"threshold": True}, TypeError, "threshold"),
        ({"threshold": float("nan")}, ValueError, "threshold"),
        ({"threshold": -1}, ValueError, "threshold"),
        ({"threshold_type": "adaptive"}, ValueError, "threshold_type"),
        ({"min_word_threshold": -1}, ValueError, "min_word_threshold"),
        ({"min_word_threshold": 1.5}, TypeError, "min_word_threshold"),
        ({"preserve_classes": "note"}, TypeError, "preserve_classes"),
        ({"preserve_tags": 5}, TypeError, "preserve_tags"),
        ({"preserve_tags": [1]}, TypeError, "preserve_tags"),
        ({"user_query": "walls"}, UnsupportedOption, "user_query"),
    ],
)
def test_wrong_parameters_are_named(arguments, error, name):
    with pytest.raises(error, match=rf"\b{name}\b"):
        PruningContentFilter(**arguments)


def test_the_filter_is_picklable_and_says_the_same_again():
    content_filter = pickle.loads(pickle.dumps(PruningContentFilter(threshold=0.6, preserve_tags=["nav"])))
    assert content_filter.threshold == 0.6
    assert fit(PAGE) == fit(PAGE)


def test_html_text_gives_blocks_of_html():
    blocks = PruningContentFilter().filter_content(PAGE)
    assert "".join(blocks).count("<p>") == 3
    assert blocks[0].startswith("<main>")
