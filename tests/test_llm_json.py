import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrapy_crawl4.content.llm_json import Reading, read_json, without_thoughts

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=20,
)
records = st.lists(st.dictionaries(st.text(min_size=1), values, min_size=1, max_size=3), min_size=1, max_size=4)
DATA = [{"name": "a, b]", "tags": ["x"]}, {"name": 'say "hi" {now}', "tags": []}]


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps(DATA),
        json.dumps(DATA, indent=2),
        f"```json\n{json.dumps(DATA, indent=2)}\n```",
        f"~~~\n{json.dumps(DATA)}\n~~~\n",
        f"Here you are:\n\n```\n{json.dumps(DATA)}\n```\nAnything else?",
        f"<blocks>\n{json.dumps(DATA)}\n</blocks>",
        f"It's [sic] simple: {json.dumps(DATA)} -- that's all [really].",
        f"<think>first {{this}}, then [that]</think>\n{json.dumps(DATA)}",
        json.dumps(DATA).replace('"tags": []}]', '"tags": [],},\n]'),
        "\n".join(json.dumps(record) for record in DATA),
        f"\ufeff{json.dumps(DATA)}",
    ],
)
def test_what_models_write_around_json_is_passed_over(answer):
    assert read_json(answer) == Reading(DATA)


def test_raw_line_breaks_in_strings_are_kept():
    assert read_json('{"a": "one\ntwo"}') == Reading({"a": "one\ntwo"})


def test_what_json_cannot_say_is_null():
    assert read_json('[{"a": NaN, "b": -Infinity}]') == Reading([{"a": None, "b": None}])


def test_halves_of_characters_are_replaced():
    (item,) = read_json('[{"a": "\\ud83d\\ude00 \\ud800"}]').value
    assert item["a"].encode() == "😀 \ufffd".encode()


@pytest.mark.parametrize("answer", ["", "  ", "I cannot do that.", "[", "{", '"text"', "12", "null", "[sic] {x}", "]}"])
def test_without_json_there_is_an_error(answer):
    with pytest.raises(ValueError, match=r"no JSON in the answer|the answer is empty"):
        read_json(answer)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ('[{"a": 1}, {"b": 2}, {"c": "te', [{"a": 1}, {"b": 2}]),
        ('[{"a": 1}, {"b": 2}', [{"a": 1}, {"b": 2}]),
        ('```json\n{"items": [{"a": [1, 2]}, {"a": [3', {"items": [{"a": [1, 2]}]}),
        ('{"title": "x", "text": "y, ', {"title": "x"}),
        ('{"note": ["n"], "items": [{"a": 1}, {', {"note": ["n"], "items": [{"a": 1}]}),
        ('Set {x: see [1, 2], then [{"a": 1}, {"b"', [{"a": 1}]),
        ('[{"a": 1,}, {"a": "\\', [{"a": 1}]),
    ],
)
def test_what_was_cut_off_keeps_its_complete_items(answer, value):
    assert read_json(answer) == Reading(value, complete=False)


@settings(max_examples=50)
@given(values=records, data=st.data())
def test_any_cut_leaves_a_beginning_of_the_items(values, data):
    text = json.dumps(values, ensure_ascii=data.draw(st.booleans()))
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        reading = read_json(cut)
    except ValueError:
        return
    assert not reading.complete
    assert reading.value == values[: len(reading.value)]
    assert reading.value


@settings(max_examples=50)
@given(values=records, before=st.text(alphabet="abc .,:\n'"), after=st.text(alphabet="abc .,:\n'"))
def test_prose_around_changes_nothing(values, before, after):
    assert read_json(f"{before}{json.dumps(values)}{after}") == Reading(values)


@settings(max_examples=300)
@given(text=st.text(alphabet='[]{},:"\\ \na1`~<think>/') | st.text())
@example(text='"' * 50)
@example(text="[" * 5000)
@example(text='{"a":' * 3000)
@example(text="[1" + "0" * 5000 + "]")
def test_any_text_is_read_or_refused(text):
    try:
        reading = read_json(text)
    except ValueError:
        return
    assert isinstance(reading.value, (list, dict))
    json.dumps(reading.value).encode()


@pytest.mark.parametrize(
    "text", ['"\\"' * 100_000, "[{" * 100_000, "{}[" * 100_000, '{"a":1},' * 20_000, "```\n" * 100_000, ", " * 300_000]
)
def test_hostile_texts_take_no_longer_than_long_ones(text):
    # The time limit of the test is the check: what is quadratic takes minutes.
    with pytest.raises(ValueError, match="no JSON") if '"a"' not in text and "{}" not in text else _nothing():
        read_json("Look: " + text)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_thoughts_are_only_those_in_front():
    assert without_thoughts(" <think>a</think>b <think>c</think>") == "b <think>c</think>"
    assert without_thoughts("<think>never closed [1]") == "<think>never closed [1]"
