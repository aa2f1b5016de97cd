"""Some hundred mutated pages through every stage and option; benchmarks/content_fuzz.py runs many more."""

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
PAGES = 300
PART = 50


@pytest.fixture(scope="module")
def fuzz():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module("content_fuzz")


@pytest.mark.parametrize("first", range(0, PAGES, PART))
def test_nothing_goes_wrong(fuzz, monkeypatch, first):
    # Time depends on what else the machine does; the benchmark looks at it.
    monkeypatch.setattr(fuzz, "CPU_LIMIT", float("inf"))
    pages = fuzz.content_cases.read_pages(None)
    found = {number: fuzz.run_case(number, pages) for number in range(first, first + PART)}
    assert {number: text for number, text in found.items() if text} == {}


def test_a_number_stands_for_a_page_and_its_configuration(fuzz):
    cases = fuzz.content_cases
    pages = cases.read_pages(None)
    one, again, other = (cases.make_case(number, pages) for number in (5, 5, 6))
    assert (one.body, one.url, one.content_type) == (again.body, again.url, again.content_type)
    for option in cases._OPTIONS:
        assert type(getattr(one.config, option)) is type(getattr(again.config, option))
    assert one.config.markdown_generator.options == again.config.markdown_generator.options
    assert one.body != other.body


def test_options_and_mutations_are_all_reached(fuzz):
    cases = fuzz.content_cases
    made = [cases.make_case(number, cases.read_pages(None)) for number in range(400)]
    defaults = cases.CrawlerRunConfig()
    for option in cases._OPTIONS:
        assert any(getattr(case.config, option) != getattr(defaults, option) for case in made), option
    filters = {type(case.config.markdown_generator.content_filter).__name__ for case in made}
    assert {"PruningContentFilter", "BM25ContentFilter", "NoneType"} <= filters


def test_pages_of_a_folder_are_used(fuzz, tmp_path):
    (tmp_path / "a.html").write_bytes(b"<p>own page")
    assert fuzz.content_cases.read_pages(tmp_path)[-1] == b"<p>own page"


# Finding what there is to find


@pytest.mark.parametrize(("error", "found"), [(ValueError("broken"), "ValueError: broken"), (None, "s of CPU time")])
def test_exceptions_and_slow_pages_are_findings(fuzz, monkeypatch, error, found):
    def extract_page(html, **kwargs):
        if error:
            raise error
        return extract(html, **kwargs)

    extract = fuzz.extract_page
    monkeypatch.setattr(fuzz, "extract_page", extract_page)
    monkeypatch.setattr(fuzz, "CPU_LIMIT", 0.0)
    assert found in fuzz.run_case(0, fuzz.content_cases.read_pages(None))


def test_failed_stages_are_findings(fuzz, monkeypatch):
    class Broken(fuzz.content_cases.PruningContentFilter):
        def unwanted(self, page, min_word_threshold=None):
            raise RuntimeError("no blocks")

    monkeypatch.setattr(fuzz.content_cases, "_FILTERS", (Broken,))
    pages = fuzz.content_cases.read_pages(None)
    assert any("no blocks" in fuzz.run_case(number, pages) for number in range(20))


def test_a_child_that_dies_or_hangs_is_reported_and_the_next_goes_on(fuzz, tmp_path, monkeypatch):
    """The child stands in for the fuzzer: it dies at 3 and stays silent at 5."""
    stand_in = tmp_path / "child.py"
    stand_in.write_text(
        "import os, sys, time\n"
        "first, last, step = map(int, sys.argv[sys.argv.index('--child') + 1:][:3])\n"
        "for number in range(first, last, step):\n"
        "    os.write(1, b'{\"at\": %d}\\n' % number)\n"
        "    if number == 3: os.abort()\n"
        "    if number == 5: time.sleep(600)\n"
        "    print('{\"memory\": 5}', flush=True)\n"
    )
    monkeypatch.setattr(fuzz, "__file__", str(stand_in))
    monkeypatch.setattr(fuzz, "HANG", 2.0)
    found = []
    watch = fuzz.Watch(0, 8, 1, [], lambda number, text: found.append((number, text)))
    watch.run()
    assert [number for number, _ in found] == [3, 5]
    assert found[0][1].startswith("child ended with")
    assert found[1][1] == "no end within 2 s"
    assert watch.done == 8
