"""The parts of benchmarks/compare.py and scale.py that need no other crawler."""

import asyncio
import importlib
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import psutil
import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
SVG = "{http://www.w3.org/2000/svg}"
URL = "http://127.0.0.1:80/a.html"
OTHER = "http://127.0.0.2:80/b%20c.html"


@pytest.fixture
def part(monkeypatch):
    """Imports a module of the benchmarks."""
    monkeypatch.syspath_prepend(str(FOLDER / "peers"))
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def figures(part):
    return part("comparison.figures")


def rounds(figures, speeds, **more):
    """Return rounds with *speeds*, by number."""
    done = figures.Rounds()
    for number, speed in speeds.items():
        done.done[number] = figures.Measure(speed, speed / 2, 1.5, 100.0, 20.0, more)
    return done


def test_a_spread_is_median_least_and_most(figures):
    assert figures.spread([3, 1, 8, 2]) == figures.Spread(2.5, 1, 8, 4)
    assert figures.spread([]) is None


def test_ratios_are_those_of_the_rounds_that_both_have(figures):
    ours, theirs = rounds(figures, {0: 10, 1: 30, 2: 1000}), rounds(figures, {0: 5, 1: 10, 3: 1})
    assert ours.ratio(theirs, "speed") == figures.Spread(2.5, 2, 3, 2)
    assert ours.ratio(figures.Rounds(), "speed") is None


def test_figures_of_some_runners_only_are_found(figures):
    assert rounds(figures, {0: 1}, after_ms=7.0).figure("after_ms") == figures.Spread(7, 7, 7, 1)
    assert rounds(figures, {0: 1}).figure("after_ms") is None


@pytest.mark.parametrize(
    ("results", "faults"),
    [
        ([(OTHER, "/b%20c.html", 9), (URL, "/a.html", 9)], []),
        ([(URL, "/a.html", 9)], [f"{OTHER}: no result"]),
        ([(URL, "/a.html", 9), (OTHER, "/a.html", 9)], [f"{OTHER}: the content of /a.html"]),
        ([(URL, "", 9), (OTHER, "", 0)], [f"{URL}: the content of no page", f"{OTHER}: no content"]),
        (
            [(URL, "/a.html", 9), (OTHER, "/b%20c.html", 9), (URL, "/a.html", 9), ("x", "/", 1)],
            [f"{URL}: one result too many", "x: nobody asked for it"],
        ),
    ],
)
def test_faults_of_results_are_found(part, results, faults):
    assert part("comparison.checking").faults([URL, OTHER], results) == faults


def test_the_path_is_read_from_pages_and_from_markdown(part):
    marker_of = part("work").marker_of
    page = part("serve").with_marker(b"<body>Served as before</body>", "/a_b/c%20d.html")
    assert marker_of(page) == marker_of(page.decode()) == "/a_b/c%20d.html"
    assert marker_of("Words\n\nServed as `/a_b/c%20d.html`\n") == "/a_b/c%20d.html"
    assert marker_of("Words") == marker_of(b"") == marker_of(None) == ""


def test_a_runner_hands_back_what_it_noted(part, tmp_path):
    urls, out, told = tmp_path / "urls.txt", tmp_path / "out.json", tmp_path / "work.json"
    urls.write_text(f"{URL}\n{OTHER}")
    told.write_text(
        json.dumps({"urls": str(urls), "out": str(out), "sessions": 2, "variant": "fetch", "crawler": {"engines": 2}})
    )
    work = part("work").Work(str(told))
    work.start()
    for url in work.urls:
        work.note(url, f"Served as `{url[len('http://127.0.0.1:80') :]}`")
    work.finish()
    back = json.loads(out.read_text())
    assert part("comparison.checking").faults([URL, OTHER], back["results"]) == []
    assert 0 <= back["first"] <= back["seconds"]


@pytest.fixture
def content(part, figures):
    """Rounds of all contestants of the workload of content, ours three times as fast as it must be."""
    workloads = part("comparison.workloads")
    speeds = {"crawl4ai": 10, "crawlee, html-to-markdown": 90, "scrapy-crawl4, two engines": 700}
    return {
        each.name: rounds(figures, dict.fromkeys(range(3), speeds.get(each.name, 360)))
        for each in workloads.CONTENT.contestants
    }


def test_what_must_hold_is_told_with_its_figure(part, content):
    held = part("comparison.requirements").requirements({"content": content}, None)
    assert [each.holds for each in held] == [True] * 6
    assert str(held[0]) == "content, one engine: pages/s by crawl4ai's: at least 12; 36.00 (36.00 to 36.00): holds"
    assert str(held[4]).startswith("content, two engines: pages/s by one engine's: at least 1.6; 1.94")


def test_what_does_not_hold_or_was_not_measured_says_so(part, figures, content):
    for name in list(content):
        if name.startswith("scrapy-crawl4, ") and not name.endswith("one engine"):
            del content[name]
    content["crawl4ai"] = figures.Rounds()
    content["crawlee, html-to-markdown"] = rounds(figures, {0: 300, 1: 300})
    held = [str(each) for each in part("comparison.requirements").requirements({"content": content}, None)]
    assert [each.rpartition(" (")[0] or each for each in held if each.endswith("DOES NOT HOLD")] == [
        "content, one engine: pages/s by crawlee's: at least 1.3; 1.20"
    ]
    assert sum(each.endswith("NOT MEASURED") for each in held) == 4


def test_every_workload_has_its_requirements_even_when_nothing_was_measured(part, figures):
    workloads = part("comparison.workloads").WORKLOADS
    empty = {work.name: {each.name: figures.Rounds() for each in work.contestants} for work in workloads}
    for name, done in empty.items():
        held = part("comparison.requirements").requirements({name: done}, None)
        assert held
        assert not any(each.holds for each in held)


def test_start_has_its_requirements(part, figures):
    starting = part("comparison.starting")
    ratio = figures.spread([1.2, 1.6])
    start = starting.Start({}, ratio, {"scrapy-crawl4": 500, "crawl4ai": 800, "crawlee": 100})
    assert [each.holds for each in part("comparison.requirements").requirements({}, start)] == [True, False]
    assert "| crawl4ai | 800 |" in part("comparison.table").start_table(start)


def test_a_table_compares_ours_with_each(part, content):
    told = part("comparison.table").workload_table(part("comparison.workloads").CONTENT, content)
    head, line, *rows = told.splitlines()
    assert {row.count("|") for row in (head, line, *rows)} == {8}
    assert rows[0] == "| scrapy-crawl4, one engine | 360 (360 to 360) |  | 180 | 1.50 | 100 | 20.0 |"
    assert rows[4] == "| crawl4ai | 10.0 (10.0 to 10.0) | 36.0 (36.0 to 36.0) | 5.00 | 1.50 | 100 | 20.0 |"


def test_without_ours_there_is_no_ratio(part, content):
    del content["scrapy-crawl4, one engine"]
    told = part("comparison.table").workload_table(part("comparison.workloads").CONTENT, content)
    assert {row.split("|")[3] for row in told.splitlines()[2:]} == {"  "}


def test_bars_are_as_long_as_their_figures(part, figures):
    svg = part("comparison.svg")
    bars = [svg.Bar("<ours>", figures.Spread(50, 25, 100, 3), ours=True), svg.Bar("other", figures.Spread(5, 5, 5, 3))]
    root = ET.fromstring(svg.picture("Speed & more", [svg.Panel("pages/s", bars), svg.Panel("none", [])]))
    room = svg.WIDTH - svg.NAMES - svg.VALUES
    drawn = [each for each in root.iter(f"{SVG}rect") if each.get("class") != "paper"]
    assert [(each.get("class"), float(each.get("width"))) for each in drawn] == [
        ("ours", room / 2),
        ("bar", round(room / 20, 1)),
    ]
    line = next(root.iter(f"{SVG}path")).get("d")
    assert line == f"M{svg.NAMES + room / 4} 59H{float(svg.NAMES + room)}"
    assert root.find(f"{SVG}title").text == "Speed & more"
    assert {"<ours>", "other", "pages/s", "50", "5"} <= {each.text for each in root.iter(f"{SVG}text")}


def test_a_page_of_results_shows_tables_pictures_and_verdicts(part, content, tmp_path):
    report, workloads = part("comparison.report"), part("comparison.workloads")
    plot = report.write_pictures(tmp_path, workloads.CONTENT, content)
    text = report.section(workloads.CONTENT, content, ["A note."], 1000)
    held = part("comparison.requirements").requirements({"content": content}, None)
    told = report.page(["2 cores"], ["scrapy: scrapy 2.19.0"], {workloads.CONTENT.title: (text, plot)}, held)
    assert ET.fromstring((tmp_path / plot).read_text("utf-8")).tag == f"{SVG}svg"
    for wanted in ("- 2 cores", "- scrapy: scrapy 2.19.0", "1,000 pages, 20 at a time", "A note.", f"]({plot})"):
        assert wanted in told
    assert told.count(": holds") == 6


def test_spiders_run_by_runspider_with_settings(part):
    workloads = part("comparison.workloads")
    with_addon, without = (each.arguments(Path("w.json"), 7) for each in workloads.ADDON.contestants)
    assert with_addon[:3] == ["-m", "scrapy", "runspider"]
    assert {"CONCURRENT_REQUESTS=7", "CONCURRENT_REQUESTS_PER_DOMAIN=7"} < set(without)
    assert set(with_addon) - set(without) == {'ADDONS={"scrapy_crawl4.Addon": 500}'}


def test_every_runner_is_there(part):
    workloads = part("comparison.workloads")
    runners = {each.runner for work in workloads.WORKLOADS for each in work.contestants}
    assert [name for name in runners if not (workloads.RUNNERS / name).is_file()] == []


def served(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def test_the_tiny_server_tells_when_its_first_page_went_out(part, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a b.html").write_text("<body>Words</body>")
    marker_of, url_of = part("work").marker_of, part("serve").url_of
    with part("tiny_server").serving_tiny(folder=tmp_path) as port:
        told = url_of(0, "first", port)
        assert float(served(told)) == 0
        before = time.time()
        for path in ("tiny/1", "small/2", "heavy/100000/3", "a b.html"):
            url = url_of(1, path, port)
            assert f"http://127.0.0.2:{port}{marker_of(served(url))}" == url
        assert before <= float(served(told)) <= time.time()
        assert 100_000 * 0.8 < len(served(url_of(1, "heavy/100000/3", port))) < 100_000 * 1.3
        assert served(url_of(0, "forget", port)) == b""
        assert float(served(told)) == 0
        with pytest.raises(urllib.error.HTTPError, match="404"):
            served(url_of(0, "../work.json", port))


def test_lateness_is_how_long_a_loop_did_not_get_on(part):
    async def blocked():
        late = part("lateness").Lateness()
        late.begin(asyncio.get_running_loop())
        until = time.perf_counter() + 0.05
        while time.perf_counter() < until:
            pass
        while not late.looks:
            await asyncio.sleep(0)
        late.end()
        return late.most

    assert asyncio.run(blocked()) >= 0.05 - part("lateness").INTERVAL


def test_a_result_that_is_wrong_or_missing_ends_a_scale(part):
    scale = part("scale")
    ticked = scale.Ticked(2)
    ticked.tick("http://h/tiny/1", "Page 1", True)
    for wrong in (("Page 1", True), (None, True), ("Page 0", False)):
        with pytest.raises(SystemExit):
            ticked.tick("http://h/tiny/" + ("1" if wrong[0] == "Page 1" else "0"), *wrong)
    with pytest.raises(SystemExit, match="1 results are missing"):
        ticked.check()
    ticked.tick("http://h/tiny/0", "Page 0", True)
    ticked.check()


@pytest.mark.parametrize(("speed", "peak", "holds"), [(96, 109, True), (94, 100, False), (100, 111, False)])
def test_the_largest_stream_is_compared_with_ten_thousand(part, speed, peak, holds):
    scale = part("scale")
    costs = [scale.Cost("stream", 10_000, 100, 1, 100), scale.Cost("stream", 1_000_000, 1_000_000 / speed, 1, peak)]
    assert scale.verdict(costs, "stream") is holds
    assert scale.verdict([scale.Cost("batch", each.urls, each.seconds, 1, each.peak) for each in costs], "batch")


def test_a_watched_tree_counts_children_and_ends(part, tmp_path):
    running = part("comparison.running")
    code = (
        "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', 'sum(range(3 * 10**6))']).returncode)"
    )
    seconds, cpu, _ = running.watched([sys.executable, "-c", code], tmp_path)
    assert seconds > 0
    assert cpu > 0
    assert psutil.Process().children(recursive=True) == []


@pytest.mark.parametrize(("status", "error"), [(3, "RefusedError"), (1, "WrongError")])
def test_a_runner_that_fails_gives_its_last_line(part, tmp_path, status, error):
    running = part("comparison.running")
    code = f"import sys; print('first\\nthe reason', file=sys.stderr); sys.exit({status})"
    with pytest.raises(getattr(running, error), match="the reason"):
        running.watched([sys.executable, "-c", code], tmp_path)


def test_a_round_with_wrong_results_does_not_count(part, tmp_path, monkeypatch):
    running, figures = part("comparison.running"), part("comparison.figures")
    compare = part("compare")
    workload = part("comparison.workloads").FIRST
    comparison = compare.Comparison(SimpleNamespace())
    contestant = workload.contestants[0]
    comparison.pythons[contestant.environment] = Path(sys.executable)
    comparison.results[workload.name] = {contestant.name: figures.Rounds()}
    comparison.notes[workload.name] = []
    runner = tmp_path / "runner.py"
    runner.write_text(
        "import sys; sys.path.append(sys.argv[2]); from work import Work; w = Work(sys.argv[1]); w.start();"
        "[w.note(url, 'Served as `/other`') for url in w.urls]; w.finish()"
    )
    monkeypatch.setattr(
        type(contestant), "arguments", lambda _self, work, _sessions: [str(runner), str(work), str(FOLDER / "peers")]
    )
    assert comparison._take(workload, contestant, running.Site(0, [URL], 1), 0)
    assert comparison.results[workload.name][contestant.name].done == {}
    assert comparison.notes[workload.name] == [
        f"Round 1 of {contestant.name} does not count: {URL}: the content of /other"
    ]
