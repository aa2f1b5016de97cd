import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrapy_crawl4.citations import with_citations

HEADING = "\n\n## References\n\n"


@pytest.mark.parametrize(
    ("markdown", "text", "references"),
    [
        ("", "", ""),
        ("no link", "no link", ""),
        ("[a](http://x/)", "a⟨1⟩", "⟨1⟩ http://x/: a\n"),
        ("[a](/b)", "a⟨1⟩", "⟨1⟩ https://h.example/b: a\n"),
        ("[a](?q=1)", "a⟨1⟩", "⟨1⟩ https://h.example/d/p?q=1: a\n"),
        ("[a](mailto:x@y)", "a⟨1⟩", "⟨1⟩ mailto:x@y: a\n"),
        ("![a](/b.png)", "![a⟨1⟩]", "⟨1⟩ https://h.example/b.png: a\n"),
        ("![](/b.png)", "![⟨1⟩]", "⟨1⟩ https://h.example/b.png\n"),
        ('[a](/b "T")', "a⟨1⟩", "⟨1⟩ https://h.example/b: T - a\n"),
        ("[a](/b 'T')", "a⟨1⟩", "⟨1⟩ https://h.example/b: T - a\n"),
        ("[a](/b (T))", "a⟨1⟩", "⟨1⟩ https://h.example/b: T - a\n"),
        ('[a](/b "a")', "a⟨1⟩", "⟨1⟩ https://h.example/b: a\n"),
        (r'[a](/b "say \"x\"")', "a⟨1⟩", '⟨1⟩ https://h.example/b: say "x" - a\n'),
        ("[a](</b c>)", "a⟨1⟩", "⟨1⟩ https://h.example/b c: a\n"),
        ("[a](/b_(c))", "a⟨1⟩", "⟨1⟩ https://h.example/b_(c): a\n"),
        (r"[a](/b\)c)", "a⟨1⟩", "⟨1⟩ https://h.example/b)c: a\n"),
        ("[a\nb](/c)", "a\nb⟨1⟩", "⟨1⟩ https://h.example/c: a b\n"),
        ("[a [b]](/c)", "a [b]⟨1⟩", "⟨1⟩ https://h.example/c: a [b]\n"),
        (r"[a \] b](/c)", r"a \] b⟨1⟩", "⟨1⟩ https://h.example/c: a \\] b\n"),
        ("[a](http://[bad)", "a⟨1⟩", "⟨1⟩ http://[bad: a\n"),
        ("[**a**](/c)", "**a**⟨1⟩", "⟨1⟩ https://h.example/c: **a**\n"),
        ("| [a](/c) | [b](/c) |", "| a⟨1⟩ | b⟨1⟩ |", "⟨1⟩ https://h.example/c: a\n"),
        ("> [a](/c)", "> a⟨1⟩", "⟨1⟩ https://h.example/c: a\n"),
        ("- [a](/c)\n- [b](/d)", "- a⟨1⟩\n- b⟨2⟩", "⟨1⟩ https://h.example/c: a\n⟨2⟩ https://h.example/d: b\n"),
        (
            "[![a](/i.png)](/c)",
            "![a⟨1⟩]⟨2⟩",
            "⟨1⟩ https://h.example/i.png: a\n⟨2⟩ https://h.example/c: a\n",
        ),
    ],
)
def test_links_become_numbers(markdown, text, references):
    expected = HEADING + references if references else ""
    assert with_citations(markdown, "https://h.example/d/p") == (text, expected)


def test_same_url_has_one_number_and_its_first_text():
    text, references = with_citations('[a](/x) [b](https://h.example/x "T") [c](/y)', "https://h.example/")
    assert text == "a⟨1⟩ b⟨1⟩ c⟨2⟩"
    assert references == f"{HEADING}⟨1⟩ https://h.example/x: a\n⟨2⟩ https://h.example/y: c\n"


def test_without_a_base_urls_stay_as_they_are():
    assert with_citations("[a](b/../c)")[1] == f"{HEADING}⟨1⟩ b/../c: a\n"


UNTOUCHED = [
    "`[a](b)`",
    "``[a](b)` c``",
    "`` ` [a](b)``",
    "```\n[a](b)\n```",
    "```md\n[a](b)\n\n[c](d)\n```",
    "~~~\n[a](b)\n```\n[a](b)\n~~~",
    "````\n```\n[a](b)\n````",
    "- text\n\n  ```\n  [a](b)\n  ```",
    "- ```\n  [a](b)\n  ```",
    "> ```\n> [a](b)\n> ```",
    "1. ~~~\n   [a](b)\n   ~~~",
    "```\n[a](b) and no end",
    r"\[a](b)",
    r"[a\](b)",
    "[a]",
    "[a] (b)",
    "[a][b]",
    "[a](b",
    "[a](b c)",
    "[a]()",
    "[a](<>)",
    "[a](b \"T')",
    "[a\n\nb](c)",
    "<https://x.example>",
    "[a]: https://x.example",
    "- [ ] [x]",
    "a](b)",
]


@pytest.mark.parametrize("markdown", UNTOUCHED)
def test_code_and_what_is_no_link_stay(markdown):
    assert with_citations(markdown, "https://h.example/") == (markdown, "")


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("```\n[a](b)\n```\n[c](d)", "```\n[a](b)\n```\nc⟨1⟩"),
        ("a ` b\n\n[c](d) ` e", "a ` b\n\nc⟨1⟩ ` e"),
        ("- a ` b\n- [c](d) ` e", "- a ` b\n- c⟨1⟩ ` e"),
        ("`x` [c](d) `y`", "`x` c⟨1⟩ `y`"),
        (r"\` [c](d) `", r"\` c⟨1⟩ `"),
        ("[`a](b)`](c)", "`a](b)`⟨1⟩"),
        ("[a [b](c) d](e)", "[a b⟨1⟩ d](e)"),
        ("![a [b](c) d](e)", "![a b⟨1⟩ d⟨2⟩]"),
        ("``` a ` b\n[c](d)\n", "``` a ` b\nc⟨1⟩\n"),
    ],
)
def test_links_beside_code_are_found(markdown, text):
    assert with_citations(markdown)[0] == text


pieces = st.sampled_from(
    [*"[]()!`<>\"'\\ \n#|-~", "```", "~~~", "](", "![", "[a](b)", "![c](d 'e')", "`x`", "\n\n", "- ", "> ", "word", "é"]
)
texts = st.lists(pieces, max_size=60).map("".join) | st.text(st.characters(exclude_categories=()))


@settings(deadline=None)
@given(texts, st.sampled_from(["", "https://h.example/d/", "not a url", "http://["]))
@example("[" * 40 + "a" + "](b)" * 40, "")
@example("](" * 50, "")
def test_no_text_breaks_it(markdown, base_url):
    text, references = with_citations(markdown, base_url)
    assert references == "" or references.startswith(HEADING)
    assert (references == "") == (re.search("⟨\\d+⟩", text) is None or "⟨" in markdown)


@settings(deadline=None)
@given(texts.filter(lambda text: "](" not in text))
def test_text_without_links_is_not_changed(markdown):
    assert with_citations(markdown) == (markdown, "")


plain = st.text(st.characters(exclude_characters="[]()`\\~<>!⟨⟩\n", exclude_categories=["Cc", "Cs"]), max_size=20)


@settings(deadline=None)
@given(st.lists(st.tuples(plain, st.text("abc", min_size=1, max_size=3)), max_size=10))
def test_only_links_are_changed(links):
    markdown = "".join(f"{before}[{name}](/{name})" for before, name in links)
    text, references = with_citations(markdown)
    numbers = {}
    expected = "".join(f"{before}{name}⟨{numbers.setdefault(name, len(numbers) + 1)}⟩" for before, name in links)
    assert text == expected
    assert references.count("\n⟨") == len(numbers)


@settings(deadline=None)
@given(texts)
def test_citing_twice_with_the_same_text_gives_the_same(markdown):
    assert with_citations(markdown, "https://h.example/") == with_citations(markdown, "https://h.example/")


@settings(deadline=None)
@given(texts)
def test_text_in_a_fence_is_code(markdown):
    fence = "`" * (max(map(len, re.findall("`+", markdown)), default=2) + 1)
    code = f"{fence if len(fence) > 2 else '```'}\n{markdown}\n{fence if len(fence) > 2 else '```'}\n"
    assert with_citations(code) == (code, "")


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 200_000,
        "![" * 100_000 + "](u)" * 100_000,
        "](a" * 100_000,
        '](a "' * 80_000,
        "[a](((" * 60_000,
        "[a](<b" * 60_000,
        "`" * 5 + "`` ` " * 50_000 + "](",
        " ".join("`" * n for n in range(700)) + "](",
        "[a](b " * 60_000,
        "- " * 100_000,
        " " * 300_000 + "](",
    ],
)
def test_hostile_text_is_read_in_linear_time(hostile):
    # A quadratic reader takes minutes, and the test's time limit.
    text, _ = with_citations(hostile, "https://h.example/")
    assert text
