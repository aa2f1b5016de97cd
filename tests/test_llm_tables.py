"""Tables against a model on loopback."""

import json
import threading

import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import CrawlerRunConfig, LLMConfig, LLMTableExtraction, process
from scrapy_crawl4.content.llm_grid import merge_grids, read_grid
from scrapy_crawl4.content.llm_request import ModelError
from scrapy_crawl4.content.llm_table_parts import table_parts

from .llm_server import Model, Reply

URL = "https://example.org/"
TABLE = "<table id=t><caption>Fruit</caption><tr><th>Name<th>Kinds<tr><td>Pears<td>2<tr><td>Plums<td>1</table>"
GRID = {"headers": ["Name", "Kinds"], "rows": [["Pears", 2], ["Plums", "1"]], "caption": "Fruit", "summary": None}
FOUND = {
    "headers": ["Name", "Kinds"],
    "rows": [["Pears", "2"], ["Plums", "1"]],
    "caption": "Fruit",
    "summary": "",
    "metadata": {
        "row_count": 2,
        "column_count": 2,
        "has_headers": True,
        "has_caption": True,
        "has_summary": False,
        "id": "t",
    },
}


def tables(model, html=TABLE, run=None, **options):
    config = LLMConfig("openai/m", "token", model.url, backoff_base_delay=0, backoff_max_attempts=1)
    strategy = LLMTableExtraction(config, **options)
    result = process(html, URL, CrawlerRunConfig(table_extraction=strategy, **(run or {})))
    return result, strategy


def test_a_table():
    with Model(json.dumps(GRID)) as model:
        result, strategy = tables(model)
    assert result.success
    assert result.tables == [FOUND]
    assert result.metadata["llm_usage"]["requests"] == 1
    assert strategy.total_usage.total_tokens == 15
    assert model.asked[0].body["response_format"] == {"type": "json_object"}
    assert model.asked[0].page.startswith('<table id="t"><caption>Fruit')


@pytest.mark.parametrize(
    "answer",
    [
        f"```json\n{json.dumps([GRID])}\n```",
        json.dumps({"tables": [GRID]}),
        json.dumps({"result": GRID}),
    ],
)
def test_answers_come_wrapped(answer):
    with Model(answer) as model:
        assert tables(model)[0].tables == [FOUND]


def test_an_answer_that_is_no_grid_is_asked_for_again():
    wrong = {**GRID, "rows": [["Pears", "2"], ["Plums"]]}
    cut = Reply(json.dumps(GRID)[:-30], finish="length")
    with Model([json.dumps(wrong), cut, json.dumps(GRID)]) as model:
        assert tables(model)[0].tables == [FOUND]
    again = model.asked[1].body["messages"]
    assert [message["role"] for message in again] == ["system", "user", "assistant", "user"]
    assert "row 2 has 1 cells in place of 2" in again[-1]["content"]
    assert "cut off" in model.asked[2].body["messages"][-1]["content"]


def test_what_the_model_cannot_read_rules_do():
    def script(asked):
        return json.dumps(GRID) if "Pears" in asked.page else "no"

    other = TABLE.replace("Pears", "Figs").replace("id=t", "id=u")
    with Model(script) as model:
        result, _ = tables(model, TABLE + other)
    assert result.success
    assert result.tables[0] == FOUND
    assert result.tables[1]["rows"] == [["Figs", "2"], ["Plums", "1"]]
    assert result.tables[1]["metadata"]["llm_error"].startswith("The model's answer cannot be read")
    assert len(model.asked) == 4


def test_if_no_table_can_be_read_the_stage_fails():
    with Model(Reply("no", status=400)) as model:
        result, _ = tables(model, max_tries=1)
    assert result.error_message == "Stage tables failed: The model's endpoint answered HTTP 400: no."
    assert result.tables == []


def test_which_tables_are_asked_for():
    layout = "<table role=presentation><tr><td>a<td>b</table><table><tr><td>alone</table>"
    nested = f"<table><tr><td>outer<td>{TABLE}</table>"
    with Model(json.dumps(GRID)) as model:
        assert len(tables(model, layout + nested)[0].tables) == 1
        assert len(tables(model, f"<div>{TABLE}</div><p id=x>{TABLE}", css_selector="div")[0].tables) == 1
        assert len(tables(model, f"<div><div>{TABLE}</div></div>", css_selector="div")[0].tables) == 1
        assert len(tables(model, f"<table><tr><td class=x>{TABLE}</table>", css_selector=".x")[0].tables) == 1
        assert tables(model, TABLE, css_selector="table")[0].tables == [FOUND]
        assert tables(model, TABLE, {"table_score_threshold": 100})[0].tables == []
        assert tables(model, "<p>none</p>")[0].tables == []
    assert len(model.asked) == 5


LONG = "<table><thead><tr><th>n<th>m</thead><tbody>{}</tbody></table>".format(
    "".join(f"<tr><td>n{number}<td>m{number}" for number in range(60))
)


def rows_of(html):
    return turbohtml.parse(html).find("table").rows()


def test_long_tables_are_asked_for_in_parts_together():
    parts, all_there = set(), threading.Event()

    def script(asked):
        parts.add(asked.page)
        if len(parts) == 3:
            all_there.set()
        model.wait(all_there)
        headers, *rows = rows_of(asked.page)
        return json.dumps({"headers": headers, "rows": rows})

    with Model(script) as model:
        result, _ = tables(model, LONG, chunk_token_threshold=200, max_parallel_chunks=3)
    (table,) = result.tables
    assert table["headers"] == ["n", "m"]
    assert table["rows"] == [[f"n{number}", f"m{number}"] for number in range(60)]
    assert table["metadata"]["chunk_count"] == len(model.asked) == 3
    assert all(any(f"part {number} of" in asked.rules for asked in model.asked) for number in (1, 2, 3))


def test_chunks_can_be_switched_off():
    with Model(json.dumps(GRID)) as model:
        tables(model, LONG, chunk_token_threshold=200, enable_chunking=False)
    assert len(model.asked) == 1


def test_parts_of_different_widths_are_no_table():
    widths = iter([2, 3, 2, 2, 2, 2, 2, 2, 2, 2])
    with Model(lambda asked: json.dumps({"headers": [], "rows": [["x"] * next(widths)]})) as model:
        result, _ = tables(model, LONG, chunk_token_threshold=200, max_parallel_chunks=1)
    assert "different numbers of columns" in result.error_message


def test_an_endpoint_without_json_mode():
    with Model(json.dumps(GRID)) as model:
        tables(model, extra_args={"response_format": None})
    assert "response_format" not in model.asked[0].body


@given(
    rows=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=3), max_size=25),
    words=st.integers(1, 60),
    least=st.integers(1, 6),
)
def test_parts_hold_all_rows_once_and_cut_no_cell(rows, words, least):
    body = "".join(f"<tr>{''.join(f'<td rowspan={span}>r{n}' for span in row)}" for n, row in enumerate(rows))
    table = turbohtml.parse(f"<table><thead><tr><th>h</thead><tbody>{body}</tbody></table>").find("table")
    parts = [turbohtml.parse(html).find("table") for html in table_parts(table, words, least)]
    found = []
    for part in parts:
        head, *own = part.find_all("tr")
        assert head.text == "h"
        assert len(own) >= min(least, len(rows))
        reach = max(
            (n + (int(c.attr("rowspan")) or 99) for n, r in enumerate(own) for c in r.find_all("td")), default=0
        )
        assert reach <= len(own) or part is parts[-1]
        found += [row.find("td").text for row in own]
    assert found == [f"r{number}" for number in range(len(rows))]


def test_the_foot_comes_last_and_the_caption_once():
    html = "<table><caption>c</caption><tfoot><tr><td>foot</tfoot><tbody><tr><td>1<tr><td>2</tbody></table>"
    parts = table_parts(turbohtml.parse(html).find("table"), 1, 1)
    assert [rows_of(part) for part in parts] == [[["1"]], [["2"]], [["foot"]]]
    assert [("caption" in part) for part in parts] == [True, False, False]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "not one table"),
        ([GRID, GRID], "not one table"),
        ({"headers": ["a"]}, "not one table"),
        ({"headers": ["a"], "rows": "x"}, "no list of rows"),
        ({"headers": "a", "rows": []}, "headers must be a list of strings"),
        ({"headers": [], "rows": []}, "neither headers nor rows"),
        ({"headers": [], "rows": [["a"], "b"]}, "row 2 must be a list of strings"),
        ({"headers": [], "rows": [["a"], [["b"]]]}, "row 2 must be a list of strings"),
        ({"headers": ["a", "b"], "rows": [["1"]]}, "row 1 has 1 cells in place of 2"),
    ],
)
def test_what_is_no_grid_is_refused(value, sentence):
    with pytest.raises(ModelError) as caught:
        read_grid(value)
    assert sentence in str(caught.value)


def test_cells_are_text():
    grid = read_grid({"headers": [], "rows": [[1, None, True, 1.5, " a\n b "]]})
    assert grid["rows"] == [["1", "", "true", "1.5", "a b"]]
    assert merge_grids([grid])["headers"] == [f"Column {number}" for number in range(1, 6)]
    assert merge_grids([grid])["metadata"]["has_headers"] is False


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"css_selector": "a[["}, ValueError, "css_selector is not valid"),
        ({"css_selector": 1}, ValueError, "css_selector must be a string"),
        ({"max_tries": 0}, ValueError, "max_tries must be a whole number of tries, 1 or more"),
        ({"min_rows_per_chunk": 0}, ValueError, "min_rows_per_chunk"),
        ({"max_parallel_chunks": 0}, ValueError, "max_parallel_chunks"),
        ({"enable_chunking": 1}, ValueError, "enable_chunking must be True or False"),
        ({"base_url": "x"}, TypeError, "write llm_config=LLMConfig(base_url=...)"),
    ],
)
def test_wrong_parameters_are_named(options, error, sentence):
    with pytest.raises(error) as caught:
        LLMTableExtraction(LLMConfig(api_token="x"), **options)
    assert sentence in str(caught.value)
