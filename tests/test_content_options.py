"""Cleaning, exclusion and selection: every option has an effect, and none loses text it was not asked to drop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import (
    PDFContentScrapingStrategy,
    WebScrapingStrategy,
    check_content_options,
    extract_page,
)
from scrapy_crawl4.content.scraping import ContentScrapingStrategy
from scrapy_crawl4.exceptions import UnsupportedOption

URL = "https://example.org/dir/page.html"


def page(html: str, **options):
    content = extract_page(html, url=URL, config=CrawlerRunConfig(**options))
    assert content.stage_errors == {}
    return content


# exclusion


@pytest.mark.parametrize(
    "options",
    [
        {"excluded_tags": ["form", "button"]},
        {"excluded_selector": "form"},
        {"remove_forms": True},
    ],
)
def test_q1_removed_elements_leave_the_text_that_follows(options):
    html = "<p>a</p>x1<form>gone</form>x2<p>b<button>Go</button>x3</p>"
    before, after = page(html), page(html, **options)
    assert "gone" in before.markdown
    for text in (after.markdown, after.cleaned_html):
        assert "gone" not in text
        assert "x1" in text
        assert "x2" in text
        assert "x3" in text


@pytest.mark.parametrize("tag", ["script", "style", "noscript", "template", "svg", "link", "meta"])
def test_q1_clutter_leaves_the_text_that_follows(tag):
    content = page(f"<p>before <{tag}></{tag}>tail</p>")
    assert content.markdown == "before tail"


@given(
    st.lists(st.tuples(st.sampled_from(["b", "i", "form", "div", "nav"]), st.integers(0, 99)), min_size=1, max_size=8)
)
def test_q1_removal_keeps_every_other_word(parts):
    html = "".join(f"<{tag}>in{tag}{number}x</{tag}> out{tag}{number}x " for tag, number in parts)
    content = page(f"<div>{html}</div>", excluded_tags=["b", "form"], excluded_selector="nav")
    for tag, number in parts:
        assert f"out{tag}{number}x" in content.markdown
        assert (f"in{tag}{number}x" in content.markdown) is (tag in {"i", "div"})


def test_exclusion_applies_to_every_part():
    html = "<nav><a href=/n>n</a><img src=n.png alt=n></nav><main><a href=/m>m</a><img src=m.png alt=m></main>"
    content = page(html, excluded_tags=["nav"])
    assert [link["text"] for link in content.links["internal"]] == ["m"]
    assert [image["alt"] for image in content.media["images"]] == ["m"]
    assert "n.png" not in content.markdown + content.cleaned_html


def test_an_excluded_root_leaves_an_empty_page():
    content = page("<p>x</p>", excluded_tags=["html"])
    assert content.markdown == ""


def test_exclude_all_images():
    html = "<p>a<img src=i.png alt=x>b<picture><source srcset=j.png><img src=k.png></picture>c</p>"
    assert page(html).media["images"]
    content = page(html, exclude_all_images=True)
    assert content.media["images"] == []
    assert content.markdown == "abc"


def test_exclude_external_images():
    html = '<p>a<img src="i.png" alt="x">b<img src="https://cdn.other.net/j.png" alt="y">c</p>'
    content = page(html, exclude_external_images=True)
    assert [image["src"] for image in content.media["images"]] == ["https://example.org/dir/i.png"]
    assert "other.net" not in content.markdown
    assert content.markdown.endswith("bc")


def test_exclude_domains_applies_to_images():
    html = '<p><img src="https://img.ads.net/j.png" alt="y">text</p>'
    assert page(html).media["images"]
    assert page(html, exclude_domains=["ads.net"]).media["images"] == []


# cleaned HTML


def test_attributes_of_layout_go_and_those_of_content_stay():
    html = '<p class="c" id="i" style="x" onclick="y" data-k="v" aria-label="l" title="t">text</p>'
    assert page(html).cleaned_html.endswith('<body><p class="c" id="i" title="t">text</p></body></html>')
    assert 'data-k="v"' in page(html, keep_data_attributes=True).cleaned_html
    kept = page(html, keep_attrs=["aria-label", "style"]).cleaned_html
    assert 'aria-label="l"' in kept
    assert 'style="x"' in kept
    assert "onclick" not in kept


def test_empty_elements_and_comments_go():
    content = page("<div><p></p><!-- c --><span> </span><div><div></div></div><p>x</p><b></b><td></td></div>")
    assert content.cleaned_html.endswith("<body><div> <p>x</p></div></body></html>")


def test_empty_lines_of_code_stay():
    content = page("<pre><code><span>a</span><span>\n</span><span> </span><span>b</span></code></pre>")
    assert content.markdown == "```\na\n b\n```"


def test_prettiify_indents_cleaned_html_only():
    plain, pretty = page("<div><p>a</p></div>"), page("<div><p>a</p></div>", prettiify=True)
    assert "\n" not in plain.cleaned_html
    assert "\n    <div>" in pretty.cleaned_html
    assert plain.markdown == pretty.markdown


def test_only_text_drops_inline_markup():
    html = "<p>a <b>bold</b> <code>x_y</code> <a href=/l>link</a></p>"
    assert page(html, only_text=True).markdown == "a bold x_y [link](https://example.org/l)"
    assert "**bold**" in page(html).markdown


def test_word_count_threshold_drops_short_blocks():
    html = "<h1>Head</h1><p>two words</p><p>these are four words</p><p><img src=i.png alt=i> pic</p><pre>x</pre>"
    content = page(html, word_count_threshold=3)
    assert "two words" in page(html).markdown
    assert "two words" not in content.markdown
    for kept in ("# Head", "these are four words", "i.png", "```"):
        assert kept in content.markdown


def test_word_count_threshold_keeps_the_blocks_around_a_block():
    content = page("<div>ab<div>one two three four</div></div>", word_count_threshold=3)
    assert "ab" in content.markdown
    assert "one two three four" in content.markdown


# hidden and noscript


@pytest.mark.parametrize("options", [{"css_selector": "main"}, {"target_elements": ["section"]}])
def test_what_styles_say_counts_in_a_selection_too(options):
    html = (
        "<p style='display:none'>secretA</p><main><section><p>a text that is longer than all of those</p>"
        "<i hidden>secretB</i><p style='WHITE-SPACE: pre'>one\ntwo</p></section></main>"
    )
    read = page(html, **options).markdown
    assert "secret" not in read
    assert "one  \ntwo" in read


def test_hidden_elements_are_not_read():
    html = "<p>shown text is longer than that</p><p style='display : none'>secretA</p><i hidden>secretB</i> tail"
    content = page(html)
    assert "secret" not in content.markdown + content.cleaned_html
    assert content.markdown.endswith("tail")


def test_a_page_that_hides_itself_until_its_script_ran_is_read():
    assert page('<div style="visibility:hidden"><p>All of the text.</p></div><p>x</p>').markdown.startswith("All")


def test_noscript_is_content():
    html = "<p>a</p><noscript><h2>Thread</h2><p>The whole discussion.</p></noscript><p>b</p>"
    assert page(html).markdown == "a\n\n## Thread\n\nThe whole discussion.\n\nb"


@pytest.mark.parametrize(
    "inside",
    [
        "Please enable JavaScript to use this site.",
        '<img width=1 height=1 src="https://t.example.net/p.gif">',
        '<iframe src="https://t.example.net/"></iframe>',
    ],
)
def test_noscript_notices_and_counters_go(inside):
    content = page(f"<p>a</p><noscript>{inside}</noscript><p>b</p>")
    assert content.markdown == "a\n\nb"


def test_noscript_gives_a_lazy_picture_its_address_once():
    content = page('<img alt="x" src="data:image/gif;base64,R0"><noscript><img src="real.png" alt="x"></noscript>')
    assert content.markdown == "![x](https://example.org/dir/real.png)"


# selection

SELECT = (
    "<style>s</style><header>Top <a href=/t>t</a></header><main onclick=x><script>j</script><p>First</p>"
    "<div class=a><p class=a>Second</p></div></main><p class=a>Third</p>"
)


def test_q2_selection_comes_after_cleaning():
    content = page(SELECT, css_selector="main")
    assert content.cleaned_html == '<div><main><p>First</p><div class="a"><p class="a">Second</p></div></main></div>'
    assert content.markdown == "First\n\nSecond"


def test_q2_nested_matches_count_once_in_document_order():
    content = page(SELECT, css_selector="p.a, div, main p")
    assert content.markdown == "First\n\nSecond\n\nThird"


@pytest.mark.parametrize("options", [{"css_selector": ".nope"}, {"target_elements": [".nope"]}])
def test_q2_no_match_is_an_empty_selection_and_says_so(options):
    content = page(SELECT, **options)
    assert content.markdown == ""
    assert content.cleaned_html == "<div></div>"
    assert content.metadata["selection"] == f"{next(iter(options))} matched nothing"


def test_css_selector_narrows_links_and_target_elements_does_not():
    assert page(SELECT, css_selector="main").links["internal"] == []
    content = page(SELECT, target_elements=["main", "p.a"])
    assert [link["text"] for link in content.links["internal"]] == ["t"]
    assert content.markdown == "First\n\nSecond\n\nThird"


def test_target_elements_select_within_css_selector():
    assert page(SELECT, css_selector="main", target_elements=[".a"]).markdown == "Second"


def test_q2_exclusion_applies_to_the_selection():
    assert page(SELECT, css_selector="main", excluded_selector="p.a").markdown == "First"


@given(st.lists(st.sampled_from(["<div>", "<p>t</p>", "</div>", "<section class=a>", "</section>"]), max_size=30))
def test_a_selection_is_the_outermost_matches(parts):
    content = page("".join(parts), css_selector="div, section, p")
    assert content.markdown.count("t") == parts.count("<p>t</p>")


# checks


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("css_selector", "p["),
        ("excluded_selector", "a::text"),
        ("target_elements", ["p", "div:has("]),
        ("excluded_tags", ["nav", "<p>"]),
    ],
)
def test_bad_selectors_are_found_before_any_page(option, value):
    with pytest.raises(ValueError, match=rf"^{option} is not valid: invalid CSS selector") as caught:
        check_content_options(CrawlerRunConfig(**{option: value}))
    assert "\n" not in str(caught.value)


def test_good_options_pass():
    check_content_options(CrawlerRunConfig())
    check_content_options(
        CrawlerRunConfig(
            css_selector="main > p:first-child, .x",
            target_elements=["a[href]"],
            excluded_tags=["my-tag"],
            scraping_strategy=WebScrapingStrategy(),
        )
    )


def test_a_bad_selector_costs_its_stage_and_nothing_else():
    content = extract_page(SELECT, url=URL, config=CrawlerRunConfig(css_selector="p["))
    assert list(content.stage_errors) == ["select"]
    assert "p[" in content.stage_errors["select"]
    assert content.markdown == ""
    content = extract_page(SELECT, url=URL, config=CrawlerRunConfig(excluded_selector="p["))
    assert list(content.stage_errors) == ["exclude"]
    assert content.links["internal"]
    assert "First" in content.markdown


def test_another_engine_is_refused():
    class Own(ContentScrapingStrategy):
        def scrap(self, url, html, **kwargs):
            raise AssertionError

    config = CrawlerRunConfig(scraping_strategy=Own())
    with pytest.raises(UnsupportedOption, match="scraping_strategy"):
        check_content_options(config)
    assert "scraping_strategy" in extract_page("<p>x", url=URL, config=config).stage_errors["scraping"]


@pytest.mark.parametrize(
    "option",
    [
        {"save_images_locally": True},
        {"extract_images": True},
        {"image_save_dir": "."},
        {"batch_size": 8},
        {"logger": object()},
    ],
)
def test_the_name_for_pdf_is_the_same_engine_and_refuses_options(option):
    check_content_options(CrawlerRunConfig(scraping_strategy=PDFContentScrapingStrategy()))
    page = extract_page("<p>a", url=URL, config=CrawlerRunConfig(scraping_strategy=PDFContentScrapingStrategy()))
    assert (page.markdown, page.stage_errors) == ("a", {})
    with pytest.raises(UnsupportedOption, match=next(iter(option))):
        PDFContentScrapingStrategy(**option)


def test_scrap_is_the_same_engine():
    content = WebScrapingStrategy().scrap(URL, "<p>a<b>c</b></p>", only_text=True)
    assert content.markdown == "ac"
