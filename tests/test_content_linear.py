"""Work grows with the page and not with its square: Python calls are counted, not seconds."""

import sys

import pytest
import turbohtml

from scrapy_crawl4 import BM25ContentFilter, CrawlerRunConfig, DefaultMarkdownGenerator, PruningContentFilter
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.filters import FilterPage
from scrapy_crawl4.content.markdown_escapes import take_back_escapes
from scrapy_crawl4.content.outline import outline

BLOCK = (
    "<section class='part x'><h2>Head <a href=/h>link</a></h2>"
    "<p>Some <b>words</b> and a <a href=/a{0}>link {0}</a>.</p>"
    "<ul class=list><li>one<li><a href=b{0}>two</a></ul><table><tr><th>A<th>B<tr><td>{0}<td>2</table>"
    "<div class=card><img src=i{0}.png alt=pic><div>9.99</div></div><pre><code>a = {0}</code></pre></section>"
)
FILTERS = {
    "pruning": PruningContentFilter,
    "dynamic pruning": lambda: PruningContentFilter(threshold_type="dynamic", preserve_tags=["li"]),
    "bm25": lambda: BM25ContentFilter("some words"),
}


def calls(work):
    """How many functions *work* calls, in Python and in C."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def flat(size):
    return "<body>" + "".join(BLOCK.format(number) for number in range(size))


def deep(size):
    return "<body>" + "<div class=x><p>words <a href=/>link</a></p>" * size


def wide(size):
    return "<body><div>" + "<span>a</span> <a href=x>b</a>" * size + "</div>"


def configuration(content_filter=None):
    return CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(content_filter=content_filter))


@pytest.mark.parametrize("shape", [flat, deep, wide])
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_does_twice_the_work_on_twice_the_page(shape, name):
    content_filter = FILTERS[name]()
    roots = [turbohtml.parse(shape(size)).root for size in (100, 200, 400)]
    content_filter.unwanted(FilterPage(roots[0]))  # what is done once: imports
    small, middle, large = (calls(lambda root=root: content_filter.unwanted(FilterPage(root))) for root in roots)
    assert small > 100
    assert large - middle <= 2.2 * (middle - small) + 200


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("shape", [flat, wide])
def test_the_stages_with_a_filter_do_too(shape, name):
    config = configuration(FILTERS[name]())
    pages = [shape(size) for size in (50, 100, 200)]
    extract_page(pages[0], url="https://example.org/", config=config)
    small, middle, large = (
        calls(lambda page=page: extract_page(page, url="https://example.org/", config=config)) for page in pages
    )
    assert large - middle <= 2.3 * (middle - small) + 500


@pytest.mark.parametrize("name", FILTERS)
def test_depth_is_no_obstacle(name):
    root = turbohtml.parse("<body>" + "<div>" * 200_000 + "<p>words at the very bottom of it all</p>").root
    assert isinstance(FILTERS[name]().unwanted(FilterPage(root)), list)
    assert outline(root).chars[0] == len("words at the very bottom of it all")


def rows_of_wide_cells(size):
    return "<table>" + ("<tr>" + "<td colspan=1000>x" * size) * 2


def rows_of_words(size):
    return "<table>" + "<tr><th>k<td>*w* <i>v</i>" * size


def rows_of_spans(size):
    return "<table>" + "<tr><th colspan=2 rowspan=2>k<td rowspan=0>*w*<td><p>v" * size


def tables_in_cells(size):
    return "<table><tr><td rowspan=2>a<td>" * size


def blocks_and_buttons(size):
    return "<div>" + "<pre>a = 1</pre><button>Run</button>" * size


def blank_breaks(size):
    return "<p>words" + "<br> " * size + "end"


def kept_lines(size):
    return "<div style='white-space: pre'>one\ntwo" * size


def headings_in_headings(size):
    return "<h2><b><a href=/x>one</a></b> words<div>" * (size // 2)


def drawings_in_code(size):
    return "<pre>" + "<svg id=mermaid-1><text>label</text></svg>" * size


@pytest.mark.parametrize(
    "shape",
    [
        *(rows_of_wide_cells, blocks_and_buttons, blank_breaks, kept_lines, headings_in_headings, drawings_in_code),
        *(flat, deep, wide, rows_of_words, rows_of_spans, tables_in_cells),
    ],
)
def test_shapes_that_invite_looking_again_and_again_are_read_once(shape):
    config = CrawlerRunConfig()
    pages = [shape(size) for size in (100, 200, 400)]
    extract_page(pages[0], url="https://example.org/", config=config)
    small, middle, large = (
        calls(lambda page=page: extract_page(page, url="https://example.org/", config=config)) for page in pages
    )
    assert large - middle <= 2.3 * (middle - small) + 500


@pytest.mark.parametrize("tag", ["p", "html"])
def test_thousands_of_attributes_go_together(tag):
    attributes = " ".join(f"a{number}=1" for number in range(3000))
    page = f"<{tag} {attributes} class=kept><b>bold</b> text"
    content = extract_page(page, url="https://example.org/", config=CrawlerRunConfig())
    assert f'<{tag} class="kept">' in content.cleaned_html
    assert "a1=" not in content.cleaned_html
    assert str(content.markdown).strip() == "**bold** text"


def test_data_attributes_of_thousands_stay_if_wanted():
    attributes = " ".join(f"data-a{number}=1 b{number}=2" for number in range(1500))
    config = CrawlerRunConfig(keep_data_attributes=True)
    content = extract_page(f"<p {attributes}>text", url="https://example.org/", config=config)
    assert content.cleaned_html.count("data-a") == 1500
    assert "b1=" not in content.cleaned_html


def test_lines_that_a_style_keeps_are_text_as_it_was():
    page = "<div style='white-space: pre-line'>a &lt;b&gt; &amp;amp;\n\n&#13;c\n  d</div>"
    content = extract_page(page, url="https://example.org/", config=CrawlerRunConfig())
    assert "a &lt;b&gt; &amp;amp;<br><br>\rc<br>  d" in content.cleaned_html


@pytest.mark.parametrize(
    "part",
    [
        "snake\\_case\n\n```\na\\_b\n```\n\n",  # as many fences as paragraphs
        "snake\\_case `a` ``b\\_c`` \\<1\n",  # one paragraph
        "1\\.5 ```\n\na\\_b ``` ```\n\n",  # fences that open where others end
        "```\n\\-x\n````\n\n",  # no fence ends
        "<pre>a\\_b</pre> c\\_d\n\n",
    ],
)
def test_escapes_are_looked_for_once_however_many_fences_there_are(part):
    texts = [part * size for size in (100, 200, 400)]
    take_back_escapes(texts[0])
    small, middle, large = (calls(lambda text=text: take_back_escapes(text)) for text in texts)
    assert large - middle <= 2.3 * (middle - small) + 500


def test_captions_in_captions_are_not_read_over_and_over():
    def of(depth):
        page = "<table><caption>" * depth + "<b>x</b> y" * 1_000
        config = CrawlerRunConfig(table_score_threshold=0)
        return calls(lambda: extract_page(page, url="", config=config))

    of(1)  # what is loaded when it is first used
    assert of(80) < 2 * of(20)
