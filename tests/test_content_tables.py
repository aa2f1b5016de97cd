"""Tables: which ones hold data, and where their cells are."""

from __future__ import annotations

import sys

import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import UnsupportedOption, process
from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import DefaultTableExtraction, NoTableExtraction, TableExtractionStrategy, extract_page

URL = "https://example.org/dir/page.html"


def page(html: str, **options):
    content = extract_page(html, url=URL, config=CrawlerRunConfig(**options))
    assert content.stage_errors == {}
    return content


DATA = "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"


def test_a_table_has_crawl4ais_shape():
    html = (
        '<table id=t class="x y" summary=" Sum "><caption>Cap <b>tion</b></caption><thead><tr><th>A</th><th>B</th></tr>'
        "</thead><tr><td>1</td><td>2\n 3</td></tr></table>"
    )
    assert page(html).tables == [
        {
            "headers": ["A", "B"],
            "rows": [["1", "2 3"]],
            "caption": "Cap tion",
            "summary": "Sum",
            "metadata": {
                "row_count": 1,
                "column_count": 2,
                "has_headers": True,
                "has_caption": True,
                "has_summary": True,
                "id": "t",
                "class": "x y",
            },
        }
    ]


def test_spanning_cells_are_in_every_place_they_cover():
    html = (
        "<table><tr><th>A</th><th colspan=2>B</th></tr><tr><td rowspan=2>x</td><td>1</td><td>2</td></tr>"
        "<tr><td>3</td></tr></table>"
    )
    table = page(html).tables[0]
    assert table["headers"] == ["A", "B", "B"]
    assert table["rows"] == [["x", "1", "2"], ["x", "3", ""]]


def test_tables_without_headers_are_data_too():
    table = page(DATA).tables[0]
    assert table["headers"] == ["Column 1", "Column 2"]
    assert table["rows"] == [["a", "b"], ["1", "2"], ["3", "4"]]
    assert table["metadata"]["has_headers"] is False


def test_row_headers_are_not_column_headers():
    html = "<table><tr><th>k</th><td>v</td></tr><tr><th>l</th><td>w</td></tr></table>"
    assert page(html).tables[0]["rows"] == [["k", "v"], ["l", "w"]]


@pytest.mark.parametrize(
    "layout",
    [
        DATA.replace("<table>", "<table role=presentation>"),
        "<table><tr><td>menu</td><td>content</td></tr></table>",
        f"<table><tr><td>menu</td><td>{'long text ' * 50}</td></tr><tr><td></td><td></td></tr></table>",
    ],
)
def test_layout_is_no_table(layout):
    assert page(layout).tables == []


def test_a_table_around_a_table_is_layout():
    tables = page(f"<table><tr><td>{DATA}</td><td>side</td></tr></table>").tables
    assert [table["rows"][0] for table in tables] == [["a", "b"]]


def test_table_score_threshold():
    assert len(page(DATA).tables) == 1
    assert page(DATA, table_score_threshold=50).tables == []
    assert len(page("<table><tr><td>x</td></tr></table>", table_score_threshold=-50).tables) == 1


def test_q3_the_threshold_of_the_strategy_is_its_own():
    assert page(DATA, table_extraction=DefaultTableExtraction(table_score_threshold=50)).tables == []
    strict = DefaultTableExtraction(table_score_threshold=5)
    assert len(page(DATA, table_extraction=strict, table_score_threshold=50).tables) == 1


def test_small_tables_can_be_left_out():
    assert page(DATA, table_extraction=DefaultTableExtraction(min_rows=4)).tables == []
    assert page(DATA, table_extraction=DefaultTableExtraction(min_cols=3)).tables == []
    with pytest.raises(TypeError, match="min_row"):
        DefaultTableExtraction(min_row=4)
    with pytest.raises(UnsupportedOption, match="verbose"):
        DefaultTableExtraction(verbose=True)


def test_no_tables_and_ones_own():
    class Own(TableExtractionStrategy):
        def extract_tables(self, element, **kwargs):
            return [{"rows": len(element.find_all("tr")), **kwargs}]

    assert page(DATA, table_extraction=NoTableExtraction()).tables == []
    assert page(DATA, table_extraction=Own()).tables == [{"rows": 3, "table_score_threshold": 7}]


def only_table(html: str, **options):
    (table,) = page(html, **options).tables
    assert all(len(row) == table["metadata"]["column_count"] == len(table["headers"]) for row in table["rows"])
    assert table["metadata"]["row_count"] == len(table["rows"])
    return table


def test_header_rows_are_read_from_the_top():
    table = only_table(
        "<table><thead><tr><th rowspan=2>Year<th colspan=2>Sales<tr><th>Home<th>Abroad</thead>"
        "<tr><td>1999<td>1<td>2<tr><td>2000<td>3<td>4</table>"
    )
    assert table["headers"] == ["Year", "Sales Home", "Sales Abroad"]
    assert table["rows"] == [["1999", "1", "2"], ["2000", "3", "4"]]


def test_rows_of_header_cells_need_no_thead():
    table = only_table("<table><tr><th>A<th>B<tr><th>C<th>D<tr><td>1<td>2<tr><td>3<td>4</table>")
    assert table["headers"] == ["A C", "B D"]
    table = only_table("<table><tr><th>A<th>B<tr><th>C<th>D</table>")
    assert (table["headers"], table["rows"]) == (["A", "B"], [["C", "D"]])


def test_a_title_across_the_table_is_its_caption():
    html = "<table>{}<tr><th colspan=2>Title<tr><th>A<th>B<tr><td>1<td>2</table>"
    table = only_table(html.format(""))
    assert (table["caption"], table["headers"]) == ("Title", ["A", "B"])
    table = only_table(html.format("<caption>Cap</caption>"))
    assert (table["caption"], table["headers"]) == ("Cap", ["A", "B"])
    table = only_table("<table><tr><th colspan=2>Facts<tr><th>k<td>v<tr><th>l<td>w</table>")
    assert (table["caption"], table["headers"]) == ("Facts", ["Column 1", "Column 2"])
    assert table["rows"] == [["k", "v"], ["l", "w"]]


def test_a_row_of_one_cell_is_as_wide_as_the_others():
    table = only_table("<table><tr><td>1<td>2<tr><td colspan=99>between<tr><td>3<td>4</table>")
    assert table["rows"] == [["1", "2"], ["between", "between"], ["3", "4"]]


def test_the_foot_comes_last():
    table = only_table("<table><tfoot><tr><td>sum<td>3</tfoot><tbody><tr><td>a<td>1<tr><td>b<td>2</table>")
    assert [row[0] for row in table["rows"]] == ["a", "b", "sum"]


def test_blocks_in_a_cell_stay_apart():
    table = only_table("<table><tr><td>a<br>b<td><p>c</p><p>d</p><tr><td><b>e</b>f<td><ul><li>1<li>2</ul></table>")
    assert table["rows"] == [["a b", "c d"], ["ef", "1 2"]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("a <b>c</b>\n d", "a c d"),
        ("a&nbsp; b\u3000", "a\xa0 b"),
        ("a<math><mi>b</mi><td>c</td></math>", "ab c"),
        ("a<i>b</i><template shadowrootmode=open>c<i>d</i></template>e", "abcde"),
        ("a<i>b</i><template shadowrootmode=open>c<p>d</p></template>e", "abc d e"),
        ("a<template>b</template>c", "ac"),
    ],
)
def test_the_text_of_a_cell_is_the_same_alone_and_beside_blocks(cell, text):
    for other in ("x", "<p>x</p>"):
        table = only_table(f"<table><tr><th>k<th>l<tr><td>{cell}<td>{other}</table>")
        assert table["rows"] == [[text, "x"]]


def test_a_table_in_a_cell_is_another_table():
    outer = f"<table><thead><tr><th>A<th>B</thead><tr><td>{DATA}<td>x<tr><td>1<td>2<tr><td>3<td>4</table>"
    tables = page(outer).tables
    assert [table["headers"] for table in tables] == [["A", "B"], ["Column 1", "Column 2"]]
    assert tables[0]["metadata"]["row_count"] == 3


def test_a_remark_does_not_make_a_table_layout():
    html = "<table>" + "<tr><td>short<td>cell" * 8 + f"<tr><td>n<td>{'remark ' * 60}</table>"
    assert len(page(html).tables) == 1


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>a<td>b<tr><td colspan=1000000>c<tr><td>d<td>e</table>",
        "<table>" + "<tr><td colspan=1000000>a<td rowspan=1000000>b" * 300 + "</table>",
        "<table>" + "<tr><td rowspan=65534>a" * 3_000 + "</table>",
        "<table><tr>" + "<td>a" * 3_000 + "<tr><td>b<td>c" * 3_000 + "</table>",
        "<table><tr>" + "<td colspan=1000>a" * 3_000 + "<tr><td>b<td>c" * 3_000 + "</table>",
    ],
)
def test_spans_are_bounded(html):
    for table in DefaultTableExtraction(table_score_threshold=-99).extract_tables(turbohtml.parse(html)):
        cells = sum(map(len, table["rows"]))
        assert cells <= 10 * html.count("<td") + 1000


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(["td", "th"]), st.integers(-1, 4), st.integers(-1, 4)), max_size=5),
        max_size=6,
    )
)
def test_any_table_is_a_grid_that_holds_every_cell(rows):
    number = 0
    html = "<table>"
    for row in rows:
        html += "<tr>"
        for tag, columns, down in row:
            html += f"<{tag} colspan={columns} rowspan={down}>c{number}c</{tag}>"
            number += 1
    tables = page(html + "</table>", table_score_threshold=-99).tables
    for table in tables:
        assert all(len(row) == len(table["headers"]) for row in table["rows"])
    text = str(tables)
    assert all(f"c{cell}c" in text for cell in range(number)) or not tables


def test_a_lone_cell_beside_cells_from_above_is_in_its_place():
    table = only_table("<table><tr><td rowspan=2>a<td rowspan=2>b<tr><td>c</table>")
    assert table["rows"] == [["a", "b", ""], ["a", "b", "c"]]


def test_titles_below_each_other_are_one_caption():
    table = only_table(
        "<table><tr><th colspan=2>Sand<tr><th colspan=2>By river<tr><th>River<th>Tons<tr><td>Elbe<td>3</table>"
    )
    assert (table["caption"], table["headers"]) == ("Sand By river", ["River", "Tons"])


def test_tables_as_dataframes():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    result = process("<table><caption>Cap<tr><th>A<th>B<tr><td>1<td>2<tr><td>3<td>4</table>", url=URL)
    (frame,) = result.tables_to_dataframes()
    pandas.testing.assert_frame_equal(frame, pandas.DataFrame({"A": ["1", "3"], "B": ["2", "4"]}))
    assert frame.attrs["caption"] == "Cap"


def test_dataframes_need_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"^DataFrames need pandas, which is not installed: pip install pandas$"):
        process(DATA, url=URL).tables_to_dataframes()
