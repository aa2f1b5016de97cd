import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.content.llm_chunks import count_tokens, cut_text

WORDS = " ".join(f"w{number}" for number in range(100))


def test_short_texts_stay_whole():
    assert cut_text(["one\n\n  two"], 100, 0.1, 1.3) == ["one\n\n  two"]
    assert cut_text(["one", "two"], 1e9, 0.1, 1.3) == ["one\n\ntwo"]
    assert cut_text(["one"] * 50, float("inf"), 0.1, 1.3) == ["\n\n".join(["one"] * 50)]
    assert cut_text([], 10, 0.1, 1.3) == cut_text(["", " \n"], 10, 0.1, 1.3) == []


def test_pieces_hold_the_tokens_they_may():
    pieces = cut_text([WORDS], 26, 0.0, 1.3)
    assert [len(piece.split()) for piece in pieces] == [20] * 5
    assert " ".join(pieces) == WORDS


def test_pieces_overlap():
    pieces = [piece.split() for piece in cut_text([WORDS], 26, 0.1, 1.3)]
    assert all(one[-2:] == two[:2] for one, two in itertools.pairwise(pieces))


def test_pieces_end_where_the_text_does():
    paragraphs = ["a " * 9 + "a", "b " * 7 + "b", "c " * 9 + "c"]
    assert cut_text(paragraphs, 20, 0.0, 1.0) == ["\n\n".join(paragraphs[:2]), paragraphs[2]]
    html = "<p>a b c d e f</p><p>g h i j</p>"
    assert cut_text([html], 9, 0.0, 1.0) == ["<p>a b c d e f</p>", "<p>g h i j</p>"]


def test_line_breaks_are_kept():
    table = "\n".join(f"| {number} | x |" for number in range(30))
    pieces = cut_text([table], 40, 0.0, 1.0)
    assert len(pieces) > 1
    assert "\n".join(pieces) == table


def test_text_without_spaces_is_cut_too():
    assert [len(piece) for piece in cut_text(["漢" * 100], 30, 0.0, 1.0)] == [30, 30, 30, 10]
    assert "".join(cut_text(["x" * 1000], 30, 0.0, 1.0)) == "x" * 1000
    assert count_tokens("漢字 word " + "y" * 24, 1.0) == 5


@given(
    sections=st.lists(st.text(alphabet="ab <漢\n"), max_size=6),
    tokens=st.integers(1, 30),
    overlap=st.sampled_from([0.0, 0.1, 0.5]),
    rate=st.sampled_from([1.0, 1.3, 0.2]),
)
def test_nothing_is_lost_and_nothing_is_too_long(sections, tokens, overlap, rate):
    text = "\n\n".join(section for section in sections if section.strip())
    pieces = cut_text(sections, tokens, overlap, rate)
    place = 0
    for piece in pieces:
        assert count_tokens(piece, rate) <= max(tokens, rate)
        at = text.find(piece, 0 if overlap else place)
        assert at >= 0
        place = at + len(piece) if not overlap else place
    if not overlap:
        assert "".join("".join(pieces).split()) == "".join(text.split())
    letters = set(text.split())
    assert letters == set() or "".join(pieces).strip() != ""


@pytest.mark.parametrize("text", ["word " * 1_000_000, "x" * 5_000_000, "<p>" * 1_000_000])
def test_long_texts_are_cut_in_one_pass(text):
    # What is quadratic does not end within the time limit of a test.
    assert len(cut_text([text], 2048, 0.1, 1.3)) > 100
