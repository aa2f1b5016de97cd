"""The folder of a durable run: what is in it, and what becomes of it when it is cut short or changed."""

import json
import os
import shutil
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapy_crawl4 import CrawlResult, CrawlTask, DispatchResult, JobError, MarkdownGenerationResult, process
from scrapy_crawl4.commands.output import json_line
from scrapy_crawl4.commands.resumed import ResumedLines
from scrapy_crawl4.facade.identity import digest_of, shown
from scrapy_crawl4.job import Job, output_start
from scrapy_crawl4.job.record import decode, encode
from scrapy_crawl4.spill import SpillFile

PAGE = """<html><head><title>Ä title</title><base href="/base/"></head><body><h1>A page</h1>
<p>with <a href="a">a link</a>, <a href="https://example.org/b">another</a> and <img src="p.png" alt="a picture">.</p>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></body></html>"""
RAN = DispatchResult(task_id="0", memory_usage=1.5, peak_memory=2.25, start_time=1e9 / 3, end_time=1e9 / 3 + 0.1)


def page_result(index=0):
    result = process(PAGE, url=f"http://127.0.0.1/{index}").complete()
    result.index = index
    result.dispatch_result = RAN
    return result


def failed_result(index):
    return CrawlResult.failed(f"http://127.0.0.1/{index}", "Ä sentence.", index=index)


def read_back(result, digest=b"12345678"):
    line = b"".join(encode(result, digest))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    json.loads(line)
    record = decode(line)
    assert (record.index, record.digest) == (result.index, digest)
    return record.result()


# Records


def test_a_result_is_read_back_as_it_was_with_its_citations():
    result = page_result()
    again = read_back(result)
    assert again == result
    assert again.model_dump() == result.model_dump()
    assert again.markdown.markdown_with_citations == result.markdown.markdown_with_citations
    assert "http://127.0.0.1/base/a" in again.markdown.references_markdown
    assert again.dispatch_result == RAN
    assert again.complete() is again


def test_computed_parts_are_not_written_and_given_ones_are():
    result = page_result()
    assert b"references_markdown" not in b"".join(encode(result, b"12345678"))
    result.markdown = MarkdownGenerationResult("raw", "cited", "references", "fit", "<p>fit")
    assert read_back(result).markdown.model_dump() == result.markdown.model_dump()


def test_every_kind_of_value_is_read_back():
    result = page_result()
    result.pdf = bytes(range(256))
    result.screenshot = "iVBORw0KGgo="
    result.metadata = {"half": "\ud800", "deep": [{"a": [1, 2.5, None, True]}]}
    result.network_requests = [{"url": "x"}]
    result.ssl_certificate = {"issuer": "Ä"}
    assert read_back(result) == result
    failed = CrawlResult.failed("not a url", "Not a URL.", index=7, metadata={"status": "no_config_match"})
    assert read_back(failed) == failed


def test_what_json_cannot_say_is_written_as_a_dump_has_it():
    result = page_result()
    result.metadata = {"day": date(2026, 1, 2), "set": {1}, "object": object, 5: "five", "bytes": b"\xff"}
    again = read_back(result)
    assert again.metadata["day"] == "2026-01-02"
    assert again.metadata["5"] == "five"
    assert again.html == result.html


def test_a_result_that_is_moved_out_of_memory_is_written_whole():
    result, same = page_result(), page_result()
    result.html = same.html = PAGE * 50
    assert result.spill(SpillFile()) > 0
    assert read_back(result) == same


@given(st.text(st.characters(exclude_categories=())), st.dictionaries(st.text(), st.text()))
@settings(max_examples=60)
def test_any_text_is_read_back(text, metadata):
    result = CrawlResult(url="http://127.0.0.1/", index=0, metadata=metadata)
    result.markdown = MarkdownGenerationResult(text)
    result.html = text  # cleaned, as everywhere
    assert read_back(result) == result


@pytest.mark.parametrize(
    "line", [b"\n", b"{}\n", b"[1]\n", b"\0" * 9, b'{"index": 1}\n', b'{"input": "x", "index": 1}\n']
)
def test_what_is_no_record_is_none(line):
    assert decode(line) is None
    assert decode(b'{"input": "00", "index": -1}') is None


# Elements


def test_the_digest_of_an_element_stays_the_same():
    # What folders of earlier versions have.
    assert digest_of("https://example.org/").hex() == "6ec7e91c7656bfb8"
    task = CrawlTask("https://example.org/", session_id="s", headers={"b": "1", "a": "2"}, cookies={"c": "3"})
    assert digest_of(task).hex() == "eb875a34539b199b"


def elements():
    from scrapy import Request

    from scrapy_crawl4 import CrawlerRunConfig, RegexExtractionStrategy

    url = "https://example.org/"
    return [
        url,
        url + "a",
        None,
        1,
        1.5,
        b"x",
        object,
        CrawlTask(None),
        CrawlTask(url, session_id="a"),
        CrawlTask(url, session_id="b"),
        CrawlTask(url, headers={"a": "b"}),
        CrawlTask(url, cookies={"a": "b"}),
        CrawlTask(url, config=CrawlerRunConfig(css_selector="a")),
        CrawlTask(url, config=CrawlerRunConfig(css_selector="b")),
        CrawlTask(url, config=CrawlerRunConfig(excluded_tags=["b"])),
        CrawlTask(
            url, config=CrawlerRunConfig(extraction_strategy=RegexExtractionStrategy(RegexExtractionStrategy.Email))
        ),
        Request(url, method="POST"),
        Request(url, body=b"x"),
        Request(url, headers={"a": "c"}),
        Request(url, cookies={"a": "c"}),
        Request(url, meta={"crawl4": {"css_selector": "c"}}),
    ]


def test_elements_that_ask_for_other_things_have_other_digests_the_same_each_time():
    digests = [digest_of(element) for element in elements()]
    assert len(set(digests)) == len(digests)
    assert digests == [digest_of(element) for element in elements()]
    assert {len(digest) for digest in digests} == {8}


def test_elements_that_ask_for_the_same_have_the_same_digest():
    from scrapy import Request

    url = "https://example.org/"
    same = [url, f" {url}\n", CrawlTask(url), CrawlTask(url, headers={}), Request(url), Request(url, meta={"depth": 2})]
    assert len({digest_of(element) for element in same}) == 1
    one, two = ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    assert digest_of(CrawlTask(url, headers=one)) == digest_of(CrawlTask(url, headers=two))


def test_elements_that_break_are_named_all_the_same():
    class Hostile(dict):
        def items(self):
            raise RuntimeError

    assert len(digest_of(CrawlTask("https://example.org/", headers=Hostile(a=1)))) == 8
    assert digest_of("\ud800") != digest_of("\ud801")
    assert shown(CrawlTask(" https://example.org/ ")) == "https://example.org/"
    assert shown(None) == "a NoneType"
    assert len(shown("raw:" + "x" * 9999)) == 200


# Folders


def digest(index):
    return digest_of(f"http://127.0.0.1/{index}")


def use(folder, count, total=None, result=page_result):
    """Run a job of `count` elements to its end; positions that were finished before, and all results."""
    job = Job(folder, total)
    try:
        finished = [index for index in range(count) if job.read(digest(index), lambda: "x")]
        job.read_to_end()
        job.append([result(index) for index in range(count) if index not in finished])
        return finished, [job.load(index, digest(index), lambda: "x") for index in range(count)]
    finally:
        job.close()


def lines(folder):
    return (folder / "results.jsonl").read_bytes().splitlines(keepends=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with three finished elements."""
    folder = tmp_path_factory.mktemp("job") / "made"
    use(folder, 3)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "job")


def test_results_are_there_when_the_folder_is_opened_again(folder):
    before = lines(folder)
    finished, results = use(folder, 3)
    assert finished == [0, 1, 2]
    assert results == [page_result(index) for index in range(3)]
    assert lines(folder) == before


@pytest.mark.parametrize(("index_lost", "step"), [(False, 1), (True, 7)])
def test_a_last_line_cut_at_any_byte_is_cut_off(tmp_path, index_lost, step):
    folder = tmp_path / "job"
    use(folder, 3, result=failed_result)
    whole, complete = (folder / "results.jsonl").read_bytes(), lines(folder)
    begin = len(whole) - len(complete[-1])
    entries = (folder / "index.bin").read_bytes()
    for size in range(begin, len(whole), step):
        (folder / "results.jsonl").write_bytes(whole[:size])
        (folder / "index.bin").write_bytes(b"" if index_lost else entries)
        job = Job(folder, None)
        assert [job.read(digest(index), lambda: "x") for index in range(3)] == [True, True, False]
        assert (folder / "results.jsonl").stat().st_size == begin
        job.close()
    assert use(folder, 3, result=failed_result)[0] == [0, 1]
    assert lines(folder) == complete
    assert (folder / "index.bin").read_bytes() == entries


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: b"",
        lambda entries: entries[:-1],
        lambda entries: entries[:16],
        lambda entries: entries[:32] + bytes(16),
        lambda entries: entries[:16] + bytes(16) + entries[32:],
        lambda entries: entries + b"\xff" * 16,
        lambda entries: entries + bytes(16),
        lambda entries: bytes(len(entries)),
        lambda entries: entries[:40] + b"\x01" + entries[41:],
    ],
)
def test_an_index_that_does_not_fit_is_made_anew(folder, made, change):
    entries = (made / "index.bin").read_bytes()
    (folder / "index.bin").write_bytes(change(entries))
    finished, results = use(folder, 3)
    assert results == [page_result(index) for index in range(3)]
    assert finished == [0, 1, 2]
    assert lines(folder) == lines(made)
    if change(entries)[:16] == entries[:16]:
        assert (folder / "index.bin").read_bytes() == entries


def test_lines_that_are_taken_out_are_done_again(folder):
    first, _, last = lines(folder)
    (folder / "results.jsonl").write_bytes(first + last)
    finished, results = use(folder, 3)
    assert finished == [0, 2]
    assert [result.index for result in results] == [0, 1, 2]
    assert lines(folder)[:2] == [first, last]


def test_a_file_of_results_that_was_changed_in_place_is_an_error(folder):
    first, second, last = lines(folder)
    (folder / "results.jsonl").write_bytes(first + b"#" * (len(second) - 1) + b"\n" + last)
    with pytest.raises(JobError, match=r"^results.jsonl of the job was changed between .* delete index.bin"):
        use(folder, 3)
    (folder / "index.bin").unlink()
    assert use(folder, 3)[0] == [0, 2]


def test_zeros_that_a_power_cut_left_are_passed_over(folder, made):
    with (folder / "results.jsonl").open("ab") as file:
        file.write(bytes(5000))
    with (folder / "inputs.bin").open("r+b") as file:
        file.truncate(16)
        file.seek(0, os.SEEK_END)
        file.write(bytes(20))
    assert use(folder, 3)[0] == [0, 1, 2]
    for name in ("results.jsonl", "inputs.bin"):
        assert (folder / name).read_bytes() == (made / name).read_bytes()


def changed(message):
    return pytest.raises(
        JobError, match=f"^The input is not the one this job began with: {message}: use another folder"
    )


def test_another_input_is_explained(folder):
    with changed("it has 2 elements and had 3"):
        use(folder, 2)
    with changed("it has more than the 3 elements that it had"):
        use(folder, 4)
    with changed("it has 4 elements and had 3"):
        use(folder, 4, total=4)
    job = Job(folder, 3)
    with changed("element 0 was http://127.0.0.1/0 and is now http://x/, counted from 0"):
        job.read(b"87654321", lambda: "http://x/")
    job.close()


def test_another_input_is_found_where_there_is_no_result_yet(tmp_path):
    job = Job(tmp_path / "job", 5)
    for index in range(3):
        job.read(digest(index), lambda: "x")
    job.append([])
    job.close()
    with changed("it has 4 elements and had 5"):
        Job(tmp_path / "job", 4)
    job = Job(tmp_path / "job", None)
    job.read(digest(0), lambda: "x")
    with changed("element 1 is now http://x/, counted from 0"):
        job.read(b"87654321", lambda: "http://x/")
    job.close()
    job = Job(tmp_path / "job", None)
    with changed("it has 0 elements and had at least 3"):
        job.read_to_end()
    job.close()


def test_the_same_url_asked_for_in_another_way_is_another_element(folder):
    job = Job(folder, None)
    url = "http://127.0.0.1/0"
    with changed(f"element 0, {url}, asks for it in another way .*"):
        job.read(digest_of(CrawlTask(url, headers={"a": "b"})), lambda: url)
    job.close()


def test_a_result_of_another_element_is_not_given(folder):
    """The digests may be lost in a power cut, and the results not."""
    (folder / "inputs.bin").write_bytes(b"")
    job = Job(folder, None)
    assert job.read(b"87654321", lambda: "x")
    with changed("element 0 was http://127.0.0.1/0 and is now http://x/, counted from 0"):
        job.load(0, b"87654321", lambda: "http://x/")
    job.close()


def test_one_run_at_a_time(folder):
    job = Job(folder, None)
    for _ in range(2):
        with pytest.raises(JobError, match=r"^The job is running already: wait for its end, or use another folder\.$"):
            Job(folder, None)
    job.close()
    assert use(folder, 3)[0] == [0, 1, 2]


def test_folders_of_others_and_of_later_versions_are_refused(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(JobError, match="has files of something else"):
        Job(tmp_path / "mine", None)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]
    facts = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**facts, "format": facts["format"] + 1}))
    with pytest.raises(JobError, match="newer version"):
        Job(folder, None)
    for text in ("", "[]", "{}"):
        (folder / "job.json").write_text(text)
        with pytest.raises(JobError, match=r"job\.json in the folder of the job cannot be read"):
            Job(folder, None)


def test_a_folder_whose_job_had_hardly_begun_is_used(tmp_path):
    (tmp_path / "lock").touch()
    (tmp_path / "job.json.new").write_text("{")
    assert use(tmp_path, 2)[0] == []


def test_results_that_find_no_room_leave_no_trace(folder, monkeypatch):
    before = lines(folder)[:2]
    (folder / "results.jsonl").write_bytes(b"".join(before))
    job = Job(folder, None)
    for index in range(3):
        job.read(digest(index), lambda: "x")

    def full(fd, data):
        os.write(fd, bytes(data)[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("scrapy_crawl4.job.results_file.write_all", full)
        with pytest.raises(OSError, match="No space"):
            job.append([page_result(2)])
    assert lines(folder) == before
    job.append([page_result(2)])
    job.close()
    assert use(folder, 3)[0] == [0, 1, 2]


def test_elements_that_find_no_room_are_not_mixed_up(tmp_path, monkeypatch):
    job = Job(tmp_path / "job", None)

    def full(fd, data):
        os.write(fd, bytes(data)[:12])
        raise OSError(28, "No space left on device")

    for index in range(3):
        job.read(digest(index), lambda: "x")
    with monkeypatch.context() as patch:
        patch.setattr("scrapy_crawl4.job.inputs.write_all", full)
        with pytest.raises(OSError, match="No space"):
            job.append([page_result(0)])
    assert not job.read(digest(3), lambda: "x")
    job.close()
    assert (tmp_path / "job" / "inputs.bin").read_bytes() == b"".join(map(digest, range(4)))


def test_an_index_that_finds_no_room_costs_nothing_but_time(folder, monkeypatch):
    (folder / "results.jsonl").write_bytes(b"".join(lines(folder)[:1]))
    job = Job(folder, None)
    for index in range(3):
        job.read(digest(index), lambda: "x")
    job.append([page_result(1), page_result(2)])
    tried = []

    def full(fd, data):
        tried.append(len(data))
        os.write(fd, bytes(data)[:20])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("scrapy_crawl4.job.results_file.write_all", full)
        job.close()
    assert tried == [32]
    assert use(folder, 3)[0] == [0, 1, 2]
    assert (folder / "index.bin").stat().st_size == 48


def test_where_a_file_of_output_begins(tmp_path):
    assert output_start(tmp_path, "/a", 10) == 10
    assert output_start(tmp_path, "/a", 50) == 10
    assert output_start(tmp_path, "/b", 0) == 0
    assert output_start(tmp_path, "/a", 5) == 5
    assert output_start(tmp_path, "/a", 50) == 5


# Files of output


class Output:
    """A file that the results of a job are appended to, in calls that are cut short."""

    def __init__(self, folder):
        self.path, self.job = folder / "out.jsonl", folder / "job"
        self.job.mkdir()

    def write(self, *results, **options):
        lines = ResumedLines(str(self.path), str(self.job), **options)
        for result in results:
            lines.write(result)
        lines.close()

    def urls(self):
        return [json.loads(line)["url"] for line in self.path.read_bytes().splitlines()]


def ran(index, end=1e9):
    result = failed_result(index)
    result.dispatch_result = RAN.model_copy(update={"end_time": end + index})
    return result


def test_output_cut_at_any_byte_has_each_result_once(tmp_path):
    output = Output(tmp_path)
    output.path.write_bytes(b'{"url": "before", "index": 1}\n')
    begin = output.path.stat().st_size
    results = [ran(index) for index in range(3)]
    output.write(*results)
    whole = output.path.read_bytes()
    for size in range(begin, len(whole) + 1, 5):
        output.path.write_bytes(whole[:size])
        output.write(*results)
        assert output.path.read_bytes() == whole
    output.path.unlink()
    output.write(*results)
    assert output.path.read_bytes() == whole[begin:]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_pipe_gets_all_results_of_a_job_each_time(tmp_path, overwrite):
    output = Output(tmp_path)
    os.mkfifo(output.path)
    reader = os.open(output.path, os.O_RDONLY | os.O_NONBLOCK)
    for _ in range(2):
        output.write(ran(0), ran(1), overwrite=overwrite)
        assert [json.loads(line)["index"] for line in os.read(reader, 65536).splitlines()] == [0, 1]
    os.close(reader)


def test_lines_of_others_in_the_output_stay(tmp_path):
    output = Output(tmp_path)
    output.path.write_bytes(b"no line end")
    output.write(ran(0))
    with output.path.open("ab") as file:
        file.write(json_line(ran(1, end=5e8)) + b"[]\nnot JSON\n" + json_line(failed_result(2)))
    output.write(ran(0), ran(1), ran(2))
    lines = output.path.read_bytes().splitlines(keepends=True)
    assert lines[0] == b"no line end\n"
    assert lines[1] == json_line(ran(0))
    assert lines[3:5] == [b"[]\n", b"not JSON\n"]
    assert lines[6:] == [json_line(ran(1)), json_line(ran(2))]


def test_output_that_is_replaced_has_what_the_last_call_gave(tmp_path):
    output = Output(tmp_path)
    output.write(ran(0), ran(1))
    output.write(ran(0), ran(1), overwrite=True)
    assert output.urls() == ["http://127.0.0.1/0", "http://127.0.0.1/1"]
    assert output.write(overwrite=True) is None
    assert len(output.urls()) == 2
