"""What the content stages cost: CPU time of a page of some 33 KB, and whether it grows linearly with the page.

    python benchmarks/content_cost.py FOLDER [--rounds 7] [--no-growth] [--largest 20000000]

FOLDER has pages (``*.html``, ``*.html.gz``, in any depth). Those of 20 to 50 KB go through each kind of work in turn,
in one run, so that a busy machine slows all alike: the median over the rounds of the mean CPU time is printed.
markdownify and crawl4ai are measured beside it where they are installed. Then a page is grown by repeating the blocks
of real ones, from 10 KB to 20 MB, and the time for each byte is compared, for each filter and option.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import importlib.util
import time
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

import turbohtml
from scrapy.http import HtmlResponse

import scrapy_crawl4
from scrapy_crawl4 import (
    BM25ContentFilter,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    JsonCssExtractionStrategy,
    JsonXPathExtractionStrategy,
    PruningContentFilter,
    RegexExtractionStrategy,
)
from scrapy_crawl4.content import extract_page

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://example.com/dir/page.html"
SIZES = (10_000, 33_000, 100_000, 1_000_000, 20_000_000)
SCHEMA = {"name": "items", "baseSelector": "p", "fields": [{"name": "text", "selector": "a", "type": "text"}]}
XPATHS = {"name": "items", "baseSelector": "//p", "fields": [{"name": "text", "selector": ".//a", "type": "text"}]}


def fit(content_filter) -> CrawlerRunConfig:
    return CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(content_filter=content_filter))


def configurations() -> dict[str, CrawlerRunConfig]:
    """What is measured, by name; the first is the default."""
    found = {"default stages": CrawlerRunConfig(), "pruning": fit(PruningContentFilter())}
    for name, make in {
        "main": lambda: fit(scrapy_crawl4.MainContentFilter()),
        "bm25": lambda: fit(BM25ContentFilter("words of a query")),
        "markdownify converter": lambda: CrawlerRunConfig(
            markdown_generator=DefaultMarkdownGenerator(converter="markdownify")
        ),
    }.items():
        try:
            found[name] = make()
        except (ImportError, ValueError) as error:
            print(f"without {name}: {error}")
    return found


def options() -> dict[str, CrawlerRunConfig]:
    """One configuration for each content option."""
    chosen = {
        "css_selector": "div, p", "target_elements": ["p", "div"], "excluded_tags": ["nav", "form"],
        "excluded_selector": ".ad, p > b", "remove_forms": True, "word_count_threshold": 5, "only_text": True,
        "prettiify": True, "keep_data_attributes": True, "keep_attrs": ["style"], "exclude_external_links": True,
        "exclude_internal_links": True, "exclude_social_media_links": True, "exclude_domains": ["example.org"],
        "exclude_all_images": True, "exclude_external_images": True, "score_links": True, "table_score_threshold": 1,
        "image_score_threshold": 0, "prefetch": True, "extraction_strategy": RegexExtractionStrategy(
            RegexExtractionStrategy.All, input_format="html"
        ),
    }  # fmt: skip
    found = {name: CrawlerRunConfig(**{name: value}) for name, value in chosen.items()}
    found["css extraction"] = CrawlerRunConfig(extraction_strategy=JsonCssExtractionStrategy(SCHEMA))
    found["xpath extraction"] = CrawlerRunConfig(extraction_strategy=JsonXPathExtractionStrategy(XPATHS))
    for name in ("raw_html", "fit_html"):
        generator = DefaultMarkdownGenerator(content_filter=PruningContentFilter(), content_source=name)
        found[f"content_source {name}"] = CrawlerRunConfig(markdown_generator=generator)
    for name in ("skip_internal_links", "links_each_paragraph", "include_sup_sub", "body_width"):
        generator = DefaultMarkdownGenerator(options={name: 80 if name == "body_width" else True})
        found[f"markdown {name}"] = CrawlerRunConfig(markdown_generator=generator)
    return found


def peers() -> dict[str, Callable[[str], object]]:
    found: dict[str, Callable[[str], object]] = {}
    if importlib.util.find_spec("markdownify"):
        from markdownify import markdownify

        found["markdownify alone"] = markdownify
    if importlib.util.find_spec("crawl4ai"):
        from crawl4ai.content_filter_strategy import PruningContentFilter as TheirFilter
        from crawl4ai.content_scraping_strategy import LXMLWebScrapingStrategy
        from crawl4ai.markdown_generation_strategy import DefaultMarkdownGenerator as TheirGenerator

        def theirs(content_filter) -> Callable[[str], object]:
            def run(html: str) -> object:
                cleaned = LXMLWebScrapingStrategy().scrap(URL, html).cleaned_html
                return TheirGenerator(content_filter=content_filter).generate_markdown(cleaned, base_url=URL)

            return run

        found["crawl4ai"] = theirs(None)
        found["crawl4ai, pruning"] = theirs(TheirFilter())
    return found


def work_of(config: CrawlerRunConfig) -> Callable[[str], object]:
    return lambda html: extract_page(html, url=URL, config=config)


def seconds(work: Callable[[str], object], pages: list[str]) -> float:
    """Mean CPU time of a page."""
    gc.collect()
    start = time.process_time()
    for page in pages:
        work(page)
    return (time.process_time() - start) / len(pages)


def read(folder: Path) -> list[str]:
    paths = sorted(path for path in folder.rglob("*.html*") if path.is_file())
    bodies = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in paths]
    return [HtmlResponse(URL, body=body).text for body in bodies]


def measure_pages(pages: list[str], rounds: int) -> None:
    works = {name: work_of(config) for name, config in configurations().items()} | peers()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work, pages) * 1000)
    size = fmean(map(len, pages)) / 1000
    print(f"\n{len(pages)} pages of {size:.1f} KB on average, {rounds} rounds\n")
    print("| work | ms CPU for a page | more |\n|---|---|---|")
    default = median(times["default stages"])
    for name, taken in times.items():
        print(f"| {name} | {median(taken):.2f} | {median(taken) - default:+.2f} |")


def grown(blocks: list[str], size: int) -> str:
    """A page of *size* characters, made of *blocks* again and again."""
    parts, length, index = ["<!doctype html><title>Grown</title><body>"], 0, 0
    while length < size:
        block = blocks[index % len(blocks)]
        parts.append(block)
        length += len(block)
        index += 1
    return "".join(parts)


def real_blocks(pages: list[str], wanted: int = 200) -> list[str]:
    """Blocks of up to 2,000 characters from the bodies of *pages*."""
    found: list[str] = []
    for page in pages:
        document = turbohtml.parse(page)
        document.remove("script,style")
        elements = document.select("p,ul,ol,table,h1,h2,h3,pre,blockquote,figure,section,div")
        found += [html for element in elements if 50 < len(html := element.html) < 2000][:20]
        if len(found) > wanted:
            break
    return found


def measure_growth(pages: list[str], largest: int) -> None:
    blocks = real_blocks(pages)
    sizes = [size for size in SIZES if size <= largest]
    print(f"\nns CPU for a byte, by size of the page; the last column is the largest against {sizes[1] // 1000} KB\n")
    print("| work | " + " | ".join(f"{size / 1000:,.0f} KB" for size in sizes) + " | ratio |")
    print("|---" * (len(sizes) + 2) + "|")
    for name, config in {**configurations(), **options()}.items():
        costs = []
        for size in sizes:
            page = grown(blocks, size)
            repeats = max(1, min(30, 1_000_000 // size))
            costs.append(min(seconds(work_of(config), [page]) for _ in range(repeats)) / len(page) * 1e9)
        figures = " | ".join(f"{cost:.1f}" for cost in costs)
        print(f"| {name} | {figures} | {costs[-1] / costs[1]:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument("--no-pages", action="store_true")
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    arguments = parser.parse_args()
    pages = [page for page in read(arguments.folder) if 20_000 < len(page) < 50_000]
    if not arguments.no_pages:
        measure_pages(pages, arguments.rounds)
    if not arguments.no_growth:
        measure_growth(pages, arguments.largest)


if __name__ == "__main__":
    main()
