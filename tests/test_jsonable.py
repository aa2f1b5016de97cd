import json
from datetime import date
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapy_crawl4.jsonable import clean_text, jsonable


class Colour(Enum):
    RED = "red"


class Shy:
    def __str__(self):
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        ("é", "é"),
        ("\ud83d\ude00", "\U0001f600"),
        ("a\ud800", "a\ufffd"),
        (float("inf"), None),
        ([float("nan")], [None]),
        (date(2024, 1, 2), "2024-01-02"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff", "\ufffd"),
        ({1: (2, 3)}, {"1": [2, 3]}),
        ({None: 1}, {"None": 1}),
        (Colour.RED, "red"),
        ([Shy(), "\ud800"], ["<Shy>", "\ufffd"]),
        (1j, "1j"),
    ],
)
def test_values(value, plain):
    assert jsonable(value) == plain


def test_containers_that_hold_themselves_end():
    inner = []
    outer = {"a": [inner, inner], "b": 1}
    inner.append(outer)
    assert jsonable(outer) == {"a": [["..."], ["..."]], "b": 1}


def test_deep_nesting_ends():
    deep = []
    for _ in range(5000):
        deep = [deep]
    assert json.dumps(jsonable(deep)).startswith("[[[")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_clean_text_can_be_encoded_and_changes_nothing_else(text):
    cleaned = clean_text(text)
    cleaned.encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        assert cleaned != text
    else:
        assert cleaned is text
