"""The files in docs/ say what is true: tables are complete, tests and links that they name exist."""

import configparser
import dataclasses
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scrapy_crawl4.dispatch import Load

ROOT = Path(__file__).parent.parent
DISPATCH = (ROOT / "docs" / "dispatch.md").read_text("utf-8")
DEPENDENCIES = (ROOT / "docs" / "dependencies.md").read_text("utf-8")


def first_column(text: str) -> list[str]:
    return [line.split("|")[1] for line in text.splitlines() if line.startswith("|")][2:]


def section(title: str) -> str:
    return re.search(rf"^## {title}\n(.*?)(^## |\Z)", DISPATCH, re.MULTILINE | re.DOTALL)[1]


def test_every_field_of_load_is_explained():
    told = set(re.findall(r"`(\w+)`", "".join(first_column(section("The protocol of dispatchers")))))
    fields = {field.name for field in dataclasses.fields(Load)}
    assert told == fields | {"memory_percent", "expected_percent"}


def test_every_statement_on_scrapys_settings_names_a_test_that_exists():
    text = section("Scrapy's own settings")
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", text)
    assert len(named) == len(first_column(text))
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text("utf-8"), (file, test)


def requirements(text: str) -> set[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "{"))]
    return {Requirement(line).name for line in lines}


def test_every_requirement_is_explained():
    setup, tox = (configparser.ConfigParser(interpolation=None) for _ in range(2))
    setup.read(ROOT / "setup.cfg", "utf-8")
    tox.read(ROOT / "tox.ini", "utf-8")
    wanted = requirements(setup["options"]["install_requires"])
    for name in tox.sections():
        if name != "testenv:min":
            wanted |= requirements(tox[name].get("deps", ""))
    told = re.findall(r"[\w-]+", re.sub(r"\(http\S+\)", "", " ".join(first_column(DEPENDENCIES))))
    assert sorted(name for name in wanted if name not in told) == []


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")),
    ],
)
def test_links_to_files_lead_somewhere(path):
    text = (ROOT / path).read_text("utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    assert [target for target in targets if not ((ROOT / path).parent / target).exists()] == []
