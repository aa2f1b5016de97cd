"""Numbers, sizes and white space that no page needs and some pages have."""

import pytest

from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator, MainContentFilter
from scrapy_crawl4.content import extract_page

URL = "https://example.org/"


def fit(html, **options):
    config = CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(**options))
    content = extract_page(html, url=URL, config=config)
    assert content.stage_errors == {}
    return content.markdown


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
def test_numbers_of_lists_may_have_more_digits_than_python_reads(converter):
    digits = "7" * 5000
    markdown = fit(f"<ol start={digits}><li value={digits}>one<li>two</ol>", converter=converter)
    assert "one" in markdown
    assert "two" in markdown


@pytest.mark.parametrize("size", ["²", "①", "7" * 5000, "-1", "", "1e9"])
def test_sizes_of_pictures_may_be_no_numbers(size):
    text = "A sentence that is long enough to be the content of this page, with a comma. " * 3
    html = f"<p>{text}<p><img src=/a.png width='{size}' height='{size}'><p>{text}"
    assert "sentence" in fit(html, content_filter=MainContentFilter()).fit_markdown


def test_white_space_without_end_is_read_once_by_markdownify():
    # Quadratic, this would not end within the time a test has.
    html = f"<p>a{' ' * 400_000}b</p><pre>x\n y</pre>"
    markdown = fit(html, converter="markdownify")
    assert markdown.split() == ["a", "b", "```", "x", "y", "```"]
