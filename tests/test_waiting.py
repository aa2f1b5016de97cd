"""What waiting for a condition says when it fails, without a browser."""

import pytest

playwright = pytest.importorskip("playwright.async_api")

from scrapy_crawl4.browser.scripts import ScriptError  # noqa: E402 - behind the look for Playwright
from scrapy_crawl4.browser.waiting import wait_for  # noqa: E402


class Page:
    """A page on which every wait fails with the same words."""

    def __init__(self, words: str = "") -> None:
        self.words = words

    async def wait_for_selector(self, selector, **options):
        raise playwright.Error(self.words)

    async def wait_for_function(self, code, **options):
        raise AssertionError("nothing is to be waited for")


@pytest.mark.parametrize("condition", ["js:", " js:  "])
async def test_no_javascript_is_refused_at_once(condition):
    with pytest.raises(ScriptError, match="there is no JavaScript behind 'js:'"):
        await wait_for(Page(), condition)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ('Unexpected token "=" in "a==". Did you mean to CSS.escape it?', 'Unexpected token "=" in "a==".'),
        ("Page.wait_for_selector: Who is that?.", "Who is that."),
        ("Unknown engine.", "Unknown engine."),
    ],
)
async def test_failures_are_statements(words, sentence):
    with pytest.raises(ScriptError) as caught:
        await wait_for(Page(words), "css:a")
    assert str(caught.value) == f"wait_for failed: {sentence}"
