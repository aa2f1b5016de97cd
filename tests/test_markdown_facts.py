"""Markdown by what readers see of it: rendered again, and compared with facts of the page.

Both converters are held to the same facts; what markdownify cannot do is named.
"""

from __future__ import annotations

import pytest
import turbohtml
from markdown_it import MarkdownIt

from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import DefaultMarkdownGenerator, extract_page

URL = "https://example.org/dir/page.html"
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def written(html: str, converter: str = "turbohtml", **options) -> str:
    generator = DefaultMarkdownGenerator(options=options, converter=converter)
    content = extract_page(html, url=URL, config=CrawlerRunConfig(markdown_generator=generator))
    assert content.stage_errors == {}
    return str(content.markdown)


def rendered(html: str, converter: str = "turbohtml", **options) -> turbohtml.Document:
    return turbohtml.parse(RENDERER.render(written(html, converter, **options)))


def texts(document: turbohtml.Document, selector: str) -> list[str]:
    return [" ".join(element.text.split()) for element in document.select(selector)]


def rows(document: turbohtml.Document) -> list[list[str]]:
    return [[" ".join(cell.text.split()) for cell in row.select("td,th")] for row in document.select("tr")]


TEXTS = [
    # literal markdown
    "Write [text](url) and ![x](y) and [a][b] here",
    "a <div class=x> and <b>, &copy; and &amp;",
    "*stars* and __under__ and 2 * 3 * 4 and snake_case_name",
    "`tick` and ~~no~~",
    "- not a list",
    "+ not a list",
    "1. not a list",
    "2) not a list",
    "# not a heading",
    "> not a quote",
    "---",
    "===",
    "| a | b |",
    "[x]: http://example.org/",
    "C:\\dir\\*new",
    "$5 and $6, or 5$ and 6$",
    "[ ] no task",
]


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
@pytest.mark.parametrize("text", TEXTS)
def test_text_stays_text(text, converter):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    document = rendered(f"<p>before</p><p>{escaped}</p><p>after</p>", converter)
    assert texts(document, "p") == ["before", text, "after"]
    assert document.select("a,em,strong,code,s,li,h1,h2,blockquote,hr,table,img") == []


@pytest.mark.parametrize("text", ["- a", "1. a", "# a", "> a", "===", "---", "|---|---|"])
def test_a_line_after_a_break_stays_text(text):
    document = rendered(f"<p>| one | two |<br>{text.replace('>', '&gt;')}</p>")
    assert text in document.root.text
    assert document.select("li,h1,h2,blockquote,hr,table") == []


FACTS = [
    # emphasis beside punctuation and letters
    ("<p><b>Note:</b>read</p>", "strong", ["Note:"]),
    ("<p>日本<b>「強調」</b>語</p>", "strong", ["「強調」"]),
    ("<p>un<em>believ</em>able <b> spaced </b>x</p>", "em,strong", ["believ", "spaced"]),
    ("<p><b>a</b><b>b</b> <i>c</i><b>d</b></p>", "em,strong", ["a", "b", "c", "d"]),
    # links
    ('<p><a href="/r">[1] see a_b]</a></p>', "a", ["[1] see a_b]"]),
    ('<p>[<a href="/r">x</a>](y)</p>', "p", ["[x](y)"]),
    ('<a href="/x"><h2>Head <b>x</b></h2></a><p>t</p>', "h2 > a", ["Head x"]),
    ('<h2>Head<a class="headerlink" href="#h">¶</a></h2>', "h2", ["Head"]),
    ('<p><a href="javascript:x()">js</a> <a href="">no</a> <a href="/e"></a><a href="/e"> </a></p>', "a", []),
    ('<p><a href="data:text/html,x">d</a></p>', "a", []),
    # lists
    ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "ul > li > ul > li", ["b"]),
    ("<ul><li>a<ol><li>b</li><li>c</li></ol></li></ul>", "ul > li > ol > li", ["b", "c"]),
    ("<ul><li><p>a</p><p>b</p></li></ul>", "li > p", ["a", "b"]),
    ("<ul><li><input type=checkbox checked> a<li><input type=checkbox> b</ul>", "li", ["[x] a", "[ ] b"]),
    ("<ul><li><label><input type=checkbox> b</label></ul>", "li", ["[ ] b"]),
    ("<dl><dt>Term</dt><dd>Meaning</dd></dl>", "strong", ["Term"]),
    # what only looks like something
    ('<p style="white-space: pre-wrap">just text</p>', "p", ["just text"]),
    ("<p>a</p><template><p>no</p></template><div hidden>no</div><p>b</p>", "p", ["a", "b"]),
    ("<legend>L</legend>x<center>y</center>z", "p", ["L", "x", "y", "z"]),
    ('<p>a<span style="display: block">b</span></p>', "p", ["a", "b"]),
    ("<p>a<br><br>b<br><br><br>c</p>", "p", ["a", "b", "c"]),
    ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>", "p", ["漢(kan)"]),
    # pictures
    ('<figure><img src="f.png" alt="Fig"><figcaption>Caption</figcaption></figure>', "p", ["", "Caption"]),
    ('<p>x <img src="data:image/gif;base64,R0=" alt="">y</p>', "img", []),
    # code
    ("<pre><code>a `b`\n```\nc\n```</code></pre>", "pre", ["a `b` ``` c ```"]),
    ("<pre><i>a</i><span style='display: block'>b</span></pre>", "pre", ["a b"]),
    ("<pre><button>Copy</button>code</pre>", "pre", ["code"]),
    ("<p><code>a `b` c</code></p>", "code", ["a `b` c"]),
    ('<pre><span class="ln">1</span>a</pre>', "pre", ["a"]),
    ("<table><caption>Cap</caption><tr><th>a<tr><td>b</table>", "p,th,td", ["Cap", "a", "b"]),
    ("<pre> </pre><p>x</p>", "pre", []),
]  # fmt: skip


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
@pytest.mark.parametrize(("html", "selector", "expected"), FACTS)
def test_elements_come_through(html, selector, expected, converter):
    assert texts(rendered(html, converter), selector) == expected


TABLES = [
    ("<tr><th>A<th>B<tr><td rowspan=2>x<td>1<tr><td>2", [["A", "B"], ["x", "1"], ["x", "2"]]),
    ("<tr><th>A<th>B<tr><td colspan=2>x", [["A", "B"], ["x", ""]]),
    (
        "<tr><th rowspan=2>A<th colspan=2>B<tr><th>b<th>c<tr><td>1<td>2<td>3",
        [["A", "B", "B"], ["A", "b", "c"], ["1", "2", "3"]],
    ),
    ("<tr><td>a<td>b<tr><td>c<td>d", [["a", "b"], ["c", "d"]]),
    ("<tr><th>a<th>b<tr><td>x|y<td><code>p || q</code>", [["a", "b"], ["x|y", "p || q"]]),
    ("<tr><th>a<th>b<th>c<tr><td>1", [["a", "b", "c"], ["1", "", ""]]),
    ("<tr><th>a<tfoot><tr><td>end<tbody><tr><td>x", [["a"], ["x"], ["end"]]),
    ("<tr><th>a<th>b<tr><td rowspan=0>z<td>1<tr><td>2<tr><td>3", [["a", "b"], ["z", "1"], ["z", "2"], ["z", "3"]]),
    ("<tr><th>a<tr><td colspan=1000>x", [["a"], ["x"]]),
]


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
@pytest.mark.parametrize(("html", "expected"), TABLES)
def test_tables_keep_their_grid(html, expected, converter):
    assert rows(rendered(f"<table>{html}</table>", converter)) == expected


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
def test_blocks_in_cells_stay_apart(converter):
    html = "<table><tr><th>h<th>i<tr><td><p>one</p><p>two</p><td>x<br>y<tr><td><ul><li>la<li>lb</ul><td>z</table>"
    document = rendered(html, converter)
    assert [len(row) for row in rows(document)] == [2, 2, 2]
    assert len(document.select("td:first-child br")) == 1
    assert texts(document, "td li") == ["la", "lb"]


def test_layout_tables_are_no_tables():
    html = "<table><tr><td><table><tr><th>a<th>b<tr><td>1<td>2</table><td><h2>Head</h2><p>text</p></table>"
    document = rendered(html)
    assert rows(document) == [["a", "b"], ["1", "2"]]
    assert texts(document, "h2") == ["Head"]
    assert rows(rendered("<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>")) == []
    assert written("<table><tr><td></td></tr></table>") == ""


@pytest.mark.parametrize(
    ("html", "numbers"),
    [
        ("<ol start=7><li>a<li>b</ol>", ["7"]),
        ("<ol reversed><li>a<li>b<li>c</ol>", ["3", "2", None]),
        ("<ol><li value=5>a<li>b<li value=9>c</ol>", ["5", "9"]),
        ("<ol start=-3><li>a</ol>", [None]),
    ],
)
def test_numbers_of_lists(html, numbers):
    assert [element.attr("start") for element in rendered(html).select("ol")] == numbers


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
@pytest.mark.parametrize(
    "code",
    [
        '<table class="h"><tr><td class="gutter"><pre>1\n2</pre></td><td><pre>a = 1\nb = 2</pre></td></tr></table>',
        '<table><tr><td class="blob-num">1<td>a = 1<tr><td class="blob-num">2<td>b = 2</table>',
        '<pre><span class="lineno">1 </span>a = 1\n<span class="lineno">2 </span>b = 2</pre>',
        "<pre><code><div>a = 1</div><div>b = 2</div></code></pre>",
        "<pre>a<span> </span>=<span>&nbsp;</span>1<br>b = 2</pre>",
        "<p><code>a = 1<br>b = 2</code></p>",
    ],
)
def test_code_is_the_code_alone(code, converter):
    (pre,) = rendered(f"<p>x</p>{code}<p>y</p>", converter).select("pre")
    assert pre.text == "a = 1\nb = 2\n"
