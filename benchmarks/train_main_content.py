"""Train the model of MainContentFilter on pages with known content, and measure it on sites it has not seen.

    python benchmarks/train_main_content.py FOLDER [--write] [--folds 5]

FOLDER has the evaluator (``evaluate.py``) and its data sets. Each block of a page is content as far as its words are in
the longest common subsequence of the page's and the known content's words. The model is a small ensemble of decision
trees (LightGBM). What is printed first is the measure by cross-validation over sites: pages of one site are never both
in training and in test. With ``--write`` the model trained on all pages replaces
``scrapy_crawl4/content/main_content_model.py``. Needs lightgbm, numpy, scikit-learn, lxml and markdown-it-py.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import lightgbm
import numpy as np
from content_quality import load_evaluator
from scrapy.http import HtmlResponse
from sklearn.model_selection import GroupKFold

from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator
from scrapy_crawl4.content import FilterPage, TreeFilter, extract_page
from scrapy_crawl4.content.block_features import FEATURES, features
from scrapy_crawl4.content.main_content import chosen
from scrapy_crawl4.content.page_view import PageView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from turbohtml import Node

DATASETS = ("aeb", "readability", "wcxb-dev")
MODEL = Path(__file__).parent.parent / "scrapy_crawl4" / "content" / "main_content_model.py"
PARAMETERS = {
    "objective": "cross_entropy",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 63,
    "verbose": -1,
    "num_threads": 2,
    "deterministic": True,
    "seed": 1,
}
TREES = 120
MOST_WORDS = 60_000
WORD = re.compile(r"\w+")


@dataclass
class Sample:
    """One page with known content."""

    dataset: str
    kind: str
    site: str
    rows: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    words: list[list[str]]
    truth: list[str]
    html: str
    url: str


class Reader(TreeFilter):
    """Reads a page as a filter sees it, before later stages change it."""

    def __init__(self, read: Callable[[FilterPage], Any]) -> None:
        super().__init__()
        self.read = read
        self.found: Any = None

    def unwanted(self, page: FilterPage, min_word_threshold: int | None = None) -> Sequence[Node]:
        self.found = self.read(page)
        return []


def read_page(html: str, url: str, read: Callable[[FilterPage], Any]) -> Any:
    """What *read* makes of a page on its way through the content stages; None if the page has no content."""
    reader = Reader(read)
    config = CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(content_filter=reader))
    extract_page(html, url=url, config=config)
    return reader.found


def in_common(words: list[str], truth: list[str]) -> set[int]:
    """The places in *words* of a longest common subsequence with *truth*.

    By bits (Hyyrö, "Bit-Parallel LCS-length Computation Revisited", 2004); all rows are kept for the way back.
    """
    places: dict[str, int] = defaultdict(int)
    for place, word in enumerate(truth):
        places[word] |= 1 << place
    full = (1 << len(truth)) - 1
    row = full
    rows = [row]
    for word in words:
        hits = row & places.get(word, 0)
        row = ((row + hits) | (row - hits)) & full
        rows.append(row)
    found = set()
    number, place = len(words), len(truth)
    while number and place:
        bit = 1 << (place - 1)
        if rows[number] & bit:
            place -= 1
        elif not rows[number - 1] & bit:
            number -= 1
        else:
            number -= 1
            place -= 1
            found.add(number)
    return found


def label_blocks(words: list[list[str]], truth: list[str]) -> list[float]:
    """The share of each block's words that are in the truth; nan for blocks without words."""
    flat = [word for block in words for word in block][:MOST_WORDS]
    hits = in_common(flat, truth)
    labels = []
    start = 0
    for block in words:
        end = start + len(block)
        labels.append(sum(place in hits for place in range(start, end)) / len(block) if block else math.nan)
        start = end
    return labels


def label_pictures(labels: list[float], view: PageView, known: set[str], evaluator: Any, url: str) -> None:
    """Blocks that are only pictures are content if one of them is in the known content."""
    for number, block in enumerate(view.blocks):
        sources = [node.attr("src") or "" for node in block.nodes if getattr(node, "tag", "") == "img"]
        if not block.words and sources:
            labels[number] = float(any(evaluator.norm_url(source, url) in known for source in sources))


def sample(page: tuple[str, str, str, bytes, dict[str, Any]], *, folder: Path) -> Sample | None:
    dataset, key, url, raw, gold = page
    evaluator = load_evaluator(folder)
    address = url or "https://example.com/"
    html = HtmlResponse(address, body=raw).text
    tokens = evaluator.tok_cjk if dataset == "readability" else lambda text: WORD.findall(text.lower())
    root = evaluator.parse_html(gold["html"]) if "html" in gold else None
    truth = tokens(evaluator.html_to_text(root) if root is not None else gold["text"])
    pictures = {src for src, _ in evaluator.facts(root, url)["images"]} if root is not None else None
    site = key if dataset == "readability" else ".".join((urlsplit(url).hostname or key).split(".")[-2:])

    def read(given: FilterPage) -> Sample | None:
        view = PageView(given.root)
        if not view.blocks:
            return None
        words = [tokens(block.text) for block in view.blocks]
        labels = label_blocks(words, truth)
        if pictures is not None:
            label_pictures(labels, view, pictures, evaluator, url)
        rows = np.array(features(given, view), float)
        kind = gold.get("type", "article")
        return Sample(dataset, kind, site, rows, np.array(labels), weigh(words), words, truth, html, address)

    found: Sample | None = read_page(html, address, read)
    return found


def weigh(words: list[list[str]]) -> np.ndarray:
    """The square root of a block's words counts, and each page the same."""
    weights = np.sqrt([len(block) for block in words]) + 0.5
    return weights / weights.sum() * 300


def load(folder: Path, jobs: int) -> list[Sample]:
    evaluator = load_evaluator(folder)
    pages = [
        (dataset, doc.id, doc.url, doc.raw, doc.gold) for dataset in DATASETS for doc in evaluator.load_docs(dataset)
    ]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(sample, folder=folder), pages, chunksize=8))
    return [one for one in found if one is not None]


def train(samples: list[Sample]) -> lightgbm.Booster:
    rows = np.vstack([one.rows for one in samples])
    labels = np.concatenate([one.labels for one in samples])
    weights = np.concatenate([one.weights for one in samples])
    known = ~np.isnan(labels)
    # A word or two that fit by chance, or differ, make no other block.
    target = np.clip((labels[known] - 0.1) / 0.8, 0, 1)
    data = lightgbm.Dataset(rows[known], target, weight=weights[known], feature_name=list(FEATURES))
    return lightgbm.train(PARAMETERS, data, TREES)


def cross_validate(samples: list[Sample], folds: int) -> list[np.ndarray]:
    likely: list[np.ndarray] = [np.empty(0)] * len(samples)
    for seen, unseen in GroupKFold(folds).split(samples, groups=[one.site for one in samples]):
        model = train([samples[number] for number in seen])
        for number in unseen:
            likely[number] = model.predict(samples[number].rows)
    return likely


def report(samples: list[Sample], likely: list[np.ndarray], evaluator: Any) -> None:
    shingles = []
    by_kind: dict[str, list[float]] = defaultdict(list)
    for one, values in zip(samples, likely, strict=True):
        kept = read_page(one.html, one.url, lambda page, values=values: chosen(PageView(page.root), list(values)))
        words = [word for block, keep in zip(one.words, kept, strict=True) if keep for word in block]
        if one.dataset == "aeb":
            shingles.append(evaluator.shingle_tpfpfn(" ".join(one.truth), " ".join(words)))
            continue
        measure = word_f1(words, one.truth)
        by_kind["readability" if one.dataset == "readability" else "wcxb-dev"].append(measure)
        if one.dataset == "wcxb-dev":
            by_kind[f"  {one.kind}"].append(measure)
    print(f"aeb {evaluator.aeb_metrics(shingles)['f1']:.4f}")
    for kind, measures in sorted(by_kind.items(), reverse=True):
        print(f"{kind} {fmean(measures):.4f} ({len(measures)} pages)")


def word_f1(words: list[str], truth: list[str]) -> float:
    common = sum((Counter(words) & Counter(truth)).values())
    if not truth or not words:
        return float(len(words) == len(truth))
    return 2 * common / (len(words) + len(truth))


def write(model: lightgbm.Booster) -> None:
    lines = [
        '"""The trees of MainContentFilter\'s model: made by benchmarks/train_main_content.py, not to be edited."""',
        "",
        "",
        "def score(row: list[float]) -> float:",
        '    """The log-odds that the block with the features *row* is content."""',
        f"    {', '.join(FEATURES)} = row",
        "    s = 0.0",
    ]
    lines += [f"    s += {expression(tree['tree_structure'])}" for tree in model.dump_model()["tree_info"]]
    MODEL.write_text("\n".join([*lines, "    return s", ""]), encoding="utf-8")


def expression(node: dict[str, Any]) -> str:
    if "leaf_value" in node:
        return f"{node['leaf_value']:.5g}"
    test = f"{FEATURES[node['split_feature']]} <= {node['threshold']:.9g}"
    return f"({expression(node['left_child'])} if {test} else {expression(node['right_child'])})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="replace the model by one trained on all pages")
    options = parser.parse_args()
    samples = load(options.folder, options.jobs)
    print(f"{len(samples)} pages, {sum(len(one.rows) for one in samples)} blocks, {len(FEATURES)} features")
    if options.folds > 1:
        report(samples, cross_validate(samples, options.folds), load_evaluator(options.folder))
    if options.write:
        write(train(samples))
        print(f"wrote {MODEL.name}")


if __name__ == "__main__":
    sys.exit(main())
