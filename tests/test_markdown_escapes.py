"""Escapes in markdown: those that it takes, and no others."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from turbohtml import parse

from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator, PruningContentFilter, process
from scrapy_crawl4.content.markdown_escapes import take_back_escapes

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def written(page, **options):
    generator = DefaultMarkdownGenerator(options=options)
    return process(page, config=CrawlerRunConfig(markdown_generator=generator)).markdown.raw_markdown


@pytest.mark.parametrize(
    "text",
    ["1.5 m", "0.5", "1.x", "snake_case a_b_c", "foo__bar", "x_1 = y_2", "e.org/a_b_c", "-5 and -x", "+49 1", "+x",
     "<3", "a <- b", "5 * 3 * 2", "a ** b", "a+b", "a #tag", "été_là"],
)  # fmt: skip
def test_what_is_no_markdown_is_not_escaped(text):
    assert written(f"<p>{html.escape(text)}</p>") == text
    assert written(f"<ul><li>{html.escape(text)}</ul>") == f"- {text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. x", "1\\. x"),
        ("2024.", "2024\\."),
        ("12) x", "12\\) x"),
        ("_x_", "\\_x\\_"),
        ("__init__", "\\_\\_init\\_\\_"),
        ("a _b_ c", "a \\_b\\_ c"),
        ("a*b*c", "a\\*b\\*c"),
        ("* * *", "\\* \\* \\*"),
        ("- x", "\\- x"),
        ("+", "\\+"),
        ("# x", "\\# x"),
        ("<b>", "\\<b>"),
        ("a\\_b 1\\.5 \\-x", "a\\\\\\_b 1\\\\.5 \\\\-x"),
    ],
)
def test_what_would_be_markdown_is_escaped(text, expected):
    assert written(f"<p>{html.escape(text)}</p>") == expected


@pytest.mark.parametrize("code", ["a\\_b", "1\\.5", "x`a\\_b", "a\\_b\\", "\\-x\n\n`y\n\n5 \\* 3"])
def test_code_keeps_its_backslashes(code):
    page = f"<p>a_b</p><pre><code>{code}</code></pre><p>c_d</p>"
    assert f"\n{code}\n" in written(page)
    assert written(page).startswith("a_b\n\n`")
    assert written(page).endswith("\n\nc_d")
    assert code in written(page, mark_code=False).replace("\n    ", "\n")
    line = code.splitlines()[0]
    assert parse(GFM.render(written(f"<p>` a_b <code>{line}</code> c_d"))).find("code").text == line


def test_an_option_may_ask_for_more():
    assert written("<p>a_b</p>", escape_snob=True) == "a\\_b"


@pytest.mark.parametrize(
    "text", ["*a*", "__init__", "[c](d)", "a|b", "p\\_q", "~~x~~", "`y`", "\\\\*", "a_b", "1 < 2 & 3"]
)
@pytest.mark.parametrize(
    "block", ["<ul><li>{}</ul>", "<ol><li><code>{}</code></ol>", "<ul><li>x<ul><li><b>{}</b></ul></ul>"]
)
def test_text_of_a_list_in_a_cell_is_read_back(text, block):
    page = f"<table><tr><th>A<th>B<tr><td>{block.format(html.escape(text))}<td>2</table>"
    generator = DefaultMarkdownGenerator(PruningContentFilter(threshold=0.01))
    result = process(page, config=CrawlerRunConfig(markdown_generator=generator))
    for markdown in (result.markdown.raw_markdown, result.markdown.fit_markdown):
        cell = parse(GFM.render(markdown)).find("td")
        assert cell.text.removeprefix("x") == text
        assert cell.find("a") is cell.find("em") is cell.find("s") is None
    assert html.escape(text, quote=False) in result.fit_html


SIGNS = st.text(st.sampled_from("ab1é _*-+.)<>\\`#[]()!~|&;=\n"), max_size=30)


@given(st.lists(st.tuples(st.sampled_from(["p", "li", "code", "pre", "b", "em", "td", "h2"]), SIGNS), max_size=6))
def test_markdown_says_the_same_with_fewer_escapes(parts):
    page = "".join(f"<{tag}>{html.escape(text)}</{tag}>" for tag, text in parts)
    tree = parse(page)
    markdown = tree.to_markdown()
    assert GFM.render(take_back_escapes(markdown)) == GFM.render(markdown)


@given(SIGNS)
def test_any_text_comes_back(text):
    rendered = parse(GFM.render(take_back_escapes(parse(f"<p>{html.escape(text)}</p>").to_markdown())))
    assert rendered.text.split() == text.split()
