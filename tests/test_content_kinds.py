"""What a body is, and what is made of documents that are not HTML."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy.http import Headers, HtmlResponse, Response, TextResponse, XmlResponse

from scrapy_crawl4 import (
    CrawlerRunConfig,
    CrawlResult,
    DefaultMarkdownGenerator,
    IdentityChunking,
    RelevantContentFilter,
    process,
)
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.bodies import read_body
from scrapy_crawl4.content.extraction import ExtractionStrategy
from scrapy_crawl4.content.media_types import Kind, charset_of, essence, kind_of, media_type_of
from scrapy_crawl4.content.xhtml import xhtml_as_html

from .pdf import pdf

URL = "https://example.org/dir/page"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
XHTML = "http://www.w3.org/1999/xhtml"

# What it is


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"<!DOCTYPE html><p>x", "text/html"),
        (b"\n\t <HTML>", "text/html"),
        (b"<!-- x --><b>", "text/html"),
        (b"<p>x", "text/html"),
        (b"<title>x", "text/html"),
        (b"<body\nclass=x>", "text/html"),
        (b"\xef\xbb\xbf<html>", "text/html"),
        ("\ufeff<html>".encode("utf-16-le"), "text/html"),
        ("\ufeff<html>".encode("utf-16-be"), "text/html"),
        (b"<params>", "text/plain"),
        (b"<?xml version='1.0'?><a/>", "text/xml"),
        (b"<?xml version='1.0'?><!-- x --><rss version='2.0'>", "application/rss+xml"),
        (b"<rss version='2.0'>", "application/rss+xml"),
        (b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>", "application/atom+xml"),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x' 'y'><html>", "application/xhtml+xml"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"%!PS-Adobe-3.0", "application/postscript"),
        (PNG, "image/png"),
        (b"GIF89a\x00", "image/gif"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"BM\x00\x01", "image/bmp"),
        (b"BMW is a maker of cars.", "text/plain"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"ID3\x03\x00", "audio/mpeg"),
        (b"OggS\x00\x02", "application/ogg"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
        (b"wOF2\x00\x01", "font/sfnt"),
        (b"true or false?", "text/plain"),
        (b"PK\x03\x04\x14", "application/zip"),
        (b"\x1f\x8b\x08\x00", "application/x-gzip"),
        (b"Just words.", "text/plain"),
        ("Только слова".encode("cp1251"), "text/plain"),
        (b"\x7fELF\x02\x01", "application/octet-stream"),
        (b"a\x00b", "application/octet-stream"),
        (b"\xfe\xff\x00a", "text/plain"),
    ],
)
@pytest.mark.parametrize("header", ["", "unknown/unknown", "*/*", "nonsense", "application/unknown; x=y"])
def test_a_body_that_nobody_describes_is_known_by_its_first_bytes(body, media_type, header):
    assert media_type_of(body, header) == media_type


@pytest.mark.parametrize(
    ("body", "header", "media_type"),
    [
        (b"<p>x", "text/plain", "text/plain"),
        (b"<p>x", "application/octet-stream", "application/octet-stream"),
        (b"%PDF-1.4", "text/plain; charset=utf-8", "text/plain"),
        (b"%PDF-1.4\x00", "text/plain; charset=utf-8", "application/pdf"),
        (PNG, "text/plain", "image/png"),
        (b"\x00\x01\x02", "text/plain;  charset=ISO-8859-1", "application/octet-stream"),
        (b"\x00\x01\x02", "text/plain; charset=koi8-r", "text/plain"),
        (PNG, "image/jpeg", "image/jpeg"),
        (b"<?xml version='1.0'?><rss>", "text/html", "application/rss+xml"),
        (b"<rss>", "Text/HTML ; charset=x", "application/rss+xml"),
        (b"<p>&lt;rss>", "text/html", "text/html"),
        (b"", "image/png", "image/png"),
        (b"", "", ""),
    ],
)
def test_a_header_counts_but_where_servers_are_known_to_guess(body, header, media_type):
    assert media_type_of(body, header) == media_type


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("", Kind.HTML),
        ("text/html", Kind.HTML),
        ("application/xhtml+xml", Kind.HTML),
        ("application/vnd.wap.xhtml+xml", Kind.HTML),
        ("application/pdf", Kind.PDF),
        ("text/x-anything", Kind.TEXT),
        ("application/json", Kind.TEXT),
        ("application/vnd.api+json", Kind.TEXT),
        ("application/xml", Kind.TEXT),
        ("image/svg+xml", Kind.TEXT),
        ("application/x-yaml", Kind.TEXT),
        ("image/png", Kind.BINARY),
        ("application/octet-stream", Kind.BINARY),
        ("application/msword", Kind.BINARY),
        ("font/woff2", Kind.BINARY),
    ],
)
def test_kinds(media_type, kind):
    assert kind_of(media_type) is kind


def test_headers_are_taken_apart():
    assert essence("Text/HTML; charset=x") == essence(" text/html , text/plain") == "text/html"
    assert essence("text") == essence("") == essence("; charset=x") == essence("text/ht ml") == ""
    assert charset_of('text/html; x=y; Charset="a b"') == "a b"
    assert charset_of("text/html") == charset_of("text/html; charset=") == ""


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(max_size=40) | st.none())
def test_any_body_with_any_header_is_something(body, header):
    read = read_body(body, header)
    assert isinstance(read.page, bytes) == (read.kind in {Kind.PDF, Kind.BINARY})
    result = process(body, content_type=header)
    assert "\n" not in (result.error_message or "")


# Bytes without a crawl


def test_bytes_are_a_page_unless_they_begin_like_something_else():
    assert process(b"just <b>words</b>").markdown == "just **words**"
    assert process("just <b>words</b>").markdown == "just **words**"
    assert process(b"just <b>words</b>", content_type="text/plain").markdown == "just <b>words</b>"
    assert process(b"just <b>words</b>", content_type="").markdown == "just <b>words</b>"
    assert process("1;2\n3;4", content_type="text/csv").markdown.startswith("| 1 | 2 |")
    assert process(pdf([[(9, 9, 9, "On paper.")]])).markdown == "On paper."
    assert process(b"").success


def test_bytes_that_are_no_page_fail_in_one_sentence():
    result = process(PNG, URL)
    assert (result.success, result.error_message) == (False, "This is image/png of 108 bytes, not a page")
    assert result.markdown is None
    assert result.html == ""
    assert CrawlResult.from_html(PNG, url=URL, error_message="Mine", status_code=200).error_message == "Mine"


def test_pages_of_bytes_have_a_base():
    assert process(b"<a href=x>y</a>", URL).markdown == "[y](https://example.org/dir/x)"
    assert process(b"<a href=x>y</a>", config=CrawlerRunConfig(base_url=URL)).markdown == (
        "[y](https://example.org/dir/x)"
    )


# Responses


def response(body, content_type=None, kind=Response, **more):
    headers = Headers({} if content_type is None else {"Content-Type": content_type})
    return kind(URL, headers=headers, body=body.encode() if isinstance(body, str) else body, **more)


@pytest.mark.parametrize(
    ("made", "markdown"),
    [
        (response("<p>é"), "é"),
        (response("<p>é", "text/html"), "é"),
        (response("plain é"), "plain é"),
        (response("plain", kind=HtmlResponse), "plain"),
        (response("a *b*", kind=HtmlResponse), "a \\*b\\*"),
        (response("<a>1</a>", kind=XmlResponse), "```xml\n<a>1</a>\n```"),
        (response("<p>é".encode("cp1252"), kind=TextResponse, encoding="cp1252"), "é"),
        (response("<p>é".encode("cp1252"), "text/html; charset=utf-8", kind=HtmlResponse, encoding="cp1252"), "é"),
        (response("- x", "text/markdown"), "- x"),
        (response("a: 1", "application/yaml"), "```yaml\na: 1\n```"),
    ],
)
def test_responses_are_what_they_say_or_look_like(made, markdown):
    result = CrawlResult.from_response(made)
    assert result.success, result.error_message
    assert result.markdown == markdown


def test_the_last_content_type_counts():
    headers = Headers({"Content-Type": ["text/html", "text/plain"]})
    assert CrawlResult.from_response(Response(URL, headers=headers, body=b"<b>x</b>")).markdown == "<b>x</b>"


def test_a_failed_status_of_what_is_no_page():
    result = CrawlResult.from_response(response(PNG, "image/png", status=404))
    assert (result.success, result.error_message) == (False, "HTTP 404 Not Found")


# XHTML


def test_xhtml_is_read_as_xml_has_it():
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="{XHTML}"><head><script src="x"/><title>T</title></head>'
        '<body><div id="a"/><p title="a > b">one<br/>two&nbsp;<![CDATA[a < b & c]]></p><textarea/>'
        "<p>last</p></body></html>"
    )
    for content_type in ("application/xhtml+xml", "application/xml", "text/xml; charset=utf-8"):
        result = process(text.encode(), URL, content_type=content_type)
        assert result.metadata["title"] == "T"
        assert result.markdown == "one  \ntwo\xa0a < b & c\n\nlast"
    assert process(text, URL).metadata["title"] is None  # as text/html the script goes on to the end


@pytest.mark.parametrize(
    ("xhtml", "html"),
    [
        ("<br/><img src='a/b' /><hr />", "<br><img src='a/b' ><hr >"),
        ("<x:y a='/>' b=\">\"/>", "<x:y a='/>' b=\">\"></x:y>"),
        ("<a href=x/y>z</a>", "<a href=x/y>z</a>"),
        ("<![CDATA[<]]>-<![CDATA[>", "&lt;-<![CDATA[>"),
        ("1 < 2 /> 3", "1 < 2 /> 3"),
    ],
)
def test_empty_elements_get_end_tags(xhtml, html):
    assert xhtml_as_html(xhtml) == html


@settings(deadline=None)
@given(st.text("<>/ab='\" ![CDATA]", max_size=60))
def test_any_xhtml_is_some_html(text):
    assert isinstance(xhtml_as_html(text), str)


@pytest.mark.parametrize(
    "part", ["<a ", "<a b='", '<a b="', "<![CDATA[", "<a b=/ ", "&a", "<!DOCTYPE ", "<!--", "<rss "]
)
@pytest.mark.parametrize("content_type", ["application/xhtml+xml", "application/rss+xml", "text/csv"])
def test_hostile_documents_take_no_longer_than_others(part, content_type):
    # Half a million characters that are read again from each of their parts would take minutes.
    assert process(part * (500_000 // len(part)), content_type=content_type) is not None


# Feeds

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
  <title>Sand &amp; Sea</title><atom:link rel="self" href="/self.xml"/><link>https://example.org/</link>
  <description>News of the shore</description><language>en-GB</language><managingEditor>Ed</managingEditor>
  <lastBuildDate>Tue, 02 Jan 2024 00:00:00 GMT</lastBuildDate>
  <image><title>Not this</title><url>logo.png</url></image>
  <item>
    <title>First &lt;em&gt;tide&lt;/em&gt;</title><link>/first</link><pubDate>Mon, 01 Jan 2024</pubDate>
    <dc:creator>Ann</dc:creator><description>&lt;p&gt;Short &lt;b&gt;text&lt;/b&gt;&lt;/li&gt;&lt;/ul&gt;</description>
    <enclosure url="https://cdn.example.com/a.mp3" type="audio/mpeg" length="3"/>
  </item>
  <item>
    <title>Second</title><guid>https://example.org/second</guid><description>Summary</description>
    <content:encoded><![CDATA[<base href="http://evil.example/"><h2>Head</h2>
    <p>Body & <a href="x">link</a></p>]]></content:encoded>
  </item>
  <item><description>Untitled</description><guid isPermaLink="false">https://example.org/none</guid></item>
</channel></rss>"""

ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title type="html">Sand &lt;b&gt;x&lt;/b&gt;</title>
<subtitle>Von der Küste</subtitle><link rel="self" href="self"/><link href="/home"/>
<updated>2024-01-02T00:00:00Z</updated>
<author><name>Bo</name><uri>https://bo.example/</uri></author>
<entry><title>E1</title><link rel="alternate" href="/e1"/><id>urn:1</id><updated>2024-01-01</updated>
<link rel="enclosure" type="image/png" href="/pic.png"/>
<content type="xhtml"><div xmlns="{XHTML}"><p>An <em>X</em><br/>text</p></div></content></entry>
<entry><title>E2</title><id>urn:2</id><summary type="text">a &lt;b&gt; c</summary></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>Old feed</title><link>https://example.org/</link>
</channel><item rdf:about="y"><title>Item</title><link>https://example.org/item</link><dc:date>2004-01-01</dc:date></item></rdf:RDF>"""


def test_rss():
    result = process(RSS.encode(), "https://example.org/feeds/all.xml", content_type="application/rss+xml")
    assert result.success, result.error_message
    assert result.html == RSS
    assert result.markdown == (
        "# [Sand & Sea](https://example.org/)\n\nNews of the shore\n\n"
        "- [First tide](https://example.org/first) (Mon, 01 Jan 2024, Ann)\n\n  Short **text**\n\n"
        "  [audio/mpeg](https://cdn.example.com/a.mp3)\n\n"
        "- [Second](https://example.org/second)\n\n  ## Head\n\n  Body & [link](https://example.org/feeds/x)\n\n"
        "- Untitled"
    )
    facts = {name: result.metadata[name] for name in ("title", "description", "author", "language")}
    assert facts == {
        "title": "Sand & Sea",
        "description": "News of the shore",
        "author": "Ed",
        "language": "en-GB",
    }
    assert [link["href"] for link in result.links["internal"]] == [
        "https://example.org/",
        "https://example.org/first",
        "https://example.org/second",
        "https://example.org/feeds/x",
    ]
    assert [audio["src"] for audio in result.media["audios"]] == ["https://cdn.example.com/a.mp3"]


def test_atom():
    result = process(ATOM, "https://example.org/feed", content_type="application/atom+xml; charset=utf-8")
    assert result.markdown == (
        "# [Sand x](https://example.org/home)\n\nVon der Küste\n\n"
        "- [E1](https://example.org/e1) (2024-01-01)\n\n  An *X*  \n  text\n\n  ![](https://example.org/pic.png)\n\n"
        "- E2\n\n  a \\<b> c"
    )
    assert (result.metadata["author"], result.metadata["language"]) == ("Bo", "de")


@pytest.mark.parametrize("content_type", ["text/xml", "application/rdf+xml", "text/html", ""])
def test_rdf_by_any_name(content_type):
    result = process(RDF.encode(), content_type=content_type)
    assert result.markdown == ("# [Old feed](https://example.org/)\n\n- [Item](https://example.org/item) (2004-01-01)")


@pytest.mark.parametrize(
    "broken",
    [
        RSS.replace("&amp;", "&"),
        RSS.replace("Sand &amp; Sea", "Sand &amp; Sea&nbsp;\x0b"),
        "\n\n  " + RSS,
        RSS.replace(' xmlns:dc="http://purl.org/dc/elements/1.1/"', ""),
        RSS.replace(' version="2.0"', ' version="0.91"'),
        RSS.replace("<rss ", "<!DOCTYPE rss [<!ENTITY nbsp '&#160;'>]><rss ", 1),
    ],
)
def test_feeds_that_are_almost_well_formed_are_read(broken):
    result = process(broken, "https://example.org/", content_type="application/rss+xml")
    assert result.markdown.startswith("# [Sand & Sea")
    assert "(https://example.org/first)" in result.markdown


def test_xml_that_is_no_feed_stays_xml():
    for text in ("<rss/>", "<rss version='2.0'><channel>", "<catalogue><item/></catalogue>", "<rss", ""):
        result = process(text, content_type="application/rss+xml")
        assert result.success
        assert result.markdown == f"```xml\n{text}\n```"


def test_entities_are_no_bombs():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    bomb = f"<!DOCTYPE rss [{entities}]><rss><channel><title>x &e11;</title></channel></rss>"
    assert len(process(bomb, content_type="text/xml").markdown) < 2 * len(bomb)


@settings(deadline=None)
@given(st.text("<>/ &;![]abrsitemlnk", max_size=80))
def test_any_text_can_be_called_a_feed(text):
    result = process(f"<rss><channel><title>T</title>{text}</channel></rss>", content_type="text/xml")
    assert result.success, result.error_message


# Tables


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("a,b\n1,x|y\n2,\n", "text/csv; charset=utf-8"),
        ("a;b\r\n1;x|y\r\n2;\r\n", "text/csv"),
        ("a\tb\n1\tx|y\n2\t\n", "text/tab-separated-values"),
        ("a\tb\n\n1\tx|y\n2\n", "text/csv"),
        ('"a","b"\n"1","x|y"\n2', "text/csv"),
    ],
)
def test_csv_is_a_table(text, content_type):
    result = process(text, content_type=content_type)
    assert result.markdown.splitlines()[0] == "| a | b |"
    assert "x\\|y" in result.markdown
    assert [result.tables[0]["headers"], result.tables[0]["rows"][0]] == [["a", "b"], ["1", "x|y"]]
    assert result.html == text


@pytest.mark.parametrize("text", ["a,b", "one\ntwo", "a,b\n1,2,3", 'a,b\n1,"' + "x" * 200_000, "", "a,b\n" * 300_000])
def test_csv_that_is_no_table_stays_text(text):
    result = process(text, content_type="text/csv")
    assert result.success
    assert result.markdown.startswith("```csv\n")


# Texts


def test_json_stays_as_it_is():
    text = '{"a": [1, 2],\n "```": "x"}'
    result = process(text, content_type="application/vnd.api+json")
    assert result.markdown == f"```json\n{text}\n```"
    assert result.metadata["title"] is None


class Everything(ExtractionStrategy):
    """Gives back what it is given."""

    def extract(self, url, html, *args, **kwargs):
        return [{"html": html}]

    def run(self, url, sections, *args, **kwargs):
        return [{"sections": sections}]


@pytest.mark.parametrize(
    ("input_format", "given"), [("html", "a <b>"), ("markdown", "a <b>"), ("cleaned_html", "<pre>a &lt;b&gt;</pre>")]
)
def test_extraction_works_on_texts(input_format, given):
    config = CrawlerRunConfig(
        extraction_strategy=Everything(input_format=input_format), chunking_strategy=IdentityChunking()
    )
    result = process("a <b>", content_type="text/plain", config=config)
    assert given in json.dumps(json.loads(result.extracted_content))


class Nothing(RelevantContentFilter):
    """Chooses nothing."""

    def filter_content(self, html, min_word_threshold=None):
        return []


def test_a_filter_takes_nothing_off_a_text():
    generator = DefaultMarkdownGenerator(content_filter=Nothing())
    result = process("some text", content_type="text/plain", config=CrawlerRunConfig(markdown_generator=generator))
    assert result.markdown.fit_markdown == "some text"
    assert result.fit_html == "<pre>some text</pre>"


def test_prefetch_reads_links_only():
    config = CrawlerRunConfig(prefetch=True)
    assert process("text", content_type="text/plain", config=config).markdown is None
    links = process(RDF, content_type="text/xml", config=config).links
    assert "https://example.org/item" in {link["href"] for found in links.values() for link in found}


def test_bytes_of_texts_are_decoded_where_they_are_needed():
    page = extract_page(b"a,b\n1,\xe9", url="", config=CrawlerRunConfig(), content_type="text/csv")
    assert page.tables[0]["rows"] == [["1", "é"]]
