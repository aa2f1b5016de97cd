"""Work grows with the page and not with its square: Python calls are counted, not seconds."""

import sys

import pytest
import turbohtml

from scrapy_crawl4 import BM25ContentFilter, CrawlerRunConfig, DefaultMarkdownGenerator, PruningContentFilter
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.filters import FilterPage
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
