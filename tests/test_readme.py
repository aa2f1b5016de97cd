"""README.md says what is true: its code runs, its tables are complete."""

import ast
import dataclasses
import os
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from scrapy_crawl4 import CrawlResult, stats
from scrapy_crawl4.commands.options import add_options
from scrapy_crawl4.config.settings import Crawl4Settings

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
BASH = [code for language, code in BLOCKS if language == "bash"]
FILES = {code.splitlines()[0].removeprefix("# "): code for code in PYTHON if code.startswith("# ")}
SCRIPTS = [code for code in PYTHON if code not in FILES.values()]
COMMANDS = [line for code in BASH for line in code.splitlines() if line.startswith("scrapy ")]


def section(title: str) -> str:
    return re.search(rf"^## {title}\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the Markdown table in `text`, without its heading."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def run(command, site, folder):
    """Run a command on the test site; give what it prints."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [part.replace("https://example.org", site.url("").rstrip("/")) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def project(tmp_path, site):
    """An ordinary project with the README's settings and spider."""
    spiders = tmp_path / "project" / "spiders"
    spiders.mkdir(parents=True)
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = project.settings\n")
    (spiders / "__init__.py").touch()
    (spiders.parent / "__init__.py").touch()
    settings = 'SPIDER_MODULES = ["project.spiders"]\n' + FILES["settings.py"]
    (spiders.parent / "settings.py").write_text(settings)
    spider = FILES["spiders/pages.py"].replace("https://example.org", site.url("").rstrip("/"))
    (spiders / "pages.py").write_text(spider)
    return tmp_path


def test_the_two_commands_come_first():
    assert BASH[0].endswith("python example_project/demo.py\n")
    assert BASH[1].endswith("/tox\n")
    assert README.index(BASH[1]) < README.index("## Install")


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_scripts_run_as_they_stand(number, site, tmp_path):
    script = SCRIPTS[number].replace("https://example.org", site.url("").rstrip("/"))
    done = run([sys.executable, "-W", "error", "-c", script], site, tmp_path)
    assert done.stdout
    assert done.stderr == ""
    assert any(seen.path.startswith("/page/") for seen in site.requests) == ("https://example.org" in SCRIPTS[number])


@pytest.mark.slow
def test_the_program_of_the_start_prints_titles_and_markdown(site, tmp_path):
    script = SCRIPTS[0].replace("https://example.org", site.url("").rstrip("/"))
    printed = run([sys.executable, "-c", script], site, tmp_path).stdout
    for number in range(5):
        assert f"{site.url(f'/page/{number}')} True Page {number} " in printed
    assert "# Page 7\n" in printed


@pytest.mark.slow
def test_crawl_many_prints_one_line_for_each_input(site, tmp_path):
    script = SCRIPTS[1].replace("https://example.org", site.url("").rstrip("/"))
    lines = run([sys.executable, "-c", script], site, tmp_path).stdout.splitlines()
    assert lines[:2] == ["0 200 Page 1", "1 404 HTTP 404 Not Found"]
    assert lines[2].startswith("2 None ")


@pytest.mark.slow
def test_own_dispatcher_crawls_all(site, tmp_path):
    script = SCRIPTS[2].replace("https://example.org", site.url("").rstrip("/"))
    assert run([sys.executable, "-c", script], site, tmp_path).stdout == "10 of 10\n"
    assert site.peak <= 8


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run_as_they_stand(command, site, project):
    run(shlex.split(command), site, project)
    made = [path for path in project.rglob("*") if path.suffix in {".jsonl", ".md"}]
    texts = [path.read_text("utf-8") for path in made]
    assert texts
    assert all("Page " in text for text in texts)


def test_option_table_is_that_of_the_command():
    parser = ArgumentParser(add_help=False)
    add_options(parser)
    heading = "### On the command line"
    told = [row[0] for row in rows(README[README.index(heading) : README.index("## Settings")])]
    names_told = {name for cell in told for name in re.findall(r"`(--?[\w-]+)", cell)}
    assert names_told - {"-s"} == {name for action in parser._actions for name in action.option_strings}


def test_settings_table_is_that_of_the_code():
    fields = {
        field.metadata["name"] or f"CRAWL4_{field.name.upper()}": field for field in dataclasses.fields(Crawl4Settings)
    }
    table = {names(row[0])[0]: row for row in rows(section("Settings")) if row[0].startswith("`CRAWL4_")}
    assert list(table) == list(fields)
    told = {name: table[name][2].strip("`") for name in fields}
    # It is Scrapy's own default that the code has for CONCURRENT_REQUESTS.
    assert told.pop("CRAWL4_MAX_SESSION_PERMIT") == "CONCURRENT_REQUESTS"
    assert {name: ast.literal_eval(text) for name, text in told.items()} == {
        name: fields[name].default for name in told
    }


def test_statistics_table_is_that_of_the_code():
    told = [row for row in rows(section("Settings")) if row[0].startswith("`crawl4/")]
    assert [(key.strip("`"), meaning) for key, meaning in told] == list(stats.ALL)


def test_result_table_names_every_field():
    told = [name for row in rows(section("Results")) for name in names(row[0])]
    assert sorted(told) == sorted(CrawlResult.model_fields)
