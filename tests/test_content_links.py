"""Links of a page: absolute, internal or external by registered domain, and what the options leave out."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from turbohtml import Element

from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.domains import matches_domain, normalised_domain, registered_domain
from scrapy_crawl4.content.link_scores import LinkScores
from scrapy_crawl4.content.urls import host_of

URL = "https://www.example.co.uk/dir/page.html?x=1"


def page(html: str, url: str = URL, **options):
    content = extract_page(html, url=url, config=CrawlerRunConfig(**options))
    assert content.stage_errors == {}
    return content


def hrefs(content, kind: str | None = None) -> list[str]:
    kinds = [kind] if kind else ["internal", "external"]
    return [link["href"] for name in kinds for link in content.links[name]]


def test_links_have_text_title_and_registered_domain():
    content = page('<a href="sub" title=" T ">a <b>bold</b>\n link</a><a href="https://other.org/">o</a>')
    assert content.links == {
        "internal": [
            {
                "href": "https://www.example.co.uk/dir/sub",
                "text": "a bold link",
                "title": "T",
                "base_domain": "example.co.uk",
            }
        ],
        "external": [{"href": "https://other.org/", "text": "o", "title": "", "base_domain": "other.org"}],
    }


def test_subdomains_are_internal_and_lookalikes_are_not():
    content = page(
        '<a href="https://shop.example.co.uk/">1</a><a href="https://shop-example.co.uk/">2</a>'
        '<a href="https://other.co.uk/">3</a><a href="HTTPS://EXAMPLE.CO.UK:8443/">4</a>'
    )
    assert hrefs(content, "internal") == ["https://shop.example.co.uk/", "https://EXAMPLE.CO.UK:8443/"]
    assert hrefs(content, "external") == ["https://shop-example.co.uk/", "https://other.co.uk/"]


def test_two_users_of_a_hosting_service_are_two_sites():
    content = page('<a href="https://b.github.io/">b</a><a href="/me">me</a>', "https://a.github.io/")
    assert hrefs(content, "internal") == ["https://a.github.io/me"]
    assert hrefs(content, "external") == ["https://b.github.io/"]


def test_each_url_once_with_the_first_text_there_is():
    content = page('<a href="/a"></a><a href="/a">second</a><a href="/a">third</a>')
    assert [(link["href"], link["text"]) for link in content.links["internal"]] == [
        ("https://www.example.co.uk/a", "second")
    ]


def test_the_alt_text_of_a_picture_is_the_text_of_its_link():
    assert page('<a href="/a"><img src="i.png" alt="The picture"></a>').links["internal"][0]["text"] == "The picture"


def test_fragments_and_queries_stay_as_they_are():
    content = page('<a href="?q=%41&b=a+b#Frag-%41">q</a><a href="#top">top</a>')
    assert hrefs(content) == [
        "https://www.example.co.uk/dir/page.html?q=%41&b=a+b#Frag-%41",
        "https://www.example.co.uk/dir/page.html?x=1#top",
    ]


@pytest.mark.parametrize(
    "href",
    ["javascript:void(0)", "JavaScript:x()", "mailto:a@b.org", "tel:+1", "data:text/html,x", "", "#", "about:blank"],
)
def test_what_leads_to_no_page_is_no_link(href):
    content = page(f'<p>before <a href="{href}">text</a> after</p>')
    assert hrefs(content) == []
    assert "before" in content.markdown
    assert "text" in content.markdown
    assert "after" in content.markdown


def test_dead_links_are_plain_text_in_markdown():
    assert page('<p><a href="javascript:x">a</a> <a href="">b</a> <a href="#">c</a></p>').markdown == "a b c"


def test_links_of_closed_menus_and_of_image_maps_count():
    content = page(
        '<div style="display:none"><a href="/menu">m</a></div><map name=m><area href="/area" alt="Area"></map>'
        "<noscript><p>Text <a href=/ns>n</a></p></noscript>"
    )
    assert hrefs(content) == [f"https://www.example.co.uk/{name}" for name in ("menu", "area", "ns")]


def test_content_of_declarative_shadow_roots_counts():
    content = page("<div><template shadowrootmode=open><p>In <a href=/s>shadow</a></p></template></div>")
    assert hrefs(content) == ["https://www.example.co.uk/s"]
    assert content.markdown == "In [shadow](https://www.example.co.uk/s)"


# base


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://cdn.example.org/docs/", "https://cdn.example.org/docs/p.html"),
        ("/docs/", "https://www.example.co.uk/docs/p.html"),
        ("../", "https://www.example.co.uk/p.html"),
        ("//cdn.example.org/", "https://cdn.example.org/p.html"),
        ("javascript:alert(1)", "https://www.example.co.uk/dir/p.html"),
        ("http://[broken/", "https://www.example.co.uk/dir/p.html"),
    ],
)
def test_q9_base_href_is_itself_resolved_against_the_page(base, expected):
    content = page(f'<base href="{base}"><a href="p.html">p</a><img src="p.html" alt="i">')
    assert hrefs(content) == [expected]
    assert content.media["images"][0]["src"] == expected
    assert expected in content.markdown
    assert expected in content.cleaned_html


def test_base_url_serves_html_that_has_no_url():
    html = '<a href="x">x</a><a href="https://example.org/">abs</a>'
    content = page(html, "raw:<a>", base_url="https://example.org/d/")
    assert hrefs(content, "internal") == ["https://example.org/d/x", "https://example.org/"]
    without = page(html, "raw:<a>")
    assert hrefs(without) == ["https://example.org/"]
    assert "[x](x)" in without.markdown


def test_local_files_link_to_local_files():
    content = page('<a href="b.html">b</a><a href="https://example.org/">o</a>', "file:///tmp/a.html")
    assert hrefs(content, "internal") == ["file:///tmp/b.html"]
    assert hrefs(content, "external") == ["https://example.org/"]


# options

LINKS = (
    '<p>one <a href="/in">inside</a> two <a href="https://other.org/o">outside</a> three '
    '<a href="https://m.facebook.com/x">social</a> four <a href="https://notx.com/">notx</a> five</p>'
)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, ["inside", "outside", "social", "notx"]),
        ({"exclude_internal_links": True}, ["outside", "social", "notx"]),
        ({"exclude_external_links": True}, ["inside"]),
        ({"exclude_social_media_links": True}, ["inside", "outside", "notx"]),
        (
            {"exclude_social_media_links": True, "exclude_social_media_domains": ["other.org"]},
            ["inside", "notx"],
        ),
        ({"exclude_social_media_domains": ["other.org"]}, ["inside", "outside", "social", "notx"]),
        ({"exclude_domains": ["other.org", "https://Facebook.com/"]}, ["inside", "notx"]),
        ({"exclude_domains": [""]}, ["inside", "outside", "social", "notx"]),
    ],
)
def test_q1_excluded_links_leave_the_text_around_them(options, kept):
    content = page(LINKS, **options)
    assert [link["text"] for kind in content.links.values() for link in kind] == kept
    for word in ("one", "two", "three", "four", "five"):
        assert word in content.markdown
        assert word in content.cleaned_html
    for text in ("inside", "outside", "social", "notx"):
        assert (f"[{text}](" in content.markdown) is (text in kept)


def test_q2_link_exclusion_applies_to_selected_content():
    content = page(f"<main>{LINKS}</main>", css_selector="main", exclude_external_links=True)
    assert hrefs(content) == ["https://www.example.co.uk/in"]
    assert "other.org" not in content.markdown


def test_prefetch_gives_links_only():
    content = page('<title>T</title><a href="/a" title="t">A</a><img src=i.png>', prefetch=True)
    assert content.links == {"internal": [{"href": "https://www.example.co.uk/a", "text": "A"}], "external": []}
    assert content.markdown is None
    assert content.cleaned_html is None
    assert content.media["images"] == []


# properties

SEGMENT = st.text(alphabet="abcXYZ019-._~é", min_size=1, max_size=6).filter(lambda text: text.strip(".") != "")
REFERENCE = st.one_of(
    st.builds("/".join, st.lists(SEGMENT | st.just(".."), min_size=1, max_size=4)),
    st.builds(lambda parts: "/" + "/".join(parts), st.lists(SEGMENT, max_size=3)),
    st.builds(lambda key, value: f"?{key}={value}", SEGMENT, SEGMENT),
    st.builds(lambda name: f"#{name}", SEGMENT),
    st.builds(lambda host, name: f"//{host}.example/{name}", st.sampled_from(["a", "b.c"]), SEGMENT),
)


@given(REFERENCE, st.sampled_from(["https://e.org/", "https://e.org/a/b/c.html?q#f", "http://e.org:8080/x"]))
def test_links_join_as_the_standard_library_joins(reference, url):
    content = page(f'<a href="{reference}">x</a>', url)
    assert hrefs(content) == [urljoin(url, reference)]


@given(st.text(max_size=40))
def test_any_href_gives_an_absolute_link_or_none(href):
    escaped = href.replace("&", "&amp;").replace('"', "&quot;")
    for link in hrefs(page(f'<a href="{escaped}">x</a>')):
        assert link.partition("://")[0].lower() in {"http", "https", "ftp", "file"}


@given(st.text(max_size=30))
def test_any_text_has_a_host_or_none(text):
    assert host_of(text) == host_of(text).lower()
    assert isinstance(registered_domain(host_of("https://" + text)), str)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://User:pw@WWW.Example.org.:8080/x?y#z", "www.example.org"),
        ("https://[::1]:80/", "::1"),
        ("https://e.org?x=@y", "e.org"),
        ("https://e.org\\@evil.org/", "e.org"),
        ("mailto:a@b.org", ""),
    ],
)
def test_host(url, host):
    assert host_of(url) == host


def test_domains_match_whole_labels():
    assert matches_domain("a.rt.com", ["rt.com"])
    assert matches_domain("rt.com", ["rt.com"])
    assert not matches_domain("shop-rt.com", ["rt.com"])
    assert normalised_domain("https://www.Example.org:80/x") == "example.org"
    assert normalised_domain(".example.org") == "example.org"


@pytest.mark.parametrize(
    ("host", "domain"),
    [("a.b.example.co.uk", "example.co.uk"), ("localhost", "localhost"), ("127.0.0.1", "127.0.0.1"), ("", "")],
)
def test_registered_domain(host, domain):
    assert registered_domain(host) == domain


def test_links_stand_wherever_an_address_stands():
    html = (
        "<body><noscript><p>Please enable JavaScript, <a href=/help>help</a></p></noscript>"
        "<template><a href=/later>l</a></template><div hidden><a href=/menu>m</a></div>"
        "<svg><a xlink:href=/drawn><text>d</text></a></svg>"
        "<map><area href=/area alt=Area></map><a href=/out><b>o</a><p><a href=/in><a href=/next>n</a></a>"
    )
    content = page(html)
    assert hrefs(content, "internal") == [
        f"https://www.example.co.uk/{name}" for name in ("help", "later", "menu", "drawn", "area", "out", "in", "next")
    ]
    assert content.markdown.count("help") == content.markdown.count("later") == 0


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        (" \n/a\t", "https://www.example.co.uk/a"),
        ("https://other.org/a\n\tb", "https://other.org/ab"),
        ("\x00/a b", "https://www.example.co.uk/\ufffd/a b"),
        ("ht\ntps://other.org/x", "https://other.org/x"),
        ("https://münchen.de/ü?ü#ü", "https://münchen.de/ü?ü#ü"),
        ("?", "https://www.example.co.uk/dir/page.html?"),
        ("/q?#", "https://www.example.co.uk/q?#"),
        ("//other.org", "https://other.org"),
        ("http://[2001:db8::1]:8/x", "http://[2001:db8::1]:8/x"),
    ],
)
def test_addresses_are_read_as_browsers_read_them(href, expected):
    if "\x00" in href:
        expected = "https://www.example.co.uk/dir/\ufffd/a b"
    assert hrefs(page(f'<a href="{href}">x</a>')) == [expected]


@pytest.mark.parametrize("href", ["http://", "http:///x", "http://?q", "//", "//#a", " \n ", "\tjava\tscript:x"])
def test_addresses_without_a_host_lead_nowhere(href):
    found = hrefs(page(f'<a href="{href}">x</a>'))
    assert all(url.startswith(URL.partition("?")[0]) for url in found)


def test_score_links():
    html = (
        "<title>Growing tomatoes indoors</title><main><a href=/guide/tomatoes>A guide to tomatoes in winter</a></main>"
        '<nav><a href="/login?a=1&b=2&c=3" rel=nofollow>more</a></nav>'
    )
    plain, scored = page(html).links["internal"], page(html, score_links=True).links["internal"]
    assert "intrinsic_score" not in plain[0]
    good, poor = scored
    assert good["intrinsic_score"] == good["total_score"] == 9
    assert poor["intrinsic_score"] == poor["total_score"] == 1.5
    assert good["contextual_score"] is None


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=20))
def test_link_scores_are_between_0_and_10(href, text, title):
    element = Element("a", {"href": href, "rel": title})
    scores = LinkScores.of_page({"title": text, "description": None}).of_link(element, href, text, title)
    assert 0 <= scores["intrinsic_score"] <= 10


def test_preserve_https_for_internal_links():
    html = (
        '<a href="http://shop.example.co.uk/a">1</a><a href="http://www.example.co.uk:8080/b">2</a>'
        '<a href="http://other.org/">3</a><a href="/d">4</a>'
    )
    content = page(html, preserve_https_for_internal_links=True)
    assert hrefs(content) == [
        "https://shop.example.co.uk/a",
        "http://www.example.co.uk:8080/b",
        "https://www.example.co.uk/d",
        "http://other.org/",
    ]
    assert "(https://shop.example.co.uk/a)" in content.markdown
    assert hrefs(page(html))[0] == "http://shop.example.co.uk/a"
    on_http = page(html, "http://www.example.co.uk/", preserve_https_for_internal_links=True)
    assert hrefs(on_http)[0] == "http://shop.example.co.uk/a"


def test_prefetch_leaves_out_what_is_excluded():
    html = "<nav><a href=/n>n</a></nav><main><a href=/m>m<script>x</script></a></main>"
    content = page(html, prefetch=True, excluded_tags=["nav"])
    assert content.links["internal"] == [{"href": "https://www.example.co.uk/m", "text": "m"}]
    assert page(html, prefetch=True, css_selector="nav").links["internal"][0]["text"] == "n"
