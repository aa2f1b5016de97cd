"""The independent reader that content is compared with finds what is different."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("lxml", reason="lxml is not installed")
pytest.importorskip("html5lib", reason="html5lib is not installed")

URL = "https://example.org/dir/page.html"
PAGE = (
    '<title>T</title><meta name=description content=D><link rel=canonical href="/c"><a href="a?">a</a><a href="#">b</a>'
    '<svg><a xlink:href="drawn">c</a></svg><noscript><a href=hidden>d</a></noscript><picture><source srcset="i.webp 2x,'
    'j.webp"><img src=i.png data-src="k.png"></picture><img src=t.gif width=1><p><a href="m">m<table><a href="n">n'
)


@pytest.fixture
def oracle(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    return importlib.import_module("content_oracle")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "0.html").write_text(PAGE, "utf-8")
    (tmp_path / "index.jsonl").write_text(json.dumps({"file": "0.html", "url": URL}) + "\n", "utf-8")
    return tmp_path


def run(oracle, monkeypatch, folder) -> int:
    monkeypatch.setattr(sys, "argv", ["content_oracle.py", str(folder), "--list"])
    return oracle.main()


def test_a_page_that_is_read_rightly_has_no_difference(oracle, monkeypatch, folder, capsys):
    assert run(oracle, monkeypatch, folder) == 0
    assert "links 5, images 5, counters 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("part", "change", "fault"),
    [
        ("links", lambda page: page.links["internal"].pop(), "links missing  https://example.org/dir/n"),
        ("links", lambda page: page.links["internal"][0].update(href="x"), "relative  x"),
        ("links", lambda page: page.links["internal"][0].update(href="https://q.net/"), "links extra  https://q.net/"),
        ("links", lambda page: page.links["internal"][0].update(href="https://q.net/"), "links wrong side  q.net"),
        ("media", lambda page: page.media["images"].clear(), "images missing  https://example.org/dir/j.webp"),
        ("metadata", lambda page: page.metadata.update(title="U"), "metadata wrong  title: 'T' 'U'"),
        ("metadata", lambda page: page.metadata.update(author="A"), "metadata extra  author: None 'A'"),
        ("metadata", lambda page: page.metadata.update(canonical=None), "metadata missing  canonical"),
    ],
)
def test_differences_are_found(oracle, monkeypatch, folder, capsys, part, change, fault):
    real = oracle.extract_page

    def changed(*args, **kwargs):
        page = real(*args, **kwargs)
        change(page)
        return page

    monkeypatch.setattr(oracle, "extract_page", changed)
    assert run(oracle, monkeypatch, folder) == 1
    assert fault in capsys.readouterr().out
