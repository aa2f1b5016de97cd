import asyncio
import copy
import json
import math
import multiprocessing
import pickle
import threading
from base64 import b64decode
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import attrs
import pydantic
import pytest
import scrapy
from hypothesis import given, settings
from hypothesis import strategies as st
from itemadapter import ItemAdapter
from pydantic import BaseModel
from scrapy.http import Headers, HtmlResponse, Request, Response, TextResponse

from scrapy_crawl4 import content
from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.results import CrawlResult, DispatchResult, MarkdownGenerationResult, PendingContent
from scrapy_crawl4.scrapy_map import redirects_of

URL = "https://example.org/dir/page"
HTML = "<html><head><title>Name</title></head><body><p>Some <a href='next'>text</a></p></body></html>"
LAZY = (
    "cleaned_html",
    "fit_html",
    "markdown",
    "media",
    "links",
    "tables",
    "metadata",
    "extracted_content",
    "success",
    "error_message",
)


def dispatch_result():
    return DispatchResult(task_id="7", memory_usage=50.0, peak_memory=60.0, start_time=1.0, end_time=2.5)


class BrokenGenerator:
    def generate_markdown(self, **kwargs):
        raise ValueError("no paper")


STATES = {
    "pending": lambda: CrawlResult.from_html(HTML, url=URL),
    "complete": lambda: CrawlResult.from_html(HTML, url=URL).complete(),
    "failed": lambda: CrawlResult.failed(URL, "No route", index=3),
    "minimal": lambda: CrawlResult(url=URL),
    "http_error": lambda: CrawlResult.from_response(HtmlResponse(URL, 404, body=HTML, encoding="utf-8")),
    "stage_error": lambda: CrawlResult.from_html(
        HTML, url=URL, config=CrawlerRunConfig(markdown_generator=BrokenGenerator())
    ),
    "with_function": lambda: CrawlResult.from_html(
        HTML, url=URL, config=CrawlerRunConfig(url_matcher=lambda url: True)
    ),
    "with_pdf": lambda: CrawlResult(url=URL, pdf=b"%PDF\xff\xfe\xfb", screenshot="aGk="),
    "from_item": lambda: CrawlResult.from_item({"url": URL, "price": Decimal("1.5")}),
    "odd_metadata": lambda: CrawlResult(
        url=URL, metadata={"at": datetime(2024, 1, 1, tzinfo=UTC), "x": {1}, 5: 1j, "inf": math.inf}
    ),
    "surrogate": lambda: CrawlResult(url=URL, html="a\ud83d\ude00b\ud800c", metadata={"t": "\udc80"}),
}


@pytest.fixture(params=STATES)
def result(request):
    made = STATES[request.param]()
    made.dispatch_result = dispatch_result()
    return made


# Every state


def test_pickle_copy_and_deepcopy_keep_type_and_value_r2(result):
    copies = [
        copy.copy(result),
        copy.deepcopy(result),
        result.model_copy(),
        result.model_copy(deep=True),
        pickle.loads(pickle.dumps(result)),
    ]
    for other in copies:
        assert type(other) is CrawlResult
        assert other == result
        assert other.links is not None
        assert other.dispatch_result.task_id == "7"
    assert result == result.complete()


def test_dispatch_result_is_on_the_result_r1(result):
    assert result[0].dispatch_result.task_id == "7"
    assert result.model_dump()["dispatch_result"]["peak_memory"] == 60.0
    assert json.loads(result.model_dump_json())["dispatch_result"]["end_time"] == 2.5


def test_json_always_works_r3(result):
    data = json.loads(result.model_dump_json())
    assert set(data) == set(CrawlResult.model_fields)
    assert data["fit_html"] is None or isinstance(data["fit_html"], str)
    json.dumps(result.model_dump(mode="json"), allow_nan=False).encode()


def test_result_reads_its_own_json(result):
    again = CrawlResult.model_validate_json(result.model_dump_json())
    assert again.model_dump_json() == result.model_dump_json()


def test_results_inside_other_models_dump(result):
    class Page(BaseModel):
        result: CrawlResult

    dumped = Page(result=result).model_dump()
    assert dumped["result"]["links"] == result.links
    assert json.loads(Page(result=result).model_dump_json())["result"]["url"] == URL


def test_item_adapter_gives_all_fields(result):
    item = ItemAdapter(result).asdict()
    assert set(item) == set(CrawlResult.model_fields)
    assert item["dispatch_result"]["task_id"] == "7"


def test_repr_is_short_and_has_no_html(result):
    assert repr(result) == str(result)
    assert repr(result).startswith(f"CrawlResult(url='{URL}'")
    assert "<" not in repr(result)
    assert len(repr(result)) < 300


def test_result_is_list_like(result):
    assert result[0] is result
    assert result[-1] is result
    assert len(result) == 1
    assert list(result) == [result]
    assert bool(result) is True
    assert isinstance(result, CrawlResult)
    with pytest.raises(IndexError):
        result[1]


async def test_result_iterates_asynchronously(result):
    assert [each async for each in result] == [result]


# Content on first use


@pytest.mark.parametrize("name", LAZY)
def test_first_read_fills_all_content(name):
    result = CrawlResult.from_html(HTML, url=URL)
    value = getattr(result, name)
    assert result.pending is None
    assert value == getattr(STATES["complete"](), name)
    assert result.success is True
    assert result.error_message == ""
    assert result.metadata["title"] == "Name"
    assert result.links["internal"][0]["href"] == "https://example.org/dir/next"


@pytest.mark.parametrize("name", sorted(set(CrawlResult.model_fields) - set(LAZY)))
def test_other_fields_leave_content_pending(name):
    result = CrawlResult.from_html(HTML, url=URL)
    getattr(result, name)
    assert result.pending is not None


def test_repr_and_copies_leave_content_pending():
    result = CrawlResult.from_html(HTML, url=URL)
    others = [copy.copy(result), copy.deepcopy(result)]
    assert repr(result) == f"CrawlResult(url='{URL}', content='pending')"
    assert result.pending is not None
    assert [other.pending for other in others] == [result.pending] * 2
    assert others[0].markdown == others[1].markdown == result.markdown


def test_complete_result_is_not_touched_by_complete():
    result = CrawlResult.from_html(HTML, url=URL).complete()
    markdown = result.markdown
    assert result.complete() is result
    assert result.markdown is markdown


def test_fill_takes_what_another_worker_made():
    result = CrawlResult.from_html(HTML, url=URL)
    page = pickle.loads(pickle.dumps(result.pending.extract()))
    result.fill(page)
    assert result.pending is None
    assert result == STATES["complete"]()


@pytest.fixture
def parsed(monkeypatch):
    """URLs of the pages that the content stages worked on, each with its thread."""
    seen = []

    def watched(html, *, url, **arguments):
        seen.append((url, threading.get_ident()))
        return extract_page(html, url=url, **arguments)

    monkeypatch.setattr(content, "extract_page", watched)
    return seen


async def test_acomplete_leaves_the_event_loop_alone_and_parses_once(parsed):
    result = CrawlResult.from_html(HTML, url=URL)
    assert await result.acomplete() is result
    assert result.pending is None
    assert result.links["internal"][0]["href"] == "https://example.org/dir/next"
    await result.acomplete()
    result.complete()
    ((url, thread),) = parsed
    assert (url, thread == threading.get_ident()) == (URL, False)


async def test_many_pages_are_completed_one_at_a_time(parsed):
    results = [CrawlResult.from_html(HTML, url=f"{URL}/{number}") for number in range(20)]
    await asyncio.gather(*(result.acomplete() for result in results))
    assert [url for url, _ in parsed] == [result.url for result in results]
    assert all(result.pending is None for result in results)


async def test_who_reads_while_the_content_is_made_waits_for_it(monkeypatch):
    made, entered, go_on = [], threading.Event(), threading.Event()

    def held(html, **arguments):
        made.append(html)
        entered.set()
        assert go_on.wait(60)
        return extract_page(html, **arguments)

    monkeypatch.setattr(content, "extract_page", held)
    result = CrawlResult.from_html(HTML, url=URL)
    tasks = [asyncio.ensure_future(result.acomplete()) for _ in range(3)]
    await asyncio.to_thread(entered.wait, 60)
    reading = asyncio.ensure_future(asyncio.to_thread(lambda: result.links))
    go_on.set()
    await asyncio.gather(*tasks, reading)
    assert len(made) == 1
    assert reading.result() is result.links


async def test_acomplete_of_a_page_that_breaks_the_stages_is_a_failed_result(monkeypatch, caplog):
    def broken(html, **arguments):
        raise RuntimeError("no")

    monkeypatch.setattr(content, "extract_page", broken)
    result = await CrawlResult.from_html(HTML, url=URL).acomplete()
    assert (result.success, result.error_message) == (False, "The content stages failed: RuntimeError")
    assert result.links == {"internal": [], "external": []}
    (record,) = caplog.records
    assert record.exc_info[0] is RuntimeError
    assert (await CrawlResult.failed(URL, "No route").acomplete()).error_message == "No route"


def test_deep_copies_of_a_pending_result_share_nothing():
    result = CrawlResult.from_html(HTML, url=URL)
    other = copy.deepcopy(result)
    result.links["internal"].clear()
    assert other.links["internal"]


def test_pending_content_is_picklable_without_functions():
    pending = CrawlResult.from_html(HTML, url=URL).pending
    assert pickle.loads(pickle.dumps(pending)) == pending
    assert pending == PendingContent(HTML, URL, CrawlerRunConfig())


def test_values_set_before_the_content_stay():
    result = CrawlResult.from_html(HTML, url=URL, metadata={"depth": 2, "title": "Mine"})
    result.extracted_content = "[]"
    assert result.markdown
    assert result.extracted_content == "[]"
    assert result.metadata["depth"] == 2
    assert result.metadata["title"] == "Mine"
    assert "description" in result.metadata


def test_deleted_field_is_gone():
    result = CrawlResult.from_html(HTML, url=URL).complete()
    del result.markdown
    with pytest.raises(AttributeError):
        result.markdown  # noqa: B018


def test_failed_stage_is_named_and_other_parts_stay():
    result = STATES["stage_error"]()
    assert result.success is False
    assert result.error_message == "Stage markdown failed: no paper"
    assert result.markdown is None
    assert result.metadata["title"] == "Name"
    assert result.links["internal"]


def test_content_that_breaks_the_stages_gives_a_failed_result(caplog):
    result = CrawlResult.from_html(HTML, url=URL, config=SimpleNamespace(session_id=None, fetch_only=False))
    assert result.success is False
    assert result.error_message == "The content stages failed: AttributeError"
    assert result.links == {"internal": [], "external": []}
    assert result.media == {"images": [], "videos": [], "audios": []}
    assert result.tables == []
    assert result.markdown is None
    assert "The content stages failed" in caplog.text


def test_threads_that_read_at_once_see_one_content():
    result = CrawlResult.from_html(HTML * 50, url=URL)
    barrier = threading.Barrier(4)
    seen = []

    def read():
        barrier.wait()
        seen.append((result.markdown, result.links, result.success))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [seen[0]] * 4
    assert seen[0][2] is True


def test_raw_html_has_no_url_to_resolve_against():
    result = CrawlResult.from_html(HTML, url="raw:" + HTML)
    assert result.pending.url == ""
    assert "<html>" not in repr(CrawlResult.failed("raw:" + "x" * 5000, "bad"))
    assert len(repr(CrawlResult.failed("raw:" + "x" * 5000, "bad"))) < 250


def test_links_resolve_against_the_final_url():
    result = CrawlResult.from_html(HTML, url=URL, redirected_url="https://example.org/other/")
    assert result.links["internal"][0]["href"] == "https://example.org/other/next"


def test_session_id_is_that_of_the_config():
    assert CrawlResult.from_html(HTML, url=URL, config=CrawlerRunConfig(session_id="s")).session_id == "s"


def test_results_share_no_containers():
    one, two = CrawlResult.failed(URL, "a"), CrawlResult.failed(URL, "b")
    one.links["internal"].append({"href": "x"})
    one.media["images"].append({"src": "x"})
    one.tables.append({})
    assert two.links == {"internal": [], "external": []}
    assert two.media["images"] == []
    assert two.tables == []
    assert CrawlResult(url=URL).links == {"internal": [], "external": []}


def _made():
    return CrawlResult.from_html(HTML, url=URL)


def test_results_travel_between_processes_r2():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        received = pool.submit(_made).result(timeout=150)
    assert type(received) is CrawlResult
    assert received.markdown == "Some [text](https://example.org/dir/next)"


# Names


def test_moved_names_say_where_they_are():
    result = CrawlResult(url=URL)
    with pytest.raises(AttributeError, match=r"result\.markdown\.fit_markdown"):
        result.fit_markdown  # noqa: B018
    with pytest.raises(AttributeError, match=r"result\.markdown"):
        result.markdown_v2  # noqa: B018
    with pytest.raises(AttributeError, match="nothing_such"):
        result.nothing_such  # noqa: B018
    assert not hasattr(CrawlResult.from_html(HTML, url=URL), "fit_markdown")


@pytest.mark.parametrize(
    "make",
    [
        lambda: CrawlResult.failed(URL, "x", titel="y"),
        lambda: CrawlResult.from_html(HTML, url=URL, titel="y"),
        lambda: CrawlResult.from_response(HtmlResponse(URL, body=b""), titel="y"),
    ],
)
def test_unknown_fields_are_refused(make):
    with pytest.raises(TypeError, match="CrawlResult has no field 'titel'"):
        make()


def test_assigning_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="titel"):
        CrawlResult(url=URL).titel = "x"


def test_markdown_of_any_form_is_one_type():
    assert isinstance(CrawlResult(url=URL, markdown="# x").markdown, MarkdownGenerationResult)
    result = CrawlResult(url=URL)
    result.markdown = "[a](b)"
    assert result.markdown.markdown_with_citations == "a⟨1⟩"
    assert result.model_dump()["markdown"]["references_markdown"].endswith("⟨1⟩ b: a\n")
    with pytest.raises(pydantic.ValidationError, match="markdown must be a str"):
        result.markdown = 5


def test_results_differ_by_their_filtered_markdown():
    one = CrawlResult(url=URL, markdown=MarkdownGenerationResult("x", fit_markdown="a"))
    two = CrawlResult(url=URL, markdown=MarkdownGenerationResult("x", fit_markdown="b"))
    assert one != two
    assert one == copy.deepcopy(one)
    assert one != "x"


def test_subclasses_keep_their_fields():
    class Scored(CrawlResult):
        score: int = 5
        tags: list[str] = pydantic.Field(default_factory=list)

    result = Scored.from_html(HTML, url=URL, score=7)
    assert type(result) is Scored
    assert result.score == 7
    assert result.tags == []
    assert result.pending is not None
    assert result.metadata["title"] == "Name"


def test_schemas_exist():
    assert "markdown" in CrawlResult.model_json_schema()["properties"]
    assert CrawlResult.model_json_schema(mode="serialization")


# JSON


def test_pdf_is_standard_base64_in_json():
    result = STATES["with_pdf"]()
    assert result.model_dump()["pdf"] == b"%PDF\xff\xfe\xfb"
    assert b64decode(json.loads(result.model_dump_json())["pdf"], validate=True) == result.pdf
    assert CrawlResult.model_validate_json(result.model_dump_json()).pdf == result.pdf


def test_lone_surrogates_are_replaced_and_pairs_joined():
    result = STATES["surrogate"]()
    assert result.html == "a\U0001f600b\ufffdc"
    result.__dict__["html"] = "x\ud800"
    assert json.loads(result.model_dump_json())["html"] == "x\ufffd"
    assert json.loads(result.model_dump_json())["metadata"] == {"t": "\ufffd"}


def test_dump_honours_include_and_exclude():
    result = CrawlResult.from_html(HTML, url=URL)
    assert set(json.loads(result.model_dump_json(include={"url", "links"}))) == {"url", "links"}
    assert "html" not in result.model_dump(exclude={"html"})
    assert "external" not in json.loads(result.model_dump_json(exclude={"links": {"external"}}))["links"]
    assert set(CrawlResult(url=URL).model_dump(exclude_unset=True)) == {"url"}


class Awkward:
    def __str__(self):
        raise RuntimeError("not today")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.datetimes()
    | st.decimals()
    | st.uuids()
    | st.just(Awkward())
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.none() | st.tuples(st.integers()), inner)
        | st.frozensets(st.integers() | st.text())
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=())), values))
def test_any_metadata_can_be_written_as_json(metadata):
    result = CrawlResult.failed(URL, "x", metadata=metadata)
    assert len(json.loads(result.model_dump_json())["metadata"]) <= len(metadata)
    json.dumps(result.model_dump(mode="json"), allow_nan=False)


def test_metadata_that_contains_itself_can_be_written_as_json():
    metadata = {"a": [1]}
    metadata["a"].append(metadata)
    result = CrawlResult.failed(URL, "x", metadata=metadata)
    assert json.loads(result.model_dump_json())["metadata"] == {"a": [1, "..."]}


# Responses


def test_response_maps_onto_fields():
    headers = {"Content-Type": "text/html", "Set-Cookie": ["a=1", "b=2"], "X-Two": ["1", "2"]}
    response = HtmlResponse(URL, 200, headers=headers, body=HTML, encoding="utf-8", flags=["cached"])
    result = CrawlResult.from_response(response)
    assert result.pending is not None
    assert (result.url, result.redirected_url) == (URL, URL)
    assert (result.status_code, result.redirected_status_code) == (200, 200)
    assert result.response_headers == {"content-type": "text/html", "set-cookie": "a=1\nb=2", "x-two": "1, 2"}
    assert result.cache_status == "hit"
    assert result.html == HTML
    assert result.success is True


def test_redirected_response_has_first_and_last_url():
    request = Request("https://example.org/last", meta={"redirect_urls": [URL, "https://example.org/middle"]})
    response = HtmlResponse("https://example.org/last", body=HTML, encoding="utf-8", request=request)
    result = CrawlResult.from_response(response)
    assert result.url == URL
    assert result.redirected_url == "https://example.org/last"
    assert result.links["internal"][0]["href"] == "https://example.org/next"


@pytest.mark.parametrize("value", [{"css_selector": "a"}, CrawlerRunConfig(css_selector="a")])
def test_a_response_brings_the_configuration_of_its_request(value):
    request = Request(URL, meta={"crawl4": value})
    response = HtmlResponse(URL, body=HTML, encoding="utf-8", request=request)
    assert CrawlResult.from_response(response).markdown.strip() == "[text](https://example.org/dir/next)"
    assert "Some" in CrawlResult.from_response(response, CrawlerRunConfig()).markdown
    assert "Some" in CrawlResult.from_response(response.replace(request=Request(URL))).markdown


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("fast", TypeError, "must be a CrawlerRunConfig or a dict, got str"),
        ({"css": "a"}, TypeError, "no parameter 'css'"),
        ({"word_count_threshold": -1}, ValueError, "word_count_threshold must be"),
    ],
)
def test_what_is_no_configuration_is_said(value, error, words):
    response = HtmlResponse(URL, body=HTML, encoding="utf-8", request=Request(URL, meta={"crawl4": value}))
    with pytest.raises(error, match=words):
        CrawlResult.from_response(response)


def test_redirects_are_recorded_in_order_with_their_statuses():
    hops = {"redirect_urls": [URL, "https://example.org/two"], "redirect_reasons": [301, "meta refresh"]}
    response = HtmlResponse("https://example.org/end", body=HTML, encoding="utf-8", request=Request(URL, meta=hops))
    assert CrawlResult.from_response(response).crawl_stats == {
        "redirects": [{"url": URL, "status_code": 301}, {"url": "https://example.org/two", "status_code": None}]
    }
    assert CrawlResult.from_response(response.replace(request=Request(URL))).crawl_stats is None
    assert CrawlResult.from_response(HtmlResponse(URL, body=HTML, encoding="utf-8")).crawl_stats is None
    untold = response.replace(request=Request(URL, meta={"redirect_urls": [URL]}))
    assert redirects_of(untold) == [{"url": URL, "status_code": None}]


def test_url_is_the_requests_when_a_browser_followed_the_redirect():
    response = HtmlResponse("https://example.org/last", body=HTML, encoding="utf-8", request=Request(URL))
    assert CrawlResult.from_response(response).url == URL


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "HTTP 404 Not Found"), (503, "HTTP 503 Service Unavailable"), (499, "HTTP 499"), (999, "HTTP 999")],
)
def test_error_status_fails_and_keeps_the_page(status, message):
    result = CrawlResult.from_response(HtmlResponse(URL, status, body=HTML, encoding="utf-8"))
    assert result.success is False
    assert result.error_message == message
    assert result.pending is not None
    assert result.status_code == status
    assert result.html == HTML
    assert result.markdown.startswith("Some")
    assert result.success is False
    assert result.error_message == message


def test_binary_response_is_a_failed_result():
    response = Response(URL, headers={"Content-Type": "image/png; x=y"}, body=b"\x89PNG")
    result = CrawlResult.from_response(response)
    assert result.pending is None
    assert result.success is False
    assert result.error_message == "This is image/png of 4 bytes, not a page"
    assert result.status_code == 200
    assert result.html == ""
    assert CrawlResult.from_response(Response(URL, 500, body=b"\x00")).error_message == (
        "HTTP 500 Internal Server Error"
    )


def test_empty_response_is_an_empty_page():
    result = CrawlResult.from_response(Response(URL, 204))
    assert result.success is True
    assert result.html == ""


def test_json_response_is_text_of_that_type():
    response = TextResponse(URL, headers=Headers({"Content-Type": "application/json"}), body=b'{"a": 1}')
    result = CrawlResult.from_response(response)
    assert result.pending.content_type == "application/json"
    assert result.markdown == '```json\n{"a": 1}\n```'


def test_fields_replace_what_the_response_says():
    response = HtmlResponse(URL, body=HTML, encoding="utf-8")
    result = CrawlResult.from_response(response, CrawlerRunConfig(session_id="s"), url="HTTP://Example.org", index=4)
    assert (result.url, result.index, result.session_id) == ("HTTP://Example.org", 4, "s")


# Items


@dataclass
class DataItem:
    url: str
    title: str
    status_code: int = 200
    tags: list = field(default_factory=lambda: ["ä", "b"])


@attrs.define
class AttrsItem:
    url: str
    title: str
    status_code: int = 200
    tags: list = attrs.Factory(lambda: ["ä", "b"])


class PydanticItem(BaseModel):
    url: str
    title: str
    status_code: int = 200
    tags: list = ["ä", "b"]


class ScrapyItem(scrapy.Item):
    url = scrapy.Field()
    title = scrapy.Field()
    status_code = scrapy.Field()
    tags = scrapy.Field()


def scrapy_item(**values):
    return ScrapyItem(status_code=200, tags=["ä", "b"], **values)


def dict_item(**values):
    return {"status_code": 200, "tags": ["ä", "b"], **values}


@pytest.mark.parametrize("kind", [dict_item, DataItem, AttrsItem, PydanticItem, scrapy_item])
def test_items_of_every_type_map_onto_a_result(kind):
    result = CrawlResult.from_item(kind(url=URL, title="T"))
    assert type(result) is CrawlResult
    assert (result.url, result.status_code, result.success, result.error_message) == (URL, 200, True, "")
    assert json.loads(result.extracted_content) == [{"title": "T", "tags": ["ä", "b"]}]
    assert "ä" in result.extracted_content
    assert result.extracted_content.startswith("[\n    {")


def test_result_is_its_own_result():
    result = CrawlResult.from_html(HTML, url=URL)
    assert CrawlResult.from_item(result) is result
    assert result.pending is not None


def test_item_without_url_or_other_fields():
    result = CrawlResult.from_item({"markdown": "# x", "metadata": {"a": 1}})
    assert result.url == ""
    assert result.markdown.raw_markdown == "# x"
    assert result.metadata == {"a": 1}
    assert result.extracted_content is None
    assert CrawlResult.from_item({}).extracted_content is None


def test_values_that_do_not_fit_a_field_are_extracted_content():
    result = CrawlResult.from_item({"url": URL, "links": ["/a", "/b"], "status_code": "soon", "tables": 3})
    assert json.loads(result.extracted_content) == [{"links": ["/a", "/b"], "status_code": "soon", "tables": 3}]
    assert result.links == {"internal": [], "external": []}
    assert result.status_code is None


def test_extracted_content_of_the_item_is_not_lost():
    result = CrawlResult.from_item({"extracted_content": "[1]", "price": 2})
    assert json.loads(result.extracted_content) == [{"price": 2, "extracted_content": "[1]"}]
    assert CrawlResult.from_item({"extracted_content": "[1]"}).extracted_content == "[1]"


def test_nested_and_odd_values_of_items_are_json():
    item = {"inner": DataItem(URL, "T"), "at": datetime(2024, 1, 2, tzinfo=UTC), "n": math.nan, "raw": b"\xff"}
    extracted = json.loads(CrawlResult.from_item(item).extracted_content)[0]
    assert extracted["inner"]["title"] == "T"
    assert extracted["at"].startswith("2024-01-02T00:00:00")
    assert extracted["n"] is None
    assert extracted["raw"] == "\ufffd"


@pytest.mark.parametrize("item", [5, None, "text", [{}], DataItem])
def test_what_is_no_item_is_refused(item):
    with pytest.raises(TypeError, match=r"from_item\(\) takes a dict, dataclass, attrs, pydantic or scrapy item"):
        CrawlResult.from_item(item)


# Failed results


def test_failed_result_is_complete_and_on_one_line():
    result = CrawlResult.failed(URL, "Line one\n  line two", status_code=403, index=2)
    assert result.error_message == "Line one line two"
    assert (result.success, result.status_code, result.index, result.metadata) == (False, 403, 2, {})
    assert result.pending is None
    assert result.markdown is None
    assert CrawlResult.failed(URL, "x", metadata={"status": "no_config_match"}).metadata["status"] == "no_config_match"


def test_error_message_none_can_be_searched_by_nobody_but_does_no_harm_d19():
    assert CrawlResult(url=URL, success=False, error_message=None).error_message is None
    assert "x" not in CrawlResult(url=URL).error_message


def test_same_content_as_the_stages_give():
    page = extract_page(HTML, url=URL, config=CrawlerRunConfig())
    result = CrawlResult.from_html(HTML, url=URL)
    for name in ("cleaned_html", "fit_html", "markdown", "links", "media", "tables", "metadata"):
        assert getattr(result, name) == getattr(page, name)


def test_reading_inside_a_running_loop_works():
    async def read():
        return CrawlResult.from_html(HTML, url=URL).markdown

    assert asyncio.run(read()).startswith("Some")
