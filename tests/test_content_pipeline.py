"""The stages together, text that is not HTML, chunking and extraction."""

from __future__ import annotations

import json
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scrapy_crawl4.content as content_package
from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import (
    ChunkingStrategy,
    DefaultMarkdownGenerator,
    ExtractionStrategy,
    FixedLengthWordChunking,
    IdentityChunking,
    NoExtractionStrategy,
    OverlappingWindowChunking,
    RegexChunking,
    SlidingWindowChunking,
    TableExtractionStrategy,
    extract_page,
    process,
)

URL = "https://example.org/dir/page.html"
HTML = (
    "<html lang=en><head><title>Title</title></head><body><h1>Head</h1><p>Text <a href=x>link</a></p>"
    "<img src=i.png alt=Pic><table><tr><th>A</th></tr><tr><td>1</td></tr></table></body></html>"
)

# process


def test_process_gives_a_complete_result():
    result = process(HTML, URL)
    assert result.pending is None
    assert result.success
    assert result.url == URL
    assert result.metadata["title"] == "Title"
    assert result.markdown.startswith("# Head\n\nText [link](https://example.org/dir/x)")
    assert result.links["internal"][0]["text"] == "link"
    assert result.media["images"][0]["alt"] == "Pic"
    assert json.loads(result.model_dump_json())["cleaned_html"] == result.cleaned_html


def test_process_without_url_or_with_options():
    assert process("<p>a <a href=x>b</a></p>").markdown == "a [b](x)"
    assert process(HTML, URL, CrawlerRunConfig(css_selector="h1")).markdown == "# Head"


def test_a_failed_stage_makes_a_failed_result_with_the_other_parts():
    result = process(HTML, URL, CrawlerRunConfig(css_selector="h1["))
    assert not result.success
    assert result.error_message.startswith("Stage select failed: invalid CSS selector")
    assert result.metadata["title"] == "Title"


class BrokenTables(TableExtractionStrategy):
    def extract_tables(self, element, **kwargs):
        raise KeyError


def test_every_stage_fails_alone():
    page = extract_page(HTML, url=URL, config=CrawlerRunConfig(table_extraction=BrokenTables()))
    assert page.stage_errors == {"tables": "KeyError"}
    assert page.tables == []
    assert page.links["internal"]
    assert page.markdown.startswith("# Head")


# the same input gives the same output


def test_pages_pickle_and_are_the_same_in_any_thread():
    config = CrawlerRunConfig()
    expected = extract_page(HTML, url=URL, config=config)
    assert pickle.loads(pickle.dumps(expected)) == expected
    with ThreadPoolExecutor(4) as pool:
        pages = pool.map(lambda _: extract_page(HTML, url=URL, config=config), range(50))
        assert all(page == expected for page in pages)


def test_parts_of_two_pages_share_nothing():
    first, second = (extract_page("<p>x", url=URL, config=CrawlerRunConfig()) for _ in range(2))
    first.links["internal"].append({})
    first.media["images"].append({})
    first.metadata["title"] = "T"
    assert second == extract_page("<p>x", url=URL, config=CrawlerRunConfig())


@pytest.mark.parametrize(
    "html", ["", " ", "text", "<", "<!doctype html>", "\x00", "\ud800", "<html></html>", "<p>" * 5000]
)
def test_odd_pages_have_a_result(html):
    page = extract_page(html, url=URL, config=CrawlerRunConfig(css_selector="p", word_count_threshold=2))
    assert page.stage_errors == {}
    assert page.links == {"internal": [], "external": []}


PIECES = [
    "<a href=x>",
    "</a>",
    "<div hidden>",
    "</div>",
    "<table>",
    "<tr><td>",
    "</table>",
    "<pre>",
    "<img src=i>",
    "<h2>",
    "<noscript>",
    "</noscript>",
    "<template>",
    "<base href=/b>",
    "<svg>",
    "<form>",
    "<p>word",
    "text ",
    "<li>",
    "<!--",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_mixture_of_tags_goes_through_every_stage(pieces):
    config = CrawlerRunConfig(
        word_count_threshold=2,
        only_text=True,
        remove_forms=True,
        exclude_external_links=True,
        exclude_social_media_links=True,
        exclude_external_images=True,
        excluded_tags=["li"],
        excluded_selector="h2",
        target_elements=["div", "p", "table"],
        keep_data_attributes=True,
        prettiify=True,
        table_score_threshold=-99,
        image_score_threshold=-1,
    )
    assert extract_page("".join(pieces), url=URL, config=config).stage_errors == {}


def test_deep_nesting_is_no_problem():
    depth = 20_000
    html = "<div hidden>" + "<div><a href=x><img src=i.png alt=x>" * depth
    page = extract_page(html, url=URL, config=CrawlerRunConfig(css_selector="div", word_count_threshold=2))
    assert page.stage_errors == {}


def test_content_needs_neither_scrapy_nor_twisted():
    assert all(hasattr(content_package, name) for name in content_package.__all__)
    assert set(content_package.__all__) <= set(dir(content_package))
    for module in [name for name in sys.modules if name.startswith("scrapy_crawl4.content")]:
        source = sys.modules[module].__dict__
        assert "scrapy" not in source
        assert "twisted" not in source


# not HTML


@pytest.mark.parametrize(
    ("content_type", "text", "markdown"),
    [
        ("text/plain; charset=utf-8", " a <b> & c \n", "a <b> & c"),
        ("text/markdown", "# Title", "# Title"),
        ("application/json", '{"a": 1}', '```json\n{"a": 1}\n```'),
        ("application/rss+xml", "<rss/>", "```xml\n<rss/>\n```"),
        ("text/csv", "a,b", "```csv\na,b\n```"),
        ("text/x-log", "```\nx", "````\n```\nx\n````"),
    ],
)
def test_text_is_its_own_markdown(content_type, text, markdown):
    page = extract_page(text, url=URL, config=CrawlerRunConfig(), content_type=content_type)
    assert page.markdown == markdown
    assert page.markdown.references_markdown == ""
    assert page.cleaned_html == f"<pre>{text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</pre>"
    assert page.links == {"internal": [], "external": []}
    assert page.metadata["title"] is None


@pytest.mark.parametrize("content_type", ["", "text/html", "application/xhtml+xml; charset=utf-8", "TEXT/HTML"])
def test_html_by_any_name(content_type):
    page = extract_page("<b>x</b>", url=URL, config=CrawlerRunConfig(), content_type=content_type)
    assert page.markdown == "**x**"


# chunking


@pytest.mark.parametrize(
    ("chunking", "text", "chunks"),
    [
        (IdentityChunking(), "a\n\nb", ["a\n\nb"]),
        (RegexChunking(), "a\n\nb\nc", ["a", "b\nc"]),
        (RegexChunking([r"\n\n", r"\d"]), "a\n\nb1c", ["a", "b", "c"]),
        (RegexChunking(["(x)|y"]), "axbyc", ["a", "x", "b", "c"]),
        (FixedLengthWordChunking(2), "a b\nc", ["a b", "c"]),
        (FixedLengthWordChunking(), "", []),
        (SlidingWindowChunking(3, 2), "a b c", ["a b c"]),
        (SlidingWindowChunking(3, 2), "a b c d e", ["a b c", "c d e"]),
        (SlidingWindowChunking(3, 2), "a b c d", ["a b c", "b c d"]),
        (OverlappingWindowChunking(3, 1), "a b  c", ["a b  c"]),
        (OverlappingWindowChunking(3, 1), "a b c d e", ["a b c", "c d e"]),
        (OverlappingWindowChunking(3, 1), "a b c d", ["a b c", "c d"]),
    ],
)
def test_chunks(chunking, text, chunks):
    assert chunking.chunk(text) == chunks


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 6), st.integers(1, 9))
def test_windows_lose_no_word(words, size, step):
    text = " ".join(words)
    for chunking in (
        FixedLengthWordChunking(size),
        SlidingWindowChunking(size, min(step, size)),
        OverlappingWindowChunking(size, min(step, size - 1)),
    ):
        chunks = chunking.chunk(text)
        covered = sum(len(chunk.split()) for chunk in chunks)
        assert covered >= len(words)
        assert all(chunk in text for chunk in chunks)
        assert all(len(chunk.split()) <= size for chunk in chunks)


@pytest.mark.parametrize(
    "make",
    [
        lambda: FixedLengthWordChunking(0),
        lambda: SlidingWindowChunking(step=0),
        lambda: SlidingWindowChunking(window_size="3"),
        lambda: OverlappingWindowChunking(10, 10),
        lambda: OverlappingWindowChunking(10, -1),
        lambda: RegexChunking(["("]),
    ],
)
def test_chunking_that_cannot_work_is_refused(make):
    with pytest.raises(ValueError, match=r"chunk_size|step|window_size|overlap|RegexChunking"):
        make()


# extraction


class Words(ExtractionStrategy):
    def extract(self, url, html, *q, **kwargs):
        return [{"url": url, "words": html.split()}]


def extracted(html: str, strategy, **options):
    page = extract_page(html, url=URL, config=CrawlerRunConfig(extraction_strategy=strategy, **options))
    assert page.stage_errors == {}
    return page.extracted_content and [item["words"] for item in json.loads(page.extracted_content)]


def test_a_strategy_of_ones_own_gets_markdown_in_chunks():
    assert extracted("<p>a b</p><p>c é</p>", Words()) == [["a", "b"], ["c", "é"]]
    assert extracted("<p>a b</p><p>c</p>", Words(), chunking_strategy=IdentityChunking()) == [["a", "b", "c"]]


class Letters(ChunkingStrategy):
    def chunk(self, text):
        return list(text)


def test_a_chunking_of_ones_own():
    assert extracted("<p>ab</p>", Words(), chunking_strategy=Letters()) == [["a"], ["b"]]


def test_html_formats_come_whole():
    assert extracted("<p onclick=x>a</p>", Words("html")) == [["<p", "onclick=x>a</p>"]]
    assert extracted("<p onclick=x>a\n\nb</p>", Words("cleaned_html"), css_selector="p") == [
        ["<div><p>a", "b</p></div>"]
    ]


def test_extracted_content_is_readable_json():
    page = extract_page("<p>é</p>", url=URL, config=CrawlerRunConfig(extraction_strategy=Words()))
    assert page.extracted_content.startswith('[\n    {\n        "url"')
    assert "é" in page.extracted_content


def test_no_extraction():
    assert extracted("<p>a</p>", NoExtractionStrategy()) is None
    assert extracted("<p>a</p>", None) is None
    assert NoExtractionStrategy().run(URL, ["a"]) == [{"index": 0, "content": "a"}]


@pytest.mark.parametrize("input_format", ["fit_markdown", "fit_html"])
def test_an_input_that_is_not_there_is_an_error(input_format):
    page = extract_page("<p>a</p>", url=URL, config=CrawlerRunConfig(extraction_strategy=Words(input_format)))
    assert page.extracted_content is None
    assert f"input_format='{input_format}' needs a markdown_generator" in page.stage_errors["extraction"]
    assert page.markdown == "a"


def test_input_format_is_checked():
    with pytest.raises(ValueError, match="input_format must be one of markdown"):
        Words("text")


class Broken(ExtractionStrategy):
    def extract(self, url, html, *q, **kwargs):
        raise LookupError("nothing\nhere")


def test_a_strategy_that_fails_costs_its_stage_only():
    page = extract_page("<p>a</p>", url=URL, config=CrawlerRunConfig(extraction_strategy=Broken()))
    assert page.stage_errors == {"extraction": "LookupError: nothing here"}
    assert page.markdown == "a"


def test_a_default_generator_writes_to_nothing_of_its_own():
    generator = DefaultMarkdownGenerator()
    before = dict(vars(generator))
    extract_page(HTML, url=URL, config=CrawlerRunConfig(markdown_generator=generator))
    assert vars(generator) == before
