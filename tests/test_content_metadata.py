"""What a page says about itself: head, dates, JSON-LD, microdata and RDFa."""

from __future__ import annotations

import json
import pickle
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import process
from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.dates import iso_date

URL = "https://example.org/dir/page.html"
ALWAYS = ["title", "description", "keywords", "author", "language", "canonical", "published_time", "modified_time"]
NO_DATA = {"json_ld": [], "microdata": [], "rdfa": []}


def metadata(html: str, **options):
    content = extract_page(html, url=URL, config=CrawlerRunConfig(**options))
    assert content.stage_errors == {}
    return content.metadata


def data(html: str):
    return metadata(html)["structured_data"]


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


# head


def test_metadata():
    html = (
        '<html lang="en-GB"><head><title> A\n title </title><meta name=Description content=" D "><meta name=keywords '
        'content="k, l"><meta property=author content=Au><meta property="og:title" content=OG>'
        '<meta name="twitter:card" content=c><meta property="article:tag" content="">'
        '<meta property="article:tag" content=t1><meta property="article:tag" content=t2>'
        '<link rel="alternate Canonical" href=" /c\n"></head><body><svg><title>No</title></svg></body></html>'
    )
    assert metadata(html) == {
        "title": "A title",
        "description": "D",
        "keywords": "k, l",
        "author": "Au",
        "language": "en-GB",
        "canonical": "https://example.org/c",
        "published_time": None,
        "modified_time": None,
        "og:title": "OG",
        "twitter:card": "c",
        "article:tag": "t1",
        "structured_data": NO_DATA,
    }


def test_metadata_of_a_page_that_says_nothing():
    assert metadata("<svg><title>drawing</title></svg><p>x") == dict.fromkeys(ALWAYS) | {"structured_data": NO_DATA}


def test_metadata_takes_the_next_best():
    found = metadata('<meta property="og:title" content="T"><meta http-equiv="Content-Language" content="de"><p>x')
    assert found["title"] == "T"
    assert found["language"] == "de"


def test_one_element_may_be_two_properties():
    found = metadata('<meta name="description" property="og:description" content="D"><p>x')
    assert found["description"] == found["og:description"] == "D"
    found = metadata('<meta property="dc:title og:title" content="T"><p>x')
    assert found["og:title"] == "T"
    assert "dc:title" not in found


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/c?", "https://example.org/c?"),
        ("/c?#", "https://example.org/c?#"),
        ("#", "https://example.org/dir/page.html#"),
        ("?#f", "https://example.org/dir/page.html?#f"),
        ("https:///c", "https://example.org/c"),
        ("https://other.org?", "https://other.org?"),
        ("", None),
    ],
)
def test_canonical_is_joined_as_links_are(href, expected):
    assert metadata(f'<link rel=canonical href="{href}"><p>x')["canonical"] == expected


def test_metadata_is_the_pages_whatever_is_excluded():
    assert metadata("<title>T</title><p>x", excluded_tags=["title", "head"], css_selector="p")["title"] == "T"


# dates


@pytest.mark.parametrize(
    ("html", "published", "modified"),
    [
        (
            '<meta property="article:published_time" content="2024-05-06T07:08:09Z">'
            '<meta property="og:updated_time" content="2024-05-07">' + ld('{"datePublished": "2023-01-01"}'),
            "2024-05-06T07:08:09Z",
            "2024-05-07",
        ),
        (
            ld('{"@graph": [{"@type": "Article", "datePublished": "2024-05-06", "dateModified": "2024-05-07"}]}'),
            "2024-05-06",
            "2024-05-07",
        ),
        (
            '<i itemscope><b itemprop=datePublished>2024-05-06</b><meta itemprop="dateModified" content="2024-05-07">',
            "2024-05-06",
            "2024-05-07",
        ),
        (
            "<time class=published datetime=2024-05-06>6</time><time class=updated>2024-05-07</time><time datetime=1>",
            "2024-05-06",
            "2024-05-07",
        ),
        ('<time datetime="2024-05-06">today</time> <time datetime="2024-05-06">', "2024-05-06", None),
        ('<time datetime="2024-05-06">today</time> <time datetime="2024-05-07">', None, None),
        ('<meta name="date" content="yesterday"><meta name="DC.date" content="2024-05-06">', "2024-05-06", None),
        ('<p itemprop="datePublished">soon</p>', None, None),
    ],
)
def test_dates(html, published, modified):
    found = metadata(html)
    assert (found["published_time"], found["modified_time"]) == (published, modified)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-06", "2024-05-06"),
        (" 2024-05-06T07:08:09.5+0200 ", "2024-05-06T07:08:09.5+0200"),
        ("2024-05-06 07:08:09 +00:00", "2024-05-06T07:08:09+00:00"),
        ("2024/05/06", "2024-05-06"),
        ("20240506", "2024-05-06"),
        ("20240506T070809Z", "2024-05-06T07:08:09Z"),
        ("2024.05.06 07:08", "2024-05-06T07:08:00"),
        ("Mon, 06 May 2024 07:08:09 GMT", "2024-05-06T07:08:09+00:00"),
        ("6 May 2024 07:08:09 +0200", "2024-05-06T07:08:09+02:00"),
        ("2024-02-30", ""),
        ("2024-05-06T25:00", ""),
        ("05/06/2024", ""),
        ("1714979289", ""),
        ("May 6", ""),
        ("2024", ""),
        ("", ""),
    ],
)
def test_iso_date(text, expected):
    assert iso_date(text) == expected


@given(st.text(alphabet="0123456789-/:.TZ +,MayonGT", max_size=30) | st.text(max_size=70))
def test_what_is_read_as_a_date_is_one(text):
    found = iso_date(text)
    if found:
        datetime.fromisoformat(found.upper())


@given(st.datetimes())
def test_iso_dates_stay_as_they_are(moment):
    assert iso_date(moment.isoformat()) == moment.isoformat()


# structured data


def test_json_ld():
    html = ld('{"@type": "A", "n": 1}') + ld('[{"@type": "B"}, 3, {"@type": "C"}]') + ld('{"@graph": [{"@type": "D"}]}')
    assert data(html)["json_ld"] == [
        {"@type": "A", "n": 1},
        {"@type": "B"},
        {"@type": "C"},
        {"@graph": [{"@type": "D"}]},
    ]


@pytest.mark.parametrize(
    "text",
    [
        '<!-- {"a": 1} -->',
        '\n//<![CDATA[\n{"a": 1}\n//]]>\n',
        '/* <![CDATA[ */ {"a": 1} /* ]]> */',
        '{"a": 1};',
        '\ufeff{"a": 1}',
    ],
)
def test_json_ld_is_read_through_its_wrapping(text):
    assert data(ld(text))["json_ld"] == [{"a": 1}]


def test_line_breaks_in_json_texts_are_read():
    assert data(ld('{"a": "b\n\tc"}'))["json_ld"] == [{"a": "b\n\tc"}]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": 1,}',
        '{"a": NaN}',
        '"text"',
        "null",
        '{"a": ' * 40 + "1" + "}" * 40,
        "[" * 100_000,
        '{"a": "' + "x" * 1_000_001 + '"}',
        '{"a": ' + "9" * 5000 + "}",
    ],
)
def test_broken_json_ld_is_passed_over(text):
    assert data(ld(text) + ld('{"ok": 1}'))["json_ld"] == [{"ok": 1}]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_json_ld_is_what_json_reads(value):
    text = json.dumps({"value": value}).replace("<", "\\u003c")
    assert data(ld(text))["json_ld"] == [{"value": value}]


def test_microdata():
    html = (
        '<div itemscope itemtype="https://schema.org/Product" itemid="urn:1"><b itemprop="name">N</b><a itemprop="url" '
        'href="/u">x</a><div itemprop="offers" itemscope><meta itemprop="price" content="5"></div></div>'
    )
    assert data(html)["microdata"] == [
        {
            "type": "https://schema.org/Product",
            "id": "urn:1",
            "properties": {
                "name": ["N"],
                "url": ["https://example.org/u"],
                "offers": [{"type": None, "id": None, "properties": {"price": ["5"]}}],
            },
        }
    ]


def test_microdata_of_a_page_at_an_odd_address():
    content = extract_page("<i itemscope><b itemprop=n>N", url="http://exa mple:x/", config=CrawlerRunConfig())
    assert content.stage_errors == {}
    assert content.metadata["structured_data"]["microdata"][0]["properties"] == {"n": ["N"]}


def test_rdfa():
    html = '<div vocab="https://schema.org/" typeof="Person" resource="#me"><b property="name">N</b></div>'
    assert data(html)["rdfa"] == [
        {
            "type": ["https://schema.org/Person"],
            "resource": "https://example.org/dir/page.html#me",
            "properties": {"https://schema.org/name": ["N"]},
        }
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<div itemscope>" + "<div itemprop=x>" * 20_000 + "text",
        "<div itemscope>" + "<div itemprop=x itemscope>" * 200 + "text",
        "<div itemscope>" + "<div itemprop=x itemscope>" * 4_000 + "text",
        "<div typeof=a property=b>" * 3_000 + "text",
        "<div itemscope>" + "<p itemprop=x>" + "long " * 300_000,
        '<div itemscope id=a itemref="a b"><p id=b itemscope itemprop=x itemref=a>',
    ],
)
def test_structured_data_is_bounded(html):
    found = data(html)
    assert len(json.dumps(found)) < 10_000


def test_results_with_structured_data_can_be_dumped_and_pickled():
    html = ld('{"a": "\\ud800", "b": 1e400}') + "<div itemscope><b itemprop=n>&#xD800;x</b></div>"
    result = process(html, url=URL)
    assert json.loads(result.model_dump_json())["metadata"]["structured_data"]["microdata"]
    assert pickle.loads(pickle.dumps(result)).metadata == result.metadata
