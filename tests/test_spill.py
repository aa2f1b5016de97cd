"""Results whose heavy fields are in a temporary file are results like any other."""

import copy
import errno
import gc
import json
import logging
import math
import os
import pickle
import resource
import signal
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itemadapter import ItemAdapter

from scrapy_crawl4 import CrawlResult, MarkdownGenerationResult, spill
from scrapy_crawl4.plain_pickle import plain_value
from scrapy_crawl4.spill import CONTAINERS, LEAST, SPILLABLE, TEXTS, SpillFile

URL = "https://example.org/page"
LONG = "é\ud83d long " * LEAST


def heavy(**fields):
    markdown = MarkdownGenerationResult("# Title " + LONG, None, None, "fit " + LONG, "<p>fit</p>", base_url=URL)
    values = {
        "html": "<p>" + LONG,
        "cleaned_html": "<p>cleaned " + LONG,
        "fit_html": "<p>fit " + LONG,
        "markdown": markdown,
        "extracted_content": json.dumps([{"text": LONG}]),
        "screenshot": "aGk=" * LEAST,
        "pdf": bytes(range(256)) * LEAST,
        "mhtml": "mhtml " + LONG,
        "links": {"internal": [{"href": URL, "text": LONG}], "external": []},
        "media": {"images": [{"src": URL, "alt": LONG}], "videos": [], "audios": []},
        "tables": [{"headers": ["a"], "rows": [[LONG]]}],
        "metadata": {"title": LONG, 1: (1, 2.5, None, True, b"x")},
        "network_requests": [{"url": LONG}],
        "console_messages": [{"text": LONG}],
        "js_execution_result": {"results": [LONG]},
    }
    return CrawlResult._make({"url": URL, "status_code": 200, "index": 3, **values, **fields})


@pytest.fixture
def file():
    return SpillFile()


@pytest.fixture
def spilled(file):
    result = heavy()
    assert result.spill(file) > 0
    return result


def nameless_files():
    """Open files that no folder lists, by the links the system gives for them."""
    gc.collect()
    return sorted(link for link in map(_target, os.listdir("/proc/self/fd")) if link.endswith("(deleted)"))


def _target(number):
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return ""


# One result


def test_heavy_fields_leave_memory_and_are_read_back(file):
    result, same = heavy(), heavy()
    size = result.spill(file)
    assert SPILLABLE & result.__dict__.keys() == set()
    assert size > len(LONG) * len(SPILLABLE)
    assert file.size > 0
    for name in SPILLABLE:
        assert getattr(result, name) == getattr(same, name)
        assert type(getattr(result, name)) is type(getattr(same, name))
    assert result.markdown.model_dump() == same.markdown.model_dump()
    assert result.markdown.fit_html == "<p>fit</p>"


def test_every_spillable_field_is_a_field():
    assert CrawlResult.model_fields.keys() >= SPILLABLE


def test_text_does_not_come_back_into_memory(spilled):
    for name in TEXTS:
        getattr(spilled, name)
        assert name not in spilled.__dict__


def test_containers_come_back_for_good_since_readers_change_them(spilled):
    spilled.metadata["title"] = "mine"
    spilled.links["internal"].clear()
    assert spilled.metadata["title"] == "mine"
    assert spilled.links == {"internal": [], "external": []}
    assert spilled.tables is spilled.tables
    assert json.loads(spilled.model_dump_json())["metadata"]["title"] == "mine"


def test_assigned_field_is_the_field(spilled, file):
    spilled.html = "mine"
    spilled.markdown = "also mine"
    spilled.pdf = None
    assert (spilled.html, spilled.markdown, spilled.pdf) == ("mine", "also mine", None)
    assert spilled.model_dump()["html"] == "mine"
    assert pickle.loads(pickle.dumps(spilled)).markdown == "also mine"
    assert spilled.cleaned_html == heavy().cleaned_html
    assert spilled.spill(file) == 0


def test_wrong_assignment_is_refused_and_changes_nothing(spilled):
    with pytest.raises(pydantic.ValidationError):
        spilled.html = 5
    assert spilled.html == heavy().html


@pytest.mark.parametrize("assigned", [False, True])
def test_deleted_field_is_gone(spilled, assigned):
    if assigned:
        spilled.html = "mine"
    del spilled.html
    with pytest.raises(AttributeError):
        spilled.html  # noqa: B018
    with pytest.raises(AttributeError):
        del spilled.html
    assert "html" not in spilled.model_dump()
    assert spilled.mhtml == heavy().mhtml


@pytest.mark.parametrize("name", ["fit_markdown", "markdown_v2", "unknown"])
def test_other_names_are_attribute_errors(spilled, name):
    with pytest.raises(AttributeError):
        getattr(spilled, name)


def test_spilled_again_what_came_back(spilled, file):
    spilled.links["internal"].append({"href": URL})
    spilled.html = "new " * LEAST
    other = SpillFile()
    assert spilled.spill(other) > 0
    assert other.size < file.size
    assert SPILLABLE & spilled.__dict__.keys() == set()
    assert spilled.html == "new " * LEAST
    assert spilled.links["internal"][-1] == {"href": URL}
    assert spilled.mhtml == heavy().mhtml


def test_small_fields_stay(file):
    result = CrawlResult.from_html("<p>small", url=URL).complete()
    before = dict(result.__dict__)
    assert result.spill(file) == 0
    assert result.__dict__ == before
    assert file.size == 0


def test_pending_content_stays(file):
    result = CrawlResult.from_html("<p>" + "long " * LEAST, url=URL)
    assert result.spill(file) == 0
    assert result.pending is not None
    result.complete()
    assert result.spill(file) > 0
    assert result.markdown.strip() == ("long " * LEAST).strip()


class Own(str):
    __slots__ = ()


@dataclass
class Thing:
    text: str


class Markdown(MarkdownGenerationResult):
    __slots__ = ()


def test_values_of_other_types_stay_as_they_are(file):
    thing = Thing(LONG)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    fields = {
        "html": Own(LONG),
        "markdown": Markdown(LONG),
        "metadata": {"thing": thing, "text": LONG},
        "tables": deep,
        "links": {"internal": [{"text": Own(LONG)}]},
    }
    result = heavy(**fields)
    result.spill(file)
    assert {name for name in SPILLABLE if name in result.__dict__} == fields.keys()
    assert result.metadata["thing"] is thing
    # Python itself takes such a list apart level by level.
    while deep:
        deep = deep.pop()


def test_container_that_contains_itself(file):
    metadata = {"text": LONG}
    metadata["self"] = metadata
    result = heavy(metadata=metadata)
    result.spill(file)
    assert "metadata" not in result.__dict__
    assert result.metadata["self"] is result.metadata


# What works on any result


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda result: result.model_copy(),
    "model_copy deep": lambda result: result.model_copy(deep=True),
    "pickle": lambda result: pickle.loads(pickle.dumps(result)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_equal_and_independent(spilled, kind):
    other = COPIES[kind](spilled)
    assert SPILLABLE & spilled.__dict__.keys() == set()
    assert other == spilled
    assert spilled == other
    assert other == heavy()
    other.html = "other"
    del other.mhtml
    assert other != spilled
    assert spilled == heavy()


def test_update_of_a_copy_is_seen(spilled):
    assert spilled.model_copy(update={"html": "x"}).html == "x"


def test_results_differ_by_one_spilled_field(spilled):
    assert spilled != heavy(mhtml="other")
    assert spilled != heavy(markdown=MarkdownGenerationResult(str(spilled.markdown)))
    assert spilled != "text"


def test_pickle_has_the_data(spilled, file):
    data = pickle.dumps(spilled)
    assert len(data) > file.size * 0.9
    again = pickle.loads(data)
    assert again.__dict__.keys() == CrawlResult.model_fields.keys()
    assert again._spilled is None


def test_repr_does_not_read(spilled, monkeypatch):
    monkeypatch.setattr(SpillFile, "read", None)
    assert repr(spilled) == str(spilled) == f"CrawlResult(url='{URL}', success=True, status_code=200)"
    assert len(spilled) == 1
    assert spilled[0] is spilled


def test_dumps_are_the_same_and_bring_nothing_back(spilled):
    assert spilled.model_dump() == heavy().model_dump()
    assert list(spilled.model_dump()) == list(CrawlResult.model_fields)
    assert spilled.model_dump_json() == heavy().model_dump_json()
    assert spilled.model_dump(include={"html"}) == {"html": heavy().html}
    assert spilled.model_dump(exclude=set(SPILLABLE)) == heavy().model_dump(exclude=set(SPILLABLE))
    assert SPILLABLE & spilled.__dict__.keys() == set()


def test_item_adapter_gives_all_fields(spilled):
    assert ItemAdapter(spilled).asdict() == ItemAdapter(heavy()).asdict()
    assert ItemAdapter(spilled)["html"] == heavy().html


def test_inside_another_model(spilled):
    class Page(pydantic.BaseModel):
        result: CrawlResult

    assert Page(result=spilled).model_dump()["result"] == heavy().model_dump()


# Any value

ODD_TEXT = st.text(st.characters(codec=None, categories=None), max_size=50)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ODD_TEXT | st.binary(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(ODD_TEXT | st.integers(), inner, max_size=5)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers(), max_size=1)
        | st.sets(st.integers(), max_size=1)
    ),
    max_leaves=20,
)
times = st.sampled_from([1, LEAST, 100 * LEAST])


@settings(max_examples=60, deadline=None)
@given(text=ODD_TEXT, count=times, part=st.none() | ODD_TEXT, pdf=st.binary(max_size=50))
def test_any_text_comes_back_as_it_was(text, count, part, pdf):
    file, text = SpillFile(), text * count
    markdown = MarkdownGenerationResult(text, part, None, part and part * count, text, base_url=URL)
    result = CrawlResult._make({"url": URL, "html": text, "markdown": markdown, "pdf": pdf * count})
    size = result.spill(file)
    assert (size > 0) == (SPILLABLE - result.__dict__.keys() != set())
    assert result.html == text
    assert result.pdf == pdf * count
    assert result.markdown.same_parts(markdown)
    assert result.markdown.model_dump() == markdown.model_dump()


@settings(max_examples=60, deadline=None)
@given(value=st.dictionaries(ODD_TEXT | st.integers(), PLAIN, max_size=5))
def test_any_plain_container_comes_back_as_it_was(value):
    value = {**value, "long": "x" * LEAST}
    result = CrawlResult._make({"url": URL, "metadata": value, "tables": [value, value]})
    result.spill(SpillFile())
    assert CONTAINERS - result.__dict__.keys() == {"metadata", "tables"}
    assert repr(result.metadata) == repr(value)
    assert result.tables == [value, value]
    assert result.tables[0] is result.tables[1]


def test_not_a_number_comes_back(file):
    result = heavy(metadata={"nan": math.nan, "text": LONG})
    result.spill(file)
    assert math.isnan(result.metadata["nan"])


def test_the_file_holds_nothing_that_could_be_called():
    with pytest.raises(pickle.UnpicklingError, match=r"os\.getcwd is no plain data"):
        plain_value(b"cos\ngetcwd\n(tR.")


# The file


def test_many_threads_read_and_write_at_once(file):
    def work(number):
        result = heavy(html=f"{number} " * LEAST * 50)
        result.spill(file)
        return number, result

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(40)))
        read = list(pool.map(lambda pair: (pair[0], pair[1].html, pair[1].links), results * 3))
    for number, html, links in read:
        assert html == f"{number} " * LEAST * 50
        assert links == heavy().links


def test_readers_while_a_result_is_moved_see_every_field(file):
    results = [heavy(index=number) for number in range(30)]
    end, failures = threading.Event(), []

    def read():
        while not end.is_set():
            failures.extend(result.index for result in results if result.html != heavy().html)

    reader = threading.Thread(target=read)
    reader.start()
    for result in results:
        result.spill(file)
    end.set()
    reader.join()
    assert failures == []


def test_file_has_no_name_and_goes_with_the_last_result(tmp_path):
    before = nameless_files()
    file = SpillFile(str(tmp_path))
    assert nameless_files() == before
    results = [heavy() for _ in range(3)]
    for result in results:
        result.spill(file)
    assert list(tmp_path.iterdir()) == []
    assert len(nameless_files()) == len(before) + 1
    alive = weakref.ref(file)
    del file, result
    other = copy.deepcopy(results[0])
    results.clear()
    assert other.html == heavy().html
    assert len(nameless_files()) == len(before) + 1
    del other
    gc.collect()
    assert alive() is None
    assert nameless_files() == before


def test_file_in_a_cycle_of_garbage_is_closed_without_a_warning(recwarn):
    before = nameless_files()
    cycle = {"file": SpillFile()}
    cycle["self"] = cycle
    cycle["file"].append([b"data"])
    del cycle
    assert nameless_files() == before
    assert not recwarn.list


def test_forked_child_reads_without_disturbing_the_parent(spilled):
    def read_in_child():
        return spilled.html == heavy().html and spilled.links == heavy().links

    child = os.fork()
    if child == 0:
        os._exit(0 if read_in_child() else 1)
    same = all(spilled.html == heavy().html for _ in range(20))
    assert os.waitpid(child, 0)[1] == 0
    assert same


@contextmanager
def disk_limit(size):
    """No file may grow beyond `size` bytes: a full disk, as far as this process can tell."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_full_disk_leaves_results_in_memory_and_is_said_once(file, caplog):
    results = [heavy(html="<p>" + "x" * 1_500_000, index=number) for number in range(5)]
    with disk_limit(4_000_000), caplog.at_level(logging.WARNING, "scrapy_crawl4"):
        sizes = [result.spill(file) for result in results]
    assert sizes[0] > 1_500_000
    assert sizes[-1] == 0
    assert file.full
    assert file.size <= 4_000_000
    assert results == [heavy(html="<p>" + "x" * 1_500_000, index=number) for number in range(5)]
    assert len(caplog.records) == 1
    assert os.strerror(errno.EFBIG) in caplog.text


def test_missing_folder_leaves_results_in_memory(tmp_path, caplog):
    result = heavy()
    assert result.spill(SpillFile(str(tmp_path / "none"))) == 0
    assert result.__dict__ == heavy().__dict__
    assert len(caplog.records) == 1


def test_file_that_was_cut_short_is_an_error(spilled, file):
    os.ftruncate(file._file.fileno(), 10)
    with pytest.raises(OSError, match="shorter than it was"):
        spilled.html  # noqa: B018


def test_systems_without_reads_by_place(monkeypatch):
    monkeypatch.setattr(spill, "POSITIONAL", False)
    file = SpillFile()
    results = [heavy(index=number) for number in range(10)]
    for result in results:
        result.spill(file)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda result: result.html, results * 3)) == [heavy().html] * 30
    results[0].html = "new " * LEAST
    results[0].spill(file)
    assert results[0].html == "new " * LEAST
    assert results[1:] == [heavy(index=number) for number in range(1, 10)]
