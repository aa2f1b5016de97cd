"""The same page gives the same result here and in other processes, whatever their hash seed."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from scrapy_crawl4 import (
    BM25ContentFilter,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    JsonCssExtractionStrategy,
    PruningContentFilter,
    RegexExtractionStrategy,
    process,
)

URL = "https://example.org/dir/page.html"
ARTICLE = (
    "<title>One</title><nav><ul><li><a href=/>Home</a></ul></nav><main><h1>One</h1><p>Some <b>words</b> of <a href=x>"
    "text</a>, a@example.org, 2024-05-01.</p><table><tr><th>A<th>B<tr><td>1<td>2</table></main><footer>end</footer>"
)
PARTS = (
    "<html lang=de><article><h2>Zwei</h2><img src=a.png srcset='b.png 2x' alt=Bild><pre class=language-c>int x;</pre>"
    '<blockquote><p>Zitat</blockquote><script type=application/ld+json>{"@type": "Article"}</script></article>'
)
ODD = "<div class='b a c'><div id=x><p>\u4e2d\u6587 words</p></div></div><a href=//other.example/>o</a>"
PAGES = (ARTICLE, PARTS, ODD, "")
SCHEMA = {"name": "all", "baseSelector": "p", "fields": [{"name": "text", "selector": "a", "type": "text"}]}


def configurations():
    def fit(content_filter):
        return CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(content_filter=content_filter))

    return [
        CrawlerRunConfig(),
        fit(PruningContentFilter(preserve_classes=["a", "b"])),
        fit(BM25ContentFilter("words text")),
        CrawlerRunConfig(extraction_strategy=JsonCssExtractionStrategy(SCHEMA), score_links=True, only_text=True),
        CrawlerRunConfig(
            extraction_strategy=RegexExtractionStrategy(
                RegexExtractionStrategy.Email | RegexExtractionStrategy.DateIso, input_format="html"
            ),
            keep_attrs=["id", "class", "data-x"],
            excluded_tags=["nav", "footer"],
        ),
    ]


def results(configs):
    return [process(page, URL, config).model_dump_json() for config in configs for page in PAGES]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_worker_processes_make_the_same_results(monkeypatch, seed):
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    configs = configurations()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere, pid = pool.submit(results, configs).result(), pool.submit(os.getpid).result()
    assert pid != os.getpid()
    assert elsewhere == results(configs)
    assert len(set(elsewhere)) > len(PAGES)


def test_the_same_configuration_serves_twice():
    configs = configurations()
    assert results(configs) == results(configs)
