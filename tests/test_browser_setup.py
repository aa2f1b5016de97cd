"""Finding a browser, installing one, and looking at what a crawl needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scrapy_crawl4.browser import doctor, setup
from scrapy_crawl4.browser.errors import BrowserMissing, page_error
from scrapy_crawl4.browser.executable import NAMES, VARIABLE, find_executable, need_executable
from scrapy_crawl4.browser.features import OPTION
from scrapy_crawl4.browser.launch import BrowserProcess, LaunchOptions
from scrapy_crawl4.config import BrowserConfig

from .browser import NEEDS_BROWSER, browsers
from .crawling import environment


def program(folder: Path, name: str, text: str = "echo Chromium 1.0") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without a browser, whose path is a folder of the test."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


# Finding


def test_the_variable_goes_before_playwrights_own_and_that_before_the_path(nowhere, monkeypatch):
    assert find_executable() is None
    with pytest.raises(BrowserMissing, match="run 'scrapy crawl4-setup' to install one"):
        need_executable(str(nowhere / "nothing"))
    for name in reversed(NAMES):
        path = program(nowhere, name)
        assert (found := find_executable()) is not None
        assert (found.path, found.source) == (path, "found on the path")
        assert find_executable(headless=True) == found
    shell = program(nowhere, "chromium-headless-shell")
    monkeypatch.setenv(VARIABLE, shell)
    with pytest.raises(BrowserMissing, match="has no windows, which headless=False needs"):
        need_executable("")
    monkeypatch.delenv(VARIABLE)
    assert (need_executable("", headless=True).path, need_executable("").path) == (shell, path)
    own = program(nowhere, "own")
    assert need_executable(own).source == "installed by Playwright"
    named = program(nowhere, "named")
    monkeypatch.setenv(VARIABLE, named)
    assert need_executable(own).path == named
    monkeypatch.setenv(VARIABLE, "/no/such/program")
    with pytest.raises(BrowserMissing, match=f"{VARIABLE} names no program"):
        find_executable(own)


async def test_without_playwright_the_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    with pytest.raises(BrowserMissing, match=r"pip install 'scrapy-crawl4\[browser\]', then 'scrapy crawl4-setup'"):
        await BrowserProcess.start(LaunchOptions())


@NEEDS_BROWSER[0]
async def test_a_program_that_is_no_browser_is_said(nowhere, monkeypatch):
    monkeypatch.setenv(VARIABLE, program(nowhere, "fake", "exit 3"))
    with pytest.raises(BrowserMissing, match=r"^The browser did not start: .*'scrapy crawl4-doctor'\.$") as caught:
        await BrowserProcess.start(LaunchOptions())
    assert "\n" not in str(caught.value)
    assert browsers() == []


@pytest.mark.browser
async def test_playwrights_switches_are_among_ours():
    process = await BrowserProcess.start(LaunchOptions(args=("--disable-features=Mine", "--mute-audio")))
    try:
        (browser,) = browsers()
        lists = [set(option.split("=", 1)[1].split(",")) for option in browser.cmdline() if option.startswith(OPTION)]
    finally:
        await process.close()
    first, last = lists  # the last one counts
    assert first <= last
    assert {"RenderDocument", "Mine"} <= last


def test_what_is_on_the_command_line(monkeypatch):
    options = LaunchOptions.of(BrowserConfig(text_mode=True, light_mode=True, extra_args=["--mine"], headless=False))
    line = options.command_line()
    assert options.headless is False
    assert line[-1] == "--mine"
    assert {"--disable-gpu", "--disable-sync", "--blink-settings=imagesEnabled=false", "--mute-audio"} <= set(line)
    for user, expected in ((0, True), (1000, False)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert ("--no-sandbox" in options.command_line()) is expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Page.goto: net::ERR_NAME_NOT_RESOLVED at http://a/", "The host name cannot be resolved."),
        ("Page.goto: net::ERR_CERT_DATE_INVALID at https://a/", "TLS failed: cert date invalid."),
        ("Page.goto: net::ERR_SSL_PROTOCOL_ERROR at https://a/", "TLS failed: ssl protocol error."),
        ("Page.goto: net::ERR_NEW_KIND at http://a/\nCall log:", "The browser could not load the page: new kind."),
        ("Page.goto: Target page, context or browser has been closed", "The page was closed while it was open."),
        ("Page.pdf: Nobody knows.\nCall log:\n - at /home/x", "The browser failed: Nobody knows."),
    ],
)
def test_what_playwright_says_in_one_sentence(text, sentence):
    assert str(page_error(Exception(text))) == sentence


# Setting up


def test_set_up_says_what_it_found(nowhere, monkeypatch):
    path = program(nowhere, "chromium")
    monkeypatch.setattr(setup, "own_executable", lambda: "")
    said: list[str] = []
    assert setup.set_up(said.append, run=lambda command: pytest.fail("nothing is to be installed"))
    assert said == [f"The browser is {path}, found on the path."]


@pytest.mark.parametrize(
    ("user", "works", "commands"),
    [
        (0, ["apt"], ["apt"]),
        (0, ["playwright"], ["apt", "playwright"]),
        (1000, ["playwright"], ["playwright"]),
        (0, [], ["apt", "playwright"]),
    ],
)
def test_set_up_installs_what_it_can(nowhere, monkeypatch, user, works, commands):
    program(nowhere, "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(setup, "own_executable", lambda: str(nowhere / "own"))
    said: list[str] = []
    ran: list[str] = []

    def run(command):
        kind = "playwright" if "playwright" in command else "apt"
        ran.append(kind)
        if kind in works:
            program(nowhere, "chromium" if kind == "apt" else "own")
        return kind in works

    assert setup.set_up(said.append, run) is bool(works)
    assert ran == commands
    assert len(said) == len(commands) + 1
    assert said[-1].startswith("The browser is" if works else "No browser could be installed.")
    assert ("chromium" in said[0]) is True


@pytest.mark.parametrize("text", ["exit 0", "echo Chromium; exit 1", "exec sleep 60"])
def test_set_up_takes_no_program_that_does_not_answer(nowhere, monkeypatch, text):
    monkeypatch.setenv("PATH", f"{nowhere}:/usr/bin:/bin")
    monkeypatch.setattr(setup, "LONGEST_ANSWER", 1.0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    own = program(nowhere, "own", text)
    monkeypatch.setattr(setup, "own_executable", lambda: own)
    said: list[str] = []
    assert setup.set_up(said.append, run=lambda command: bool(program(nowhere, "own")))
    assert said[0].startswith(f"{own}, installed by Playwright, does not answer")
    assert said[-1] == f"The browser is {own}, installed by Playwright."
    monkeypatch.setenv(VARIABLE, program(nowhere, "named", text))
    said.clear()
    assert not setup.set_up(said.append, run=lambda command: pytest.fail("nothing is to be installed"))
    assert said[-1] == f"Correct {VARIABLE}, or unset it."


@NEEDS_BROWSER[0]
@pytest.mark.parametrize("fake", ["", "exit 3"])
async def test_the_doctor_blames_the_variable_alone(nowhere, monkeypatch, fake):
    monkeypatch.setenv(VARIABLE, program(nowhere, "fake", fake) if fake else "/no/such/program")
    finding = await doctor._browser()
    assert (finding.fine, finding.advice) == (False, f"Correct {VARIABLE}, or unset it.")
    assert "crawl4-" not in finding.told


def test_set_up_without_playwright(monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    said: list[str] = []
    assert not setup.set_up(said.append)
    assert said == ["Playwright is not installed. Run: pip install 'scrapy-crawl4[browser]'"]


def scrapy(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=folder,
        env=environment() | variables,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.slow
@NEEDS_BROWSER[0]
@NEEDS_BROWSER[1]
def test_the_commands(tmp_path):
    done = scrapy("crawl4-setup", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The browser is /")
    examined = scrapy("crawl4-doctor", folder=tmp_path)
    lines = examined.stdout.splitlines()
    assert (examined.returncode, examined.stderr) == (0, "")
    assert [line.partition(":")[0] for line in lines] == [
        f"ok  {name}" for name in ("Python", "Scrapy", "Reactor", "Memory", "Browser")
    ]
    assert "the limit is that of" in lines[3]
    assert "shows pages" in lines[4]


@pytest.mark.slow
@NEEDS_BROWSER[0]
def test_the_doctor_says_what_to_do(tmp_path):
    settings = [
        "-s",
        "CRAWL4_MEMORY_LIMIT_MB=100",
        "-s",
        "TWISTED_REACTOR=twisted.internet.selectreactor.SelectReactor",
    ]
    done = scrapy("crawl4-doctor", *settings, folder=tmp_path, **{VARIABLE: "/no/such/program"})
    assert (done.returncode, done.stderr) == (1, "")
    assert "BAD Reactor: SelectReactor" in done.stdout
    assert "BAD Memory: " in done.stdout
    assert "the setting CRAWL4_MEMORY_LIMIT_MB" in done.stdout
    assert f"BAD Browser: {VARIABLE} names no program that can be run" in done.stdout
    assert scrapy("crawl4-doctor", "x", folder=tmp_path).returncode == 2
    assert scrapy("crawl4-setup", "x", folder=tmp_path).returncode == 2
    assert scrapy("crawl4-setup", folder=tmp_path, **{VARIABLE: "/no/such/program"}).returncode == 1
