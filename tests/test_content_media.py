"""Pictures, videos and sounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.srcset import parse_srcset

URL = "https://example.org/dir/page.html"


def page(html: str, **options):
    content = extract_page(html, url=URL, config=CrawlerRunConfig(**options))
    assert content.stage_errors == {}
    return content


def images(html: str, **options):
    return page(html, **options).media["images"]


# pictures


def test_an_image_has_crawl4ais_keys_and_an_absolute_address():
    html = '<p>Words beside it <img src="../i.png" alt=" Alt " width="200" height="300px"></p>'
    assert images(html) == [
        {
            "src": "https://example.org/i.png",
            "data": "",
            "alt": "Alt",
            "desc": "Words beside it",
            "score": 5,
            "type": "image",
            "group_id": 0,
            "format": "png",
            "width": 200,
        }
    ]


@pytest.mark.parametrize(
    "lazy",
    [
        '<img data-src="real.jpg" alt="x">',
        '<img src="data:image/gif;base64,R0lG" data-original="real.jpg" alt="x">',
        '<img src="/img/blank.gif" data-lazy-src="real.jpg" alt="x">',
        '<img src="" srcset="small.jpg 100w, real.jpg 800w, data:x 900w" alt="x">',
        '<img data-srcset="small.jpg, real.jpg 2x" alt="x">',
        '<picture><source srcset="real.jpg 800w"><img alt="x"></picture>',
    ],
)
def test_lazy_pictures_are_where_they_would_be(lazy):
    content = page(lazy)
    assert content.media["images"][0]["src"] == "https://example.org/dir/real.jpg"
    assert content.markdown == "![x](https://example.org/dir/real.jpg)"
    assert 'src="https://example.org/dir/real.jpg"' in content.cleaned_html


def test_all_sizes_of_a_picture_share_a_group():
    found = images('<img src=a.png alt=x srcset="a.png 100w, b.png 900w"><img src=c.png alt=y><img src=a.png alt=z>')
    assert [(item["src"][-5:], item["group_id"], item["width"]) for item in found] == [
        ("a.png", 0, None),
        ("b.png", 0, 900),
        ("c.png", 1, None),
    ]


def test_pictures_without_an_address_are_not_listed():
    assert images('<img alt=x><img src="data:image/png;base64,AAAA" alt=y><img src=""><img src="#">') == []


def test_embedded_pictures_leave_their_alt_text():
    assert page('<p>a <img src="data:image/png;base64,AA" alt="Alt"> b</p>').markdown == "a Alt b"


def test_image_score_threshold_is_exceeded_by_what_is_listed():
    html = "<img src=a.png alt=x><img src=b.png width=16 height=16><img src=c.gif width=1 height=1>"
    assert [item["score"] for item in images(html, image_score_threshold=-1)] == [5, 3, 0]
    assert [item["score"] for item in images(html, image_score_threshold=3)] == [5]
    assert images(html, image_score_threshold=5) == []


@pytest.mark.parametrize("size", ["width=1", "height=0", "width='1px' height=20"])
def test_by_default_every_picture_is_listed_but_what_counts_visitors(size):
    html = f"<img src=icon><img src=icon2 width=8 height=8><noscript><img src=t.gif {size}><img src=in.gif></noscript>"
    assert [item["src"].rpartition("/")[2] for item in images(html)] == ["icon", "icon2", "in.gif"]


def test_a_placeholder_is_listed_behind_its_picture():
    html = '<img src="/blank.gif" data-src="real.jpg" data-original="large.jpg" alt="x">'
    assert [(item["src"].rpartition("/")[2], item["group_id"]) for item in images(html)] == [
        ("real.jpg", 0),
        ("large.jpg", 0),
        ("blank.gif", 0),
    ]


def test_a_lazy_picture_of_another_site_is_excluded_whatever_stands_for_it():
    html = '<img src="/blank.gif" data-src="https://cdn.other.net/j.png" alt="y">'
    assert len(images(html)) == 2
    assert images(html, exclude_external_images=True) == []


def test_r4_descriptions_never_hold_the_page():
    words = " ".join(f"word{number}" for number in range(2000))
    html = f"<body><p>{words}</p>" + "<div><img src='{}.png' alt=x></div>" * 50 + "</body>"
    found = images(html.replace("{}", "i"))
    assert [item["desc"] for item in found] == [""]
    beside = images(f"<div><p>{words}</p><img src=j.png alt=x></div>")[0]["desc"]
    assert beside.startswith("word0 word1 ")
    assert len(beside) <= 300


def test_image_description_min_word_threshold():
    html = "<div>a longer text around <p>short <img src=i.png alt=x></p></div>"
    assert images(html)[0]["desc"] == "short"
    assert images(html, image_description_min_word_threshold=3)[0]["desc"] == "a longer text around short"


@pytest.mark.parametrize(
    ("srcset", "expected"),
    [
        ("a.png 1x, b.png 2x", [("a.png", 0, 1.0), ("b.png", 0, 2.0)]),
        ("a.png 1x,b.png 2x", [("a.png", 0, 1.0), ("b.png", 0, 2.0)]),
        ("a,b.png 300w,\n c.png 600w 400h", [("a,b.png", 300, 0), ("c.png", 600, 0)]),
        ("a.png, b.png", [("a.png", 0, 0), ("b.png", 0, 0)]),
        ("a.png,,b.png", [("a.png,,b.png", 0, 0)]),
        ("a.png oops(1, 2), b.png", [("a.png", 0, 0), ("b.png", 0, 0)]),
        ("a.png infx, b.png -1x, c.png 9999999w", [("a.png", 0, 0), ("b.png", 0, 0), ("c.png", 0, 0)]),
        ("DATA:image/png;base64,AAAA 1x, b.png", [("b.png", 0, 0)]),
        (",,,", []),
        ("", []),
    ],
)
def test_srcset(srcset, expected):
    assert parse_srcset(srcset) == expected


@given(st.text(alphabet="ab.,/ 12wx()\n", max_size=60))
def test_any_srcset_is_read(srcset):
    for url, width, density in parse_srcset(srcset):
        assert url
        assert url.strip(",") == url.strip(", \n") != ""
        assert width >= 0
        assert density >= 0


@given(st.lists(st.tuples(st.text(alphabet="abc/.-", min_size=1), st.integers(1, 9999)), min_size=1, max_size=6))
def test_a_well_formed_srcset_is_read_as_written(candidates):
    written = ", ".join(f"{url} {width}w" for url, width in candidates)
    assert [(url, width) for url, width, _ in parse_srcset(written)] == candidates


def test_a_srcset_is_read_in_linear_time():
    assert parse_srcset("," * 200_000) == []
    assert len(parse_srcset("a.png ((" * 30_000)) == 1
    assert len(parse_srcset("a, " * 30_000)) == 30_000


# players


def test_q4_videos_and_sounds_are_absolute_and_described():
    html = (
        '<video src="v.mp4" title="Talk" poster="p.jpg" width=640><track src="en.vtt" kind="captions" srclang="en">'
        '</video><video><source src="/w.webm"><source src="/w.webm"><source data-src="x.ogv">'
        '</video><audio src="blob:x"><source src="//cdn.example.net/a.ogg"></audio> tail'
    )
    media = page(html).media
    assert media["videos"][0] == {
        "src": "https://example.org/dir/v.mp4",
        "data": "",
        "alt": "",
        "desc": "Talk",
        "score": 0,
        "type": "video",
        "group_id": 0,
        "format": "mp4",
        "width": 640,
        "poster": "https://example.org/dir/p.jpg",
        "tracks": [{"src": "https://example.org/dir/en.vtt", "kind": "captions", "srclang": "en", "label": ""}],
    }
    assert [(item["src"], item["group_id"]) for item in media["videos"][1:]] == [
        ("https://example.org/w.webm", 1),
        ("https://example.org/dir/x.ogv", 1),
    ]
    assert [(item["src"], item["format"]) for item in media["audios"]] == [("https://cdn.example.net/a.ogg", "ogg")]
