"""The checks that the benchmarks rely on find what they are there to find."""

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
URL = "http://127.0.0.1:80/a.html"
OTHER = "http://127.0.0.2:80/b.html"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def result(url=URL, title="A page", success=True, marker=URL):
    markdown = {"raw_markdown": f"# A page\n\nServed as `{marker}`\n"}
    error = "" if success else "HTTP 404 Not Found"
    return {"url": url, "success": success, "error_message": error, "metadata": {"title": title}, "markdown": markdown}


def test_a_right_result_has_no_faults(benchmark):
    real_docs = benchmark("real_docs")
    assert real_docs.check({URL: "A page"}, iter([result(title=" A\n page ")]), ordered=True) == []


@pytest.mark.parametrize(
    ("results", "fault"),
    [
        ([], f"{URL}: no result"),
        ([result(), result()], f"{URL}: 2 results"),
        ([result(success=False)], f"{URL}: failed: HTTP 404 Not Found"),
        ([result(title="Another")], f"{URL}: title 'Another' in place of 'A page'"),
        ([result(marker=OTHER)], f"{URL}: markers ['{OTHER}'] in 49 characters of Markdown"),
        ([{**result(), "markdown": None}], f"{URL}: markers [] in 0 characters of Markdown"),
        ([result(), result(OTHER, marker=OTHER)], f"{OTHER}: nobody asked for it"),
    ],
)
def test_faults_are_found(benchmark, results, fault):
    real_docs = benchmark("real_docs")
    assert fault in real_docs.check({URL: "A page"}, iter(results), ordered=False)


def test_another_order_is_a_fault_of_a_batch(benchmark):
    real_docs = benchmark("real_docs")
    expected = {URL: "A page", OTHER: "A page"}
    swapped = [result(OTHER, marker=OTHER), result()]
    assert real_docs.check(expected, iter(swapped), ordered=False) == []
    assert real_docs.check(expected, iter(swapped), ordered=True) == ["results are not in the order of the input"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"<body>a</BODY ></html>", b"<body>a<p>Served as <code>http://h/?a&amp;b</code></p>\n</BODY ></html>"),
        (b"<pre></body></pre>b</body>", b"<pre></body></pre>b<p>Served as <code>http://h/?a&amp;b</code></p>\n</body>"),
        (b"no end", b"no end<p>Served as <code>http://h/?a&amp;b</code></p>\n"),
    ],
)
def test_the_marker_goes_to_the_end_of_the_page(benchmark, body, wanted):
    assert benchmark("serve").with_marker(body, "http://h/?a&b") == wanted


def test_pages_without_title_or_text_are_not_picked(benchmark, tmp_path):
    corpus = benchmark("corpus")
    text = "words " * 50
    pages = {
        "good.html": f"<title> A\n title </title><body>{text}</body>",
        "xhtml.html": f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>X</title></head>'
        f"<body>{text}</body></html>",
        "again.html": f"<title> A\n title </title><body>{text}</body>",
        "no-title.html": f"<body>{text}</body>",
        "no-text.html": f"<title>T</title><body><script>{text}</script></body>",
        "frames.html": f"<title>T</title><frameset></frameset><body>{text}</body>",
        "moved.html": f'<title>T</title><meta http-equiv="Refresh" content="0"><body>{text}</body>',
    }
    for name, body in pages.items():
        (tmp_path / name).write_text(body)
    (tmp_path / "link.html").symlink_to(tmp_path / "good.html")
    assert sorted((page.path, page.title) for page in corpus.pick(tmp_path)) == [
        ("again.html", "A title"),
        ("xhtml.html", "X"),
    ]
