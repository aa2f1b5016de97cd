"""crawl4ai's multi-URL examples run here with nothing but another import line and other URLs."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

import scrapy_crawl4
from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlerMonitor, CrawlerRunConfig, UnsupportedOption

from .browser import NEEDS_BROWSER
from .crawling import environment
from .pdf import pdf
from .proxy import Proxy

FOLDER = Path(__file__).parent / "crawl4ai_examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))

BROWSER = {
    "batch",
    "compare_dispatchers",
    "configs_by_url",
    "mixed_configs",
    "proxies",
    "semaphore",
    "sessions",
    "streaming",
}
"""Programs that open pages in a browser."""

OK_AND_404 = ["[OK] {1}/page/1 True", "[OK] {2}/page/2 True", "[ERROR] {3}/status/404 HTTP 404 Not Found"]
DONE_AND_FAILED = [
    "done: {1}/page/1 Page 1",
    "done: {1}/page/2 Page 2",
    "failed: {1}/status/404 HTTP 404 Not Found",
]

PRINTED = {
    "batch": DONE_AND_FAILED,
    "configs_by_url": [
        "True True False ",
        "True True True ",
        "True True False ",
        "True True False ",
        "True True False ",
    ],
    "enumerated": [
        "pages: 3",
        "1 {1}/page/1 ok",
        "[Start](http://127.0",
        "2 {2}/page/2 ok",
        "[Start](http://127.0",
        "3 {3}/status/404 failed",
    ],
    "http_strategy": ["200 True"] * 3,
    "large_list": ["good: 6 of 7", "failed: {7}/status/404 404 HTTP 404 Not Found"],
    "matchers": [
        "glob: 0",
        "globs: 2 3",
        "function: 1 4",
        "functions: 4",
        "mixed or: 1 4",
        "mixed and: 2 3",
        "internal:",
        "all: 0 1 2 3 4 5",
        "or *.pdf",
    ],
    "mixed_configs": [
        "ok {1}/files/dummy.pdf True",
        "ok {2}/python.org/1 True",
        "fit True",
        "ok {3}/github.com/playwright True",
        "ok {4}/httpbin.org/json True",
        "ok {5}/reference.org/docs True",
        "failed {6}/page/6 No matching configuration found for URL: {6}/page/6",
    ],
    "one_by_one_or_many": ["one by one 6 True", "limited 6 True", "free 6 True"],
    "polite": ["crawled: {1}/page/1", "forbidden: {2}/private/2", "error: {3}/status/404"],
    "proxies": [f"{number} 127.0.0.1 as expected" for number in range(4)],
    "quick_parallel": OK_AND_404 * 2,
    "robots": [
        "crawled: {1}/page/1",
        "forbidden by robots.txt: {2}/private/2",
        "failed: {3}/status/500 HTTP 500 Internal Server Error",
    ],
    "seeds": [
        "batch {1}/page/1",
        "batch {2}/page/2",
        "batch failed {3}/status/404 HTTP 404 Not Found",
        "stream {1}/page/1",
        "stream {2}/page/2",
        "dispatcher [200, 200, 404]",
    ],
    "semaphore": ["6 ['Page 1', 'Page 2', 'Page 3', 'Page 4', 'Page 5', 'Page 6']"],
    "sessions": [
        f"{how} {{1}}/page/{number} True True" for how in ("one by one", "together") for number in range(1, 5)
    ],
    "short_forms": ["{1}/page/1 True", "{2}/page/2 True", "finished {1}/page/1", "finished {2}/page/2"],
    "streaming": DONE_AND_FAILED,
    "two_modes": [
        "batch {1}/page/1 200",
        "batch {2}/status/404 404",
        "stream {1}/page/1 200",
        "stream {2}/status/404 404",
    ],
}
"""What each program prints; {1} is the first host of the site."""

PATTERNS = {
    "compare_dispatchers": [r"(Adaptive|Semaphore)(, limited)? +│ 8 +│ [\d.]+"] * 4,
    "dispatch_results": [
        r"page {1}/page/1",
        r"memory \d+\.\d MB, peak \d+\.\d MB",
        "it took time: True",
        "tasks have names: True ''",
        r"page {2}/page/2",
        r"memory \d+\.\d MB, peak \d+\.\d MB",
        "it took time: True",
        "tasks have names: True ''",
    ],
    "performance": [
        r"\d+\.\d\d s, \d+\.\d\d s each",
        r"2/3 \(66\.7 %\)",
        r"memory \d+\.\d MB, peak \d+\.\d MB",
    ],
}
"""The same for figures."""

STREAMS = {"quick_parallel", "robots", "seeds", "short_forms", "streaming", "two_modes"}
"""Programs whose results come in the order in which pages are done."""

LEFT_OUT = {
    "advanced/multi-url-crawling, Practical Example": "CosineStrategy",
    "core/url-seeding and examples/url_seeder": "AsyncUrlSeeder",
    "core/domain-mapping": "DomainMapperConfig",
    "core/deep-crawling, core/simple-crawling, examples/deepcrawl_example": "BFSDeepCrawlStrategy",
    "core/adaptive-crawling": "AdaptiveCrawler",
    "README, release notes 0.7.3 and 0.7.4, memory monitoring": "MemoryMonitor",
    "http_based_crawler_strategy, Basic HTTP Crawler Setup": "AsyncLogger",
    "release notes 0.5.0 and examples/tutorial_v0.5, PDF Processing": "PDFCrawlerStrategy",
}
"""Examples that call arun_many() by way of, or together with, what this package has not: the name of that."""


@pytest.fixture
def proxies(monkeypatch):
    """Two proxies, where crawl4ai's programs look for them."""
    with Proxy("user:password") as first, Proxy() as second:
        monkeypatch.setenv("PROXIES", f"127.0.0.1:{first.port}:user:password,127.0.0.1:{second.port}")
        yield first, second


@pytest.fixture
def example_site(site, proxies, monkeypatch, tmp_path):
    """The site with pages at the paths that examples tell apart, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    site.set_robots("User-agent: *\nDisallow: /private/\n")
    article = "<article><h1>Post</h1><p>" + "Words of the post that matter a lot to readers. " * 12 + "</p></article>"
    blog = (
        f"<title>Blog</title><nav><a href=/>Start</a><a href=/x>x</a></nav>{article}<footer><a href=/i>I</a></footer>"
    )
    site.put("/files/dummy.pdf", pdf([[(50, 700, 12, "Dummy PDF file")]]), content_type="application/pdf")
    for path in ("/blog/1", "/python.org/1"):
        site.put(path, blog)
    for path in ("/github.com/playwright", "/reference.org/docs"):
        site.put(path, "<title>T</title><p>Text")
    for path in ("/api/data.json", "/httpbin.org/json"):
        site.put(path, '{"slideshow": 1}', content_type="application/json")
    return site


def program(name, site):
    """The program with the URLs of the site."""
    text = (FOLDER / f"{name}.py").read_text("utf-8")
    text = re.sub(r"https://site(\d|\{number\})\.example\.org", rf"http://127.0.0.\1:{site.port}", text)
    return text.replace("https://example.org", site.url("").rstrip("/"))


def programs(names):
    """Parameters for tests of programs, with the marks that they need."""
    return [pytest.param(name, marks=NEEDS_BROWSER if name in BROWSER else ()) for name in names]


def run(text, name):
    """Run a program here and return the lines that it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        exec(compile(text, f"{name}.py", "exec"), {"__name__": "__main__"})
    return printed.getvalue().splitlines()


def expected(name, site):
    hosts = ["", *(site.url("", host=number).rstrip("/") for number in range(1, 9))]
    return [line.format(*hosts) if "{" in line else line for line in PRINTED[name]]


def test_every_program_is_here_with_what_it_prints():
    assert sorted(PRINTED.keys() | PATTERNS.keys()) == NAMES
    assert set(NAMES) >= BROWSER
    for name in NAMES:
        text = (FOLDER / f"{name}.py").read_text("utf-8")
        assert text.startswith('"""After ')
        assert set(re.findall(r"^from (\S*crawl4\S*) import", text, re.MULTILINE)) == {"scrapy_crawl4"}


@pytest.mark.parametrize("name", programs(PRINTED))
def test_it_prints_the_results(name, example_site):
    lines = run(program(name, example_site), name)
    if name in STREAMS:
        assert sorted(lines) == sorted(expected(name, example_site))
    else:
        assert lines == expected(name, example_site)


@pytest.mark.browser
@NEEDS_BROWSER[1]
def test_tasks_take_turns_with_proxies(example_site, proxies):
    assert run(program("proxies", example_site), "proxies") == expected("proxies", example_site)
    for proxy in proxies:
        assert proxy.targets().count(example_site.url("/page/1")) >= 2


@pytest.mark.parametrize("name", programs(PATTERNS))
def test_it_prints_figures(name, example_site):
    lines = run(program(name, example_site), name)
    hosts = ["", *(re.escape(example_site.url("", host=number).rstrip("/")) for number in range(1, 9))]
    wanted = [re.sub(r"\{(\d)\}", lambda found: hosts[int(found[1])], line) for line in PATTERNS[name]]
    seen = [line for line in lines if not wanted[0].startswith("(") or "│" in line]
    assert len(seen) == len(wanted)
    for line, pattern in zip(seen, wanted, strict=True):
        assert re.search(pattern, line), line


@pytest.mark.slow
def test_seeds_as_a_program_of_its_own(example_site, tmp_path):
    path = tmp_path / "seeds.py"
    path.write_text(program("seeds", example_site), "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == sorted(expected("seeds", example_site))


@pytest.mark.parametrize("page", LEFT_OUT)
def test_what_is_left_out_needs_a_name_that_is_not_there(page):
    assert not hasattr(scrapy_crawl4, LEFT_OUT[page])


def test_left_out_because_crawl4ai_refuses_it_too():
    # Release notes 0.7.3 give a configuration an option that no version has.
    with pytest.raises(TypeError, match="markdown_generator_options"):
        CrawlerRunConfig(markdown_generator_options={"include_links": True})
    # examples/browser_optimization_example.py means extra_args.
    with pytest.raises(TypeError, match="browser_args"):
        BrowserConfig(browser_args=["--disable-gpu"])


def test_left_out_because_an_option_of_it_is_refused():
    # examples/async_webcrawler_multiple_urls_example.py is older than cache_mode. A configuration of crawl4ai refuses
    # the option as well, but its arun_many() reads no option at all.
    with pytest.raises(UnsupportedOption, match="was replaced by cache_mode"):
        AsyncWebCrawler().arun_many(["https://example.org/"], bypass_cache=True)


def test_left_out_because_it_is_no_crawl():
    # examples/crawler_monitor_example.py tells a monitor by hand what a crawl would tell it.
    assert not hasattr(CrawlerMonitor, "add_task")
