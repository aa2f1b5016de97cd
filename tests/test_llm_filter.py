"""The content filter against a model on loopback."""

import logging

import pytest

from scrapy_crawl4 import (
    CrawlerRunConfig,
    DefaultMarkdownGenerator,
    LLMConfig,
    LLMContentFilter,
    LLMExtractionStrategy,
    process,
)
from scrapy_crawl4.content.llm_filter import content_of, render
from scrapy_crawl4.exceptions import TaskFailed, UnsupportedOption

from .llm_server import Model, Reply

URL = "https://example.org/dir/"
PAGE = "<nav><a href=/a>a</a></nav><article><h1>Pears</h1><p>Two *kinds* of <a href=b>pears</a>.</p></article>"
MARKDOWN = "# Pears\n\nTwo \\*kinds\\* of [pears](https://example.org/dir/b).\n\n| a | b |\n|---|---|\n| 1 | 2 |"


def config(model):
    return LLMConfig("openai/m", "token", model.url, backoff_base_delay=0, backoff_max_attempts=1)


def filtered(model, html=PAGE, strategy=None, **options):
    content_filter = LLMContentFilter(config(model), **options)
    run = CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(content_filter), extraction_strategy=strategy)
    return process(html, URL, run), content_filter


def test_the_markdown_is_what_the_model_wrote():
    with Model(f"<content>\n{MARKDOWN}\n</content>") as model:
        result, content_filter = filtered(model, instruction="fruit")
    assert result.success
    assert result.markdown.fit_markdown == MARKDOWN
    assert result.fit_html.startswith("<h1>Pears</h1>\n<p>Two *kinds* of <a href=")
    assert "<td>1</td>" in result.fit_html
    assert "pears" in result.markdown.raw_markdown
    assert result.metadata["llm_usage"]["total_tokens"] == content_filter.total_usage.total_tokens == 15
    (asked,) = model.asked
    assert "fruit" in asked.rules
    assert '<a href="https://example.org/dir/b">pears</a>' in asked.page


def test_the_filter_alone():
    with Model("<content>one two</content>") as model:
        content_filter = LLMContentFilter(config(model))
        assert content_filter.filter_content("<p>x</p>") == ["one two"]
        assert content_filter.filter_content("<p>x</p>", 3) == content_filter.filter_content("") == []
        assert content_filter.fit("") == ("", "")


def test_pieces_come_in_their_order():
    html = "".join(f"<p>part{number} {'word ' * 30}</p>" for number in range(3))
    with Model(lambda asked: f"<content>{asked.page[3:8]}</content>") as model:
        assert LLMContentFilter(config(model), chunk_token_threshold=45, overlap_rate=0).filter_content(html) == [
            "part0",
            "part1",
            "part2",
        ]


@pytest.mark.parametrize(
    ("answer", "markdown"),
    [
        ("<content># A</content>", "# A"),
        ("Sure!\n<content>\n# A\n</content>\nDone.", "# A"),
        ("# A", "# A"),
        ("```markdown\n# A\n```", "# A"),
        ("<content>```md\n# A\n```</content>", "# A"),
        ("```python\nx\n```", "```python\nx\n```"),
        ("<think>hm</think><content># A", "# A"),
        ("<content>a </content> b</content>", "a </content> b"),
        ("<content></content>", ""),
    ],
)
def test_content_of_an_answer(answer, markdown):
    assert content_of(answer) == markdown


def test_nothing_worth_reading():
    with Model("<content></content>") as model:
        result, _ = filtered(model)
    assert result.success
    assert result.markdown.fit_markdown == result.fit_html == ""


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply("no", status=500), "The model's endpoint answered HTTP 500: no."),
        (Reply("<content># A", finish="length"), "The model's answer was cut off"),
    ],
)
def test_a_failure_costs_its_stage_only(reply, sentence):
    with Model(reply) as model:
        result, _ = filtered(model)
    assert not result.success
    assert result.error_message.startswith(f"Stage content_filter failed: {sentence}")
    assert result.markdown.fit_markdown == ""
    assert "Pears" in result.markdown


def test_one_piece_that_fails_fails_all():
    html = "".join(f"<p>part{number} {'word ' * 30}</p>" for number in range(3))
    with Model(["<content>a</content>", "<content>b</content>", Reply("no", status=400)]) as model:
        content_filter = LLMContentFilter(config(model), chunk_token_threshold=45, overlap_rate=0)
        with pytest.raises(TaskFailed, match="HTTP 400"):
            content_filter.filter_content(html)


def test_html_in_the_markdown_is_text():
    html = render("<script>x</script>\n\n[a](javascript:alert(1)) **b**\n\n<img src=x onerror=y>")
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html
    assert "<strong>b</strong>" in html


def test_the_filters_markdown_can_be_extracted_from():
    def script(asked):
        return "[]" if "JSON" in asked.rules else "<content>only this</content>"

    with Model(script) as model:
        strategy = LLMExtractionStrategy(config(model), input_format="fit_markdown")
        result, _ = filtered(model, strategy=strategy)
    assert result.success
    assert model.asked[1].page == f"Address: {URL}\n\nonly this"
    assert result.metadata["llm_usage"]["requests"] == 2


def test_the_generator_alone():
    with Model(f"<content>{MARKDOWN}</content>") as model:
        made = DefaultMarkdownGenerator(LLMContentFilter(config(model))).generate_markdown(PAGE, URL)
    assert made.fit_markdown == MARKDOWN


class Log:
    def __init__(self):
        self.told = []

    def info(self, text):
        self.told.append(text)

    def debug(self, text):
        raise AssertionError


def test_a_logger_of_ones_own(caplog):
    caplog.set_level(logging.DEBUG, "scrapy_crawl4")
    log = Log()
    with Model("<content>a</content>") as model:
        LLMContentFilter(config(model), verbose=True, logger=log).filter_content("<p>x</p>")
    assert log.told == ["Content filter, part 1 of 1: 15 tokens"]
    assert "part 1" not in caplog.text


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"ignore_cache": False}, UnsupportedOption, "leave ignore_cache at True"),
        ({"chunk_token_threshold": 0}, ValueError, "chunk_token_threshold"),
        ({"instruction": ["x"]}, ValueError, "instruction must be a string"),
        ({"extra_args": {"model": "x"}}, ValueError, "extra_args of LLMContentFilter cannot hold 'model'"),
        ({"api_token": "x"}, TypeError, "write llm_config=LLMConfig(api_token=...)"),
    ],
)
def test_wrong_parameters_are_named(options, error, sentence):
    with pytest.raises(error) as caught:
        LLMContentFilter(LLMConfig(api_token="x"), **options)
    assert sentence in str(caught.value)


def test_fit_html_is_no_source_of_markdown():
    with pytest.raises(UnsupportedOption, match="LLMContentFilter writes fit_markdown itself"):
        DefaultMarkdownGenerator(LLMContentFilter(LLMConfig(api_token="x")), content_source="fit_html")


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "markdown_it", None)
    with pytest.raises(
        UnsupportedOption, match=r'needs the package markdown-it-py: pip install "scrapy-crawl4\[llm\]"'
    ):
        LLMContentFilter(LLMConfig(api_token="x"))
