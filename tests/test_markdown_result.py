import copy
import pickle

import pytest
from pydantic import BaseModel, ValidationError

from scrapy_crawl4.markdown_result import MarkdownGenerationResult

TEXT = "See [the guide](guide) and ![a cat](/cat.png)."
PARTS = ["raw_markdown", "markdown_with_citations", "references_markdown", "fit_markdown", "fit_html"]


@pytest.fixture
def markdown():
    return MarkdownGenerationResult(TEXT, fit_markdown="fit", fit_html="<p>fit</p>", base_url="https://h.example/d/")


def test_is_the_raw_markdown_as_a_str(markdown):
    assert markdown == TEXT
    assert str(markdown) == markdown.raw_markdown == TEXT
    assert type(markdown.raw_markdown) is str
    assert markdown[:3] == "See"
    assert len(markdown) == len(TEXT)
    assert "guide" in markdown
    assert markdown.split()[0] == "See"
    assert hash(markdown) == hash(TEXT)
    assert repr(markdown) == repr(TEXT)


def test_citations_and_references_are_made_on_first_use(markdown):
    assert markdown.markdown_with_citations == "See the guide⟨1⟩ and ![a cat⟨2⟩]."
    assert markdown.references_markdown == (
        "\n\n## References\n\n⟨1⟩ https://h.example/d/guide: the guide\n⟨2⟩ https://h.example/cat.png: a cat\n"
    )
    assert markdown.references_markdown is markdown.references_markdown


def test_given_parts_are_kept():
    markdown = MarkdownGenerationResult(
        raw_markdown=TEXT, markdown_with_citations="c", references_markdown="r", fit_markdown="f", fit_html="h"
    )
    assert [getattr(markdown, name) for name in PARTS] == [TEXT, "c", "r", "f", "h"]
    half = MarkdownGenerationResult(TEXT, references_markdown="")
    assert half.references_markdown == ""
    assert half.markdown_with_citations.startswith("See the guide⟨1⟩")
    assert half.references_markdown == ""


def test_empty():
    markdown = MarkdownGenerationResult()
    assert [getattr(markdown, name) for name in PARTS] == [""] * 5
    assert not markdown


def test_without_a_link_there_is_no_references_section():
    assert MarkdownGenerationResult("plain").references_markdown == ""


@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_in_every_state(markdown, computed, protocol):
    if computed:
        assert markdown.references_markdown
    other = pickle.loads(pickle.dumps(markdown, protocol))
    assert type(other) is MarkdownGenerationResult
    assert other.model_dump() == markdown.model_dump()


def test_copies_are_the_same_immutable_value(markdown):
    assert copy.copy(markdown) is markdown
    assert copy.deepcopy([markdown])[0] is markdown
    with pytest.raises(AttributeError):
        markdown.fit_markdown = "x"
    with pytest.raises(AttributeError):
        markdown.something = "x"


class Page(BaseModel):
    markdown: MarkdownGenerationResult | None = None


def test_model_writes_five_parts(markdown):
    dumped = Page(markdown=markdown).model_dump()["markdown"]
    assert list(dumped) == PARTS
    assert dumped == markdown.model_dump()
    assert Page.model_validate_json(Page(markdown=markdown).model_dump_json()).markdown.model_dump() == dumped
    assert Page().model_dump() == {"markdown": None}


def test_model_reads_str_instance_and_dict(markdown):
    assert Page(markdown=markdown).markdown is markdown
    assert Page(markdown="[a](b)").markdown.markdown_with_citations == "a⟨1⟩"
    assert Page(markdown={"raw_markdown": "x", "fit_markdown": None}).markdown.fit_markdown == ""


@pytest.mark.parametrize("wrong", [5, b"x", {"raw": "x"}, {"raw_markdown": 5}, {"raw_markdown": None}, {1: ""}, ["x"]])
def test_model_refuses_other_values(wrong):
    with pytest.raises(ValidationError, match="markdown must be a str"):
        Page(markdown=wrong)


def test_lone_surrogates_do_not_break_json():
    page = Page(markdown=MarkdownGenerationResult("a\ud800[b](c)"))
    assert "a\ufffdb⟨1⟩" in page.model_dump_json()


def test_schema_names_the_parts():
    assert "references_markdown" in str(Page.model_json_schema())


def test_same_parts_compares_what_equality_does_not(markdown):
    other = MarkdownGenerationResult(TEXT, base_url="https://h.example/d/")
    assert other == markdown
    assert not other.same_parts(markdown)
    assert markdown.same_parts(pickle.loads(pickle.dumps(markdown)))
