"""Addresses: never an exception, never a relative one in a result, and joined as the standards say."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.domains import matches_domain, normalised_domain, registered_domain
from scrapy_crawl4.content.urls import has_port, host_of, is_page_url, join, tidy

URL = "https://www.example.org/dir/page.html?x=1"
SCHEMES = ("http://", "https://", "ftp://", "file://")
REFERENCES = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="ab/:?#.@[]\\% \t\n", max_size=20),
    st.from_regex(r"(https?:)?(//)?[a-z.:@\[\]0-9]{0,12}(/[a-z.]{0,4}){0,3}(\?[a-z]?)?(#[a-z]?)?", fullmatch=True),
)
SEGMENT = st.text(alphabet="abcäß~!$&'()*+,=%20.-_", min_size=1, max_size=6)  # urljoin drops an empty ";"
PATHS = st.lists(SEGMENT, max_size=4).map("/".join)
PARTS = st.text(alphabet="abc=&%/:?@é", min_size=1, max_size=8)


def content(html: str, url: str = URL, **options):
    found = extract_page(html, url=url, config=CrawlerRunConfig(**options))
    assert found.stage_errors == {}
    return found


def addresses(found) -> list[str]:
    links = [link["href"] for kind in found.links.values() for link in kind]
    media = [item["src"] for kind in found.media.values() for item in kind]
    posters = [item["poster"] for item in found.media["videos"] if "poster" in item]
    return links + media + posters


def quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("\0", "")


@given(
    REFERENCES, REFERENCES, st.sampled_from([URL, "http://[::1]:8/", "file:///tmp/x.html", "", "raw", "http://[::1"])
)
def test_whatever_stands_in_a_page_its_addresses_are_absolute(reference, base, url):
    value = quoted(reference)
    html = (
        f'<base href="{quoted(base)}"><link rel=canonical href="{value}"><a href="{value}">x</a><img src="{value}" '
        f'data-src="{value}" srcset="{value} 2x"><video poster="{value}"><source src="{value}"><track src="{value}">'
        f'</video><map><area href="{value}"></map><div itemscope><a itemprop=u href="{value}"></a></div>'
    )
    found = content(html, url, score_links=True, preserve_https_for_internal_links=True, exclude_domains=["x.org"])
    for address in addresses(found):
        assert address.lower().startswith(SCHEMES)
        assert "\n" not in address
        assert "\t" not in address


@given(PATHS, PARTS | st.none(), PARTS | st.none())
def test_relative_addresses_are_joined_as_the_standard_library_joins(path, query, fragment):
    reference = path + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    if not reference or ":" in path.partition("/")[0]:
        return
    expected = urljoin(URL, reference)
    assert join(URL, reference) == expected
    assert addresses(content(f'<a href="{quoted(reference)}">x</a>')) == [expected]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        # RFC 3986, section 5.4, without what leads to other schemes
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        (".", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        # an empty query or fragment is one
        ("g?", "http://a/b/c/g?"),
        ("g?#", "http://a/b/c/g?#"),
        ("?#s", "http://a/b/c/d;p?#s"),
    ],
)
def test_links_and_pictures_are_joined_by_the_same_rules(reference, expected):
    found = content(f'<a href="{reference}">x</a><img srcset="{reference} 2x" src=i>', "http://a/b/c/d;p?q")
    assert found.links["internal" if "//g" not in reference else "external"][0]["href"] == expected
    assert join("http://a/b/c/d;p?q", reference) == expected


@given(REFERENCES, REFERENCES)
def test_helpers_never_raise(one, two):
    assert isinstance(join(one, two), str)
    assert host_of(one) == host_of(one).lower()
    assert isinstance(registered_domain(host_of(one)), str)
    assert is_page_url(one) in (True, False)
    assert has_port(one) in (True, False)
    assert tidy(tidy(one)) == tidy(one)
    domain = normalised_domain(one)
    assert not domain or matches_domain(domain, [domain])


@given(
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["", "user@", "u:p@w@"]),
    st.from_regex(r"[a-zA-Z0-9]{1,5}(\.[a-z0-9]{1,5}){0,3}", fullmatch=True)
    | st.sampled_from(["[::1]", "[2001:DB8::1]"]),
    st.sampled_from(["", ":80", ":8080"]),
    st.sampled_from(["", "/", "/a:b@c", "?q=//x", "#f:1"]),
)
def test_hosts_and_ports_are_those_of_the_standard_library(scheme, user, host, port, rest):
    url = f"{scheme}://{user}{host}{port}{rest}"
    parts = urlsplit(url)
    assert host_of(url) == parts.hostname
    assert has_port(url) is (parts.port is not None)
    assert is_page_url(url)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.example.org", "example.org"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("user.github.io", "user.github.io"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("", ""),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("www.xn--85x722f.com.cn", "xn--85x722f.com.cn"),
    ],
)
def test_registered_domains(host, domain):
    assert registered_domain(host) == domain


@pytest.mark.parametrize("broken", ["/\\[", "//[", "http://[::1", "http://[x]y/"])
def test_one_broken_address_harms_no_other(broken):
    found = content(f'<a href="a">a</a><a href="{broken}">b</a><a href="c?">c</a><img src="{broken}"><img src="d">')
    wanted = {"https://www.example.org/dir/a", "https://www.example.org/dir/c?", "https://www.example.org/dir/d"}
    assert wanted <= set(addresses(found))
    assert "](https://www.example.org/dir/c?)" in str(found.markdown)


@given(REFERENCES)
def test_any_base_is_harmless(base):
    found = content(f'<base href="{quoted(base)}"><a href="x">x</a>')
    for address in addresses(found):
        assert address.lower().startswith(SCHEMES)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("sub/", "https://www.example.org/dir/sub/x"),
        ("/root/", "https://www.example.org/root/x"),
        ("//cdn.example.net/y/", "https://cdn.example.net/y/x"),
        ("https://other.org", "https://other.org/x"),
        ("javascript:1", "https://www.example.org/dir/x"),
        ("data:,", "https://www.example.org/dir/x"),
        ("//:", "https://www.example.org/dir/x"),
        ("http://[::1", "https://www.example.org/dir/x"),
        ("", "https://www.example.org/dir/x"),
    ],
)
def test_base(base, expected):
    assert addresses(content(f'<base href="{base}"><base href="/second/"><a href=x>x</a>')) == [expected]
