"""What regular expressions find."""

import json
import pickle
import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    RegexChunking,
    RegexExtractionStrategy,
    RelevantContentFilter,
    process,
)
from scrapy_crawl4.content.regex_patterns import PATTERNS, BuiltinPattern
from scrapy_crawl4.content.timed_regex import compile_pattern

URL = "https://example.org/"
R = RegexExtractionStrategy


def found(pattern, text):
    matches = R(pattern).extract(URL, text)
    assert all(text[slice(*match["span"])] == match["value"] and match["url"] == URL for match in matches)
    return [match["value"] for match in matches]


EXAMPLES = {
    "Email": [
        ("Mail to info@example.com, or a.b+c@mail.example.co.uk.", ["info@example.com", "a.b+c@mail.example.co.uk"]),
        ("mailto:jörg@bücher.example <x_y@a-b.org>", ["jörg@bücher.example", "x_y@a-b.org"]),
        ("pkg@1.2.3 user@host @x.org a@b.c- a@@b.org", []),
    ],
    "PhoneIntl": [
        ("+1 (555) 123-4567, +44 20 7946 0958", ["+1 (555) 123-4567", "+44 20 7946 0958"]),
        ("+4915112345678 0049 30 123456", ["+4915112345678", "0049 30 123456"]),
        ("(212) 555-0199 2024-01-15", ["(212) 555-0199"]),
        ("555-123-4567 555-987-6543 12345678901234567", ["555-123-4567", "555-987-6543"]),
        ("2024-01-15 10:30, 192.168.100.100, 4111 1111 1111 1111, 1,234,567,890", []),
        ("+12 and 12345", []),
    ],
    "PhoneUS": [
        ("555-123-4567 (555) 123-4567 555.123.4567", ["555-123-4567", "(555) 123-4567", "555.123.4567"]),
        ("+15551234567", ["5551234567"]),
        ("1234567890123 55-123-4567", []),
    ],
    "Url": [
        ("See https://example.com/a?b=1&c=2#d.", ["https://example.com/a?b=1&c=2#d"]),
        ("[x](http://e.org/y), (http://e.org/A_(b)).", ["http://e.org/y", "http://e.org/A_(b)"]),
        ('<a href="HTTPS://E.org/">x</a> http://[::1]:80/', ["HTTPS://E.org/", "http://[::1]:80/"]),
        ("ftp://e.org http:// https://...", []),
    ],
    "IPv4": [
        ("8.8.8.8 and 255.255.255.0.", ["8.8.8.8", "255.255.255.0"]),
        ("256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 v1.2.3.4", []),
    ],
    "IPv6": [
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334 ::1", ["2001:0db8:85a3:0000:0000:8a2e:0370:7334", "::1"]),
        ("[fe80::1ff:fe23:4567:890a] 2001:db8::", ["fe80::1ff:fe23:4567:890a", "2001:db8::"]),
        ("::ffff:192.0.2.1, 64:ff9b::192.0.2.33.", ["::ffff:192.0.2.1", "64:ff9b::192.0.2.33"]),
        ("std::string 12:30:45 00:1A:2B:3C:4D:5E a::before 1:2:3:4:5:6:7:8:9 ::", []),
    ],
    "Uuid": [
        ("{550e8400-e29b-41d4-A716-446655440000}", ["550e8400-e29b-41d4-A716-446655440000"]),
        ("550e8400-e29b-91d4-a716-446655440000 0550e8400-e29b-41d4-a716-446655440000", []),
    ],
    "Currency": [
        ("$5, $1,234.56 and €12,50 or £3.999,00", ["$5", "$1,234.56", "€12,50", "£3.999,00"]),
        ("USD 100 rm5 12,50 € 1.000 EUR", ["USD 100", "rm5", "12,50 €", "1.000 EUR"]),
        ("farm 5 $x 100 europe", []),
    ],
    "Percentage": [("50%, 12.5% or 3,25%", ["50%", "12.5%", "3,25%"]), ("a%20b 5%20 5 %", [])],
    "Number": [
        ("1 234,567.89 3.14 2024 1.234.567", ["1", "234,567.89", "3.14", "2024", "1.234.567"]),
        ("1,2,3 and 1,234,56", ["1", "2", "3", "1,234", "56"]),
        ("5kg x5 0x1F _1", []),
    ],
    "DateIso": [
        ("2024-01-15T10:00 1999-12-31.", ["2024-01-15", "1999-12-31"]),
        ("2024-13-01 2024-01-32 12024-01-01", []),
    ],
    "DateUS": [("1/15/2024 12/31/99", ["1/15/2024", "12/31/99"]), ("31/12/2024 1/2/345 1/2/3/4 a/1/2/2024", [])],
    "Time24h": [
        ("23:59, 9:05:07 2024-01-15T10:30:00Z", ["23:59", "9:05:07", "10:30:00"]),
        ("24:00 12:60 00:11:22:33 1:2", []),
    ],
    "PostalUS": [("NY 10001, 12345-6789.", ["10001", "12345-6789"]), ("123456 1234 12345-67890 1.12345", [])],
    "PostalUK": [("SW1A 1AA EC1A1BB m1 1ae", ["SW1A 1AA", "EC1A1BB", "m1 1ae"]), ("SW1A 1CA A 1AA XSW1A 1AA", [])],
    "HexColor": [("#ff0000 #FF000080;", ["#ff0000", "#FF000080"]), ("#fff #ff00000 &#123456;", [])],
    "TwitterHandle": [("@jack, (@a_1)", ["@jack", "@a_1"]), ("a@b.org @sixteen_letters_ @user@host.org", [])],
    "Hashtag": [
        ("#Python #covid-19, #größe", ["#Python", "#covid-19", "#größe"]),
        ('#1 <a href="#top"> a#b &#x41; /#x', []),
    ],
    "MacAddr": [
        ("00:1A:2b:3C:4d:5E 00-1A-2B-3C-4D-5E", ["00:1A:2b:3C:4d:5E", "00-1A-2B-3C-4D-5E"]),
        ("00:1A:2B:3C:4D 00:1A:2B:3C:4D:5E:6F 00:1A-2B:3C:4D:5E", []),
    ],
    "Iban": [
        (
            "DE89370400440532013000 GB29 NWBK 6016 1331 9268 19",
            ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"],
        ),
        ("de89370400440532013000 DE89 XDE89370400440532013000", []),
    ],
    "CreditCard": [
        ("4111111111111111 4111 1111 1111 1111", ["4111111111111111", "4111 1111 1111 1111"]),
        (
            "5500-0000-0000-0004 378282246310005 3782 822463 10005",
            ["5500-0000-0000-0004", "378282246310005", "3782 822463 10005"],
        ),
        ("1234567812345678 41111111111111112 4111-1111 1111-1111", []),
    ],
}


@pytest.mark.parametrize(
    ("name", "text", "values"), [(name, *example) for name, examples in EXAMPLES.items() for example in examples]
)
def test_built_in_patterns(name, text, values):
    assert found(getattr(R, name), text) == values


def test_every_pattern_is_there():
    flags = {name: value for name, value in vars(R).items() if isinstance(value, BuiltinPattern)}
    assert set(flags) == {*EXAMPLES, "All", "Nothing"}
    single = [value for name, value in flags.items() if name in EXAMPLES]
    assert [flag.value for flag in single] == [1 << number for number in range(21)]
    assert R.All == sum(single)
    assert not R.Nothing
    assert list(PATTERNS) == [flag.name.lower() for flag in single] == list(R.DEFAULT_PATTERNS)
    assert all(re.compile(pattern) for pattern in PATTERNS.values())


def test_matches_come_by_pattern():
    text = "b@x.org http://e.org/ a@x.org"
    matches = R(R.Url | R.Email).extract(URL, text)
    assert matches == [
        {"url": URL, "label": "email", "value": "b@x.org", "span": [0, 7]},
        {"url": URL, "label": "email", "value": "a@x.org", "span": [22, 29]},
        {"url": URL, "label": "url", "value": "http://e.org/", "span": [8, 21]},
    ]
    assert R().extract(URL, text) == []


def test_patterns_of_ones_own():
    text = "Order A-1\norder b-2"
    for custom in ({"order": r"^order \w-\d$"}, [("order", r"^order \w-\d$")], (["order", r"^order \w-\d$"],)):
        assert [match["value"] for match in R(custom=custom).extract(URL, text)] == ["Order A-1", "order b-2"]
    matches = R(R.Number, custom={"last": "b-2", "empty": "x*", "words": r"(?<=order )\w"}).extract(URL, text)
    assert [(match["label"], match["value"]) for match in matches] == [
        ("number", "1"),
        ("number", "2"),
        ("last", "b-2"),
        ("words", "A"),
        ("words", "b"),
    ]


def test_ones_own_pattern_replaces_a_built_in_one():
    matches = R(R.Email | R.Number, custom={"email": "mail"}).extract(URL, "mail 1 a@x.org")
    assert [(match["label"], match["value"]) for match in matches] == [("email", "mail"), ("number", "1")]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"custom": {"a": "("}}, ValueError, "pattern 'a' is not a valid regular expression: missing )"),
        ({"custom": {"a": "a{2}{3}"}}, ValueError, "pattern 'a' is not a valid regular expression: multiple repeat"),
        ({"custom": {"a": 1}}, TypeError, "pattern 'a' must be a regular expression as text, got int"),
        ({"custom": {"": "a"}}, TypeError, "labels must be text, got ''"),
        ({"custom": {1: "a"}}, TypeError, "labels must be text, got 1"),
        ({"custom": [("a", "b"), ("a", "c")]}, ValueError, "custom has the label 'a' twice"),
        ({"custom": ["ab"]}, TypeError, "custom must hold pairs of label and regular expression, got 'ab'"),
        ({"custom": "ab"}, TypeError, "custom must be a dict or pairs"),
        ({"custom": 3}, TypeError, "custom must be a dict or pairs"),
        ({"pattern": "a+"}, TypeError, "patterns of your own go into custom"),
        ({"pattern": True}, TypeError, "pattern must be made of its flags"),
        ({"pattern": 1 << 21}, ValueError, "pattern 2097152 is not made of its flags"),
        ({"pattern": -1}, ValueError, "pattern -1 is not made of its flags"),
        ({"input_format": "text"}, ValueError, "input_format must be one of"),
        ({"limit": 3}, TypeError, "limit"),
    ],
)
def test_errors(arguments, error, text):
    with pytest.raises(error) as caught:
        R(**arguments)
    assert text in str(caught.value)


@given(st.text(), st.sampled_from(list(EXAMPLES)))
def test_any_text_can_be_searched(text, name):
    assert found(getattr(R, name), text) == pickle.loads(pickle.dumps(found(getattr(R, name), text)))


@given(st.lists(st.sampled_from([text for examples in EXAMPLES.values() for text, _ in examples])).map("\n".join))
def test_a_pickled_strategy_finds_the_same(text):
    strategy = R(R.All, custom={"own": r"\bo\w+"})
    assert pickle.loads(pickle.dumps(strategy)).extract(URL, text) == strategy.extract(URL, text)


# Hostile texts. A pattern that takes quadratic time needs minutes for one of them, and the time limit of a test is one.

UNITS = [
    *["a@", "a", "1", ".", ":", "-", "http://", "http://(", "https://x.(", "a@a.", "1.", "1,", "1,111", "1.111", "$1"],
    *[
        "::",
        "a:",
        "+",
        "+1",
        "(1)",
        "1-",
        "#",
        "#1",
        "#-",
        "a-",
        "@",
        "@a",
        "AA11",
        "1/",
        "1:",
        "x@y-",
        "€",
        "1%2",
        "_",
    ],
    *["0:0:", "http://a)", ".)", "((", "aa-", "ff:", "00-", "é", "a@é.", "a@1.1.", "2024-01-", "1.1", "111,", "EUR"],
    *["EUR1", "a.a@a-a.", "http://.", "[1]", "1111", "1 ", "+1 ", "4111 ", "GB29 ", "1 €", "\u00a01", " ", "\n"],
    "9" * 40 + " ",
]


@pytest.mark.slow
@pytest.mark.parametrize("label", PATTERNS)
def test_hostile_texts_take_linear_time(label):
    pattern = compile_pattern(label, PATTERNS[label], re.IGNORECASE | re.MULTILINE)
    for unit in UNITS:
        text = unit * (150_000 // len(unit)) + "x!"
        for match in islice(pattern.finditer(text), 1000):
            assert len(match[0]) <= len(text)


@pytest.mark.parametrize("pattern", [r"((a|aa)+)$", r"(a|a)*b", r"(\w+\s?)+$"])
def test_ones_own_pattern_cannot_hang_a_crawl(pattern):
    strategy = R(R.Email, custom={"evil": pattern})
    page = f"<p>{'a' * 60_000}!</p>"
    result = process(page, url=URL, config=CrawlerRunConfig(extraction_strategy=strategy))
    assert result.extracted_content == "[]" or (
        not result.success and "the pattern 'evil' takes more than 1.1 s on this page" in result.error_message
    )


def test_time_is_for_all_patterns_of_ones_own_together():
    strategy = R(custom={f"evil{number}": r"((a|aa)+)$" for number in range(1000)})
    with pytest.raises(ValueError, match=r"the pattern 'evil0' takes more than 1\.0 s on this page"):
        strategy.extract(URL, "a" * 60 + "!")


# With the other stages

PAGE = "<p>Mail a@x.org.</p><p>Then\nb@x.org</p><footer>c@x.org</footer>"


class Paragraphs(RelevantContentFilter):
    """Keeps the first paragraph."""

    def filter_content(self, html, min_word_threshold=None):
        return [html[html.index("<p>") : html.index("</p>") + 4]]


def values(**options):
    result = process(PAGE, url=URL, config=CrawlerRunConfig(**options))
    assert result.success, result.error_message
    return [match["value"] for match in json.loads(result.extracted_content)], result


def test_what_is_searched_by_default():
    emails, result = values(extraction_strategy=R(R.Email))
    assert emails == ["a@x.org", "b@x.org", "c@x.org"]
    start, end = json.loads(result.extracted_content)[0]["span"]
    assert result.cleaned_html[start:end] == "a@x.org"
    generator = DefaultMarkdownGenerator(content_filter=Paragraphs())
    assert values(extraction_strategy=R(R.Email), markdown_generator=generator)[0] == ["a@x.org"]


def test_spans_in_markdown_are_places_in_all_of_it():
    emails, result = values(extraction_strategy=R(R.Email, input_format="markdown"))
    assert len(emails) == 3
    for match in json.loads(result.extracted_content):
        assert result.markdown[slice(*match["span"])] == match["value"]
    _, cut = values(extraction_strategy=R(R.Email, input_format="markdown"), chunking_strategy=RegexChunking())
    assert json.loads(cut.extracted_content)[1]["span"][0] < 10


def test_a_fit_format_without_a_filter_is_an_error_for_markdown_too():
    strategy = R(R.Email, input_format="fit_markdown")
    result = process(PAGE, url=URL, config=CrawlerRunConfig(extraction_strategy=strategy))
    assert "input_format='fit_markdown' needs a markdown_generator" in result.error_message


async def test_a_crawl_with_a_strategy():
    async with AsyncWebCrawler() as crawler:
        result = await crawler.arun("raw:" + PAGE, CrawlerRunConfig(extraction_strategy=R(R.Email)))
    assert result.success
    assert [match["value"] for match in json.loads(result.extracted_content)] == ["a@x.org", "b@x.org", "c@x.org"]
