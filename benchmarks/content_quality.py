"""How good is the content found: F1, precision, recall and structure on public pages with known content.

    python benchmarks/content_quality.py FOLDER [--filter main|pruning|none] [--dataset NAME] [--json OUT]

FOLDER has the evaluator (``evaluate.py``) and its data sets, each with pages and what their main content is. Every
page goes through the content stages as a crawl runs them; ``fit_markdown`` of the chosen filter (``none``: the whole
page's markdown) is what the evaluator scores. It needs lxml, cssselect and markdown-it-py.

``--fast`` leaves the structure out, ``--arguments '{"threshold": 0.5}'`` is given to the filter, ``--pages OUT``
writes the figures of each page, ``--predictions DIR`` the markdown, and ``--limit N`` takes the first pages of each
set.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.http import HtmlResponse

import scrapy_crawl4
from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator
from scrapy_crawl4.content import extract_page

if TYPE_CHECKING:
    from types import ModuleType

FILTERS = {
    "none": "",
    "main": "MainContentFilter",
    "pruning": "PruningContentFilter",
    "bm25": "BM25ContentFilter",
}


def load_evaluator(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("evaluate", folder / "evaluate.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"{folder} has no evaluate.py")
    evaluator = importlib.util.module_from_spec(spec)
    sys.modules["evaluate"] = evaluator
    spec.loader.exec_module(evaluator)
    return evaluator


def make_config(name: str, arguments: dict[str, Any]) -> CrawlerRunConfig:
    if not FILTERS[name]:
        return CrawlerRunConfig()
    content_filter = getattr(scrapy_crawl4, FILTERS[name])(**arguments)
    return CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(content_filter=content_filter))


def markdown_of(page: tuple[str, str, bytes], *, name: str, arguments: dict[str, Any]) -> tuple[str, str, str]:
    """(id, markdown, error) of one page, decoded as Scrapy decodes it."""
    key, url, raw = page
    url = url or "https://example.com/"
    content = extract_page(HtmlResponse(url, body=raw).text, url=url, config=make_config(name, arguments))
    errors = "; ".join(f"{stage}: {text}" for stage, text in content.stage_errors.items())
    if content.markdown is None:
        return key, "", errors
    return key, content.markdown.fit_markdown if FILTERS[name] else content.markdown.raw_markdown, errors


def predict(
    evaluator: ModuleType, dataset: str, name: str, arguments: dict[str, Any], *, jobs: int, limit: int | None
) -> tuple[dict[str, str], dict[str, str]]:
    pages = [(doc.id, doc.url, doc.raw) for doc in evaluator.load_docs(dataset, limit=limit)]
    work = partial(markdown_of, name=name, arguments=arguments)
    if jobs > 1:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(work, pages, chunksize=8))
    else:
        found = [work(page) for page in pages]
    return {key: text for key, text, _ in found}, {key: error for key, _, error in found if error}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--filter", default="main", choices=sorted(FILTERS))
    parser.add_argument("--arguments", type=json.loads, default={}, help="keyword arguments of the filter, as JSON")
    parser.add_argument("--dataset", action="append", help="one of the evaluator's; may be repeated; all by default")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--fast", action="store_true", help="no structure and no deviations")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--predictions", type=Path)
    options = parser.parse_args()

    evaluator = load_evaluator(options.folder)
    summaries, per_page = {}, {}
    for dataset in options.dataset or list(evaluator.DATASETS):
        predictions, errors = predict(
            evaluator, dataset, options.filter, options.arguments, jobs=options.jobs, limit=options.limit
        )
        if options.predictions:
            options.predictions.mkdir(parents=True, exist_ok=True)
            (options.predictions / f"{dataset}.json").write_text(json.dumps(predictions), encoding="utf-8")
        summary, pages = evaluator.score(
            dataset, predictions, "md", rounds=10 if options.fast else 1000,
            structure=not options.fast, limit=options.limit,
        )  # fmt: skip
        summary["errors"] = len(errors)
        summaries[dataset], per_page[dataset] = summary, pages
        print(f"\n### {dataset}\n\n{evaluator.table(dataset, [(options.filter, summary)])}", flush=True)
        for key, error in errors.items():
            print(f"{key}: {error}")
    for path, figures in ((options.json, summaries), (options.pages, per_page)):
        if path:
            path.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
