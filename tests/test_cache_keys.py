"""Which requests are the same to the cache, and which pages are not worth keeping."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from scrapy_crawl4.cache.blocked import LARGEST, MARKS, is_block_page
from scrapy_crawl4.cache.keep import is_worth_keeping
from scrapy_crawl4.cache.keys import cache_key, variant, vary_names

COUNTING = ("Accept", "Accept-Language", "Authorization", "Cookie", "User-Agent", "X-Api-Key")
OTHERS = ("Referer", "X-Request-Id", "If-None-Match", "Connection", "Accept-Encoding", "Proxy-Authorization")

values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
headers = st.dictionaries(st.sampled_from(COUNTING), values)
requests = st.fixed_dictionaries(
    {
        "url": st.lists(st.tuples(values.filter(str.isalnum), values.filter(str.isalnum)), max_size=4).map(
            lambda pairs: "http://h/p?" + "&".join(f"{name}={value}" for name, value in pairs)
        ),
        "method": st.sampled_from(["GET", "POST", "HEAD"]),
        "body": st.binary(max_size=6),
        "headers": headers,
        "meta": st.one_of(st.just({}), values.map(lambda name: {"cookiejar": name})),
    }
)


def key(parts, **changed):
    return cache_key(Request(**(parts | changed)))


@given(requests, st.dictionaries(st.sampled_from(OTHERS), values), st.randoms(use_true_random=False))
def test_what_does_not_count_changes_no_key(parts, others, random):
    path, _, query = parts["url"].partition("?")
    arguments = query.split("&")
    random.shuffle(arguments)
    url = f"{path}?{'&'.join(arguments)}#{random.random()}"
    assert key(parts, url=url, headers=parts["headers"] | others) == key(parts)


@given(requests, requests)
def test_equal_keys_mean_equal_parts(one, two):
    def told(parts):
        request = Request(**parts)
        counting = {name: request.headers.getlist(name) for name in COUNTING if name in request.headers}
        arguments = sorted(parts["url"].partition("?")[2].split("&"))
        return request.method, arguments, request.body, counting, parts["meta"]

    assert (key(one) == key(two)) == (told(one) == told(two))


@given(requests, st.sampled_from(COUNTING), values)
def test_each_header_that_counts_does(parts, name, value):
    without = {other: told for other, told in parts["headers"].items() if other != name}
    assert key(parts, headers=without) != key(parts, headers=without | {name: value})


def test_a_jar_that_only_one_task_has_is_no_session():
    plain = Request("http://h/")
    assert cache_key(Request("http://h/", meta={"cookiejar": 140_000_000})) == cache_key(plain)
    assert cache_key(Request("http://h/", meta={"crawl4": {"session_id": "s"}})) != cache_key(plain)


def test_a_random_user_agent_does_not_count():
    meta = {"crawl4": {"user_agent_mode": "random"}}
    one, two = (Request("http://h/", headers={"User-Agent": name}, meta=meta) for name in "ab")
    assert cache_key(one) == cache_key(two)


@given(st.dictionaries(st.sampled_from(OTHERS), values), st.dictionaries(st.sampled_from(OTHERS), values))
def test_vary_tells_apart_by_the_headers_it_names(one, two):
    names = ("accept-encoding", "referer")
    first, second = Request("http://h/", headers=one), Request("http://h/", headers=two)
    told = [[request.headers.getlist(name) for name in names] for request in (first, second)]
    assert (variant(names, first) == variant(names, second)) == (told[0] == told[1])


@pytest.mark.parametrize(
    ("vary", "names"),
    [
        ([], ()),
        (["Accept-Encoding, User-Agent"], ("accept-encoding",)),
        (["Referer", "date , ,Referer, X-Api-Key"], ("date", "referer")),
        (["Cookie"], ()),
        (["X-A, *"], None),
    ],
)
def test_names_of_vary(vary, names):
    response = Response("http://h/", headers={"Vary": vary})
    assert vary_names(response, Request("http://h/")) == names


# Block pages

CLOUDFLARE = """<!DOCTYPE html><html lang="de"><head><title>Nur einen Moment…</title><script>
window._cf_chl_opt = {cvId: '3', cZone: 'example.org', cType: 'managed'};
a.src = '/cdn-cgi/challenge-platform/h/g/orchestrate/chl_page/v1?ray=8f';</script></head><body></body></html>"""
CLOUDFLARE_FIREWALL = """<title>Attention Required! | Cloudflare</title><div id="cf-wrapper">
<div id="cf-error-details" class="cf-error-details-wrapper"><h1>Sorry, you have been blocked</h1></div></div>"""
AKAMAI = """<HTML><HEAD>
<TITLE>Access Denied</TITLE>
</HEAD><BODY>
<H1>Access Denied</H1>

You don't have permission to access "http&#58;&#47;&#47;www&#46;example&#46;org&#47;" on this server.<P>
Reference&#32;&#35;18&#46;2d351ab8&#46;1557333295&#46;a4e16ab
</BODY>
</HTML>"""
HUMAN = """<title>Access to this page has been denied</title><script>window._pxVid = ''; window._pxAppId = 'PXabc';
</script><div id="px-captcha"></div>"""
DATADOME = """<html><head><title>example.org</title></head><body><p id="cmsg">Please enable JS and disable any
ad blocker</p><script data-cfasync="false">var dd={'rt':'c','cid':'AHrl','t':'bv','host':'geo.captcha-delivery.com'}
</script><script data-cfasync="false" src="https://ct.captcha-delivery.com/c.js"></script></body></html>"""
IMPERVA = """<html><head><META NAME="robots" CONTENT="noindex,nofollow"></head><body><iframe id="main-iframe"
src="/_Incapsula_Resource?SWUDNSAI=31&xinfo=9">Request unsuccessful.
Incapsula incident ID: 877000170125</iframe></body>"""
AWS = """<script>window.gokuProps = {"key":"AQ"};</script>
<script src="https://1.edge.captcha-sdk.awswaf.com/1/challenge.js">"""

BLOCKS = {
    "Cloudflare": CLOUDFLARE,
    "Cloudflare's firewall": CLOUDFLARE_FIREWALL,
    "Akamai": AKAMAI,
    "HUMAN": HUMAN,
    "DataDome": DATADOME,
    "Imperva": IMPERVA,
    "AWS": AWS,
}
ORDINARY = {
    "words": "<title>Just a moment</title><p>Access denied? Enable JavaScript and cookies to continue. Captcha.",
    "an own refusal": "<title>Access Denied</title><h1>Access Denied</h1><p>Members only.",
    "a site behind Cloudflare": "<p>Text<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>",
    "a site watched by HUMAN": "<p>Text<script>window._pxAppId = 'PXabc';</script>",
    "a site watched by DataDome": "<p>Text<script src='https://js.datadome.co/tags.js'></script>",
    "a site behind Imperva": "<p>Text<script src='/_Incapsula_Resource?SWJIYLWA=719d34'></script>",
    "an article": "<title>What is “Just a moment...”?</title><p>The page at <code>/cdn-cgi/</code> asks for patience.",
    "nothing": "",
}


def html(body, **headers):
    return HtmlResponse("http://h/", headers={"Content-Type": "text/html", **headers}, body=body)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
def test_block_pages_are_known(name, coding):
    body = BLOCKS[name].encode()
    packed = {"": body, "gzip": gzip.compress(body), "deflate": zlib.compress(body)}[coding]
    response = html(packed, **({"Content-Encoding": coding} if coding else {}))
    assert is_block_page(response)
    assert not is_worth_keeping(response)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_pages_are_none(name):
    assert not is_block_page(html(ORDINARY[name].encode()))


@pytest.mark.parametrize(("name", "value"), [("cf-mitigated", "challenge"), ("x-amzn-waf-action", "captcha")])
def test_headers_say_it_too(name, value):
    assert is_block_page(html(b"", **{name: value}))


@pytest.mark.parametrize("marks", MARKS)
def test_it_takes_all_marks_of_a_page_of_its_size(marks):
    text = b" ".join(marks)
    assert is_block_page(html(text))
    for mark in marks:
        assert len(marks) == 1 or not is_block_page(html(text.replace(mark, b"", 1).replace(mark, b"")))
    assert not is_block_page(html(text + b" " * LARGEST))
    assert not is_block_page(html(text, **{"Content-Type": "application/json"}))


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "br", "zstd", "x-unknown", "gzip, br"]))
def test_a_body_that_cannot_be_decoded_is_none(body, coding):
    assert not is_block_page(html(body, **{"Content-Encoding": coding}))


@pytest.mark.parametrize(
    ("status", "flags", "kept"),
    [
        (200, [], True),
        (203, [], True),
        (204, [], True),
        (301, [], True),
        (302, [], True),
        (206, [], False),
        (304, [], False),
        (400, [], False),
        (404, [], False),
        (429, [], False),
        (503, [], False),
        (100, [], False),
        (200, ["dataloss"], False),
        (200, ["partial"], False),
        (200, ["download_stopped"], False),
        (200, ["other"], True),
    ],
)
def test_statuses_and_flags_that_are_kept(status, flags, kept):
    assert is_worth_keeping(Response("http://h/", status, flags=flags)) == kept
