"""docs/coming-from-crawl4ai.md says what is true of every parameter, and its programs run."""

import contextlib
import inspect
import io
import re
from pathlib import Path

import pytest

import scrapy_crawl4
from scrapy_crawl4 import AsyncWebCrawler, CrawlResult, UnsupportedOption

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs" / "coming-from-crawl4ai.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
WORDS = {"same", "better", "different", "refused", "new"}


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)[1]


def rows(text):
    """The cells of all tables in `text`, without their headings."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row for number, row in enumerate(cells) if not is_heading(cells, number)]


def is_heading(cells, number):
    return set(cells[number][0]) == {"-"} or (number + 1 < len(cells) and set(cells[number + 1][0]) == {"-"})


def names(cell):
    return re.findall(r"`(\w+)`", cell)


def told_of_class(title):
    return [(name, row[1]) for row in rows(section(title)) for name in names(row[0])]


def told_in_table(title):
    """The same for a table whose first column is a class."""
    told = {}
    for row in rows(section(title)):
        told.setdefault(names(row[0])[0], []).extend((name, row[2]) for name in names(row[1]))
    return told


CONFIGS = {
    **{name: told_of_class(f"`{name}`") for name in ("CrawlerRunConfig", "BrowserConfig", "HTTPCrawlerConfig")},
    **told_in_table("Small classes"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_option_is_told_with_its_fate(name):
    options = getattr(scrapy_crawl4, name)._options
    told = CONFIGS[name]
    assert {word for _, word in told} <= WORDS
    # What crawl4ai does not have: the text below the table is about it.
    assert sorted(option for option, _ in told) == sorted(options.keys() - {"fetch_only", "render"})
    assert {option for option, word in told if word == "refused"} == {
        option for option, known in options.items() if known.missing
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_refused_says_so(name):
    kind = getattr(scrapy_crawl4, name)
    for option, word in CONFIGS[name]:
        if word == "refused":
            with pytest.raises(UnsupportedOption, match=option):
                kind(**{option: object()})


@pytest.mark.parametrize("name", told_in_table("Dispatchers"))
def test_every_parameter_of_dispatch_is_told(name):
    told = [parameter for parameter, _ in told_in_table("Dispatchers")[name]]
    assert sorted(told) == sorted(inspect.signature(getattr(scrapy_crawl4, name)).parameters)


def test_every_parameter_of_the_crawler_is_told():
    told = dict(told_of_class("`AsyncWebCrawler`"))
    assert sorted(told) == sorted(inspect.signature(AsyncWebCrawler).parameters)
    for name, word in told.items():
        if word == "refused":
            with pytest.raises(UnsupportedOption, match=name):
                AsyncWebCrawler(**{name: object()})
    with pytest.raises(TypeError, match="always_bypass_cache"):
        AsyncWebCrawler(always_bypass_cache=True)


def test_names_that_are_told_not_to_be_there_are_not():
    missing = [name for row in rows(section("Names that are not there")) for name in names(row[0])]
    assert missing
    assert [name for name in missing if hasattr(scrapy_crawl4, name)] == []


def test_every_field_of_results_is_told():
    told = [name for row in rows(section("Results")) for name in names(row[0])]
    assert sorted(told) == sorted(CrawlResult.model_fields)


def test_every_defect_that_is_gone_has_its_test():
    table = rows(section("What no longer happens"))
    for row in table:
        file, test = re.fullmatch(r"`(test_\w+\.py)::(test_\w+)`", row[1]).groups()
        assert f"def {test}(" in (TESTS / file).read_text("utf-8"), row


def run(number, site):
    program = PROGRAMS[number].replace("https://example.org", site.url("").rstrip("/"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, f"program {number}", "exec"), {"__name__": "__main__"})
    return printed.getvalue().splitlines()


def test_the_program_of_the_start(site):
    lines = run(0, site)
    assert sorted(line.split()[:2] for line in lines) == [[site.url(f"/page/{number}"), "True"] for number in range(5)]
    assert all(int(line.split()[2]) > 100 for line in lines)


def test_one_result_for_each_input(site):
    assert run(1, site) == [
        "0 True 200 ",
        "1 True 200 ",
        "2 False 404 HTTP 404 Not Found",
        "3 True 200 ",
        "4 False None A URL must be a string, a CrawlTask or a scrapy.Request, got NoneType.",
    ]


def test_a_dispatcher_of_ones_own(site):
    assert run(2, site) == ["5"]
    assert len(PROGRAMS) == 3
